// Everything the charts show as tables: what came out, the layers at the start beside theory, the cost while training.

import type { Lab, LayerRow, Spread, SummaryRow } from "../core/types.ts";
import { el } from "./dom.ts";
import { count, percent, short } from "./numbers.ts";

type Words = (value: number) => string;

/** Median, and quartiles where they differ from it: "98.8 % (98.5–99.1)". */
export function spreadWords(spread: Spread | null, words: Words): string {
  if (!spread || Number.isNaN(spread.middle)) return "–";
  const [low, high] = [words(spread.low), words(spread.high)];
  const middle = words(spread.middle);
  return low === middle && high === middle ? middle : `${middle} (${low.replace(/ %$/, "")}–${high})`;
}

/** A table in a frame that scrolls, reachable by keyboard. */
export function table(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  const header = el("tr", {}, ...head.map((text) => el("th", { scope: "col" }, text)));
  const body = rows.map(([first, ...others]) =>
    el("tr", {}, el("th", { scope: "row" }, first ?? ""), ...others.map((text) => el("td", {}, text))),
  );
  const grid = el("table", {}, el("caption", {}, caption), el("thead", {}, header), el("tbody", {}, ...body));
  return el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": caption }, grid);
}

/** All tables, for the panels as they are now. */
export function tables(lab: Lab): HTMLElement[] {
  return [results(lab), ...lab.state.panels.map((_, panel) => layerTable(lab, panel)), costs(lab)];
}

function results(lab: Lab): HTMLElement {
  const numbers = lab.data?.task === "regression";
  const score = numbers ? short : percent;
  const row = (r: SummaryRow): string[] => [
    r.scheme,
    spreadWords(r.trainScore, score),
    spreadWords(r.testScore, score),
    spreadWords(r.firstCost, short),
    spreadWords(r.finalCost, short),
    r.verdict.word,
  ];
  const rows = lab.state.panels.map((_, panel) => lab.summary(panel)).filter((r) => r !== null);
  const name = numbers ? "R²" : "accuracy";
  const { steps, seeds } = lab.state;
  return table(
    `After ${count(steps)} steps: median (quartiles) over ${seeds === 1 ? "one seed" : `${seeds} seeds`}`,
    ["scheme", `training ${name}`, `test ${name}`, "first cost", "final cost", "verdict"],
    rows.map(row),
  );
}

/** One panel's layers: what was measured at the start, and what mean-field theory predicts. */
export function layerTable(lab: Lab, panel: number): HTMLElement {
  const row = (r: LayerRow): string[] => [
    r.name,
    String(r.width),
    spreadWords(r.std, short),
    spreadWords(r.rms, short),
    r.predictedRms === null ? "–" : short(r.predictedRms),
    spreadWords(r.gradient, short),
    spreadWords(r.flat, percent),
    spreadWords(r.dead, percent),
    spreadWords(r.distinct, short),
  ];
  return table(
    `${lab.result(panel).spec}: layers at the start, median (quartiles)`,
    [
      "layer",
      "units",
      "signal (std)",
      "signal (rms)",
      "rms by theory",
      "gradient (rms)",
      "saturated",
      "dead",
      "different units",
    ],
    lab.layers(panel).map(row),
  );
}

const MOMENTS = 11; // of a run that the table of costs has a column for

function costs(lab: Lab): HTMLElement {
  const curves = lab.state.panels.map((_, panel) => lab.curves(panel));
  const last = lab.records - 1;
  const records = [...new Set(Array.from({ length: MOMENTS }, (_, i) => Math.round((i / (MOMENTS - 1)) * last)))];
  const rows = curves.map((curve, panel) => [
    lab.result(panel).spec,
    ...records.map((k) => (Number.isNaN(curve.middle[k] ?? NaN) ? "–" : short(curve.middle[k]!))),
  ]);
  return table(
    "Cost while training, median over the seeds",
    ["scheme", ...records.map((k) => `step ${count(lab.stepOf(k))}`)],
    rows,
  );
}
