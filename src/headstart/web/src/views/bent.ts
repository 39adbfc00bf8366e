// The plane as a hidden layer sees it: the lines of a square grid, and the data, after the layer has bent them.
// Learning is this: bending until a straight cut parts the classes.

import type { BentGrid, Dataset } from "../core/types.ts";
import type { Look } from "./look.ts";
import { drawMarks, markSize } from "./marks.ts";
import type { Pen } from "./pen.ts";

/** Draws the bent grid in a square, as large as fits. */
export function drawBent(pen: Pen, bent: BentGrid, data: Dataset, size: number, scale: number, look: Look): void {
  const place = fit(bent, size);
  pen.lineWidth = 0.8 * scale;
  pen.strokeStyle = look.quiet;
  pen.globalAlpha = 0.6;
  pen.beginPath();
  for (const line of bent.lines) {
    for (let i = 0; i + 1 < line.length; i += 2) {
      const [x, y] = place(line[i]!, line[i + 1]!);
      if (i === 0) pen.moveTo(x, y);
      else pen.lineTo(x, y);
    }
  }
  pen.stroke();
  pen.globalAlpha = 1;
  const labels = data.train.y;
  const places = Array.from(
    labels,
    (label, i) => [...place(bent.points[2 * i]!, bent.points[2 * i + 1]!), label] as const,
  );
  drawMarks(pen, places, markSize(size, labels.length), { numbers: data.task === "regression", look });
}

/** From the layer's numbers to pixels, the same scale both ways, the points in the middle. */
function fit(bent: BentGrid, size: number): (x: number, y: number) => readonly [number, number] {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  const take = (x: number, y: number): void => {
    if (!Number.isFinite(x + y)) return;
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [bottom, top] = [Math.min(bottom, y), Math.max(top, y)];
  };
  for (let i = 0; i + 1 < bent.points.length; i += 2) take(bent.points[i]!, bent.points[i + 1]!);
  const span = Math.max(right - left, top - bottom);
  if (!(span > 1e-30)) return () => [size / 2, size / 2]; // all in one place, or nothing finite
  const per = (size * 0.8) / span;
  const [cx, cy] = [(left + right) / 2, (bottom + top) / 2];
  const hold = (v: number): number => Math.max(-size, Math.min(2 * size, v));
  return (x, y) => [hold(size / 2 + (x - cx) * per), hold(size / 2 - (y - cy) * per)];
}
