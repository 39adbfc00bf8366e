// Training and test parts, drawn by NumPy's legacy generator: the rows that Python gives.
import { RandomState } from "../random/mersenne.ts";

export type Parts = readonly [number[], number[]]; // training rows, test rows

export function testSize(count: number, share: number): number {
  return Math.ceil(share * count);
}

export function split(count: number, share: number, seed: number): Parts {
  const order = new RandomState(seed).permutation(count);
  const test = testSize(count, share);
  return [order.slice(test), order.slice(0, test)];
}

/** The same with each class's share kept as well as whole numbers can. */
export function stratifiedSplit(labels: readonly number[], classes: number, share: number, seed: number): Parts {
  const random = new RandomState(seed);
  const test = testSize(labels.length, share);
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]! += 1;
  const training = apportioned(counts, labels.length - test, random);
  const testing = apportioned(
    counts.map((count, k) => count - training[k]!),
    test,
    random,
  );
  const [train, tested]: [number[], number[]] = [[], []];
  counts.forEach((_, k) => {
    const rows = labels.flatMap((label, row) => (label === k ? [row] : []));
    const mixed = random.permutation(rows.length).map((place) => rows[place]!);
    train.push(...mixed.slice(0, training[k]));
    tested.push(...mixed.slice(training[k], training[k]! + testing[k]!));
  });
  return [random.shuffle(train), random.shuffle(tested)];
}

/** Whole numbers that add up to `total` in proportion to the counts; ties of the largest remainders are drawn. */
function apportioned(counts: readonly number[], total: number, random: RandomState): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const exact = counts.map((count) => (count / all) * total);
  const whole = exact.map(Math.floor);
  let left = Math.trunc(total - whole.reduce((sum, count) => sum + count, 0));
  const remainders = exact.map((value, k) => value - whole[k]!);
  for (const remainder of [...new Set(remainders)].sort((a, b) => b - a)) {
    if (left === 0) break;
    const tied = remainders.flatMap((value, k) => (value === remainder ? [k] : []));
    const lucky = random.permutation(tied.length).slice(0, Math.min(tied.length, left));
    for (const place of lucky) whole[tied[place]!]! += 1;
    left -= lucky.length;
  }
  return whole;
}
