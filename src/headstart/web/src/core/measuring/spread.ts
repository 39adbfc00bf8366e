// Medians and quartiles over seeds; NaN counts as worse than infinity, so that a few diverged runs decide nothing.
import type { Spread } from "../types.ts";

export function spreadOf(values: readonly number[]): Spread {
  const ordered = inOrder(values);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(ordered, share));
  return { low: low!, middle: middle!, high: high! };
}

/** The median of what was measured; null if nothing was. */
export function median(values: readonly (number | null)[]): number | null {
  const ordered = inOrder(values.filter((value) => value !== null));
  if (!ordered.length) return null;
  const [low, high] = [ordered[(ordered.length - 1) >> 1]!, ordered[ordered.length >> 1]!];
  return low === high ? low : (low + high) / 2;
}

function inOrder(values: readonly number[]): number[] {
  return [...values].sort((a, b) => Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || compare(a, b));
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0; // infinity minus infinity is no number
}

/** Linear interpolation between order statistics, which stays right where they are infinite. */
function quantile(ordered: readonly number[], share: number): number {
  if (!ordered.length) return NaN;
  const position = share * (ordered.length - 1);
  const below = Math.floor(position);
  const weight = position - below;
  const [low, high] = [ordered[below]!, ordered[Math.min(below + 1, ordered.length - 1)]!];
  if (weight === 0 || low === high) return low;
  return Number.isFinite(low) ? low + weight * (high - low) : (1 - weight) * low + weight * high;
}
