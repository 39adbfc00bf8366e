// From numbers to places, linear or logarithmic, and where the ticks stand.

export interface Scale {
  (value: number): number;
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
}

const scale = (at: (v: number) => number, domain: [number, number], ticks: number[]): Scale =>
  Object.assign((v: number) => at(v), { domain, ticks });

/** Straight from [low, high] to [a, b], with about `wanted` round ticks. */
export function linear(low: number, high: number, a: number, b: number, wanted = 6): Scale {
  const span = high - low || 1;
  const raw = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((m) => m >= raw * 0.999) ?? 10 * power;
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + span * 1e-9; k++)
    ticks.push(+(k * step).toPrecision(12));
  return scale((v) => a + ((v - low) / span) * (b - a), [low, high], ticks);
}

/** Whole numbers from 0 to count - 1, thinned so that about `wanted` ticks stand. */
export function ordinal(count: number, a: number, b: number, wanted: number): Scale {
  const every = Math.max(1, Math.ceil((count - 1) / Math.max(1, wanted)));
  const ticks = Array.from({ length: count }, (_, i) => i).filter((i) => i % every === 0 || i === count - 1);
  if (every > 1 && ticks.length > 1 && count - 1 - ticks.at(-2)! < every * 0.6) ticks.splice(-2, 1);
  return scale((v) => (count > 1 ? a + (v / (count - 1)) * (b - a) : (a + b) / 2), [0, count - 1], ticks);
}

/** Logarithmic; what lies outside of [low, high] is held at its ends. Both must be positive. */
export function logarithmic(low: number, high: number, a: number, b: number, wanted = 6): Scale {
  const [l, h] = [Math.log10(low), Math.log10(high)];
  const at = (v: number): number => a + ((Math.log10(Math.min(high, Math.max(low, v))) - l) / (h - l || 1)) * (b - a);
  const every = Math.max(1, Math.ceil((h - l) / wanted));
  const ticks: number[] = [];
  for (let e = Math.ceil(l / every - 1e-9) * every; e <= h + 1e-9; e += every) ticks.push(10 ** e);
  if (ticks.length < 2) {
    // less than two powers of ten: 2 and 5 between them, or round numbers where not even those fit
    const between: number[] = [];
    for (let e = Math.floor(l); e <= h; e++) for (const m of [1, 2, 5]) between.push(m * 10 ** e);
    const inside = between.filter((t) => t >= low && t <= high);
    return scale(at, [low, high], inside.length > 1 ? inside : [...linear(low, high, 0, 1, 4).ticks]);
  }
  return scale(at, [low, high], ticks);
}
