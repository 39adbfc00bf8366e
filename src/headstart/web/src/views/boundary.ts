// One network's answers over the plane: shading, and the line where it changes its mind.

import type { Picture } from "../core/types.ts";
import { paintBox } from "./bitmap.ts";
import { boundaries } from "./contour.ts";
import type { Look } from "./look.ts";
import type { Pen } from "./pen.ts";

/** A square part of a picture. */
export interface Square {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** Shades pixels. Numbers are shaded by their distance from the mean, two standard deviations being full. */
export function shade(picture: Picture, numbers: boolean, look: Look, pixels: Uint32Array): void {
  if (numbers) look.shades.signed(picture.planes[0]!, 2, pixels);
  else look.shades.paint(picture.planes, pixels);
}

/** Shading and line. */
export function drawBoundary(
  pen: Pen,
  picture: Picture,
  at: Square,
  width: number,
  numbers: boolean,
  look: Look,
): void {
  const { planes, side } = picture;
  paintBox(pen, side, side, at, true, (pixels) => {
    shade(picture, numbers, look, pixels);
  });
  const unit = at.side / side;
  const [left, top] = [at.x + unit / 2, at.y + unit / 2];
  pen.beginPath();
  boundaries(planes, side, (x0, y0, x1, y1) => {
    pen.moveTo(left + x0 * unit, top + y0 * unit);
    pen.lineTo(left + x1 * unit, top + y1 * unit);
  });
  pen.lineWidth = width;
  pen.lineCap = "round";
  pen.strokeStyle = look.ink;
  pen.stroke();
}
