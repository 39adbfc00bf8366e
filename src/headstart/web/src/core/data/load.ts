// A choice of data becomes data: made by formula, or read from a table; points clicked in are a table too.
import { InputError } from "../errors.ts";
import { repr } from "../numbers.ts";
import type { DataChoice, Dataset, Tables } from "../types.ts";
import { readTable } from "../csv/read.ts";
import { madeSpec, makeData } from "./made.ts";

const LEAST_POINTS = 4;

/** The data set, or an InputError in headstart's words. */
export function load(choice: DataChoice, seed: number, tables: Tables): Dataset {
  if (choice.kind === "made") return makeData(choice, seed, madeSpec(choice, tables));
  if (choice.kind === "csv") return readTable(choice.name, choice.text, choice, seed, tables);
  if (choice.points.length < LEAST_POINTS) {
    throw new InputError(
      `a network learns from at least ${LEAST_POINTS} points, got ${choice.points.length}. Click more in.`,
    );
  }
  return readTable("points.csv", pointsTable(choice.points), { label: "class" }, seed, tables);
}

/** Clicked points as the text of a table, which Python reads to the same numbers. */
export function pointsTable(points: readonly (readonly [number, number, number])[]): string {
  const names = points.map(([x, y, label]) => `${repr(x)},${repr(y)},class ${label}`);
  return ["x1,x2,class", ...names, ""].join("\n");
}
