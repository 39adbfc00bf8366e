// The part of the plane that pictures show: the training points with a margin, as a square.
import type { Dataset, Window } from "../types.ts";

const MARGIN = 1.16;
const NOTHING: Window = { left: -1, right: 1, bottom: -1, top: 1 };

export function windowOf(data: Dataset | null): Window {
  const [x, y] = data?.train.x ?? [];
  if (!x || !y) return NOTHING;
  const [a, b] = [extent(x), extent(y)];
  const half = (Math.max(a.size, b.size, 1e-9) / 2) * MARGIN;
  return { left: a.middle - half, right: a.middle + half, bottom: b.middle - half, top: b.middle + half };
}

function extent(values: Float64Array): { middle: number; size: number } {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { middle: (low + high) / 2, size: high - low };
}

/** The middles of side x side squares, the top row first: (2, side²). */
export function gridOf(window: Window, side: number): Float32Array {
  const found = new Float32Array(2 * side * side);
  const [width, height] = [window.right - window.left, window.top - window.bottom];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const place = row * side + column;
      found[place] = window.left + ((column + 0.5) / side) * width;
      found[side * side + place] = window.top - ((row + 0.5) / side) * height;
    }
  }
  return found;
}
