// A reused bitmap that is stretched over its place: a small part of the work of painting at full size.

import type { Pen } from "./pen.ts";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  /** Its height where it is no square. */
  readonly high?: number;
}

class Bitmap {
  private readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d")!;
  private image = this.context.createImageData(1, 1);
  private pixels = new Uint32Array(this.image.data.buffer);

  /** Paints width x height pixels and draws them in the box, smoothed or as tiles. */
  put(pen: Pen, width: number, height: number, at: Box, smooth: boolean, paint: (pixels: Uint32Array) => void): void {
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

let only: Bitmap | undefined;

/** The bitmap of all pictures, made when the first is drawn. */
export const bitmap = (): Bitmap => (only ??= new Bitmap());
