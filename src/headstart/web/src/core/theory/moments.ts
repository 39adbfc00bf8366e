// Gaussian moments E[f(sqrt(q) z)] and what follows from them: gains, and the sizes that mean-field theory predicts.
//
// Between kinks the integrand is smooth: Gauss-Legendre of 20 points on pieces of at most half a standard deviation.
import type { Activation } from "../activations/activation.ts";

const FAR = 12; // standard deviations: beyond is 1e-33 of the whole
const PIECE = 0.5;
const POINTS = 20;

/** E[f(sqrt(q) z)] for a standard normal z; `kinks` are f's. */
export function moment(f: (z: number) => number, q: number, kinks: readonly number[] = []): number {
  const scale = Math.sqrt(q);
  const [points, weights] = legendre();
  let sum = 0;
  const ends = edges(kinks.map((kink) => kink / scale));
  for (let k = 0; k + 1 < ends.length; k++) {
    const [low, high] = [ends[k]!, ends[k + 1]!];
    const [half, middle] = [(high - low) / 2, (high + low) / 2];
    for (let i = 0; i < POINTS; i++) {
      const z = middle + half * points[i]!;
      sum += half * weights[i]! * f(scale * z) * Math.exp((-z * z) / 2);
    }
  }
  return sum / Math.sqrt(2 * Math.PI);
}

/** What keeps the second moment q: sqrt(q / E[phi²]) forward, 1 / sqrt(E[phi'²]) backward. */
export function gainOf(phi: Activation, q: number, direction: string): number {
  if (direction === "backward") return 1 / Math.sqrt(moment((z) => phi.slope(z) ** 2, q, phi.kinks));
  return Math.sqrt(q / moment((z) => phi.value(z) ** 2, q, phi.kinks));
}

/** The second moments of the pre-activations, layer by layer, of a wide network: q' = n_in std² E[phi(sqrt(q) z)²].
 *
 * @param input mean square of the inputs; @param stds of each layer's weights; @param sizes units per layer.
 */
export function predictedRms(
  phi: Activation,
  input: number,
  stds: readonly number[],
  sizes: readonly number[],
): number[] {
  let received = input;
  return stds.map((std, layer) => {
    const q = sizes[layer]! * std * std * received;
    received = q > 0 ? moment((z) => phi.value(z) ** 2, q, phi.kinks) : phi.value(0) ** 2;
    return Math.sqrt(q);
  });
}

function edges(kinks: readonly number[]): number[] {
  const places = [-FAR, ...kinks.filter((kink) => Math.abs(kink) < FAR).sort((a, b) => a - b), FAR];
  const found: number[] = [];
  for (let k = 0; k + 1 < places.length; k++) {
    const [low, high] = [places[k]!, places[k + 1]!];
    const pieces = Math.max(1, Math.ceil((high - low) / PIECE));
    for (let i = 0; i < pieces; i++) found.push(low + ((high - low) * i) / pieces);
  }
  return [...found, FAR];
}

let rules: [Float64Array, Float64Array] | undefined;

/** Points and weights of Gauss-Legendre on [-1, 1], by Newton's method. */
function legendre(): [Float64Array, Float64Array] {
  if (rules) return rules;
  const [points, weights] = [new Float64Array(POINTS), new Float64Array(POINTS)];
  for (let i = 0; i < POINTS; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (POINTS + 0.5));
    let slope = 0;
    for (let round = 0; round < 20; round++) {
      let [before, now] = [1, x];
      for (let n = 2; n <= POINTS; n++) [before, now] = [now, ((2 * n - 1) * x * now - (n - 1) * before) / n];
      slope = (POINTS * (x * now - before)) / (x * x - 1);
      x -= now / slope;
    }
    points[i] = x;
    weights[i] = 2 / ((1 - x * x) * slope * slope);
  }
  rules = [points, weights];
  return rules;
}
