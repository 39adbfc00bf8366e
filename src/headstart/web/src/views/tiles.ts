// Many small squares in a large one.

import type { Square } from "./boundary.ts";

/** How many rows and columns hold `count` squares. */
export const across = (count: number): number => Math.max(1, Math.ceil(Math.sqrt(count)));

/** The places of `count` squares, row by row, with a gap between them. */
export function cells(count: number, size: number, gap: number): Square[] {
  const columns = across(count);
  const cell = size / columns;
  return Array.from({ length: count }, (_, i) => ({
    x: (i % columns) * cell + gap / 2,
    y: Math.floor(i / columns) * cell + gap / 2,
    side: cell - gap,
  }));
}

/** Points per side of each picture, fewer the more there are: a multiple of 4, so that all of them are one of 16. */
export const detail = (count: number): number => 4 * Math.round(Math.max(24, Math.min(64, 180 / across(count))) / 4);
