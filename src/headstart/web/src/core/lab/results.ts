// What is shown of a panel's runs: summaries, curves with bands, layers beside theory, and rows for a file.
import { activation } from "../activations/activation.ts";
import { judge } from "../judging/judge.ts";
import { spreadOf } from "../measuring/spread.ts";
import { predictedRms } from "../theory/moments.ts";
import type { Curves, LayerRow, Run, Signal, Spread, SummaryRow, Tables } from "../types.ts";

export function finished(runs: readonly (Run | undefined)[]): Run[] {
  return runs.filter((run) => run !== undefined);
}

/** One row of the table; null before the first run. */
export function summaryOf(tables: Tables, panel: number, scheme: string, runs: readonly Run[]): SummaryRow | null {
  const verdict = judge(
    tables,
    runs.map((run) => run.signals),
    runs.map((run) => run.outcome),
  );
  if (!verdict) return null;
  const spread = (read: (run: Run) => number): Spread => spreadOf(runs.map(read));
  return {
    panel,
    scheme,
    runs: runs.length,
    trainScore: spread((run) => run.outcome.score),
    testScore: spread((run) => run.testScore),
    firstCost: spread((run) => run.costs[0]!),
    finalCost: spread((run) => run.costs.at(-1)!),
    verdict,
  };
}

/** Median cost and quartiles at each record. */
export function curvesOf(runs: readonly Run[], steps: Float64Array): Curves {
  const found = {
    low: new Float64Array(steps.length),
    middle: new Float64Array(steps.length),
    high: new Float64Array(steps.length),
  };
  steps.forEach((_, record) => {
    const spread = spreadOf(runs.map((run) => run.costs[record] ?? NaN));
    found.low[record] = spread.low;
    found.middle[record] = spread.middle;
    found.high[record] = spread.high;
  });
  return { steps, ...found };
}

/** Each layer's measurements over the seeds, the mean-field prediction of its size beside them. */
export function layersOf(
  runs: readonly Run[],
  sizes: readonly number[],
  phi: string,
  stds: readonly number[] | null,
): LayerRow[] {
  const [first] = runs;
  if (!first) return [];
  const predicted = stds ? predictedRms(activation(phi), first.signals.input.rms ** 2, stds, sizes) : null;
  return first.signals.layers.map((layer, index) => {
    const over = (read: (signal: Signal) => number | null): Spread | null => {
      const values = runs.map((run) => read(run.signals.layers[index]!));
      return values.includes(null) ? null : spreadOf(values.map(Number));
    };
    return {
      name: layer.name,
      width: layer.width,
      std: over((signal) => signal.std)!,
      rms: over((signal) => signal.rms)!,
      gradient: over((signal) => signal.gradientRms),
      error: over((signal) => signal.errorRms),
      flat: over((signal) => signal.flatShare),
      dead: over((signal) => signal.deadShare),
      distinct: over((signal) => signal.distinct),
      predictedRms: predicted ? predicted[index]! : null,
    };
  });
}

/** Every run's row as CSV: the columns of `headstart compare --out runs.csv`. */
export function csvOf(panels: readonly { readonly spec: string; readonly runs: readonly Run[] }[]): string {
  const head = "scheme,seed,train_accuracy,test_accuracy,first_cost,final_cost,diverged_at";
  const rows = panels.flatMap(({ spec, runs }) =>
    runs.map((run) =>
      [
        cell(spec),
        run.seed,
        run.outcome.score,
        run.testScore,
        run.costs[0]!,
        run.costs.at(-1)!,
        run.divergedAt ?? "",
      ].join(","),
    ),
  );
  return [head, ...rows, ""].join("\n");
}

/** A cell in quotes where it needs them, and never a formula of a spreadsheet's. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
