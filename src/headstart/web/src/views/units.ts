// What each unit of a hidden layer computes: its output over the plane, as a small picture.

import type { Picture } from "../core/types.ts";
import { bitmap } from "./bitmap.ts";
import { zeroLine } from "./contour.ts";
import type { Look } from "./look.ts";
import type { Pen } from "./pen.ts";
import { cells } from "./tiles.ts";

/** Draws all units of a layer in a square. Each has a scale of its own; a unit that is zero everywhere stays empty. */
export function drawUnits(pen: Pen, picture: Picture, size: number, scale: number, look: Look): void {
  const { planes, side } = picture;
  const places = cells(planes.length, size, 2 * scale);
  planes.forEach((plane, unit) => {
    const at = places[unit]!;
    let most = 0;
    for (const v of plane) if (Number.isFinite(v)) most = Math.max(most, Math.abs(v));
    bitmap().put(pen, side, side, at, true, (pixels) => {
      look.shades.signed(plane, most || 1, pixels);
    });
    pen.lineWidth = scale;
    pen.strokeStyle = look.faint;
    pen.strokeRect(at.x, at.y, at.side, at.side);
    const step = at.side / side;
    pen.beginPath();
    zeroLine(plane, side, (x0, y0, x1, y1) => {
      pen.moveTo(at.x + (x0 + 0.5) * step, at.y + (y0 + 0.5) * step);
      pen.lineTo(at.x + (x1 + 0.5) * step, at.y + (y1 + 0.5) * step);
    });
    pen.lineWidth = scale;
    pen.strokeStyle = look.ink;
    pen.stroke();
    if (most === 0) cross(pen, at.x, at.y, at.side, look);
  });
}

/** A unit without any output: crossed out, so that paper is not taken for a missing picture. */
function cross(pen: Pen, x: number, y: number, side: number, look: Look): void {
  const inset = side * 0.3;
  pen.beginPath();
  pen.moveTo(x + inset, y + inset);
  pen.lineTo(x + side - inset, y + side - inset);
  pen.moveTo(x + side - inset, y + inset);
  pen.lineTo(x + inset, y + side - inset);
  pen.strokeStyle = look.quiet;
  pen.stroke();
}
