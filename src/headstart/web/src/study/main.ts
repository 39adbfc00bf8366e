// The runs of a study, read-only: choose the metric, what lies along the axes, and which runs count.

import { el, find, say } from "../views/dom.ts";
import { count } from "../views/numbers.ts";
import { type Curve, curvesChart, curvesOf, MOST } from "./curves.ts";
import { type Cell, cellsOf, heatMap } from "./map.ts";
import { chosen, type Factor, type Metric, pooled, type Study } from "./rows.ts";
import { painted, shown } from "./shown.ts";

const NONE = "(none)";
const MOST_ROWS = 400; // of the table of numbers
const study = JSON.parse(find("#study-data").textContent) as Study;
const without = new Map<string, Set<number>>();
const dark = matchMedia("(prefers-color-scheme: dark)");

const titles = (factors: readonly Factor[]): [string, string][] => factors.map(({ name, title }) => [name, title]);
const choice = (
  id: string,
  label: string,
  options: readonly (readonly [string, string])[],
  value: string,
): HTMLElement => {
  const select = el(
    "select",
    { id, onchange: draw },
    ...options.map(([name, title]) => el("option", { value: name }, title)),
  );
  select.value = value;
  return el("label", { for: id }, label, select);
};
const value = (id: string): string => find<HTMLSelectElement>(`#${id}`).value;
const factorOf = (name: string): Factor | null => study.factors.find((factor) => factor.name === name) ?? null;

function controls(): HTMLElement {
  const { first, factors, metrics } = study;
  const names = titles(factors);
  const measures = metrics.map(({ name, title }) => [name, title] as const);
  return el(
    "div",
    { class: "study-controls" },
    choice("study-metric", "metric", measures, first.metric),
    choice("study-x", "along", names, first.x),
    choice("study-colour", "curves", [[NONE, "one"], ...names], first.colour ?? NONE),
    choice("study-y", "map, upwards", [[NONE, "none"], ...names], first.y ?? NONE),
  );
}

function filters(): HTMLElement {
  const boxes = study.factors.map((factor) =>
    el("fieldset", {}, el("legend", {}, factor.title), ...factor.words.map((word, place) => box(factor, word, place))),
  );
  return el("details", { class: "study-filters" }, el("summary", {}, "Only some of the runs"), el("div", {}, ...boxes));
}

function box(factor: Factor, word: string, place: number): HTMLElement {
  const input = el("input", {
    type: "checkbox",
    checked: true,
    onchange: (event) => {
      const gone = without.get(factor.name) ?? new Set<number>();
      without.set(factor.name, gone);
      if ((event.target as HTMLInputElement).checked) gone.delete(place);
      else gone.add(place);
      draw();
    },
  });
  return el("label", {}, input, word);
}

function draw(): void {
  const metric = study.metrics.find(({ name }) => name === value("study-metric"))!;
  const [x, colour, y] = [factorOf(value("study-x"))!, factorOf(value("study-colour")), factorOf(value("study-y"))];
  const runs = chosen(study, without);
  const curves = curvesOf(runs, metric, x, colour === x ? null : colour);
  const cells = y && y !== x ? cellsOf(runs, metric, x, y) : [];
  const { colours, paper, ink } = dark.matches ? study.palette.dark : study.palette.light;
  const styles = colour?.name === "scheme" ? curves.map(({ value }) => study.palette.schemes[value]!) : null;
  const paint = painted(colours, study.palette.dashes, paper, ink, styles);
  const some = runs.length > 0;
  find("#study-curves").replaceChildren(...(some ? [curvesChart(curves.slice(0, MOST), metric, x, paint)] : []));
  find("#study-map").replaceChildren(...(cells.length > 0 ? [heatMap(cells, metric, x, y!, study.palette.map)] : []));
  find("#study-table").replaceChildren(table(curves, cells, metric, x, colour, y));
  say(find("#study-status"), words(runs, curves, [x.name, colour?.name ?? null]));
}

function words(runs: readonly number[], curves: readonly Curve[], drawn: readonly (string | null)[]): string {
  if (runs.length === 0) return "No run is left: tick some values again.";
  const mixed = pooled(study, runs, drawn);
  const cut = curves.length > MOST ? ` The first ${MOST} of ${curves.length} curves are drawn; the table has all.` : "";
  const over = mixed.length > 0 ? ` Each point pools ${mixed.join(", ")}.` : "";
  return `${count(runs.length)} of ${count(study.runs)} runs.${over}${cut}`;
}

function table(
  curves: readonly Curve[],
  cells: readonly Cell[],
  metric: Metric,
  x: Factor,
  colour: Factor | null,
  y: Factor | null,
): HTMLElement {
  const rows =
    y && cells.length > 0
      ? cells.map(({ x: a, y: b, middle }) => [x.words[a]!, y.words[b]!, middle] as const)
      : curves.flatMap(({ name, points }) =>
          points.map(({ place, middle }) => [x.words[place]!, name, middle] as const),
        );
  const second = y && cells.length > 0 ? y.title : (colour?.title ?? "");
  const head = [x.title, second, `${metric.title}, median`, "quartiles", "runs"];
  return el(
    "table",
    {},
    el("thead", {}, el("tr", {}, ...head.map((title) => el("th", { scope: "col" }, title)))),
    el(
      "tbody",
      {},
      ...rows.slice(0, MOST_ROWS).map(([a, b, middle]) => {
        const between = `${shown(middle.low, metric.percent)} – ${shown(middle.high, metric.percent)}`;
        const texts = [b, shown(middle.middle, metric.percent), between, count(middle.runs)];
        return el("tr", {}, el("th", { scope: "row" }, a), ...texts.map((text) => el("td", {}, text)));
      }),
    ),
  );
}

find("#study").append(
  controls(),
  filters(),
  el("p", { id: "study-status", role: "status" }),
  el("div", { id: "study-curves", class: "wide" }),
  el("div", { id: "study-map", class: "wide" }),
  el(
    "details",
    {},
    el("summary", {}, "The numbers as a table"),
    el("div", { id: "study-table", class: "wide scroll" }),
  ),
);
dark.addEventListener("change", draw);
draw();
