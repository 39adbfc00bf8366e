// Which module this browser can run, and what is not equal to Python there, in words.
import { unzipped } from "../bytes.ts";
import type { EngineExports } from "../module.d.ts";
import type { Parts, Support } from "../types.ts";

// One function of three vectors whose only instruction is f32x4.relaxed_madd, and one that adds two vectors.
const HEAD = [0, 97, 115, 109, 1, 0, 0, 0, 1];
const RELAXED = [
  ...HEAD,
  8,
  1,
  96,
  3,
  123,
  123,
  123,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  13,
  1,
  11,
  0,
  32,
  0,
  32,
  1,
  32,
  2,
  253,
  133,
  2,
  11,
];
const SIMD = [...HEAD, 7, 1, 96, 2, 123, 123, 1, 123, 3, 2, 1, 0, 10, 11, 1, 9, 0, 32, 0, 32, 1, 253, 228, 1, 11];

export const INSTEAD = "Use another browser, or `headstart compare` on the command line.";

export interface Loaded {
  readonly module: WebAssembly.Module | null;
  readonly support: Support;
}

/** Compile the module that this browser can run. */
export async function load(parts: Pick<Parts, "relaxed" | "plain">, workers: number): Promise<Loaded> {
  if (typeof WebAssembly !== "object" || !validates(SIMD)) {
    return without("This browser has no WebAssembly with vectors (SIMD), so nothing can be trained here.", workers);
  }
  const relaxed = validates(RELAXED);
  const module = await WebAssembly.compile(await unzipped(relaxed ? parts.relaxed : parts.plain));
  const fused = isFused(module);
  return { module, support: { wasm: relaxed ? "relaxed" : "plain", fused, workers, words: fused ? "" : UNEQUAL } };
}

export const UNEQUAL =
  "This browser or its processor does not multiply and add in one rounding, so starting weights are Python's to the " +
  "bit, but trained weights and costs are not: they differ in their last digits, and where training is chaotic in more.";

function validates(bytes: readonly number[]): boolean {
  return WebAssembly.validate(Uint8Array.from(bytes));
}

/** Whether multiply-adds are fused here: the rounding of one product shows it. */
function isFused(module: WebAssembly.Module): boolean {
  const exports = new WebAssembly.Instance(module).exports as unknown as EngineExports;
  return exports.fused(1 + 2 ** -12, -(1 + 2 ** -11)) === 2 ** -24;
}

/** A browser in which nothing can be trained. */
export function without(words: string, workers: number): Loaded {
  return { module: null, support: { wasm: null, fused: false, workers, words: `${words} ${INSTEAD}` } };
}
