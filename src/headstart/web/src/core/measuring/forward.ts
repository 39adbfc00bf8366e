// Forward passes in float64, unit by unit: what measuring needs and the engine does not keep.
import { activation } from "../activations/activation.ts";
import { layersIn } from "../schemes/start.ts";

export type Rows = readonly Float64Array[]; // a row per unit, a number per sample

export interface Pass {
  /** Pre-activations of every layer. */
  readonly sums: readonly Rows[];
  /** What each layer receives. */
  readonly received: readonly Rows[];
}

export function forward(sizes: readonly number[], phi: string, theta: Float32Array, x: Rows): Pass {
  const { value } = activation(phi);
  const [sums, received]: [Rows[], Rows[]] = [[], [x]];
  let at = 0;
  for (const [layer, nIn, nOut] of layersIn(sizes)) {
    const z = sumsOf(theta.subarray(at, at + nOut * (nIn + 1)), nIn, nOut, received[layer]!);
    sums.push(z);
    if (layer + 2 < sizes.length) received.push(z.map((row) => row.map(value)));
    at += nOut * (nIn + 1);
  }
  return { sums, received };
}

/** The outputs before sigmoid or softmax. */
export function logitsOf(sizes: readonly number[], phi: string, theta: Float32Array, x: Rows): Rows {
  return forward(sizes, phi, theta, x).sums.at(-1)!;
}

/** One layer's sums: weights (n_out, n_in), then biases. */
function sumsOf(layer: Float32Array, nIn: number, nOut: number, received: Rows): Rows {
  const samples = received[0]!.length;
  return Array.from({ length: nOut }, (_, unit) => {
    const row = new Float64Array(samples).fill(layer[nIn * nOut + unit]!);
    for (let i = 0; i < nIn; i++) {
      const [weight, values] = [layer[unit * nIn + i]!, received[i]!];
      for (let s = 0; s < samples; s++) row[s]! += weight * values[s]!;
    }
    return row;
  });
}
