// The standard normal from one random word, in integers only, by the table that Python exports: see draws/normal.py.
import { high } from "./philox.ts";

export const UNIT = 2 ** -28;
export const UNIFORM_UNIT = 2 ** -24;
export const LARGEST = 1701332580 * UNIT; // |z| of the rarest words
const HALF = 2 ** 31;

/** z >= 0 with P(Z > z) = (2m + 1) 2^-33, in units of 2^-28. */
function upperQuantile(m: number, table: Uint32Array): number {
  const odd = 2 * m + 1;
  const zeros = Math.clz32(odd);
  const normalized = (odd << zeros) >>> 0;
  const row = 4 * ((normalized >>> 26) - 32 + 32 * zeros);
  const [c0, c1, c2, c3] = [table[row]!, table[row + 1]!, table[row + 2]!, table[row + 3]!];
  const part = normalized & 0x3ffffff;
  const t = (part << 6) >>> 0;
  const a = (c1 - high((c2 - high(c3, t)) >>> 0, part)) >>> 0;
  return c0 - ((high(a, t) + (c3 & 63)) >>> 6);
}

/** The normal number of a word; magnitudes are squeezed into [first, 2^31), which cuts the tails. */
export function normalInteger(word: number, first: number, table: Uint32Array): number {
  let m = word & 0x7fffffff;
  if (first > 0) m = first + Number((BigInt(m) * BigInt(HALF - first)) >> 31n);
  const z = upperQuantile(m, table);
  return word >>> 31 ? -z : z;
}

/** The upper 24 bits of a word as an odd integer: uniform and symmetric in (-2^24, 2^24). */
export function uniformInteger(word: number): number {
  return 2 * (word >>> 8) + 1 - 2 ** 24;
}

/** The smallest magnitude whose |z| is below the cut (in standard deviations), by bisection. */
export function firstMagnitude(cut: number, table: Uint32Array): number {
  if (cut > LARGEST * 1.001) return 0;
  const limit = Math.floor(cut * (1 - 2 ** -22) * 2 ** 28);
  let [low, most] = [0, HALF - 1];
  while (low < most) {
    const middle = Math.floor((low + most) / 2);
    if (upperQuantile(middle, table) <= limit) most = middle;
    else low = middle + 1;
  }
  return low;
}
