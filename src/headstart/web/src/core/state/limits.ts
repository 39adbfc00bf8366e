// What the page takes, by Python's table of limits: numbers beyond are brought to the nearest that it takes, and told.
import { general, grouped } from "../numbers.ts";
import type { State, Tables } from "../types.ts";

/** Multipliers a slider has; a spec string may have any. */
export const MULTIPLIERS = [1e-3, 1e3] as const;
const RATES = [1e-8, 1e8] as const;
const SPEEDS = [1, 1000] as const;
const LARGEST_SEED = 2 ** 31 - 1;

export interface Range {
  readonly what: string;
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

type Numbers = "rate" | "steps" | "seeds" | "seed" | "dataSeed" | "layer" | "speed" | "batch" | "step";

export function ranges(
  tables: Tables,
  state: Pick<State, "seeds" | "steps" | "hidden">,
): Readonly<Record<Numbers, Range>> {
  const limit = (name: string): number => tables.limits[name]!;
  const whole = (what: string, least: number, most: number): Range => ({ what, least, most, whole: true });
  return {
    rate: { what: "the learning rate", least: RATES[0], most: RATES[1], whole: false },
    speed: { what: "the speed", least: SPEEDS[0], most: SPEEDS[1], whole: false },
    steps: whole("steps", 1, limit("steps")),
    seeds: whole("seeds", 1, limit("seeds")),
    seed: whole("the seed looked at", 0, Math.max(0, state.seeds - 1)),
    dataSeed: whole("the data's seed", 0, LARGEST_SEED),
    layer: whole("the layer looked at", 0, Math.max(0, state.hidden.length - 1)),
    batch: whole("samples per step", 1, limit("table_rows")),
    step: whole("the step looked at", 0, state.steps),
  };
}

/** The nearest number in a range; not a number becomes its least. */
export function within({ least, most, whole }: Range, value: number): number {
  const near = Math.min(most, Math.max(least, Number.isNaN(value) ? least : value));
  return whole ? Math.round(near) : near;
}

/** What is said of a number that was brought into its range. */
export function moved({ what, least, most, whole }: Range, given: string, taken: number): string {
  const ends = [least, most].map((end) => (whole ? grouped(end) : general(end, 6)));
  return `${what} goes from ${ends[0]!} to ${ends[1]!}, got ${given.slice(0, 40)}: ${whole ? grouped(taken) : general(taken, 6)} is taken.`;
}

/** The state with every number in its range and every list within its limits: whoever set it. */
export function settled(state: State, tables: Tables): State {
  const limit = (name: string): number => tables.limits[name]!;
  const units = (count: number): number => within({ what: "", least: 1, most: limit("units"), whole: true }, count);
  const hidden = state.hidden.slice(0, limit("layers")).map(units);
  const first = ranges(tables, { ...state, hidden });
  const steps = within(first.steps, state.steps);
  const seeds = within(first.seeds, state.seeds);
  const range = ranges(tables, { steps, seeds, hidden });
  return {
    ...state,
    hidden: hidden.length ? hidden : tables.defaults.hidden,
    steps,
    seeds,
    rate: within(range.rate, state.rate),
    speed: within(range.speed, state.speed),
    seed: within(range.seed, state.seed),
    dataSeed: within(range.dataSeed, state.dataSeed),
    layer: within(range.layer, state.layer),
    batch: state.batch === null ? null : within(range.batch, state.batch),
    step: state.step === null ? null : within(range.step, state.step),
    panels: state.panels.slice(0, limit("panels")),
  };
}
