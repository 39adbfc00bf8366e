// What the page's charts are made of, as SVG: it can be read, printed, saved and restyled, and needs no library.

import { svg } from "./dom.ts";
import { tick } from "./numbers.ts";
import type { Scale } from "./scales.ts";

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

type Points = readonly (readonly [number, number])[];

const pair = ([x, y]: readonly [number, number]): string => `${x.toFixed(1)},${y.toFixed(1)}`;

/** A line through points; where one is missing (not a number), it is broken. */
export function line(points: Points): string {
  let path = "";
  let pen = "M";
  for (const point of points) {
    if (Number.isNaN(point[0] + point[1])) pen = "M";
    else {
      path += pen + pair(point);
      pen = "L";
    }
  }
  return path;
}

/** The area between two lines over the same places. */
export function band(low: Points, high: Points): string {
  const there = low.map((p, i) => !Number.isNaN(p[1] + high[i]![1]));
  const [under, over] = [low.filter((_, i) => there[i]), high.filter((_, i) => there[i])];
  if (under.length < 2) return "";
  return `${line(over)}L${[...under].reverse().map(pair).join("L")}Z`;
}

export interface Axes {
  readonly x: Scale;
  readonly y: Scale;
  readonly box: Box;
  readonly words: (x: number) => string;
  readonly title: string;
  readonly below: string;
  readonly tick?: (y: number) => string;
}

/** An empty chart of this size in pixels; its own units grow with the page's type, so that a lecture hall can read it. */
export function canvas(width: number, height: number): { root: SVGSVGElement; width: number; height: number } {
  const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 14;
  const [wide, high] = [width / unit, height / unit];
  const root = svg("svg", { width, height, viewBox: `0 0 ${wide} ${high}`, "aria-hidden": "true" });
  return { root, width: wide, height: high };
}

/** Grid, ticks, and titles: the vertical axis's above it, where it can be read without turning the head. */
export function axes(root: SVGElement, by: Axes): void {
  const { x, y, box } = by;
  for (const t of y.ticks) {
    root.append(
      svg("line", { x1: box.left, x2: box.right, y1: y(t), y2: y(t), class: "grid" }),
      svg("text", { x: box.left - 7, y: y(t) + 4, class: "tick", "text-anchor": "end" }, (by.tick ?? tick)(t)),
    );
  }
  x.ticks.forEach((t, i) => {
    const last = i === x.ticks.length - 1 && x(t) > box.right - 8;
    const anchor = last ? "end" : "middle"; // the last number must not run into the label beside it
    root.append(
      svg("text", { x: x(t) + (last ? 4 : 0), y: box.bottom + 17, class: "tick", "text-anchor": anchor }, by.words(t)),
    );
  });
  root.append(
    svg("line", { x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom, class: "axis" }),
    svg("text", { x: box.right, y: box.bottom + 34, class: "title", "text-anchor": "end" }, by.below),
    svg("text", { x: 0, y: 13, class: "title" }, by.title),
  );
}

/** Heights at which labels do not touch, as near as possible to where they belong; held between top and bottom. */
export function spread(heights: readonly number[], gap: number, top: number, bottom: number): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a]! - heights[b]!);
  const out = [...heights];
  let floor = top;
  for (const i of order) floor = (out[i] = Math.max(out[i]!, floor)) + gap;
  let ceiling = bottom;
  for (const i of order.reverse()) ceiling = (out[i] = Math.min(out[i]!, ceiling)) - gap;
  return out;
}

/** How wide a word of the labels' type is, about. */
export const wordWidth = (text: string, size = 12.5): number => text.length * size * 0.67;

/** Cuts a label that is too long for its place. */
export const cut = (text: string, letters: number): string =>
  text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
