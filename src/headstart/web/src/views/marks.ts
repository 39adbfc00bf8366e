// The data points. Each class has its own shape beside its own colour, the shapes of headstart's charts.

import type { Pen } from "./pen.js";
import type { Look } from "./look.js";

/** Where the data is looked at: [x low, x high, y low, y high]. */
export type Window = readonly [number, number, number, number];

/** Points in a plane with their class. */
export interface Points {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly label: ArrayLike<number>;
}

type Corners = readonly (readonly [number, number])[];
const SHAPES: readonly (Corners | "circle")[] = [
  "circle",
  [[0, -1.25], [1.15, 0.85], [-1.15, 0.85]],
  [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  [[0, -1.35], [1.15, 0], [0, 1.35], [-1.15, 0]],
  [[-1.2, -0.4], [-0.4, -0.4], [-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4], [0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4]],
  [[0, 1.25], [-1.15, -0.85], [1.15, -0.85]],
  [[-1.25, 0], [0.85, -1.15], [0.85, 1.15]],
  [[1.25, 0], [-0.85, -1.15], [-0.85, 1.15]],
];

/** One mark of class `label` with the given size, as a path of the pen. */
export function mark(pen: Pen, label: number, x: number, y: number, size: number): void {
  const shape = SHAPES[label % SHAPES.length]!;
  pen.beginPath();
  if (shape === "circle") pen.arc(x, y, size, 0, 2 * Math.PI);
  else {
    shape.forEach(([dx, dy], i) => (i ? pen.lineTo(x + dx * size, y + dy * size) : pen.moveTo(x + dx * size, y + dy * size)));
    pen.closePath();
  }
}

/** All points, with a thin rim of paper that keeps them apart from the shading and from one another. */
export function drawPoints(pen: Pen, points: Points, at: Window, size: number, look: Look): void {
  const [left, right, , top] = at;
  const scale = size / (right - left);
  const radius = Math.max(1.6, size / 95) * (points.label.length > 1000 ? 0.7 : 1);
  pen.lineWidth = radius / 3;
  pen.strokeStyle = look.paper;
  for (let i = 0; i < points.label.length; i++) {
    const label = points.label[i]!;
    mark(pen, label, (points.x[i]! - left) * scale, (top - points.y[i]!) * scale, radius);
    pen.fillStyle = look.classes[label % look.classes.length]!;
    pen.stroke();
    pen.fill();
  }
}
