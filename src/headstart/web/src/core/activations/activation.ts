// An activation with its parameters, read from a spec string: phi and phi' in float64, as theory/activations has them.
import { InputError, unknown } from "../errors.ts";
import { bind, formatted, parse, written } from "../spec.ts";
import type { ArgumentRow } from "../types.ts";
import { type Formula, FORMULAS } from "./formulas.ts";

export interface Activation {
  readonly name: string;
  /** Canonical: defaults left out. */
  readonly spec: string;
  readonly parameters: readonly number[];
  readonly value: (z: number) => number;
  readonly slope: (z: number) => number;
  readonly kinks: readonly number[];
  /** Whether the slope vanishes on both sides, as tanh's does and ReLU's does not. */
  readonly saturates: boolean;
}

const FAR = 1000;
const VANISHES = 1e-5;

/** The activation that a spec string names, or an InputError. */
export function activation(text: string): Activation {
  const spec = parse(text, "activation", "leaky_relu(0.1)");
  const formula = FORMULAS[spec.name];
  if (!formula || !Object.hasOwn(FORMULAS, spec.name)) throw unknown("activation", spec.name, Object.keys(FORMULAS));
  if (spec.multiplier !== null) throw new InputError(`activation '${spec.name}' takes no multiplier.`);
  const rows = formula.parameters.map(([name, value]) => parameterRow(name, value));
  const bound = bind({ kind: "activation", name: spec.name, arguments: rows }, spec);
  const found = made(
    spec.name,
    formula,
    rows.map((row) => Number(bound[row.name])),
  );
  if (![-1, 0, 1].every((z) => Number.isFinite(found.value(z)))) {
    throw new InputError(`activation '${text}' is not finite at -1, 0, 1; its parameters must make it finite there.`);
  }
  return found;
}

function made(name: string, formula: Formula, parameters: readonly number[]): Activation {
  const slope = (z: number): number => formula.slope(z, ...parameters);
  const plain = formula.parameters.every(([, value], place) => value === parameters[place]);
  return {
    name,
    spec: plain ? name : written(name, parameters.map(formatted)),
    parameters,
    value: (z) => formula.value(z, ...parameters),
    slope,
    kinks: formula.kinks(...parameters),
    saturates: [-FAR, FAR].every((z) => Math.abs(slope(z)) < VANISHES),
  };
}

function parameterRow(name: string, value: number): ArgumentRow {
  return { name, default: value, choices: null, whole: false, least: null, above: null, below: null };
}
