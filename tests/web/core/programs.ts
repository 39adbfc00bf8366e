// Prints every program of "Copy as code" for some states, with what the page itself starts from and ends at.
import { readFileSync } from "node:fs";
import { load } from "../../../src/headstart/web/src/core/data/load.ts";
import { programOf } from "../../../src/headstart/web/src/core/code/program.ts";
import { blockOf } from "../../../src/headstart/web/src/core/engine/block.ts";
import { Engine } from "../../../src/headstart/web/src/core/engine/engine.ts";
import { optimizerOf } from "../../../src/headstart/web/src/core/engine/optimizer.ts";
import {
  normalTable,
  planOf,
  startFrom,
} from "../../../src/headstart/web/src/core/schemes/start.ts";
import { times } from "../../../src/headstart/web/src/core/schemes/scheme.ts";
import { fromAddress } from "../../../src/headstart/web/src/core/state/address.ts";
import { training } from "../../../src/headstart/web/src/core/training/run.ts";
import { CODES, type Run } from "../../../src/headstart/web/src/core/types.ts";
import { fixtures, tables } from "./fixtures.ts";

const engine = new Engine(
  new WebAssembly.Module(readFileSync(process.env["HEADSTART_MODULE"]!)),
);

function one({ address, table }: { address: string; table: any }) {
  const { state, notices } = fromAddress(address, tables, table);
  const data = load(state.data, state.dataSeed, tables);
  const sizes = [data.train.x.length, ...state.hidden, data.outputs];
  const panel = state.panels.at(-1)!;
  const draws = planOf(
    times(panel.scheme, panel.multiplier),
    sizes,
    state.activation,
    tables,
  );
  const start = startFrom(draws, sizes, state.seed, normalTable(tables));
  const { activation, rate, steps } = state;
  const optimizer = optimizerOf(state.optimizer, tables);
  engine.setup(
    { sizes, task: data.task, activation, batch: null, ...optimizer },
    blockOf(data, data.train),
    blockOf(data, data.test),
  );
  const setting = {
    sizes,
    activation,
    batch: null,
    rate,
    steps,
    every: steps,
    kept: Int32Array.of(0, 1),
    data,
  };
  const found = training(engine, setting, start, state.seed);
  let run = found.next();
  while (!run.done) run = found.next();
  const { outcome } = run.value as Run;
  const programs = Object.fromEntries(
    CODES.map((kind) => [kind, programOf(kind, state, sizes, data, tables)]),
  );
  const schemes = state.panels.map((one) => times(one.scheme, one.multiplier));
  return {
    notices,
    sizes,
    start: [...start],
    cost: outcome.finalCost,
    score: outcome.score,
    programs,
    schemes,
  };
}

console.log(JSON.stringify(fixtures["programs"].map(one)));
