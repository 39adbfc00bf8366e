// Medians along a factor, a curve for each value of another, with the band of the middle half.

import { axes, band, cut, line, spread, wordWidth } from "../views/chart.ts";
import { svg } from "../views/dom.ts";
import { linear, logarithmic, ordinal, type Scale } from "../views/scales.ts";
import { type Factor, grouped, type Metric, type Middle, middleOf } from "./rows.ts";
import { type Paint, shown } from "./shown.ts";

const [WIDTH, HEIGHT] = [820, 330];
export const MOST = 9; // curves that the eye keeps apart

export interface Curve {
  readonly name: string;
  /** Place of the factor's value; 0 of the only curve. */
  readonly value: number;
  readonly points: readonly { readonly place: number; readonly middle: Middle }[];
}

/** The curves, in the order of the factor's values. */
export function curvesOf(runs: readonly number[], metric: Metric, x: Factor, colour: Factor | null): Curve[] {
  const found = [...grouped(runs, colour, x)].sort(([a], [b]) => a - b);
  return found.map(([value, within]) => ({
    name: colour ? colour.words[value]! : metric.title,
    value,
    points: [...within].sort(([a], [b]) => a - b).map(([place, these]) => ({ place, middle: middleOf(metric, these) })),
  }));
}

/** Where each value of the factor stands. */
export function across(x: Factor, left: number, right: number): { scale: Scale; at: (place: number) => number } {
  const numbers = x.numbers.filter((value): value is number => value !== null);
  if (numbers.length < x.words.length || numbers.length < 2) {
    const scale = ordinal(x.words.length, left, right, 12);
    return { scale, at: scale };
  }
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const scale = x.log && low > 0 ? logarithmic(low, high, left, right, 8) : linear(low, high, left, right, 8);
  return { scale, at: (place) => scale(x.numbers[place]!) };
}

/** The chart as SVG; of what is not finite there is no mark. */
export function curvesChart(curves: readonly Curve[], metric: Metric, x: Factor, paint: Paint): SVGSVGElement {
  const label = Math.min(260, Math.max(60, ...curves.map(({ name }) => wordWidth(name) + 14)));
  const box = { left: 62, right: WIDTH - label, top: 30, bottom: HEIGHT - 44 };
  const { scale, at } = across(x, box.left + 6, box.right - 6);
  const y = upwards(curves, metric, box.bottom, box.top);
  const root = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "img",
    "aria-label": `${metric.title} by ${x.title}`,
  });
  const words =
    scale.ticks.every((t) => x.words[t] !== undefined) && scale === at ? (t: number) => x.words[t]! : undefined;
  axes(root, {
    x: scale,
    y,
    box,
    words: words ?? ((t) => shown(t, false)),
    title: `${metric.title}, median and quartiles`,
    below: x.title,
    tick: (t) => shown(t, metric.percent),
  });
  const ends: number[] = [];
  curves.forEach((curve, k) => {
    const there = curve.points.filter(({ middle }) => Number.isFinite(middle.middle));
    const place = (pick: (m: Middle) => number): [number, number][] =>
      there.map(({ place: p, middle }) => [at(p), y(Number.isFinite(pick(middle)) ? pick(middle) : y.domain[1])]);
    const style = { stroke: paint.line(k), "stroke-dasharray": paint.dash(k) };
    root.append(
      svg("path", {
        d: band(
          place((m) => m.low),
          place((m) => m.high),
        ),
        fill: paint.line(k),
        class: "band",
      }),
      svg("path", { d: line(place((m) => m.middle)), fill: "none", "stroke-width": 2.2, ...style }),
      ...place((m) => m.middle).map(([cx, cy]) => svg("circle", { cx, cy, r: 3, fill: paint.line(k) })),
    );
    ends.push(place((m) => m.middle).at(-1)?.[1] ?? box.bottom);
  });
  if (curves.length > 1) {
    spread(ends, 15, box.top + 6, box.bottom).forEach((height, k) => {
      const text = cut(curves[k]!.name, 34);
      root.append(svg("text", { x: box.right + 6, y: height + 4, class: "name", fill: paint.word(k) }, text));
    });
  }
  return root;
}

/** Shares from 0 to 1 as they are; costs over decades on a log scale. */
function upwards(curves: readonly Curve[], metric: Metric, bottom: number, top: number): Scale {
  const all = curves.flatMap(({ points }) => points.flatMap(({ middle }) => [middle.low, middle.middle, middle.high]));
  const finite = all.filter(Number.isFinite);
  if (finite.length === 0) return linear(0, 1, bottom, top, 5);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (!metric.higher && low > 0 && high > 20 * low) return logarithmic(low / 1.2, high * 1.2, bottom, top, 5);
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return linear(low - room, metric.percent ? Math.min(1, high + room) : high + room, bottom, top, 5);
}
