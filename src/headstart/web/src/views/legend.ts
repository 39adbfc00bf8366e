// What every mark of the pictures means, below the settings.

import type { Dataset, View } from "../core/types.ts";
import { el, find, svg, type Child } from "./dom.ts";
import type { Look } from "./look.ts";
import { mark } from "./marks.ts";
import { SvgPen } from "./pen.ts";

const MOST = 4; // classes that are named one by one

/** Draws the legend of a view. */
export function drawLegend(data: Dataset | null, view: View, look: Look): void {
  const lines: Child[][] = [];
  if (view === "one" || view === "grid") lines.push(classes(data, look));
  if (view === "one" || view === "seeds") {
    lines.push([
      el("i"),
      data?.task === "regression" ? "shade: below, above the mean" : "shade: how sure the network is",
    ]);
    lines.push([dash(), data?.task === "regression" ? "line: the mean" : "line: where it changes its mind"]);
  }
  if (view === "weights" || view === "heat" || view === "units") lines.push([el("i"), "negative, zero, positive"]);
  if (view === "weights") lines.push([dot(look), "a unit that is a copy of another"]);
  if (view === "heat") lines.push(["a row per unit, a column per input, its bias at the right"]);
  if (view === "units") lines.push(["crossed out: zero for every input"]);
  if (view === "grid") lines.push(["the plane as the layer sees it, by its two main axes"]);
  lines.push([el("b", {}, "99.0 %"), " median over the seeds, then quartiles"]);
  find("#legend").replaceChildren(...lines.map((line) => el("span", {}, ...line)));
}

function classes(data: Dataset | null, look: Look): Child[] {
  if (!data || data.task === "regression") return ["points: training data"];
  const shown = data.classes.slice(0, MOST).flatMap((name, i): Child[] => [sign(i, look), `${short(name)} `]);
  return [...shown, data.classes.length > MOST ? "… the training points" : "the training points"];
}

const short = (name: string): string => {
  const words = /^\d+$/.test(name) ? `class ${name}` : name;
  return words.length > 14 ? `${words.slice(0, 13)}…` : words;
};

function sign(label: number, look: Look): SVGSVGElement {
  const picture = svg("svg", { width: 12, height: 12, "aria-hidden": "true" });
  const pen = new SvgPen(picture);
  pen.fillStyle = look.classes[label % look.classes.length]!;
  mark(pen, label, 6, 6, 4);
  pen.fill();
  return picture;
}

const dash = (): SVGSVGElement =>
  svg(
    "svg",
    { width: 30, height: 10, "aria-hidden": "true" },
    svg("line", { x1: 0, x2: 30, y1: 5, y2: 5, stroke: "currentColor", "stroke-width": 2 }),
  );

const dot = (look: Look): SVGSVGElement =>
  svg(
    "svg",
    { width: 14, height: 14, "aria-hidden": "true" },
    svg("circle", { cx: 7, cy: 7, r: 5.5, fill: look.paper, stroke: look.ink, "stroke-width": 1.3 }),
    svg("circle", { cx: 7, cy: 7, r: 2.6, fill: look.ink }),
  );
