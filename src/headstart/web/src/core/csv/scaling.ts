// Columns brought to mean 0 and standard deviation 1 of the training part, whatever their size: see data/scaling.py.

const ROUNDING = 64 * 2 ** -52; // of the largest number: what sums in another order differ by
const NARROW = 1e-6; // of the largest number: below, a mean's rounding error shows in the deviation
const SMALLEST = 1e-100; // whose squares can be added
const LARGEST = 1e100;

export interface Scaled {
  readonly train: Float64Array;
  readonly test: Float64Array;
  /** Whether the column is constant in the training part, and 0 everywhere. */
  readonly constant: boolean;
}

/** @param alone whether the table has this one column: NumPy adds its numbers in another order then. */
export function standardized(train: Float64Array, test: Float64Array, alone: boolean): Scaled {
  const { mean, std } = moments(train, alone);
  const largest = train.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const plain = std > SMALLEST && std < LARGEST && largest < LARGEST && std > NARROW * largest;
  if (plain)
    return { train: train.map((v) => (v - mean) / std), test: test.map((v) => (v - mean) / std), constant: false };
  return carefully(train, test, largest) ?? { train: train.map(() => 0), test: test.map(() => 0), constant: true };
}

/** The same for a column of any size; null where it is constant up to rounding. */
function carefully(train: Float64Array, test: Float64Array, size: number): Scaled | null {
  if (size === 0) return null;
  const unit = 2 ** (Math.floor(Math.log2(size)) + (2 ** Math.floor(Math.log2(size)) > size ? -1 : 0));
  const first = train[0]! / unit;
  const away = train.map((value) => value / unit - first);
  const testAway = test.map((value) => clipped(value / unit) - first);
  const spread = away.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const whole = size < 2 ** 53 && train.every(Number.isInteger);
  if (spread === 0 || (spread <= ROUNDING && !whole)) return null;
  const [near, far] = [away.map((value) => value / spread), testAway.map((value) => clipped(value / spread))];
  const { mean, std } = moments(near, true);
  return { train: near.map((v) => (v - mean) / std), test: far.map((v) => (v - mean) / std), constant: false };
}

function clipped(value: number): number {
  return Math.min(LARGEST, Math.max(-LARGEST, value));
}

function moments(values: Float64Array, alone: boolean): { mean: number; std: number } {
  const total = alone ? pairwise : inTurn;
  const mean = total(values) / values.length;
  return { mean, std: Math.sqrt(total(values.map((value) => (value - mean) ** 2)) / values.length) };
}

function inTurn(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** NumPy's sum of a row: halves of halves, and blocks of up to 128 in eight sums. */
function pairwise(values: Float64Array): number {
  const n = values.length;
  if (n < 8) return inTurn(values);
  if (n > 128) {
    const half = Math.floor(n / 2) - (Math.floor(n / 2) % 8);
    return pairwise(values.subarray(0, half)) + pairwise(values.subarray(half));
  }
  const r = values.slice(0, 8);
  const whole = n - (n % 8);
  for (let i = 8; i < whole; i++) r[i % 8]! += values[i]!;
  let sum = r[0]! + r[1]! + (r[2]! + r[3]!) + (r[4]! + r[5]! + (r[6]! + r[7]!));
  for (let i = whole; i < n; i++) sum += values[i]!;
  return sum;
}
