// The median over two factors as colour: brighter is better, in colours that keep their order for every eye.

import { svg } from "../views/dom.ts";
import { wordWidth } from "../views/chart.ts";
import { type Factor, grouped, type Metric, type Middle, middleOf } from "./rows.ts";
import { between, isBright, shown } from "./shown.ts";

const [WIDTH, TALLEST] = [820, 560];
const LETTERS = 7.5; // pixels that a letter of a cell's number needs

export interface Cell {
  readonly x: number;
  readonly y: number;
  readonly middle: Middle;
}

export function cellsOf(runs: readonly number[], metric: Metric, x: Factor, y: Factor): Cell[] {
  const found: Cell[] = [];
  for (const [row, within] of grouped(runs, y, x))
    for (const [column, these] of within) found.push({ x: column, y: row, middle: middleOf(metric, these) });
  return found;
}

/** The map as SVG: a cell per pair of values that has runs, its number in it where there is room. */
export function heatMap(
  cells: readonly Cell[],
  metric: Metric,
  x: Factor,
  y: Factor,
  stops: readonly string[],
): SVGSVGElement {
  const [xs, ys] = [used(cells, "x"), used(cells, "y")];
  const left = Math.min(240, Math.max(50, ...ys.map((place) => wordWidth(y.words[place]!) + 16)));
  const width = (WIDTH - left - 10) / Math.max(1, xs.length);
  const height = Math.min(44, Math.max(12, TALLEST / Math.max(1, ys.length)));
  const bottom = 30 + height * ys.length;
  const root = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${bottom + 48}`,
    role: "img",
    "aria-label": `${metric.title} by ${x.title} and ${y.title}`,
  });
  const share = shares(cells, metric);
  const place = { x: new Map(xs.map((value, k) => [value, k])), y: new Map(ys.map((value, k) => [value, k])) };
  for (const cell of cells) {
    const [cx, cy] = [left + width * place.x.get(cell.x)!, bottom - height * (place.y.get(cell.y)! + 1)];
    root.append(cellOf(cell, cx, cy, width, height, metric, share(cell.middle.middle), stops, x, y));
  }
  const every = Math.max(1, Math.ceil(Math.max(...xs.map((value) => wordWidth(x.words[value]!) + 10)) / width));
  xs.forEach((value, k) => {
    if (k % every === 0) root.append(text(left + width * (k + 0.5), bottom + 17, x.words[value]!, "middle"));
  });
  const each = Math.max(1, Math.ceil(14 / height));
  ys.forEach((value, k) => {
    if (k % each === 0) root.append(text(left - 7, bottom - height * (k + 0.5) + 4, y.words[value]!, "end"));
  });
  root.append(
    svg("text", { x: 0, y: 13, class: "title" }, `${metric.title}, median; brighter is better`),
    svg(
      "text",
      { x: WIDTH - 10, y: bottom + 36, class: "title", "text-anchor": "end" },
      `${x.title} →  (up: ${y.title})`,
    ),
  );
  return root;
}

function text(x: number, y: number, words: string, anchor: string): SVGTextElement {
  return svg("text", { x, y, class: "tick", "text-anchor": anchor }, words);
}

function cellOf(
  cell: Cell,
  x: number,
  y: number,
  width: number,
  height: number,
  metric: Metric,
  share: number,
  stops: readonly string[],
  across: Factor,
  up: Factor,
): SVGGElement {
  const fill = Number.isNaN(share) ? "#a9a9a9" : between(stops, share);
  const value = shown(cell.middle.middle, metric.percent);
  const told = `${across.title} ${across.words[cell.x]!}, ${up.title} ${up.words[cell.y]!}: ${value} (${cell.middle.runs} runs)`;
  const group = svg("g", {}, svg("title", {}, told));
  group.append(svg("rect", { x, y, width: Math.max(1, width - 1), height: height - 1, fill }));
  if (width > value.length * LETTERS + 4 && height >= 16) {
    const ink = isBright(fill) ? "#000000" : "#ffffff";
    group.append(svg("text", { x: x + width / 2, y: y + height / 2 + 4, class: "cell", fill: ink }, value));
  }
  return group;
}

function used(cells: readonly Cell[], axis: "x" | "y"): number[] {
  return [...new Set(cells.map((cell) => cell[axis]))].sort((a, b) => a - b);
}

/** Value -> share of the way to the best; NaN of what is not finite. Costs over decades by their logarithm. */
function shares(cells: readonly Cell[], metric: Metric): (value: number) => number {
  const finite = cells.map(({ middle }) => middle.middle).filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const log = !metric.higher && low > 0 && high > 20 * low;
  const at = (value: number): number => (log ? Math.log(value) : value);
  return (value) => {
    if (!Number.isFinite(value)) return NaN;
    const share = high > low ? (at(value) - at(low)) / (at(high) - at(low)) : 0.5;
    return metric.higher ? share : 1 - share;
  };
}
