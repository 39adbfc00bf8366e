// What all programs share: the data, the scheme of each layer, and values as Python writes them.
import { activation } from "../activations/activation.ts";
import { shellWord } from "../csv/read.ts";
import { madeSpec } from "../data/made.ts";
import { optimizerOf, type Optimizer } from "../engine/optimizer.ts";
import { quoted, specNumber } from "../numbers.ts";
import { scheme, signatureFor, times } from "../schemes/scheme.ts";
import { shown, specOf } from "../spec.ts";
import type { Dataset, State, Tables } from "../types.ts";

/** A program's matter: the state, and what follows from it. */
export interface Matter {
  readonly state: State;
  readonly sizes: readonly number[];
  readonly task: Dataset["task"];
  readonly tables: Tables;
  readonly optimizer: Optimizer;
}

export function matterOf(state: State, sizes: readonly number[], data: Dataset | null, tables: Tables): Matter {
  return { state, sizes, task: data?.task ?? "binary", tables, optimizer: optimizerOf(state.optimizer, tables) };
}

/** A text as Python writes it, in double quotes. */
export function text(value: string): string {
  return value.includes('"') || /[\\\n\r\t]/.test(value) ? quoted(value) : `"${value}"`;
}

export function list(values: readonly number[]): string {
  return `[${values.map(specNumber).join(", ")}]`;
}

/** The data as `headstart` takes it: a spec string, or a file's name. */
export function dataSpec({ state, tables }: Matter): string {
  return state.data.kind === "made"
    ? madeSpec(state.data, tables)
    : state.data.kind === "csv"
      ? fileName(state.data.name)
      : "points.csv";
}

/** A path that is never the name of a data set. */
function fileName(name: string): string {
  return /\.(csv|tsv|tab|txt|data|dat)$/i.test(name) || /[\\/]/.test(name) ? name : `./${name}`;
}

/** How a table is read, as [option, value]. */
export function reading({ state }: Matter): [string, string | readonly string[] | boolean][] {
  if (state.data.kind === "points") return [["label", "class"]];
  if (state.data.kind !== "csv") return [];
  const { label, features, drop, header, task } = state.data;
  const found: [string, string | readonly string[] | boolean | null | undefined][] = [
    ["label", label],
    ["features", features],
    ["drop", drop],
    ["header", header],
    ["task", task],
  ];
  return found.flatMap(([name, value]) => (value === null || value === undefined ? [] : [[name, value]]));
}

/** Lines that write the clicked points to a file, which every program then reads. */
export function pointsFile({ state }: Matter): string[] {
  if (state.data.kind !== "points") return [];
  const rows = state.data.points.map(([x, y, label]) => `${specNumber(x)},${specNumber(y)},class ${label}`);
  return ["from pathlib import Path", "", `Path("points.csv").write_text("""x1,x2,class`, ...rows, `""")`];
}

/** The spec strings of the panels, each once. */
export function schemes({ state }: Matter): string[] {
  return [...new Set(state.panels.map((panel) => times(panel.scheme, panel.multiplier)))];
}

/** The scheme of each layer of the last panel's network: `gain` names the activation that follows. */
export function layerSchemes({ state, sizes, tables }: Matter): string[] {
  const panel = state.panels.at(-1)!;
  const found = scheme(times(panel.scheme, panel.multiplier), tables);
  return sizes.slice(1).map((_, layer) => {
    if (found.values["activation"] !== "following") return found.spec;
    const following = layer + 2 < sizes.length ? state.activation : "identity";
    const spec = shown(signatureFor(found.name, tables), { ...found.values, activation: following });
    return times(specOf(spec), found.multiplier);
  });
}

/** `schemes = ...`, one per layer, as Python writes it. */
export function schemesLine(matter: Matter): string {
  const found = layerSchemes(matter);
  const [first] = found;
  return found.every((one) => one === first)
    ? `[${text(first!)}] * ${found.length}`
    : `[${found.map(text).join(", ")}]`;
}

/** Lines that load the data as NumPy arrays x and y of float32. */
export function loadLines(matter: Matter): string[] {
  const { state } = matter;
  const given = reading(matter).map(([name, value]) => `, ${name}=${python(value)}`);
  const seed = state.dataSeed ? `, seed=${state.dataSeed}` : "";
  return [
    `data = load(${text(dataSpec(matter))}${given.join("")}${seed})`,
    "x = data.train_x.astype(np.float32)",
    "y = data.targets(data.train_y).astype(np.float32)",
  ];
}

export function python(value: string | readonly string[] | boolean): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? text(value) : `[${value.map(text).join(", ")}]`;
}

/** A library's code for the activation, its parameters filled in; null where the library has none. */
export function activationCode({ state, tables }: Matter, library: "torch" | "jax" | "keras"): string | null {
  const phi = activation(state.activation);
  const row = tables.activations.find(({ name }) => name === phi.name);
  const names = row?.arguments.map(({ name }) => name) ?? [];
  return (
    row?.[library]?.replace(/\{(\w+)\}/g, (_, name: string) => specNumber(phi.parameters[names.indexOf(name)]!)) ?? null
  );
}

/** A note where a program's batches are not the page's. */
export function batchNote({ state }: Matter): string[] {
  return state.batch === null
    ? []
    : [`# the page takes ${state.batch} shuffled samples per step; this program takes all`];
}

export { shellWord };
