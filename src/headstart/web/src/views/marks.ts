// The data points. Each class has its own shape beside its own colour, the shapes of headstart's charts.

import type { Samples, Window } from "../core/types.ts";
import type { Look } from "./look.ts";
import type { Pen } from "./pen.ts";

type Corners = readonly (readonly [number, number])[];
const SHAPES: readonly (Corners | "circle")[] = [
  "circle",
  [
    [0, -1.25],
    [1.15, 0.85],
    [-1.15, 0.85],
  ],
  [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  [
    [0, -1.35],
    [1.15, 0],
    [0, 1.35],
    [-1.15, 0],
  ],
  [
    [-1.2, -0.4],
    [-0.4, -0.4],
    [-0.4, -1.2],
    [0.4, -1.2],
    [0.4, -0.4],
    [1.2, -0.4],
    [1.2, 0.4],
    [0.4, 0.4],
    [0.4, 1.2],
    [-0.4, 1.2],
    [-0.4, 0.4],
    [-1.2, 0.4],
  ],
  [
    [0, 1.25],
    [-1.15, -0.85],
    [1.15, -0.85],
  ],
  [
    [-1.25, 0],
    [0.85, -1.15],
    [0.85, 1.15],
  ],
  [
    [1.25, 0],
    [-0.85, -1.15],
    [-0.85, 1.15],
  ],
];

/** One mark of class `label`, as a path of the pen. */
export function mark(pen: Pen, label: number, x: number, y: number, size: number): void {
  const shape = SHAPES[label % SHAPES.length]!;
  pen.beginPath();
  if (shape === "circle") {
    pen.arc(x, y, size, 0, 2 * Math.PI);
    return;
  }
  const [[x0, y0]] = shape as [readonly [number, number]];
  pen.moveTo(x + x0 * size, y + y0 * size);
  for (const [dx, dy] of shape.slice(1)) pen.lineTo(x + dx * size, y + dy * size);
  pen.closePath();
}

/** A colour for a label: a class's own, or one of two sides for a number (round marks, its sign as the class). */
export interface Labelling {
  readonly numbers: boolean;
  readonly look: Look;
}

/** Marks at places in pixels, with a thin rim of paper that keeps them apart from the shading and from one another. */
export function drawMarks(
  pen: Pen,
  places: Iterable<readonly [number, number, number]>,
  radius: number,
  by: Labelling,
): void {
  const { look, numbers } = by;
  pen.lineWidth = radius / 3;
  pen.strokeStyle = look.paper;
  for (const [x, y, label] of places) {
    const side = numbers ? Number(label > 0) : label;
    mark(pen, side, x, y, radius);
    pen.fillStyle = look.classes[side % look.classes.length]!;
    pen.stroke();
    pen.fill();
  }
}

/** Where each sample lies in a square picture of the window. */
export function* placesOf(
  samples: Samples,
  window: Window,
  size: number,
): Generator<readonly [number, number, number]> {
  const [x, y] = samples.x;
  if (!x) return;
  const scale = size / (window.right - window.left);
  for (let i = 0; i < samples.y.length; i++) {
    yield [(x[i]! - window.left) * scale, (window.top - (y?.[i] ?? 0)) * scale, samples.y[i]!];
  }
}

/** The size of a mark in a picture of this size, smaller in crowds. */
export const markSize = (size: number, samples: number): number => Math.max(1.5, size / 95) * (samples > 800 ? 0.7 : 1);
