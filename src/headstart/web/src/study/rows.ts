// A study's runs in columns, what is chosen of them, and medians over what is left: numbers only, no document.

export interface Factor {
  readonly name: string;
  readonly title: string;
  /** Of each value, in order. */
  readonly words: readonly string[];
  /** Each value as a number; null where the factor has words. */
  readonly numbers: readonly (number | null)[];
  /** Whether its numbers stand evenly on a log axis. */
  readonly log: boolean;
  /** Run -> place of its value. */
  readonly codes: readonly number[];
}

export interface Metric {
  readonly name: string;
  readonly title: string;
  readonly higher: boolean;
  readonly percent: boolean;
  /** Run -> value; null of a run that failed, "inf" and "nan" as in all our JSON. */
  readonly values: readonly (number | string | null)[];
}

interface Theme {
  readonly colours: readonly string[];
  readonly paper: string;
  readonly ink: string;
}

export interface Study {
  readonly format: 1;
  readonly runs: number;
  readonly factors: readonly Factor[];
  readonly metrics: readonly Metric[];
  /** The metric, and the factors of curves and map, to begin with. */
  readonly first: {
    readonly metric: string;
    readonly x: string;
    readonly colour: string | null;
    readonly y: string | null;
  };
  readonly palette: {
    readonly light: Theme;
    readonly dark: Theme;
    readonly dashes: readonly (readonly number[])[];
    /** Of each value of the factor "scheme": its own place among the colours, and line style. */
    readonly schemes: readonly { readonly colour: number; readonly dash: readonly number[] }[];
    readonly map: readonly string[];
  };
}

/** Median, quartiles and number of runs; a number that is not finite counts as the worst. */
export interface Middle {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
  readonly runs: number;
}

/** Factor -> the places of values that are left out. */
export type Without = ReadonlyMap<string, ReadonlySet<number>>;

/** The runs that no filter leaves out. */
export function chosen(study: Study, without: Without): number[] {
  const filters = study.factors.flatMap((factor) => {
    const gone = without.get(factor.name);
    return gone?.size ? [[factor.codes, gone] as const] : [];
  });
  return Array.from({ length: study.runs }, (_, run) => run).filter((run) =>
    filters.every(([codes, gone]) => !gone.has(codes[run]!)),
  );
}

/** The value of a run as a number: NaN of a run that failed or diverged. */
export function valueOf(metric: Metric, run: number): number {
  const found = metric.values[run];
  if (typeof found === "number") return found;
  return found === "inf" ? Infinity : found === "-inf" ? -Infinity : NaN;
}

/** The middle of some runs. Sorted so that the worst comes last, as everywhere in headstart. */
export function middleOf(metric: Metric, runs: readonly number[]): Middle {
  const sign = metric.higher ? -1 : 1;
  const costs = runs.map((run) => {
    const cost = sign * valueOf(metric, run);
    return Number.isNaN(cost) ? Infinity : cost;
  });
  costs.sort((a, b) => (a === b ? 0 : a - b));
  const [a, middle, b] = [0.25, 0.5, 0.75].map((share) => fromCost(quantile(costs, share), metric.higher));
  const [low, high] = metric.higher ? [b!, a!] : [a!, b!];
  return { low, middle: middle!, high, runs: runs.length };
}

function fromCost(cost: number, higher: boolean): number {
  if (!higher) return cost;
  return cost === Infinity ? NaN : 0 - cost;
}

function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return NaN;
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  if (below === above) return below;
  return Number.isFinite(above) ? below + (at - Math.floor(at)) * (above - below) : at % 1 === 0 ? below : above;
}

/** Value of one factor (or none) -> value of another -> the runs that have both. */
export function grouped(
  runs: readonly number[],
  outer: Factor | null,
  inner: Factor,
): Map<number, Map<number, number[]>> {
  const found = new Map<number, Map<number, number[]>>();
  for (const run of runs) {
    const [a, b] = [outer ? outer.codes[run]! : 0, inner.codes[run]!];
    const within = found.get(a) ?? new Map<number, number[]>();
    found.set(a, within);
    const these = within.get(b) ?? [];
    within.set(b, these);
    these.push(run);
  }
  return found;
}

/** The factors, beside those that are drawn, on which these runs still differ: medians pool them. */
export function pooled(study: Study, runs: readonly number[], drawn: readonly (string | null)[]): string[] {
  const others = study.factors.filter(({ name }) => !drawn.includes(name) && name !== "seed");
  return others.filter(({ codes }) => runs.some((run) => codes[run] !== codes[runs[0]!])).map(({ title }) => title);
}
