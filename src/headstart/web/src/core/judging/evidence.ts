// The runs that a judgement is made of, and what a rule reads from them: headstart.signals.evidence.
import { median } from "../measuring/spread.ts";
import type { Outcome, RuleRow, Signal, Signals, Tables } from "../types.ts";

/** What a rule's check saw beyond its limit; `limit` where it is not the rule's own. */
export interface Hit {
  readonly value: number;
  readonly message: string;
  readonly layer: string | null;
  readonly limit?: number;
}

export type Check = (evidence: Evidence, limit: number) => Hit | null;
type Measure = "std" | "errorRms" | "gradientRms" | "flatShare" | "distinct" | "width";

export class Evidence {
  constructor(
    readonly tables: Tables,
    readonly signals: readonly Signals[],
    readonly outcomes: readonly Outcome[],
  ) {}

  rule(code: string): RuleRow {
    return this.tables.rules.find((rule) => rule.code === code)!;
  }

  limit(name: string): number {
    return this.tables.limits[name]!;
  }

  /** One of Python's sentences, filled in. */
  say(name: string, values: Readonly<Record<string, string | number>> = {}): string {
    return this.tables.sentences[name]!.replace(/\{(\w+)\}/g, (_, key: string) => String(values[key]));
  }

  /** The median of something over the starts. */
  start(read: (run: Signals) => number | null): number | null {
    return median(this.signals.map(read));
  }

  /** The median of something over the outcomes. */
  end(read: (run: Outcome) => number | null): number | null {
    return median(this.outcomes.map(read));
  }

  /** [name, median] of each layer at which this was measured, in forward order. */
  byLayer(measure: Measure): [string, number][] {
    return this.signals[0]!.layers.flatMap((layer, index): [string, number][] => {
      const value = median(this.signals.map((run) => run.layers[index]![measure]));
      return value === null ? [] : [[layer.name, value]];
    });
  }

  /** How many runs have learnt at least this share. */
  learntBy(share: number): number {
    return this.outcomes.filter((run) => (learnt(this, run) ?? -Infinity) >= share).length;
  }

  get layers(): readonly Signal[] {
    return this.signals[0]!.layers;
  }
}

/** By what the spread over samples is multiplied from the input to the last layer. */
export function forwardFactor(run: Signals): number | null {
  return ratio(run.layers.at(-1)!.std, run.input.std);
}

/** By what the error is multiplied on its way back from the last layer to the first. */
export function backwardFactor(run: Signals): number | null {
  return ratio(run.layers[0]!.errorRms, run.layers.at(-1)!.errorRms);
}

/** The score as a share of the way from the best answer that ignores the inputs (0) to all right (1). */
export function answered(run: Outcome): number | null {
  return ratio(run.score - run.constantScore, 1 - run.constantScore);
}

/** 1 - final cost / constant cost; or how right the answers are, where they are most of the way and that is more. */
export function learnt(evidence: Evidence, run: Outcome): number | null {
  const share = ratio(run.finalCost, run.constantCost);
  if (share === null) return null;
  const right = answered(run);
  return share < 1 && right !== null && right >= evidence.limit("right") ? Math.max(1 - share, right) : 1 - share;
}

/** a / b; null where it was not measured or says nothing. */
export function ratio(a: number | null, b: number | null): number | null {
  if (a === null || b === null || b === 0) return null;
  return Number.isNaN(a / b) ? null : a / b;
}
