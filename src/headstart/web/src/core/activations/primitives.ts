// What the definitions of the activations are written with: the names of theory/activations/primitives.py, in float64.

export const { exp, expm1, log1p, tanh, sin, cos, sqrt, abs: absolute } = Math;

/** a b + c, in two roundings as NumPy has it; the engine's is in one. */
export function fma(a: number, b: number, c: number): number {
  return a * b + c;
}

const SERIES = 2.5; // where the continued fraction takes over
const TERMS = 100;

/** 2/sqrt(pi) times the integral of exp(-t²) from 0 to z. */
export function erf(z: number): number {
  const size = Math.abs(z);
  if (Number.isNaN(z) || size < SERIES) return series(z);
  return Math.sign(z) * (1 - tail(size));
}

/** erf(z) = 2/sqrt(pi) exp(-z²) sum 2^n z^(2n+1) / (1 3 5 ... (2n+1)): all terms of one sign. */
function series(z: number): number {
  let [term, sum] = [z, z];
  for (let n = 1; n < TERMS && Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * z * z) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
}

/** 1 - erf(z) for large z by its continued fraction. */
function tail(z: number): number {
  if (z > 40) return 0;
  let fraction = 0;
  for (let k = TERMS; k >= 1; k--) fraction = k / 2 / (z + fraction);
  return Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction);
}

/** The standard normal's distribution function, exact in its lower tail too. */
export function normal_cdf(z: number): number {
  const scaled = z * Math.SQRT1_2;
  if (Number.isNaN(z) || Math.abs(scaled) < SERIES) return 0.5 + 0.5 * series(scaled);
  return scaled < 0 ? 0.5 * tail(-scaled) : 1 - 0.5 * tail(scaled);
}

/** 1 / (1 + exp(-z)) without overflow. */
export function logistic(z: number): number {
  if (z >= 0) return 1 / (1 + Math.exp(-z));
  const e = Math.exp(z);
  return e / (1 + e);
}
