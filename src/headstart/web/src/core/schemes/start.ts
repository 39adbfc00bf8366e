// The starting weights of one network, flat, as `Network.start` of headstart draws them: biases are zero.
import { checkDraw } from "../draws/check.ts";
import { type Draw, weightsOf } from "../draws/draw.ts";
import { uint32s } from "../bytes.ts";
import type { Tables } from "../types.ts";
import { drawOf, scheme } from "./scheme.ts";

const LAST = "identity"; // what follows the output layer

/** The draw of each layer's weights, checked; an InputError where the scheme cannot be drawn for these layers. */
export function planOf(spec: string, sizes: readonly number[], following: string, tables: Tables): Draw[] {
  const found = scheme(spec, tables);
  return layersIn(sizes).map(([layer, nIn, nOut]) => {
    const draw = drawOf(found, nOut, nIn, layer + 2 < sizes.length ? following : LAST, tables);
    checkDraw(draw, nOut, nIn, found.spec, `layers.${layer}.weight`);
    return draw;
  });
}

/** (parameters,) float32: per layer the weights (n_out, n_in), then the biases, which are zero. */
export function startFrom(
  draws: readonly Draw[],
  sizes: readonly number[],
  seed: number,
  table: Uint32Array,
): Float32Array {
  const theta = new Float32Array(parameterCount(sizes));
  let at = 0;
  for (const [layer, nIn, nOut] of layersIn(sizes)) {
    theta.set(weightsOf(draws[layer]!, nOut, nIn, seed, `layers.${layer}.weight`, table), at);
    at += nOut * (nIn + 1);
  }
  return theta;
}

/** (layer, inputs, outputs) of each weight matrix. */
export function layersIn(sizes: readonly number[]): [number, number, number][] {
  return sizes.slice(1).map((nOut, layer) => [layer, sizes[layer]!, nOut]);
}

export function parameterCount(sizes: readonly number[]): number {
  return layersIn(sizes).reduce((sum, [, nIn, nOut]) => sum + nOut * (nIn + 1), 0);
}

const known = new WeakMap<Tables, Uint32Array>();

export function normalTable(tables: Tables): Uint32Array {
  let found = known.get(tables);
  if (!found) known.set(tables, (found = uint32s(tables.normal_table)));
  return found;
}
