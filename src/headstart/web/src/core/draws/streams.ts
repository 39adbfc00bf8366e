// Streams: random words that are a pure function of (seed, parameter name, role, element index), as docs/draws.md says.
import { blake2b } from "./blake2b.ts";
import { philox, type Words } from "./philox.ts";

const FORMAT_VERSION = 1;

/** Philox's key (k0, k1) and counter words c2, c3 of one parameter. */
export type Stream = readonly [number, number, number, number];

export function stream(seed: number, name: string, role = "weight"): Stream {
  const [text, part] = [name, role].map((word) => new TextEncoder().encode(word)) as [Uint8Array, Uint8Array];
  const bytes = new Uint8Array(28 + text.length + part.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, FORMAT_VERSION, true);
  view.setBigUint64(4, BigInt(seed), true);
  view.setBigUint64(12, BigInt(text.length), true);
  bytes.set(text, 20);
  view.setBigUint64(20 + text.length, BigInt(part.length), true);
  bytes.set(part, 28 + text.length);
  const digest = new DataView(blake2b(bytes, 16).buffer);
  return [0, 4, 8, 12].map((at) => digest.getUint32(at, true)) as unknown as Stream;
}

/** The words of elements 0 to count - 1: word i mod 4 of block i div 4. */
export function streamWords(source: Stream, count: number): Uint32Array {
  const [k0, k1, c2, c3] = source;
  const words = new Uint32Array(4 * Math.ceil(count / 4));
  const block: Words = [0, 0, 0, 0];
  for (let i = 0; i < words.length; i += 4) {
    block[0] = i / 4;
    block[1] = 0;
    block[2] = c2;
    block[3] = c3;
    philox(block, k0, k1);
    words.set(block, i);
  }
  return words.subarray(0, count);
}
