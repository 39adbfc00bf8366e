// Measuring one network, as experiments/measure.py does: its signals before the first step, and what became of it.
import { activation } from "../activations/activation.ts";
import { logistic } from "../activations/primitives.ts";
import { constantCost, constantScore, mean, targetsOf, variance } from "../data/dataset.ts";
import { layersIn } from "../schemes/start.ts";
import type { Dataset, Outcome, Signal, Signals } from "../types.ts";
import { distinctUnits } from "./distinct.ts";
import { forward, type Pass, type Rows } from "./forward.ts";

export const FLAT = 0.01; // a slope below this passes hardly any gradient
export const NEAR_CERTAIN = 1e-6; // how close to 0 or 1 a probability counts as saturated

export interface Measured {
  readonly sizes: readonly number[];
  readonly activation: string;
  readonly data: Dataset;
}

/** The signals of one start: forward and backward through it, layer by layer. */
export function measure({ sizes, activation: spec, data }: Measured, start: Float32Array, firstCost: number): Signals {
  const pass = forward(sizes, spec, start, data.train.x);
  const errors = backward(sizes, spec, start, pass, data);
  const distinct = distinctUnits(sizes, start);
  const layers = pass.sums.map((sums, index) => {
    const hidden = index + 2 < sizes.length;
    return {
      ...sizesOf(hidden ? `hidden layer ${index + 1}` : "output layer", sums),
      errorRms: rms(errors[index]!),
      gradientRms: gradientRms(errors[index]!, pass.received[index]!),
      ...(hidden ? shares(spec, sums) : { flatShare: null, deadShare: null }),
      distinct: hidden ? distinct[index]! : null,
    };
  });
  return { input: inputOf(data), layers, saturatedOutputs: saturatedOutputs(data, pass.sums.at(-1)!), firstCost };
}

/** What training made of one network. */
export function outcome(
  { sizes, data }: Measured,
  end: Float32Array,
  score: number,
  finalCost: number,
  divergedAt: number | null,
): Outcome {
  return {
    finalCost,
    constantCost: constantCost(data),
    score,
    constantScore: constantScore(data),
    metric: data.task === "regression" ? "R²" : "accuracy",
    divergedAt,
    distinct: distinctUnits(sizes, end),
  };
}

function sizesOf(name: string, rows: Rows): Pick<Signal, "name" | "width" | "std" | "rms" | "mean"> {
  return { name, width: rows.length, std: spread(rows), rms: rms(rows), mean: mean(rows.map(mean)) };
}

function inputOf(data: Dataset): Signal {
  const none = { errorRms: null, gradientRms: null, flatShare: null, deadShare: null, distinct: null };
  return { ...sizesOf("input", data.train.x), ...none };
}

/** Each sample's cost, differentiated by the pre-activations of every layer. */
function backward(sizes: readonly number[], spec: string, theta: Float32Array, { sums }: Pass, data: Dataset): Rows[] {
  const { slope } = activation(spec);
  const errors: Rows[] = [outputError(data, sums.at(-1)!)];
  const starts = startsOf(sizes);
  for (let layer = sizes.length - 2; layer > 0; layer--) {
    const [nIn, nOut] = [sizes[layer]!, sizes[layer + 1]!];
    const above = errors[0]!;
    const below = Array.from({ length: nIn }, (_, i) => {
      const row = new Float64Array(above[0]!.length);
      for (let o = 0; o < nOut; o++) {
        const [weight, error] = [theta[starts[layer]! + o * nIn + i]!, above[o]!];
        for (let s = 0; s < row.length; s++) row[s]! += weight * error[s]!;
      }
      const z = sums[layer - 1]![i]!;
      return row.map((value, s) => value * slope(z[s]!));
    });
    errors.unshift(below);
  }
  return errors;
}

/** Where each layer's weights start in the flat array. */
function startsOf(sizes: readonly number[]): number[] {
  let at = 0;
  return layersIn(sizes).map(([, nIn, nOut]) => {
    const start = at;
    at += nOut * (nIn + 1);
    return start;
  });
}

function outputError(data: Dataset, logits: Rows): Rows {
  const targets = targetsOf(data, data.train.y);
  if (data.task === "regression") {
    return logits.map((row, k) => row.map((z, s) => (2 * (z - targets[k]![s]!)) / logits.length));
  }
  const p = probabilities(data, logits);
  return targets.map((row, k) => row.map((y, s) => p[k]![s]! - y));
}

/** Of each output unit: the sigmoid's for two classes, the softmax's for more. */
export function probabilities(data: Dataset, logits: Rows): Rows {
  if (data.task === "binary") return [logits[0]!.map(logistic)];
  const sums = new Float64Array(logits[0]!.length);
  const most = sums.map((_, s) => Math.max(...logits.map((row) => row[s]!)));
  const powers = logits.map((row) => row.map((z, s) => Math.exp(z - most[s]!)));
  for (const row of powers) for (let s = 0; s < row.length; s++) sums[s]! += row[s]!;
  return powers.map((row) => row.map((value, s) => value / sums[s]!));
}

/** Standard deviation across the samples, root mean square over the units. */
function spread(rows: Rows): number {
  return finite(Math.sqrt(mean(rows.map(variance))));
}

function rms(rows: Rows): number {
  return finite(Math.sqrt(mean(rows.map((row) => mean(row.map((value) => value * value))))));
}

/** Infinity also for NaN: a size only becomes NaN after numbers overflowed. */
function finite(size: number): number {
  return Number.isNaN(size) ? Infinity : size;
}

function gradientRms(errors: Rows, received: Rows): number {
  let sum = 0;
  for (const error of errors) {
    for (const row of received) {
      let product = 0;
      for (let s = 0; s < row.length; s++) product += error[s]! * row[s]!;
      sum += (product / row.length) ** 2;
    }
  }
  return finite(Math.sqrt(sum / (errors.length * received.length)));
}

/** The share of slopes that are flat, of an activation that saturates; of units whose slope is zero for every sample. */
function shares(spec: string, sums: Rows): { flatShare: number | null; deadShare: number | null } {
  const { slope, saturates } = activation(spec);
  const slopes = sums.map((row) => row.map((z) => Math.abs(slope(z))));
  const flat = mean(slopes.map((row) => row.reduce((n, size) => n + (size < FLAT ? 1 : 0), 0) / row.length));
  const dead = slopes.filter((row) => row.every((size) => size === 0)).length / slopes.length;
  return { flatShare: saturates ? flat : null, deadShare: dead };
}

/** The share of samples with a probability within 1e-6 of 0 or 1. */
function saturatedOutputs(data: Dataset, logits: Rows): number | null {
  if (data.task === "regression") return null;
  const p = probabilities(data, logits);
  const certain = p[0]!.map((first, s) => {
    if (data.task === "binary") return Math.min(1 - first, first) < NEAR_CERTAIN ? 1 : 0;
    return Math.max(...p.map((row) => row[s]!)) > 1 - NEAR_CERTAIN ? 1 : 0;
  });
  return mean(certain);
}
