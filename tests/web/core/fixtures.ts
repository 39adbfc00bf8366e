// What Python wrote for these tests: see tests/web/page_fixtures.py.
import { readFileSync } from "node:fs";
import type { Tables } from "../../../src/headstart/web/src/core/types.ts";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- JSON of many shapes, read by one test each
type Loose = any;

const file = process.env["HEADSTART_FIXTURES"];
if (!file)
  throw new Error(
    "HEADSTART_FIXTURES names the file that tests/web/test_page_core.py writes",
  );
export const fixtures = JSON.parse(readFileSync(file, "utf8")) as Record<
  string,
  Loose
>;
export const tables = fixtures["tables"] as Tables;

function bytes(text: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(text, "base64")).buffer;
}
export const float64s = (text: string): Float64Array =>
  new Float64Array(bytes(text));
export const float32s = (text: string): Float32Array =>
  new Float32Array(bytes(text));

/** The largest difference relative to the larger of 1 and the value's size; NaN and infinity must agree. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i]) continue;
    const found = Math.abs(a[i]! - b[i]!) / Math.max(1, Math.abs(b[i]!));
    worst = Math.max(worst, Number.isNaN(found) ? Infinity : found);
  }
  return worst;
}

/** How many numbers are not the same to the bit. */
export function unequal(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let count = 0;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) count++;
  return count;
}
