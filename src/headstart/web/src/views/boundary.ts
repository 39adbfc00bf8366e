// One network's answers over the plane: shading, the line where it changes its mind, the data.

import { boundaries } from "./contour.js";
import type { Look } from "./look.js";
import type { Pen } from "./pen.js";

/** A square part of a picture: left, top, side. */
export interface Square {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** Logits of a square grid: `rows` classes (1: two classes), side x side points, from the upper left row by row. */
export interface Field {
  readonly values: ArrayLike<number>;
  readonly rows: number;
  readonly side: number;
}

/** The grid's points as the engine takes them, (2, side * side): the middles of the cells of the window. */
export function gridOf(window: readonly [number, number, number, number], side: number): Float32Array {
  const [left, right, bottom, top] = window;
  const points = side * side;
  const grid = new Float32Array(2 * points);
  for (let r = 0; r < side; r++)
    for (let c = 0; c < side; c++) {
      grid[r * side + c] = left + ((c + 0.5) / side) * (right - left);
      grid[points + r * side + c] = top - ((r + 0.5) / side) * (top - bottom);
    }
  return grid;
}

/** A reused bitmap that is stretched over its square: a thousandth of the work of painting at full size. */
class Bitmap {
  private readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d")!;
  private image = this.context.createImageData(1, 1);
  private pixels = new Uint32Array(this.image.data.buffer);

  put(pen: Pen, width: number, height: number, at: Square & { high?: number }, smooth: boolean, paint: (pixels: Uint32Array) => void): void {
    if (this.image.width !== width || this.image.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.image = this.context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    paint(this.pixels);
    this.context.putImageData(this.image, 0, 0);
    pen.imageSmoothingEnabled = smooth;
    pen.drawImage(this.canvas, at.x, at.y, at.side, at.high ?? at.side);
  }
}
export const bitmap = new Bitmap();

/** Shading and line; the line is `width` pixels wide. */
export function drawField(pen: Pen, field: Field, at: Square, width: number, look: Look): void {
  const { values, rows, side } = field;
  bitmap.put(pen, side, side, at, true, (pixels) => look.shades.paint(values, rows, side * side, pixels));
  const unit = at.side / side;
  const [left, top] = [at.x + unit / 2, at.y + unit / 2];
  pen.beginPath();
  boundaries(values, rows, side, (x0, y0, x1, y1) => {
    pen.moveTo(left + x0 * unit, top + y0 * unit);
    pen.lineTo(left + x1 * unit, top + y1 * unit);
  });
  pen.lineWidth = width;
  pen.lineCap = "round";
  pen.strokeStyle = look.ink;
  pen.stroke();
}

/** How many rows and columns of thumbnails hold `count` pictures in a square. */
export const tiles = (count: number): number => Math.ceil(Math.sqrt(count));

/** Points per side of a thumbnail: fewer the more there are; the square a multiple of 16, as the engine wants it. */
export const thumbnailSide = (count: number): number => 4 * Math.round(Math.max(24, Math.min(64, 180 / tiles(count))) / 4);
