// An optimizer's spec string as the engine takes it: its name and its arguments.
import { unknown } from "../errors.ts";
import { bindPlain, formatted, parse } from "../spec.ts";
import type { Tables } from "../types.ts";

export interface Optimizer {
  readonly optimizer: string;
  readonly optimizerArguments: readonly number[];
}

/** Read a spec string, or an InputError. */
export function optimizerOf(text: string, tables: Tables): Optimizer {
  const { name, values } = bound(text, tables);
  return { optimizer: name, optimizerArguments: Object.values(values).map(Number) };
}

/** The canonical spec string: arguments at their defaults are left out. */
export function optimizerSpec(text: string, tables: Tables): string {
  const { name, values, rows } = bound(text, tables);
  if (rows.every((row) => values[row.name] === row.default)) return name;
  return `${name}(${Object.values(values).map(formatted).join(", ")})`;
}

function bound(text: string, tables: Tables) {
  const spec = parse(text, "optimizer", "momentum(0.9)");
  const row = tables.optimizers.find((one) => one.name === spec.name);
  if (!row) {
    throw unknown(
      "optimizer",
      spec.name,
      tables.optimizers.map((one) => one.name),
    );
  }
  const values = bindPlain({ kind: "optimizer", name: row.name, arguments: row.arguments }, spec);
  return { name: row.name, values, rows: row.arguments };
}
