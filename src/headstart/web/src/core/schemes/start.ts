// The starting weights of one network, flat, as `Network.start` of headstart draws them: biases are zero.
import { checkDraw } from "../draws/check.ts";
import { stdOf, weightsOf } from "../draws/draw.ts";
import { uint32s } from "../bytes.ts";
import type { Tables } from "../types.ts";
import { drawOf, type Scheme } from "./scheme.ts";

const LAST = "identity"; // what follows the output layer

/** (parameters,) float32: per layer the weights (n_out, n_in), then the biases. */
export function startOf(
  found: Scheme,
  sizes: readonly number[],
  following: string,
  seed: number,
  tables: Tables,
): Float32Array {
  const theta = new Float32Array(parameterCount(sizes));
  let at = 0;
  for (const [layer, nIn, nOut] of layersIn(sizes)) {
    const draw = drawOf(found, nOut, nIn, layer + 2 < sizes.length ? following : LAST, tables);
    const name = `layers.${layer}.weight`;
    checkDraw(draw, nOut, nIn, found.spec, name);
    theta.set(weightsOf(draw, nOut, nIn, seed, name, normalTable(tables)), at);
    at += nOut * (nIn + 1);
  }
  return theta;
}

/** The standard deviation of each layer's weights. */
export function stdsOf(found: Scheme, sizes: readonly number[], following: string, tables: Tables): number[] {
  return layersIn(sizes).map(([layer, nIn, nOut]) =>
    stdOf(drawOf(found, nOut, nIn, layer + 2 < sizes.length ? following : LAST, tables), nOut, nIn),
  );
}

/** (layer, inputs, outputs) of each weight matrix. */
export function layersIn(sizes: readonly number[]): [number, number, number][] {
  return sizes.slice(1).map((nOut, layer) => [layer, sizes[layer]!, nOut]);
}

export function parameterCount(sizes: readonly number[]): number {
  return layersIn(sizes).reduce((sum, [, nIn, nOut]) => sum + nOut * (nIn + 1), 0);
}

const known = new WeakMap<Tables, Uint32Array>();

function normalTable(tables: Tables): Uint32Array {
  let found = known.get(tables);
  if (!found) known.set(tables, (found = uint32s(tables.normal_table)));
  return found;
}
