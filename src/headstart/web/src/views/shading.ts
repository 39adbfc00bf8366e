// A network's answers as colour: the hue is the class that wins, the strength how sure the network is.
// Sureness is |2p - 1| = tanh(lead / 2) of the best class's lead over the second in logits; with two classes the lead is
// the logit's size. So one table by lead serves any number of classes, and no exponential is taken for each pixel.

import { mix, type Rgb } from "./colour.ts";

const STRONGEST = 0.62; // as headstart compare's pictures: the points must stay visible
const FURTHEST = 12; // tanh(6) is 1 to five digits
const PER_UNIT = 64;
const LAST = FURTHEST * PER_UNIT;

/** A colour for each class and each lead, as pixels in memory order (alpha, blue, green, red). */
export class Shades {
  private readonly tables: Uint32Array[];
  /** The pixel of nothing. */
  readonly paper: number;

  constructor(colours: readonly Rgb[], paper: Rgb) {
    this.paper = pixel(paper);
    this.tables = colours.map((colour) =>
      Uint32Array.from({ length: LAST + 1 }, (_, i) =>
        pixel(mix(paper, colour, STRONGEST * Math.tanh(i / PER_UNIT / 2))),
      ),
    );
  }

  /** Paints pixels from logits, a plane per class (a single one: class 1 over class 0). */
  paint(planes: readonly Float32Array[], pixels: Uint32Array): void {
    if (planes.length === 1) this.two(planes[0]!, pixels);
    else this.many(planes, pixels);
  }

  /** Paints values from -most to most in class 0's and class 1's colour, evenly: a weight, a unit's output. */
  signed(values: ArrayLike<number>, most: number, pixels: Uint32Array): void {
    for (let i = 0; i < pixels.length; i++) {
      const share = values[i]! / most;
      // atanh undoes the table's tanh: here the shade is to grow evenly with the value
      const at = Math.min(LAST, (2 * Math.atanh(Math.min(0.999, Math.abs(share))) * PER_UNIT) | 0);
      pixels[i] = share > 0 ? this.tables[1]![at]! : share < 0 ? this.tables[0]![at]! : this.paper;
    }
  }

  private two(logits: Float32Array, pixels: Uint32Array): void {
    const [low, high] = [this.tables[0]!, this.tables[1]!];
    for (let i = 0; i < pixels.length; i++) {
      const v = logits[i]! * PER_UNIT;
      if (v > 0) pixels[i] = high[v < LAST ? v | 0 : LAST]!;
      else if (v <= 0) pixels[i] = low[v > -LAST ? -v | 0 : LAST]!;
      else pixels[i] = this.paper; // not a number
    }
  }

  private many(planes: readonly Float32Array[], pixels: Uint32Array): void {
    for (let i = 0; i < pixels.length; i++) {
      let best = -Infinity;
      let second = -Infinity;
      let winner = 0;
      for (let k = 0; k < planes.length; k++) {
        const v = planes[k]![i]!;
        if (v > best) {
          second = best;
          best = v;
          winner = k;
        } else if (v > second) second = v;
      }
      const lead = (best - second) * PER_UNIT; // not a number where both are infinite: as sure as can be
      const table = this.tables[winner % this.tables.length]!;
      pixels[i] = best === -Infinity ? this.paper : table[lead < LAST ? lead | 0 : LAST]!;
    }
  }
}

/** Memory order of ImageData on every machine that has a browser: little endian. */
function pixel(c: Rgb): number {
  return ((255 << 24) | (Math.round(c[2]) << 16) | (Math.round(c[1]) << 8) | Math.round(c[0])) >>> 0;
}
