// The page's first screen: the defaults of `headstart compare`, from Python's table.
import { parseMade } from "../data/made.ts";
import { scheme } from "../schemes/scheme.ts";
import type { Panel, State, Tables } from "../types.ts";
import { specOf } from "../spec.ts";

const SPEED = 25; // records per second

export function defaultState(tables: Tables): State {
  const { defaults } = tables;
  return {
    data: parseMade(defaults.data, tables),
    dataSeed: 0,
    hidden: defaults.hidden,
    activation: defaults.activation,
    optimizer: defaults.optimizer,
    rate: defaults.learning_rate,
    batch: null,
    steps: defaults.steps,
    seeds: defaults.seeds,
    panels: defaults.schemes.map((spec) => panelOf(spec, tables)),
    view: "one",
    chart: "signal",
    seed: 0,
    layer: 0,
    step: null,
    speed: SPEED,
    hide: [],
    teacher: false,
    theme: "auto",
    lesson: null,
  };
}

/** The panel of a spec string, "he*1.3", in canonical form; an InputError where it is none. */
export function panelOf(text: string, tables: Tables): Panel {
  const found = scheme(text, tables);
  return { scheme: specOf(found.spec), multiplier: found.multiplier };
}
