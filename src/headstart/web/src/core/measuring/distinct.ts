// Distinct units: how many of a hidden layer differ from one another in what they receive or in what they send.
import { layersIn } from "../schemes/start.ts";

export function distinctUnits(sizes: readonly number[], theta: Float32Array): number[] {
  const layers = layersIn(sizes);
  let at = 0;
  return layers.slice(0, -1).map(([layer, nIn, nOut]) => {
    const [start, next] = [at, at + nOut * (nIn + 1)];
    at = next;
    const after = sizes[layer + 2]!;
    const seen = new Set<string>();
    for (let unit = 0; unit < nOut; unit++) {
      const row = [...theta.subarray(start + unit * nIn, start + (unit + 1) * nIn), theta[start + nIn * nOut + unit]!];
      for (let k = 0; k < after; k++) row.push(theta[next + k * nOut + unit]!);
      if (!row.every(Number.isFinite)) return nOut;
      seen.add(row.map((value) => value + 0).join()); // -0 is 0
    }
    return seen.size;
  });
}
