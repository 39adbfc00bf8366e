// The state as a comparison: the command, and the call in Python.
import { specNumber } from "../numbers.ts";
import { dataSpec, list, type Matter, pointsFile, python, reading, schemes, shellWord, text } from "./parts.ts";

/** Settings that differ from headstart's defaults, as [name, value in Python, words on the command line]. */
function settings(matter: Matter): [string, string, string][] {
  const { state, tables } = matter;
  const { defaults } = tables;
  const found: [boolean, string, string, string][] = [
    [state.dataSeed !== 0, "data_seed", String(state.dataSeed), String(state.dataSeed)],
    [state.hidden.join() !== defaults.hidden.join(), "hidden", list(state.hidden), state.hidden.join(",")],
    [state.activation !== defaults.activation, "activation", text(state.activation), state.activation],
    [state.steps !== defaults.steps, "steps", String(state.steps), String(state.steps)],
    [state.rate !== defaults.learning_rate, "learning_rate", specNumber(state.rate), specNumber(state.rate)],
    [state.optimizer !== defaults.optimizer, "optimizer", text(state.optimizer), state.optimizer],
    [state.batch !== null, "batch_size", String(state.batch), String(state.batch)],
    [state.seeds !== defaults.seeds, "seeds", String(state.seeds), String(state.seeds)],
  ];
  return found.flatMap(([differs, name, inPython, words]) => (differs ? [[name, inPython, words]] : []));
}

/** The command line that does what the page does. */
export function command(matter: Matter): string {
  const given = dataSpec(matter);
  const options = [
    ...(given === matter.tables.defaults.data ? [] : [`--data ${shellWord(given)}`]),
    ...reading(matter).map(readingOption),
    ...settings(matter).map(([name, , words]) => `--${name.replaceAll("_", "-")} ${shellWord(words)}`),
  ];
  const first = `headstart compare ${schemes(matter).map(shellWord).join(" ")}`;
  return `${[...pointsCommand(matter), [first, ...options].join(" \\\n  ")].join("\n")}\n`;
}

function readingOption([name, value]: [string, string | readonly string[] | boolean]): string {
  if (typeof value === "boolean") return value ? "--header" : "--no-header";
  return `--${name} ${shellWord(typeof value === "string" ? value : value.join(","))}`;
}

/** Clicked points, written to the file that the command reads. */
function pointsCommand({ state }: Matter): string[] {
  if (state.data.kind !== "points") return [];
  const rows = state.data.points.map(([x, y, label]) => `${specNumber(x)},${specNumber(y)},class ${label}`);
  return ["cat > points.csv <<END", "x1,x2,class", ...rows, "END"];
}

/** The same in Python. */
export function call(matter: Matter): string {
  const given = [
    ["data", text(dataSpec(matter))],
    ...reading(matter).map(([name, value]) => [name, python(value)]),
    ...settings(matter).map(([name, value]) => [name, value]),
  ];
  return [
    ...pointsFile(matter),
    "import headstart as hs",
    "",
    "result = hs.compare(",
    `    [${schemes(matter).map(text).join(", ")}],`,
    ...given.map(([name, value]) => `    ${name!}=${value!},`),
    ")",
    "print(result)",
    "",
  ].join("\n");
}
