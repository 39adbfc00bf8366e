// Many small pictures as one: a single bitmap, a single path. Sixteen seeds in six panels are 96 pictures sixty times a
// second, and handing each of them to the canvas would take longer than computing them.

import { paintBox } from "./bitmap.ts";
import type { Piece } from "./contour.ts";
import type { Look } from "./look.ts";
import type { Pen } from "./pen.ts";
import { across } from "./tiles.ts";

export interface Mosaic {
  readonly count: number;
  /** Points per side of each picture. */
  readonly side: number;
  /** Pixels per side of the whole, and device pixels per pixel of the stylesheet. */
  readonly size: number;
  readonly scale: number;
  /** Fills side x side pixels; leaves them as they are (paper) where there is no picture. */
  readonly paint: (i: number, pixels: Uint32Array) => void;
  /** Tells the picture's lines. */
  readonly lines: (i: number, piece: Piece) => void;
}

/** Draws all pictures of a mosaic in a square, with a gap between them. */
export function drawMosaic(pen: Pen, by: Mosaic, look: Look): void {
  const { count, side, size, scale } = by;
  const columns = across(count);
  const wide = columns * side;
  const tile = new Uint32Array(side * side);
  paintBox(pen, wide, wide, { x: 0, y: 0, side: size }, true, (pixels) => {
    pixels.fill(look.shades.paper);
    for (let i = 0; i < count; i++) {
      tile.fill(look.shades.paper);
      by.paint(i, tile);
      const from = Math.floor(i / columns) * side * wide + (i % columns) * side;
      for (let r = 0; r < side; r++) pixels.set(tile.subarray(r * side, (r + 1) * side), from + r * wide);
    }
  });
  const unit = size / wide;
  pen.beginPath();
  for (let i = 0; i < count; i++) {
    const left = ((i % columns) * side + 0.5) * unit;
    const top = (Math.floor(i / columns) * side + 0.5) * unit;
    by.lines(i, (x0, y0, x1, y1) => {
      pen.moveTo(left + x0 * unit, top + y0 * unit);
      pen.lineTo(left + x1 * unit, top + y1 * unit);
    });
  }
  pen.lineWidth = scale;
  pen.lineCap = "round";
  pen.strokeStyle = look.ink;
  pen.stroke();
  drawGaps(pen, columns, size, scale, look);
}

/** Lines of paper with a fine one on them: each picture ends, and an empty one is seen to be one. */
function drawGaps(pen: Pen, columns: number, size: number, scale: number, look: Look): void {
  for (const [width, colour] of [
    [3 * scale, look.paper],
    [scale, look.faint],
  ] as const) {
    pen.beginPath();
    for (let k = 1; k < columns; k++) {
      const at = (k * size) / columns;
      pen.moveTo(at, 0);
      pen.lineTo(at, size);
      pen.moveTo(0, at);
      pen.lineTo(size, at);
    }
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.stroke();
  }
}
