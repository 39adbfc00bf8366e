// Made by tools/make_page_activations.py from headstart/theory/activations: change the definitions there.
import { erf, normal_cdf, logistic, exp, expm1, log1p, tanh, sin, cos, sqrt, absolute, fma } from "./primitives.ts";

/** phi and phi' as functions of z and the parameters; where phi or phi' is not smooth. */
export interface Formula {
  readonly value: (z: number, ...parameters: number[]) => number;
  readonly slope: (z: number, ...parameters: number[]) => number;
  /** phi' as a function of phi(z), where that is possible at the usual parameters. */
  readonly ofOutput: ((y: number, ...parameters: number[]) => number) | null;
  readonly parameters: readonly (readonly [string, number])[];
  readonly kinks: (...parameters: number[]) => number[];
}

export const FORMULAS: Readonly<Record<string, Formula>> = {
  identity: {
    value: (z: number) => z,
    slope: (z: number) => (z === z ? 1.0 : z),
    ofOutput: (z: number) => (z === z ? 1.0 : z),
    parameters: [],
    kinks: () => [],
  },
  tanh: {
    value: (z: number) => tanh(z),
    slope: (z: number) => 1.0 - tanh(z) * tanh(z),
    ofOutput: (y: number) => fma(-y, y, 1.0),
    parameters: [],
    kinks: () => [],
  },
  lecun_tanh: {
    value: (z: number) => 1.7159 * tanh(0.6666666666666666 * z),
    slope: (z: number) =>
      1.7159 * 0.6666666666666666 * (1.0 - tanh(0.6666666666666666 * z) * tanh(0.6666666666666666 * z)),
    ofOutput: (y: number) => 0.6666666666666666 * (1.7159 - (y * y) / 1.7159),
    parameters: [],
    kinks: () => [],
  },
  tanhshrink: {
    value: (z: number) => {
      const s = absolute(z) < 1.0 ? z * z : 1.0;
      const c = s / (3.0 + s / (5.0 + s / (7.0 + s / (9.0 + s / (11.0 + s / (13.0 + s / (15.0 + s / 17.0)))))));
      return absolute(z) < 1.0 ? (z * c) / (1.0 + c) : z - tanh(z);
    },
    slope: (z: number) => tanh(z) * tanh(z),
    ofOutput: null,
    parameters: [],
    kinks: () => [],
  },
  sigmoid: {
    value: (z: number) => logistic(z),
    slope: (z: number) => logistic(z) * logistic(-z),
    ofOutput: (y: number) => y * (1.0 - y),
    parameters: [],
    kinks: () => [],
  },
  logsigmoid: {
    value: (z: number) => (z < 0.0 ? z : 0.0) - log1p(exp(-absolute(z))),
    slope: (z: number) => logistic(-z),
    ofOutput: (y: number) => -expm1(y),
    parameters: [],
    kinks: () => [],
  },
  gelu: {
    value: (z: number) => z * normal_cdf(z),
    slope: (z: number) => fma(z * 0.3989422804014327, exp(-0.5 * z * z), normal_cdf(z)),
    ofOutput: null,
    parameters: [],
    kinks: () => [],
  },
  gelu_tanh: {
    value: (z: number) => 0.5 * z * (1.0 + tanh(0.7978845608028654 * fma(0.044715 * z * z, z, z))),
    slope: (z: number) => {
      const t = tanh(0.7978845608028654 * fma(0.044715 * z * z, z, z));
      return fma(0.5 * z * fma(-t, t, 1.0) * 0.7978845608028654, fma(0.134145 * z, z, 1.0), fma(0.5, t, 0.5));
    },
    ofOutput: null,
    parameters: [],
    kinks: () => [],
  },
  quick_gelu: {
    value: (z: number) => z * logistic(1.702 * z),
    slope: (z: number) => {
      const s = logistic(1.702 * z);
      return s * fma(1.702 * z, 1.0 - s, 1.0);
    },
    ofOutput: null,
    parameters: [],
    kinks: () => [],
  },
  silu: {
    value: (z: number) => z * logistic(z),
    slope: (z: number) => {
      const s = logistic(z);
      return s * fma(z, 1.0 - s, 1.0);
    },
    ofOutput: null,
    parameters: [],
    kinks: () => [],
  },
  mish: {
    value: (z: number) => z * tanh((z > 0.0 ? z : 0.0) + log1p(exp(-absolute(z)))),
    slope: (z: number) => {
      const t = tanh((z > 0.0 ? z : 0.0) + log1p(exp(-absolute(z))));
      return fma(z * fma(-t, t, 1.0), logistic(z), t);
    },
    ofOutput: null,
    parameters: [],
    kinks: () => [],
  },
  softplus: {
    value: (z: number, beta = 0) => (z > 0.0 ? z : 0.0) + log1p(exp(-absolute(beta * z))) / beta,
    slope: (z: number, beta = 0) => logistic(beta * z),
    ofOutput: (y: number, beta = 0) => -expm1(-beta * y),
    parameters: [["beta", 1.0]],
    kinks: () => [],
  },
  squareplus: {
    value: (z: number, b = 0) => {
      const root = sqrt(z * z + b);
      return z < 0.0 ? (0.5 * b) / (root + absolute(z)) : 0.5 * (z + root);
    },
    slope: (z: number, b = 0) => {
      const root = sqrt(z * z + b);
      return z < 0.0 ? (0.5 * b) / (root * (root + absolute(z))) : 0.5 * (1.0 + z / root);
    },
    ofOutput: (y: number, b = 0) => (y * y) / (y * y + 0.25 * b),
    parameters: [["b", 4.0]],
    kinks: () => [],
  },
  exponential: {
    value: (z: number) => exp(z),
    slope: (z: number) => exp(z),
    ofOutput: (y: number) => y,
    parameters: [],
    kinks: () => [],
  },
  erf: {
    value: (z: number) => erf(z),
    slope: (z: number) => 2.0 * 0.7071067811865476 * 0.7978845608028654 * exp(-z * z),
    ofOutput: null,
    parameters: [],
    kinks: () => [],
  },
  sin: { value: (z: number) => sin(z), slope: (z: number) => cos(z), ofOutput: null, parameters: [], kinks: () => [] },
  cos: { value: (z: number) => cos(z), slope: (z: number) => -sin(z), ofOutput: null, parameters: [], kinks: () => [] },
  relu: {
    value: (z: number) => (z <= 0.0 ? 0.0 : z),
    slope: (z: number) => (z > 0.0 ? 1.0 : 0.0),
    ofOutput: (z: number) => (z > 0.0 ? 1.0 : 0.0),
    parameters: [],
    kinks: () => [0.0],
  },
  relu6: {
    value: (z: number) => (z <= 0.0 ? 0.0 : z >= 6.0 ? 6.0 : z),
    slope: (z: number) => (z > 0.0 ? (z < 6.0 ? 1.0 : 0.0) : 0.0),
    ofOutput: (z: number) => (z > 0.0 ? (z < 6.0 ? 1.0 : 0.0) : 0.0),
    parameters: [],
    kinks: () => [0.0, 6.0],
  },
  squared_relu: {
    value: (z: number) => (z <= 0.0 ? 0.0 : z * z),
    slope: (z: number) => (z <= 0.0 ? 0.0 : 2.0 * z),
    ofOutput: null,
    parameters: [],
    kinks: () => [0.0],
  },
  leaky_relu: {
    value: (z: number, slope = 0) => (z <= 0.0 ? slope * z : z),
    slope: (z: number, slope = 0) => (z > 0.0 ? 1.0 : slope),
    ofOutput: null,
    parameters: [["slope", 0.01]],
    kinks: () => [0.0],
  },
  prelu: {
    value: (z: number, slope = 0) => (z <= 0.0 ? slope * z : z),
    slope: (z: number, slope = 0) => (z > 0.0 ? 1.0 : slope),
    ofOutput: null,
    parameters: [["slope", 0.25]],
    kinks: () => [0.0],
  },
  rrelu: {
    value: (z: number, lower = 0, upper = 0) => (z <= 0.0 ? 0.5 * (lower + upper) * z : z),
    slope: (z: number, lower = 0, upper = 0) => (z > 0.0 ? 1.0 : 0.5 * (lower + upper)),
    ofOutput: null,
    parameters: [
      ["lower", 0.125],
      ["upper", 0.3333333333333333],
    ],
    kinks: () => [0.0],
  },
  abs: {
    value: (z: number) => absolute(z),
    slope: (z: number) => (z > 0.0 ? 1.0 : -1.0),
    ofOutput: null,
    parameters: [],
    kinks: () => [0.0],
  },
  elu: {
    value: (z: number, alpha = 0) => (z <= 0.0 ? alpha * expm1(z <= 0.0 ? z : 0.0) : z),
    slope: (z: number, alpha = 0) => (z <= 0.0 ? alpha * exp(z <= 0.0 ? z : 0.0) : 1.0),
    ofOutput: (y: number, alpha = 0) => (y <= 0.0 ? y + alpha : 1.0),
    parameters: [["alpha", 1.0]],
    kinks: () => [0.0],
  },
  celu: {
    value: (z: number, alpha = 0) => (z <= 0.0 ? alpha * expm1((z <= 0.0 ? z : 0.0) / alpha) : z),
    slope: (z: number, alpha = 0) => (z <= 0.0 ? exp((z <= 0.0 ? z : 0.0) / alpha) : 1.0),
    ofOutput: (y: number, alpha = 0) => (y <= 0.0 ? 1.0 + y / alpha : 1.0),
    parameters: [["alpha", 1.0]],
    kinks: () => [0.0],
  },
  selu: {
    value: (z: number) => 1.0507009873554805 * (z <= 0.0 ? 1.6732632423543772 * expm1(z <= 0.0 ? z : 0.0) : z),
    slope: (z: number) => 1.0507009873554805 * (z <= 0.0 ? 1.6732632423543772 * exp(z <= 0.0 ? z : 0.0) : 1.0),
    ofOutput: (y: number) => (y <= 0.0 ? y + 1.0507009873554805 * 1.6732632423543772 : 1.0507009873554805),
    parameters: [],
    kinks: () => [0.0],
  },
  softsign: {
    value: (z: number) => z / (1.0 + absolute(z)),
    slope: (z: number) => 1.0 / ((1.0 + absolute(z)) * (1.0 + absolute(z))),
    ofOutput: (y: number) => (1.0 - absolute(y)) * (1.0 - absolute(y)),
    parameters: [],
    kinks: () => [0.0],
  },
  hardtanh: {
    value: (z: number, low = 0, high = 0) => (z > high ? high : z < low ? low : z),
    slope: (z: number, low = 0, high = 0) => (z > low ? (z < high ? 1.0 : 0.0) : 0.0),
    ofOutput: (z: number, low = 0, high = 0) => (z > low ? (z < high ? 1.0 : 0.0) : 0.0),
    parameters: [
      ["min", -1.0],
      ["max", 1.0],
    ],
    kinks: (low = 0, high = 0) => [low, high],
  },
  hardsigmoid: {
    value: (z: number) => (z <= -3.0 ? 0.0 : z >= 3.0 ? 1.0 : 0.16666666666666666 * (z + 3.0)),
    slope: (z: number) => (absolute(z) < 3.0 ? 0.16666666666666666 : 0.0),
    ofOutput: (y: number) => (y > 0.0 ? (y < 1.0 ? 0.16666666666666666 : 0.0) : 0.0),
    parameters: [],
    kinks: () => [-3.0, 3.0],
  },
  sparse_sigmoid: {
    value: (z: number) => (z <= -1.0 ? 0.0 : z >= 1.0 ? 1.0 : 0.5 * (z + 1.0)),
    slope: (z: number) => (absolute(z) < 1.0 ? 0.5 : 0.0),
    ofOutput: (y: number) => (y > 0.0 ? (y < 1.0 ? 0.5 : 0.0) : 0.0),
    parameters: [],
    kinks: () => [-1.0, 1.0],
  },
  sparse_plus: {
    value: (z: number) => (z <= -1.0 ? 0.0 : z >= 1.0 ? z : 0.25 * (z + 1.0) * (z + 1.0)),
    slope: (z: number) => (z <= -1.0 ? 0.0 : z >= 1.0 ? 1.0 : 0.5 * (z + 1.0)),
    ofOutput: null,
    parameters: [],
    kinks: () => [-1.0, 1.0],
  },
  hardswish: {
    value: (z: number) => (z <= -3.0 ? 0.0 : z >= 3.0 ? z : z * (z + 3.0) * 0.16666666666666666),
    slope: (z: number) => (z <= -3.0 ? 0.0 : z >= 3.0 ? 1.0 : (2.0 * z + 3.0) * 0.16666666666666666),
    ofOutput: null,
    parameters: [],
    kinks: () => [-3.0, 3.0],
  },
  softshrink: {
    value: (z: number, cut = 0) => (z > cut ? z - cut : z < -cut ? z + cut : 0.0 * z),
    slope: (z: number, cut = 0) => (absolute(z) > cut ? 1.0 : 0.0),
    ofOutput: null,
    parameters: [["lambda", 0.5]],
    kinks: (cut = 0) => (cut > 0 ? [-cut, cut] : [0]),
  },
  hardshrink: {
    value: (z: number, cut = 0) => (absolute(z) <= cut ? 0.0 : z),
    slope: (z: number, cut = 0) => (absolute(z) > cut ? 1.0 : 0.0),
    ofOutput: null,
    parameters: [["lambda", 0.5]],
    kinks: (cut = 0) => (cut > 0 ? [-cut, cut] : [0]),
  },
  threshold: {
    value: (z: number, threshold = 0, value = 0) => (z <= threshold ? value : z),
    slope: (z: number, threshold = 0, value = 0) => (z > threshold ? 1.0 : 0.0),
    ofOutput: null,
    parameters: [
      ["threshold", 0.0],
      ["value", 0.0],
    ],
    kinks: (threshold = 0) => [threshold],
  },
};
