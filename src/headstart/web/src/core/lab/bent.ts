// The input's grid of lines as a layer bends it, seen along the layer's two main axes.
import type { BentGrid, Window } from "../types.ts";
import { wholeVectors } from "../engine/block.ts";

const ALONG = 64; // points of one line: a multiple of the engine's vectors
const ROUNDS = 60; // of the power iteration

/** Lines across the window, both ways, and the training points behind them: (2, padded), and how many lines. */
export function linesOf(window: Window, lines: number, x: Float64Array, y: Float64Array): Float32Array {
  const count = 2 * lines * ALONG + wholeVectors(x.length);
  const found = new Float32Array(2 * count);
  const at = (share: number, low: number, high: number): number => low + share * (high - low);
  for (let line = 0; line < lines; line++) {
    const across = lines === 1 ? 0.5 : line / (lines - 1);
    for (let k = 0; k < ALONG; k++) {
      const along = k / (ALONG - 1);
      const [first, second] = [line * ALONG + k, (lines + line) * ALONG + k];
      found[first] = at(along, window.left, window.right);
      found[count + first] = at(across, window.bottom, window.top);
      found[second] = at(across, window.left, window.right);
      found[count + second] = at(along, window.bottom, window.top);
    }
  }
  found.set(x, 2 * lines * ALONG);
  found.set(y, count + 2 * lines * ALONG);
  return found;
}

/** What a layer's units make of them, in two dimensions. */
export function bentGrid(units: readonly Float32Array[], lines: number, points: number): BentGrid {
  const behind = 2 * lines * ALONG;
  const middle = units.map((row) => meanOf(row, behind, points));
  const { axes, share } = mainAxes(units, middle, behind, points);
  const run = (from: number, count: number): Float32Array => {
    const places = new Float32Array(2 * count); // plain loops: six panels do this sixty times a second
    for (const [j, axis] of axes.entries())
      for (const [unit, row] of units.entries())
        for (let k = 0; k < count; k++) places[2 * k + j]! += axis[unit]! * (row[from + k]! - middle[unit]!);
    return places;
  };
  return {
    lines: Array.from({ length: 2 * lines }, (_, line) => run(line * ALONG, ALONG)),
    points: run(behind, points),
    share,
  };
}

function meanOf(row: Float32Array, from: number, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += row[from + k]!;
  return sum / count;
}

/** The two axes along which the training points spread most; of two units, the units themselves. */
function mainAxes(
  units: readonly Float32Array[],
  middle: readonly number[],
  from: number,
  count: number,
): { axes: Float64Array[]; share: number } {
  const n = units.length;
  const unit = (k: number): Float64Array => Float64Array.from({ length: n }, (_, i) => (i === k ? 1 : 0));
  if (n <= 2) return { axes: [unit(0), unit(1)], share: 1 };
  const covariance = units.map((a, i) =>
    Float64Array.from(units, (b, j) => {
      let sum = 0;
      for (let k = from; k < from + count; k++) sum += (a[k]! - middle[i]!) * (b[k]! - middle[j]!);
      return sum / count;
    }),
  );
  const whole = covariance.reduce((sum, row, i) => sum + row[i]!, 0);
  const first = strongest(covariance, []);
  const second = strongest(covariance, [first.axis]);
  const share = whole > 0 ? Math.min(1, (first.size + second.size) / whole) : 1;
  return { axes: [first.axis, second.axis], share };
}

/** By power iteration, at right angles to the axes that are known; its sign makes the largest part positive. */
function strongest(
  matrix: readonly Float64Array[],
  known: readonly Float64Array[],
): { axis: Float64Array; size: number } {
  let axis = Float64Array.from(matrix, (_, i) => 1 + (i % 3) * 0.37);
  let size = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const next = Float64Array.from(matrix, (row) => dot(row, axis));
    for (const other of known) {
      const along = dot(other, next);
      for (let i = 0; i < next.length; i++) next[i]! -= along * other[i]!;
    }
    size = Math.sqrt(dot(next, next));
    if (!(size > 0) || !Number.isFinite(size)) return { axis: axis.fill(0), size: 0 };
    axis = next.map((value) => value / size);
  }
  const largest = axis.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return { axis: largest < 0 ? axis.map((value) => -value) : axis, size };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
