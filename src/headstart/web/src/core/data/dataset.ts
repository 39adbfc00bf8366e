// A task's data, and what networks are compared with: targets, scores, and the answer that ignores the inputs.
import type { Dataset, Samples, Task } from "../types.ts";

export function dataset(
  name: string,
  task: Task,
  train: Samples,
  test: Samples,
  classes: readonly string[],
  features: readonly string[],
  notes: readonly string[] = [],
): Dataset {
  return { name, task, train, test, classes, features, notes, outputs: task === "classes" ? classes.length : 1 };
}

/** (outputs) rows of what the outputs are compared with: 0 or 1; one-hot; standardized numbers. */
export function targetsOf(data: Dataset, y: Float64Array): Float64Array[] {
  if (data.task !== "classes") return [y];
  return data.classes.map((_, k) => y.map((value) => (value === k ? 1 : 0)));
}

/** The training cost of the best answer that ignores the inputs: the classes' frequencies, or the mean. */
export function constantCost(data: Dataset): number {
  const targets = targetsOf(data, data.train.y);
  if (data.task === "regression") return mean(targets.map(variance));
  const shares = targets.map(mean);
  if (data.task === "binary") shares.push(1 - shares[0]!);
  return -shares.reduce((sum, share) => sum + (share > 0 ? share * Math.log(share) : 0), 0);
}

/** The training score of that answer. */
export function constantScore(data: Dataset): number {
  if (data.task === "regression") return 0;
  const counts = new Map<number, number>();
  for (const label of data.train.y) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.max(...counts.values()) / data.train.y.length;
}

/** Accuracy, or R² of a regression, of logits (outputs, samples); an output that is not a number is wrong. */
export function score(data: Dataset, logits: readonly ArrayLike<number>[], y: Float64Array): number {
  if (data.task === "regression") return explained(logits[0]!, y);
  let hits = 0;
  for (let i = 0; i < y.length; i++) if (answer(data.task, logits, i) === y[i]) hits++;
  return hits / y.length;
}

/** The class that logits give a sample; -1 where they are no numbers. */
export function answer(task: Task, logits: readonly ArrayLike<number>[], sample: number): number {
  const values = logits.map((row) => row[sample]!);
  if (values.some(Number.isNaN)) return -1;
  if (task === "binary") return values[0]! > 0 ? 1 : 0;
  return values.indexOf(Math.max(...values));
}

/** 1 - error / variance; minus infinity where the outputs are not finite. */
function explained(outputs: ArrayLike<number>, y: Float64Array): number {
  const middle = mean(y);
  let [error, whole] = [0, 0];
  for (let i = 0; i < y.length; i++) {
    error += (outputs[i]! - y[i]!) ** 2;
    whole += (y[i]! - middle) ** 2;
  }
  return Number.isFinite(error) ? 1 - error / whole : -Infinity;
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

export function variance(values: ArrayLike<number>): number {
  const middle = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - middle) ** 2;
  return sum / values.length;
}
