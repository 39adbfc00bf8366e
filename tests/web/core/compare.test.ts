import assert from "node:assert/strict";
import { test } from "node:test";
import { readFileSync } from "node:fs";
import {
  makeData,
  parseMade,
} from "../../../src/headstart/web/src/core/data/made.ts";
import { blockOf } from "../../../src/headstart/web/src/core/engine/block.ts";
import { Engine } from "../../../src/headstart/web/src/core/engine/engine.ts";
import { optimizerOf } from "../../../src/headstart/web/src/core/engine/optimizer.ts";
import { judge } from "../../../src/headstart/web/src/core/judging/judge.ts";
import { spreadOf } from "../../../src/headstart/web/src/core/measuring/spread.ts";
import { scheme } from "../../../src/headstart/web/src/core/schemes/scheme.ts";
import {
  normalTable,
  planOf,
  startFrom,
} from "../../../src/headstart/web/src/core/schemes/start.ts";
import {
  everyOf,
  keptOf,
  recordsOf,
  stepOf,
} from "../../../src/headstart/web/src/core/training/records.ts";
import { training } from "../../../src/headstart/web/src/core/training/run.ts";
import type {
  Dataset,
  Run,
} from "../../../src/headstart/web/src/core/types.ts";
import {
  apart,
  fixtures,
  float32s,
  float64s,
  tables,
  unequal,
} from "./fixtures.ts";

const module = new WebAssembly.Module(
  readFileSync(process.env["HEADSTART_MODULE"]!),
);
const engine = new Engine(module);

function startOf(
  spec: string,
  sizes: number[],
  phi: string,
  seed: number,
): Float32Array {
  return startFrom(
    planOf(spec, sizes, phi, tables),
    sizes,
    seed,
    normalTable(tables),
  );
}

function trained(settings: any): {
  data: Dataset;
  runs: Run[][];
  every: number;
} {
  const data = makeData(
    parseMade(settings.data, tables),
    settings.data_seed,
    settings.data,
  );
  const sizes = [2, ...settings.hidden, data.outputs];
  const every = everyOf(settings.steps, tables.defaults.records);
  const records = recordsOf(settings.steps, every);
  engine.setup(
    {
      sizes,
      task: data.task,
      activation: settings.activation,
      batch: settings.batch_size,
      ...optimizerOf(settings.optimizer, tables),
    },
    blockOf(data, data.train),
    blockOf(data, data.test),
  );
  const setting = {
    sizes,
    activation: settings.activation,
    batch: settings.batch_size,
    rate: settings.learning_rate,
    steps: settings.steps,
    every,
    kept: keptOf(records, engine.parameters, 1e6),
    data,
  };
  const runs = settings.schemes.map((spec: string) =>
    Array.from({ length: settings.seeds }, (_, seed) => {
      const steps = training(
        engine,
        setting,
        startOf(spec, sizes, settings.activation, seed),
        seed,
      );
      for (;;) {
        const { done, value } = steps.next();
        if (done) return value;
      }
    }),
  );
  return { data, runs, every };
}

for (const one of fixtures["comparisons"]) {
  const { settings } = one;
  test(`${settings.schemes} on ${settings.data}, ${settings.activation}, ${settings.optimizer}: as in Python`, () => {
    const { runs, every } = trained(settings);
    assert.deepEqual(
      Array.from({ length: one.recorded.length }, (_, k) =>
        stepOf(k, settings.steps, every),
      ),
      one.recorded,
    );
    one.schemes.forEach((expected: any, place: number) => {
      expected.runs.forEach((run: any, seed: number) =>
        compareRun(runs[place]![seed]!, run),
      );
      const { summary } = expected;
      for (const [name, read] of COLUMNS) {
        const { low, middle, high } = spreadOf(runs[place]!.map(read));
        const { median, low: first, high: last } = summary[name];
        assert.ok(
          apart([low, middle, high], [first, median, last].map(Number)) < 1e-9,
          name,
        );
      }
      const verdict = judge(
        tables,
        runs[place]!.map((run) => run.signals),
        runs[place]!.map((run) => run.outcome),
      )!;
      assert.equal(verdict.word, summary.verdict);
      assert.equal(verdict.reason, summary.reason);
      verdict.findings.forEach((finding, k) =>
        compareFinding(finding, expected.findings[k]),
      );
      assert.equal(verdict.findings.length, expected.findings.length);
    });
  });
}

const COLUMNS: [string, (run: Run) => number][] = [
  ["train_accuracy", (run) => run.outcome.score],
  ["test_accuracy", (run) => run.testScore],
  ["first_cost", (run) => run.costs[0]!],
  ["final_cost", (run) => run.costs.at(-1)!],
];

function compareRun(run: Run, expected: any): void {
  const weights = float32s(expected.weights);
  assert.equal(
    unequal(run.thetas.subarray(-weights.length), weights),
    0,
    "final weights to the bit",
  );
  assert.ok(apart(run.costs, float64s(expected.costs)) < 1e-12, "costs");
  assert.equal(run.divergedAt, expected.diverged);
  assert.equal(run.outcome.score, expected.train);
  assert.equal(run.testScore, expected.test);
}

function compareFinding(found: any, expected: any): void {
  assert.ok(
    apart(
      [found.value, found.limit],
      [expected.value, expected.limit].map(Number),
    ) < 1e-9,
    found.code,
  );
  assert.deepEqual(
    { ...found, value: 0, limit: 0 },
    { ...expected, value: 0, limit: 0 },
  );
}
