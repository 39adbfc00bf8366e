// What each unit of a hidden layer computes: its output over the plane, as a small picture.

import type { Picture } from "../core/types.ts";
import { type Piece, zeroLine } from "./contour.ts";
import type { Look } from "./look.ts";
import { drawMosaic } from "./mosaic.ts";
import type { Pen } from "./pen.ts";
import { cells } from "./tiles.ts";

/** Draws all units of a layer in a square. Each has a scale of its own; a unit that is zero everywhere is crossed out. */
export function drawUnits(pen: Pen, picture: Picture, size: number, scale: number, look: Look): void {
  const { planes, side } = picture;
  const most = planes.map(largest);
  const paint = (unit: number, pixels: Uint32Array): void => {
    look.shades.signed(planes[unit]!, most[unit]! || 1, pixels);
  };
  const lines = (unit: number, piece: Piece): void => {
    zeroLine(planes[unit]!, side, piece);
  };
  drawMosaic(pen, { count: planes.length, side, size, scale, paint, lines }, look);
  cells(planes.length, size, 0).forEach(({ x, y, side: wide }, unit) => {
    if (most[unit] === 0) cross(pen, x, y, wide, scale, look);
  });
}

function largest(values: Float32Array): number {
  let most = 0;
  for (const v of values) if (Number.isFinite(v)) most = Math.max(most, Math.abs(v));
  return most;
}

/** A unit without any output: crossed out, so that paper is not taken for a missing picture. */
function cross(pen: Pen, x: number, y: number, side: number, scale: number, look: Look): void {
  const inset = side * 0.3;
  pen.beginPath();
  pen.moveTo(x + inset, y + inset);
  pen.lineTo(x + side - inset, y + side - inset);
  pen.moveTo(x + side - inset, y + inset);
  pen.lineTo(x + inset, y + side - inset);
  pen.lineWidth = scale;
  pen.strokeStyle = look.quiet;
  pen.stroke();
}
