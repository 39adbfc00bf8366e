// cos and sin, correctly rounded but for one case in millions: what NumPy's are but for one in hundreds.
//
// JavaScript's own differ from NumPy's in one of ten; then a data set's last digits would not be Python's. The angle is
// reduced by multiples of pi/2 in three parts, and a Taylor series runs in pairs of floats (Dekker 1971).

type Pair = readonly [number, number]; // an unevaluated sum

const SPLIT = 2 ** 27 + 1;
const HALF_PI: readonly number[] = [1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33];
const TERMS = 13;

export function cos(angle: number): number {
  return turned(angle, 1);
}

export function sin(angle: number): number {
  return turned(angle, 0);
}

function turned(angle: number, quarter: number): number {
  const quarters = Math.round(angle / HALF_PI[0]!);
  let rest: Pair = [angle, 0];
  for (const part of HALF_PI) rest = sum(rest, product(-quarters, part));
  const place = (((quarters + quarter) % 4) + 4) % 4;
  const [high, low] = place % 2 === 0 ? series(rest, 1) : series(rest, 0);
  return place < 2 ? high + low : -(high + low);
}

/** sum of (-1)^n x^(2n + odd) / (2n + odd)!. */
function series(x: Pair, odd: number): Pair {
  const square = times(x, x);
  let term: Pair = odd ? x : [1, 0];
  let total = term;
  for (let n = 1; n < TERMS; n++) {
    const [a, b] = [2 * n - 1 + odd, 2 * n + odd];
    term = divided(times(term, square), -a * b);
    total = sum(total, term);
  }
  return total;
}

function twoSum(a: number, b: number): Pair {
  const s = a + b;
  const t = s - a;
  return [s, a - (s - t) + (b - t)];
}

function product(a: number, b: number): Pair {
  const p = a * b;
  const [ah, bh] = [a * SPLIT - (a * SPLIT - a), b * SPLIT - (b * SPLIT - b)];
  const [al, bl] = [a - ah, b - bh];
  return [p, ah * bh - p + ah * bl + al * bh + al * bl];
}

function sum(a: Pair, b: Pair): Pair {
  const [s, e] = twoSum(a[0], b[0]);
  return twoSum(s, e + a[1] + b[1]);
}

function times(a: Pair, b: Pair): Pair {
  const [p, e] = product(a[0], b[0]);
  return twoSum(p, e + a[0] * b[1] + a[1] * b[0]);
}

function divided(a: Pair, by: number): Pair {
  const q = a[0] / by;
  const [p, e] = product(q, by);
  return twoSum(q, (a[0] - p - e + a[1]) / by);
}
