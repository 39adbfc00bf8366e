// Samples as the engine reads them: float32, feature by feature, padded with zeros to whole vectors of 16.
import { targetsOf } from "../data/dataset.ts";
import { InputError } from "../errors.ts";
import { repr } from "../numbers.ts";
import type { Dataset, Samples } from "../types.ts";

export const LANES = 16;

export interface Block {
  readonly x: Float32Array;
  readonly targets: Float32Array;
  readonly count: number;
  readonly padded: number;
}

export function blockOf(data: Dataset, part: Samples): Block {
  const count = part.y.length;
  const padded = wholeVectors(count);
  return { x: rows(part.x, padded), targets: rows(targetsOf(data, part.y), padded), count, padded };
}

export function wholeVectors(count: number): number {
  return Math.ceil(count / LANES) * LANES;
}

/** Columns one after another, each padded; an InputError where float32 holds a number no longer. */
export function rows(columns: readonly ArrayLike<number>[], padded: number): Float32Array {
  const found = new Float32Array(columns.length * padded);
  columns.forEach((column, place) => {
    found.set(column, place * padded);
  });
  if (!found.every(Number.isFinite)) {
    const wrong = columns.flatMap((column) => Array.from(column)).find((value) => !Number.isFinite(Math.fround(value)));
    throw new InputError(`data must be finite in float32, got ${repr(wrong ?? NaN)}. Scale the numbers down.`);
  }
  return found;
}
