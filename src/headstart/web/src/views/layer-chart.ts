// What the start does layer by layer: the signal on its way out, the gradient on its way back, the share of units that
// are dead or saturated. Zero has no place on a logarithmic axis: a triangle at the bottom stands for it.

import type { Chart, Lab, LayerRow } from "../core/types.ts";
import { axes, canvas, line, type Box } from "./chart.ts";
import { svg } from "./dom.ts";
import type { Look } from "./look.ts";
import { percent, tick } from "./numbers.ts";
import { linear, logarithmic, ordinal, type Scale } from "./scales.ts";

const TITLES: Readonly<Record<Chart, string>> = {
  signal: "signal at the start (std)",
  gradient: "gradient at the start (rms)",
  saturation: "dead or saturated at the start",
};

/** The number of a chart at a layer; NaN where it was not or cannot be measured. */
export function valueOf(row: LayerRow, chart: Chart): number {
  if (chart === "signal") return row.std.middle;
  if (chart === "gradient") return row.gradient?.middle ?? NaN;
  return row.flat?.middle ?? row.dead?.middle ?? NaN;
}

interface Point {
  readonly name: string;
  readonly value: number;
}

/** What a chart shows of a panel: the input has a signal only, the output no saturation. */
function pointsOf(lab: Lab, panel: number, chart: Chart): Point[] {
  const rows = lab.layers(panel).map((row) => ({ name: layerName(row.name), value: valueOf(row, chart) }));
  const input = lab.result(panel).runs.find((run) => run !== undefined)?.signals.input.std;
  const all = chart === "signal" && input !== undefined ? [{ name: "input", value: input }, ...rows] : rows;
  return all.filter(({ value }) => !Number.isNaN(value));
}

/** "hidden layer 2" is 2 on an axis that says "layer". */
const layerName = (name: string): string => name.replace("hidden layer ", "").replace(" layer", "");

/** Draws the chart the state asks for. */
export function layerChart(lab: Lab, look: Look, wide: number, high: number): SVGSVGElement {
  const { root, width, height } = canvas(wide, high);
  const chart = lab.state.chart;
  const lines = lab.state.panels.map((_, panel) => pointsOf(lab, panel, chart));
  const longest = lines.reduce((a, b) => (b.length > a.length ? b : a), []);
  if (!longest.length) return empty(root, chart, width, height);
  const box: Box = { left: 56, right: width - 14, top: 28, bottom: height - 42 };
  const x = ordinal(longest.length, box.left + 16, box.right - 16, Math.max(2, (box.right - box.left) / 60));
  const y = heights(lines, chart, box);
  const asTick = chart === "saturation" ? (v: number) => percent(v).replace(".0", "") : tick;
  axes(root, { x, y, box, words: (i) => longest[i]!.name, title: TITLES[chart], below: "layer", tick: asTick });
  lines.forEach((rows, panel) => {
    drawLine(
      root,
      rows.map(({ value }) => value),
      x,
      y,
      chart !== "saturation",
      panel,
      look,
    );
  });
  return root;
}

function empty(root: SVGSVGElement, chart: Chart, width: number, height: number): SVGSVGElement {
  const words = chart === "saturation" ? "this activation has no flat part" : "";
  root.append(
    svg("text", { x: 0, y: 13, class: "title" }, TITLES[chart]),
    svg("text", { x: width / 2, y: height / 2, class: "tick", "text-anchor": "middle" }, words),
  );
  return root;
}

function heights(lines: readonly (readonly Point[])[], chart: Chart, box: Box): Scale {
  if (chart === "saturation") return linear(0, 1, box.bottom, box.top, 4);
  const values = lines
    .flat()
    .map(({ value }) => value)
    .filter((v) => v > 0 && Number.isFinite(v));
  if (!values.length) return logarithmic(0.1, 10, box.bottom, box.top);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return logarithmic(
    Math.max(low, high * 1e-30) / 2.5,
    high * 2.5,
    box.bottom,
    box.top,
    Math.max(2, (box.bottom - box.top) / 38),
  );
}

function drawLine(
  root: SVGElement,
  values: readonly number[],
  x: Scale,
  y: Scale,
  zeros: boolean,
  panel: number,
  look: Look,
): void {
  const colour = look.lines[panel % look.lines.length]!;
  const dash = look.dashes[panel % look.dashes.length]! || undefined;
  const bottom = y(y.domain[0]);
  const shown = values.map((v, i): [number, number] => [x(i), zeros && !(v > 0) ? NaN : y(v)]);
  root.append(
    svg("path", { d: line(shown), stroke: colour, "stroke-width": 2.2, fill: "none", "stroke-dasharray": dash }),
  );
  const radius = values.length > 20 ? 2 : 3.6;
  shown.forEach(([cx, cy], i) => {
    if (!Number.isNaN(cy)) root.append(svg("circle", { cx, cy, r: radius, fill: colour }));
    else if (values[i] === 0) root.append(svg("path", { d: `M${cx - 5},${bottom - 9}h10l-5,8z`, fill: colour }));
  });
}
