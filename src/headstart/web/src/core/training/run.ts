// One network trained once: its costs and scores at the records, its weights at those that are kept, and what was
// measured before and after. In slices, so that whoever drives it can look up between them.
import type { Engine } from "../engine/engine.ts";
import { logitsOf } from "../measuring/forward.ts";
import { measure, outcome } from "../measuring/measure.ts";
import { score, variance } from "../data/dataset.ts";
import type { Dataset, Run } from "../types.ts";
import { Order } from "./batches.ts";
import { Pace } from "./pace.ts";
import { recordsOf, stepOf } from "./records.ts";

/** What all runs of a setting share. */
export interface Setting {
  readonly sizes: readonly number[];
  readonly activation: string;
  readonly batch: number | null;
  readonly rate: number;
  readonly steps: number;
  readonly every: number;
  readonly kept: Int32Array;
  readonly data: Dataset;
}

/** Train; yields every few milliseconds, returns the run. */
export function* training(engine: Engine, setting: Setting, start: Float32Array, seed: number): Generator<void, Run> {
  const began = performance.now();
  const { steps, every, kept, data } = setting;
  const count = recordsOf(steps, every);
  const [costs, scores] = [new Float64Array(count).fill(NaN), new Float64Array(count).fill(NaN)];
  const thetas = new Float32Array(kept.length * start.length);
  const pace = new Pace();
  const order = new Order(data.train.y.length, setting.batch, seed);
  const spread = data.task === "regression" ? variance(data.train.y) : 1;
  let [diverged, next]: [number | null, number] = [null, 0];
  engine.begin(start);
  for (let record = 0; record < count; record++) {
    if (kept[next] === record) thetas.set(engine.weights(), start.length * next++);
    if (diverged !== null) continue;
    const { cost, share } = engine.evaluate();
    costs[record] = cost;
    scores[record] = data.task === "regression" ? 1 - cost / spread : share;
    if (record + 1 === count) break;
    const [first, last] = [stepOf(record, steps, every), stepOf(record + 1, steps, every)];
    for (let step = first; step < last && diverged === null;) {
      const [count, began] = [pace.next(last - step), performance.now()];
      const at = engine.train(setting.rate, step, step + count, order.take(count));
      pace.took(count, performance.now() - began);
      if (at >= 0) diverged = at;
      step += count;
      yield;
    }
  }
  const end = engine.weights().slice();
  const finalCost = costs[count - 1]!;
  if (diverged === null && Number.isNaN(finalCost)) diverged = steps;
  const [trainScore, testScore] = finalScores(engine, setting, end);
  if (diverged === null) scores[count - 1] = trainScore;
  return {
    seed,
    costs,
    scores,
    testScore,
    kept,
    thetas,
    divergedAt: diverged,
    signals: measure(setting, start, costs[0]!),
    outcome: outcome(setting, end, trainScore, finalCost, diverged),
    milliseconds: performance.now() - began,
  };
}

/** On training and test data; by float64 logits where the engine's outputs are not finite, or for R². */
function finalScores(engine: Engine, { sizes, activation, data }: Setting, end: Float32Array): [number, number] {
  const found = [data.train, data.test].map((part, test) => {
    const { cost, share } = engine.evaluate(test === 1);
    if (data.task !== "regression" && Number.isFinite(cost)) return share;
    return score(data, logitsOf(sizes, activation, end, part.x), part.y);
  });
  return [found[0]!, found[1]!];
}
