// The cost over training: the median over seeds, its quartiles as a band, each curve's name at its end.
// Before a lesson's question is answered, the future is not drawn.

import type { Curves, Lab } from "../core/types.ts";
import { axes, band, canvas, cut, line, spread, wordWidth, type Box } from "./chart.ts";
import { svg } from "./dom.ts";
import type { Look } from "./look.ts";
import { count } from "./numbers.ts";
import { linear, logarithmic, type Scale } from "./scales.ts";

export interface CostChart {
  readonly root: SVGSVGElement;
  /** Puts the line of the clock to a step. */
  head(step: number): void;
  /** The share of the run, 0 to 1, at a horizontal place. */
  share(x: number): number;
}

interface Drawn {
  readonly panel: number;
  readonly name: string;
  readonly curves: Curves;
}

/** Draws the chart. `until` is the last record that may be seen. */
export function costChart(lab: Lab, look: Look, wide: number, high: number, until: number): CostChart {
  const { root, width, height } = canvas(wide, high);
  const drawn = lab.state.panels
    .map((_, panel) => ({ panel, name: lab.result(panel).spec, curves: lab.curves(panel) }))
    .filter(({ curves }) => curves.middle.some((v) => !Number.isNaN(v)));
  const letters = width < 460 ? 11 : 18;
  const widest = Math.max(...lab.state.panels.map((_, i) => wordWidth(cut(lab.result(i).spec, letters))), 40);
  const box: Box = { left: 54, right: width - widest - 12, top: 28, bottom: height - 42 };
  const x = linear(0, lab.state.steps, box.left, box.right, (box.right - box.left) / 110);
  const y = logarithmic(...limits(drawn, until), box.bottom, box.top, Math.max(2, (box.bottom - box.top) / 34));
  axes(root, { x, y, box, words: count, title: "cost, median and quartiles (log scale)", below: "step" });
  const ends = drawn.map((one) => drawCurve(root, one, x, y, until, look));
  const places = spread(ends, 14, box.top + 4, box.bottom + 2);
  drawn.forEach(({ panel, name }, i) => {
    const fill = look.words[panel % look.words.length]!;
    root.append(svg("text", { x: box.right + 9, y: places[i]! + 4, class: "label", fill }, cut(name, letters)));
  });
  const head = svg("line", { y1: box.top - 4, y2: box.bottom, class: "head" });
  root.append(head);
  return {
    root,
    head: (step) => {
      const at = x(step).toFixed(1);
      head.setAttribute("x1", at);
      head.setAttribute("x2", at);
    },
    share: (at) => Math.min(1, Math.max(0, ((at * width) / wide - box.left) / (box.right - box.left))),
  };
}

/** What all curves cover, a little more, and not beyond what 32-bit numbers mean. */
function limits(drawn: readonly Drawn[], until: number): [number, number] {
  let [low, high] = [Infinity, 0];
  for (const { curves } of drawn)
    for (const values of [curves.low, curves.middle, curves.high])
      for (const v of values.subarray(0, until + 1))
        if (v > 0 && Number.isFinite(v)) [low, high] = [Math.min(low, v), Math.max(high, v)];
  if (high === 0) return [0.1, 1];
  return [Math.min(Math.max(low, high * 1e-9) / 1.3, high / 2), high * 1.3];
}

/** Draws one curve; the height at which it ends. */
function drawCurve(root: SVGElement, one: Drawn, x: Scale, y: Scale, until: number, look: Look): number {
  const { curves, panel } = one;
  const last = Math.min(until, curves.steps.length - 1);
  const colour = look.lines[panel % look.lines.length]!;
  const dash = look.dashes[panel % look.dashes.length]!;
  const through = (values: Float64Array): [number, number][] =>
    Array.from(values.subarray(0, last + 1), (v, k) => [x(curves.steps[k]!), v === Infinity ? y(y.domain[1]) : y(v)]);
  const middle = through(curves.middle);
  root.append(
    svg("path", { d: band(through(curves.low), through(curves.high)), fill: colour, opacity: 0.17 }),
    svg("path", {
      d: line(middle),
      stroke: colour,
      "stroke-width": 2.4,
      fill: "none",
      "stroke-dasharray": dash || undefined,
    }),
  );
  const end = middle.findLast(([, height]) => !Number.isNaN(height)) ?? [0, y(1)];
  if (last < curves.steps.length - 1) root.append(svg("circle", { cx: end[0], cy: end[1], r: 4, fill: colour }));
  return end[1];
}
