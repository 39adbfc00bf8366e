// Draws: complete distributions made of numbers, and the weights (n_out, n_in) that they make in float32.
import { stream, streamWords } from "./streams.ts";
import { firstMagnitude, normalInteger, UNIFORM_UNIT, uniformInteger, UNIT } from "./normal.ts";
import { orthogonal } from "./orthogonal.ts";

export type Draw =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal"; readonly std: number }
  | { readonly kind: "uniform"; readonly bound: number }
  | { readonly kind: "truncated"; readonly std: number; readonly parent: number; readonly cut: number }
  | { readonly kind: "orthogonal"; readonly gain: number }
  | { readonly kind: "identity"; readonly gain: number }
  | { readonly kind: "sparse"; readonly sparsity: number; readonly std: number };

export const LEVEL_CUT = 2 ** -12; // below, the density of a truncated normal is level to less than a uniform draw's step
const MASK = ":mask"; // ends the role of the stream that chooses a sparse weight's zeros

/** The weights of one matrix under a seed; `name` as "layers.0.weight". */
export function weightsOf(
  draw: Draw,
  nOut: number,
  nIn: number,
  seed: number,
  name: string,
  table: Uint32Array,
): Float32Array {
  const size = nOut * nIn;
  switch (draw.kind) {
    case "constant":
      return new Float32Array(size).fill(draw.value);
    case "normal":
      return scaled(normals(seed, name, size, 0, table), draw.std * UNIT);
    case "uniform":
      return scaled(integers(seed, name, size, uniformInteger), draw.bound * UNIFORM_UNIT);
    case "truncated":
      return truncated(draw.parent, draw.cut, seed, name, size, table);
    case "orthogonal": {
      const found = orthogonal(nOut, nIn, unscaled(seed, name, size, table));
      return Float32Array.from(found, (value) => draw.gain * value);
    }
    case "identity":
      return Float32Array.from({ length: size }, (_, k) => (Math.floor(k / nIn) === k % nIn ? draw.gain : 0));
    case "sparse":
      return sparse(draw.sparsity, draw.std, nOut, nIn, seed, name, table);
  }
}

/** The standard deviation that the weights of this shape really have, about zero. */
export function stdOf(draw: Draw, nOut: number, nIn: number): number {
  switch (draw.kind) {
    case "constant":
      return 0;
    case "normal":
    case "truncated":
      return draw.std;
    case "uniform":
      return draw.bound / Math.sqrt(3);
    case "orthogonal":
      return draw.gain / Math.sqrt(Math.max(nOut, nIn));
    case "identity":
      return draw.gain * Math.sqrt(Math.min(nOut, nIn) / (nOut * nIn));
    case "sparse":
      return draw.std * Math.sqrt(1 - zerosOf(draw.sparsity, nIn) / nIn);
  }
}

/** How many of a unit's weights are 0: the ceiling of sparsity times inputs, of the sparsity as it is written. */
export function zerosOf(sparsity: number, inputs: number): number {
  const [digits = "", power = "0"] = sparsity.toExponential().split("e");
  const decimals = (digits.split(".")[1] ?? "").length - Number(power);
  const whole = BigInt(digits.replace(".", "")) * BigInt(inputs);
  const unit = 10n ** BigInt(decimals);
  return Number((whole + unit - 1n) / unit);
}

/** Integers to floats in one rounding each, times a scale of float32 in one more. */
function scaled(values: Int32Array, scale: number): Float32Array {
  const single = Math.fround(scale);
  return Float32Array.from(values, (value) => Math.fround(value) * single);
}

function integers(seed: number, name: string, size: number, of: (word: number) => number): Int32Array {
  const words = streamWords(stream(seed, name), size);
  const found = new Int32Array(size);
  for (let i = 0; i < size; i++) found[i] = of(words[i]!);
  return found;
}

function normals(seed: number, name: string, size: number, first: number, table: Uint32Array): Int32Array {
  return integers(seed, name, size, (word) => normalInteger(word, first, table));
}

/** Standard normal numbers in float64. */
function unscaled(seed: number, name: string, size: number, table: Uint32Array): Float64Array {
  return Float64Array.from(normals(seed, name, size, 0, table), (value) => value * UNIT);
}

function truncated(
  parent: number,
  cut: number,
  seed: number,
  name: string,
  size: number,
  table: Uint32Array,
): Float32Array {
  if (cut < LEVEL_CUT) return scaled(integers(seed, name, size, uniformInteger), cut * parent * UNIFORM_UNIT);
  return scaled(normals(seed, name, size, firstMagnitude(cut, table), table), parent * UNIT);
}

/** A unit's weights whose mask words are its smallest become 0 (Martens 2010). */
function sparse(
  sparsity: number,
  std: number,
  nOut: number,
  nIn: number,
  seed: number,
  name: string,
  table: Uint32Array,
): Float32Array {
  const weights = Float32Array.from(unscaled(seed, name, nOut * nIn, table), (value) => value * std);
  const words = streamWords(stream(seed, name, `weight${MASK}`), nOut * nIn);
  const zeros = zerosOf(sparsity, nIn);
  for (let unit = 0; unit < nOut; unit++) {
    const row = Array.from({ length: nIn }, (_, i) => unit * nIn + i).sort((a, b) => words[a]! - words[b]! || a - b);
    for (const place of row.slice(0, zeros)) weights[place] = 0;
  }
  return weights;
}
