// A reused bitmap that is stretched over its place: a small part of the work of painting at full size.

import type { Pen } from "./pen.ts";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  /** Its height where it is no square. */
  readonly high?: number;
}

/** Pixels of one size, and the canvas that they are stretched from. */
class Bitmap {
  private readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private readonly image: ImageData;
  private readonly pixels: Uint32Array;

  constructor(width: number, height: number) {
    this.canvas.width = width;
    this.canvas.height = height;
    this.context = this.canvas.getContext("2d")!;
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  put(pen: Pen, at: Box, smooth: boolean, paint: (pixels: Uint32Array) => void): void {
    paint(this.pixels);
    this.context.putImageData(this.image, 0, 0);
    pen.imageSmoothingEnabled = smooth;
    pen.drawImage(this.canvas, at.x, at.y, at.side, at.high ?? at.side);
  }
}

const MOST = 200; // sizes that are kept: fifty layers' weights and biases
const made = new Map<string, Bitmap>();

/** Paints width x height pixels and draws them in the box, smoothed or as tiles. Making a bitmap takes longer than
 * filling it, so each size is made once. */
export function paintBox(
  pen: Pen,
  width: number,
  height: number,
  at: Box,
  smooth: boolean,
  paint: (pixels: Uint32Array) => void,
): void {
  const key = `${width} ${height}`;
  let bitmap = made.get(key);
  if (!bitmap) {
    if (made.size >= MOST) made.clear();
    made.set(key, (bitmap = new Bitmap(width, height)));
  }
  bitmap.put(pen, at, smooth, paint);
}
