// An activation with its parameters, read from a spec string: phi and phi' in float64, as theory/activations has them.
import { InputError, unknown } from "../errors.ts";
import { bindPlain, formatted, parse, written } from "../spec.ts";
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
  /** Whether phi' follows from phi(z) at these parameters, as the engine asks: not where elu's alpha is negative. */
  readonly outputTellsSlope: boolean;
}

const FAR = 1000;
const VANISHES = 1e-5;

/** The activation that a spec string names, or an InputError. */
export function activation(text: string): Activation {
  const spec = parse(text, "activation", "leaky_relu(0.1)");
  const formula = FORMULAS[spec.name];
  if (!formula || !Object.hasOwn(FORMULAS, spec.name)) throw unknown("activation", spec.name, Object.keys(FORMULAS));
  const rows = formula.parameters.map(([name, value]) => parameterRow(name, value));
  const bound = bindPlain({ kind: "activation", name: spec.name, arguments: rows, noun: "parameter" }, spec);
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
    outputTellsSlope: tellsSlope(formula, parameters),
    saturates: [-FAR, FAR].every((z) => Math.abs(slope(z)) < VANISHES),
  };
}

function tellsSlope({ value, slope, ofOutput }: Formula, parameters: readonly number[]): boolean {
  if (!ofOutput) return false;
  return [-1.3, 0.7].every((z) => {
    const [found, expected] = [ofOutput(value(z, ...parameters), ...parameters), slope(z, ...parameters)];
    return Math.abs(found - expected) <= 1e-8 + 1e-5 * Math.abs(expected);
  });
}

function parameterRow(name: string, value: number): ArgumentRow {
  return {
    name,
    default: value,
    choices: null,
    whole: false,
    least: null,
    above: null,
    below: null,
    example: formatted(value),
    zero_hint: "",
  };
}
