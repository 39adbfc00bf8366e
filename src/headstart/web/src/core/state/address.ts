// The state as it stands in the address, after the #: versioned, readable, and the same as headstart.web.state writes.
//
// What is there is a stranger's text: known keys alone are read, numbers are brought into their ranges, and whatever was
// not taken is told in words.
import { activation } from "../activations/activation.ts";
import { madeSpec, parseMade } from "../data/made.ts";
import { optimizerSpec } from "../engine/optimizer.ts";
import { InputError, unknown, wordsOf } from "../errors.ts";
import { grouped, listed, quoted, specNumber } from "../numbers.ts";
import { times } from "../schemes/scheme.ts";
import {
  CHARTS,
  type DataChoice,
  HIDEABLE,
  type Hideable,
  STATE_VERSION,
  type State,
  type TableData,
  type Tables,
  THEMES,
  VIEWS,
} from "../types.ts";
import { defaultState, panelOf } from "./defaults.ts";
import { moved, ranges, settled, within } from "./limits.ts";

const LONGEST = 100_000; // characters of an address
const MOST_POINTS = 2000;
const SAFE = /%(2C|3B|28|29|2A|3A)/g; // , ; ( ) * : stand as they are
export const EMBEDDED = "table"; // stands for a table that the page holds
const CLICKED = "points";
const BESIDE_A_LESSON: readonly string[] = ["lesson", "lessonstep", "answers", "theme", "teacher"];

export interface Opened {
  readonly state: State;
  /** What was not taken, and why. */
  readonly notices: readonly string[];
}

type Write = (state: State, tables: Tables) => string;
/** Reads one key's text into the state; throws where it cannot; returns words where it took something else. */
type Read = (text: string, state: Draft, tables: Tables, table: TableData | null) => string | undefined;
type Draft = { -readonly [K in keyof State]: State[K] };

const KEYS: Readonly<Record<string, { readonly write: Write; readonly read: Read }>> = {
  data: { write: ({ data }, tables) => dataText(data, tables), read: readData },
  points: { write: ({ data }) => (data.kind === "points" ? pointsText(data.points) : ""), read: readPoints },
  dataseed: numeric("dataSeed"),
  hidden: { write: ({ hidden }) => hidden.join(","), read: readHidden },
  act: {
    write: (state) => state.activation,
    read: (text, draft) => void (draft.activation = activation(text).spec),
  },
  optimizer: {
    write: (state) => state.optimizer,
    read: (text, draft, tables) => void (draft.optimizer = optimizerSpec(text, tables)),
  },
  rate: numeric("rate"),
  batch: numeric("batch"),
  steps: numeric("steps"),
  seeds: numeric("seeds"),
  panels: {
    write: ({ panels }) => panels.map((panel) => times(panel.scheme, panel.multiplier)).join(";"),
    read: readPanels,
  },
  view: choice("view", VIEWS),
  chart: choice("chart", CHARTS),
  seed: numeric("seed"),
  layer: numeric("layer"),
  step: numeric("step"),
  speed: numeric("speed"),
  hide: { write: ({ hide }) => hide.join(","), read: readHide },
  teacher: {
    write: ({ teacher }) => (teacher ? "1" : ""),
    read: (text, draft) => void (draft.teacher = text === "1" || text === "true"),
  },
  theme: choice("theme", THEMES),
  lesson: { write: ({ lesson }) => lesson?.name ?? "", read: readLesson },
  lessonstep: { write: ({ lesson }) => String(lesson?.step ?? ""), read: readLessonStep },
  answers: { write: ({ lesson }) => answersText(lesson?.answers ?? {}), read: readAnswers },
};

/** The state as an address; what has its default is left out. */
export function toAddress(state: State, tables: Tables): string {
  const first = defaultState(tables);
  const parts = Object.entries(KEYS).flatMap(([key, { write }]) => {
    const text = write(state, tables);
    return text === write(first, tables) ? [] : [`${key}=${encoded(text)}`];
  });
  return [`v=${STATE_VERSION}`, ...parts].join("&");
}

/** The state of an address. Never throws. `table` is the one that the page holds. */
export function fromAddress(address: string, tables: Tables, table: TableData | null = null): Opened {
  if (address.length > LONGEST) {
    const words = `the address has ${grouped(address.length)} characters, and the page reads at most ${grouped(LONGEST)}.`;
    return { state: defaultState(tables), notices: [`${words} The first screen is shown.`] };
  }
  const { given, notices } = partsOf(address);
  const draft: Draft = stepOf(given, tables) ?? defaultState(tables);
  for (const [key, { read }] of Object.entries(KEYS)) {
    const text = given.get(key);
    if (text === undefined) continue;
    try {
      const words = read(text, draft, tables, table);
      if (words) notices.push(words);
    } catch (error) {
      notices.push(`${key} in the address is left out: ${wordsOf(error)}`);
    }
  }
  return { state: settled(draft, tables), notices };
}

/** The state of a lesson's step, where the address names a lesson and says nothing else of the state. */
function stepOf(given: ReadonlyMap<string, string>, tables: Tables): State | null {
  const lesson = tables.lessons.find(({ name }) => name === given.get("lesson"));
  if (!lesson || [...given.keys()].some((key) => !BESIDE_A_LESSON.includes(key))) return null;
  const step = lesson.steps[Number(given.get("lessonstep") ?? 0)];
  return step ? fromAddress(step.address, tables).state : null;
}

/** Key -> text, and what is to be said of the rest. */
function partsOf(address: string): { given: Map<string, string>; notices: string[] } {
  const given = new Map<string, string>();
  const notices: string[] = [];
  const strange: string[] = [];
  for (const part of address.replace(/^#/, "").split("&").filter(Boolean)) {
    const at = part.indexOf("=");
    const [key, text] = at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
    const found = decoded(text);
    if (key === "v") checkVersion(found ?? text, notices);
    else if (!Object.hasOwn(KEYS, key)) strange.push(key.slice(0, 40));
    else if (found === null) notices.push(`${key} in the address is left out: it is not readable text.`);
    else if (given.has(key)) notices.push(`${key} stands twice in the address: the first is taken.`);
    else given.set(key, found);
  }
  if (strange.length) notices.push(`unknown in the address, left out: ${listed(strange.slice(0, 10).map(quoted))}.`);
  return { given, notices };
}

function checkVersion(text: string, notices: string[]): void {
  if (text === String(STATE_VERSION)) return;
  const newer = Number(text) > STATE_VERSION ? "a newer page wrote it" : "no page wrote that";
  notices.push(
    `the address is of version ${quoted(text.slice(0, 20))}, and this page reads 1: ${newer}. What it knows is read.`,
  );
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(SAFE, (part) => decodeURIComponent(part));
}

type NumberName = "rate" | "steps" | "seeds" | "seed" | "dataSeed" | "layer" | "speed" | "batch" | "step";

function numeric(name: NumberName): { write: Write; read: Read } {
  return {
    write: (state) => (state[name] === null ? "" : specNumber(state[name])),
    read: (text, draft, tables) => {
      if (text === "" && (name === "batch" || name === "step")) return undefined;
      const value = text.trim() === "" ? NaN : Number(text);
      if (Number.isNaN(value)) throw new InputError(`it must be a number, got ${quoted(text.slice(0, 40))}.`);
      const range = ranges(tables, draft)[name];
      draft[name] = within(range, value);
      return draft[name] === value ? undefined : moved(range, text, draft[name]);
    },
  };
}

function choice<N extends "view" | "chart" | "theme">(
  name: N,
  choices: readonly State[N][],
): { write: Write; read: Read } {
  return {
    write: (state) => state[name],
    read: (text, draft) => {
      const found = choices.find((one) => one === text);
      if (found === undefined) throw unknown(name, text, choices);
      draft[name] = found;
      return undefined;
    },
  };
}

function dataText(data: DataChoice, tables: Tables): string {
  if (data.kind === "made") return madeSpec(data, tables);
  return data.kind === "csv" ? EMBEDDED : CLICKED;
}

function readData(text: string, draft: Draft, tables: Tables, table: TableData | null): string | undefined {
  if (text === CLICKED) draft.data = { kind: "points", points: [] };
  else if (text !== EMBEDDED) draft.data = parseMade(text, tables);
  else if (table) draft.data = table;
  else
    return "the address speaks of a table, which an address does not hold. Open the file again, or save the page with it.";
  return undefined;
}

function pointsText(points: readonly (readonly [number, number, number])[]): string {
  return points.map(([x, y, label]) => `${specNumber(x)},${specNumber(y)},${label}`).join(";");
}

function readPoints(text: string, draft: Draft): string | undefined {
  if (draft.data.kind !== "points") return undefined;
  const rows = text.split(";").filter(Boolean);
  const points = rows.slice(0, MOST_POINTS).map((row) => {
    const [x = NaN, y = NaN, label = NaN, ...more] = row.split(",").map(Number);
    const fine = Math.abs(x) < 1e6 && Math.abs(y) < 1e6 && Number.isInteger(label) && label >= 0 && label < 8;
    if (!fine || more.length) throw new InputError(`a point is x,y,class, got ${quoted(row.slice(0, 40))}.`);
    return [x, y, label] as const;
  });
  draft.data = { kind: "points", points };
  return rows.length > MOST_POINTS
    ? `the page takes at most ${grouped(MOST_POINTS)} points, got ${grouped(rows.length)}: the rest is left out.`
    : undefined;
}

function readHidden(text: string, draft: Draft, tables: Tables): string | undefined {
  const units = text.split(",").map((part) => (/^\s*\d{1,9}\s*$/.test(part) ? Number(part) : NaN));
  const [most, deepest] = [tables.limits["units"]!, tables.limits["layers"]!];
  if (units.some((count) => !(count >= 1))) {
    throw new InputError(
      `every hidden layer needs at least one unit, got ${quoted(text.slice(0, 40))}. Write, say, 10,5.`,
    );
  }
  draft.hidden = units.slice(0, deepest).map((count) => Math.min(count, most));
  const cut = units.length > deepest || units.some((count) => count > most);
  return cut
    ? `the page takes at most ${deepest} hidden layers of at most ${most} units: the rest is left out.`
    : undefined;
}

function readPanels(text: string, draft: Draft, tables: Tables): string | undefined {
  const specs = text.split(";").filter((part) => part.trim());
  const [panels, troubles]: [State["panels"][number][], string[]] = [[], []];
  for (const spec of specs.slice(0, tables.limits["panels"])) {
    try {
      panels.push(panelOf(spec, tables));
    } catch (error) {
      troubles.push(wordsOf(error));
    }
  }
  if (specs.length > tables.limits["panels"]!) {
    troubles.push(`the page has at most ${tables.limits["panels"]!} panels, got ${specs.length}.`);
  }
  if (panels.length) draft.panels = panels;
  return troubles.length ? `panels in the address: ${troubles.join(" ")}` : undefined;
}

function readHide(text: string, draft: Draft): string | undefined {
  const words = text.split(",").filter(Boolean);
  draft.hide = words.filter((word): word is Hideable => (HIDEABLE as readonly string[]).includes(word));
  const strange = words.filter((word) => !(HIDEABLE as readonly string[]).includes(word));
  return strange.length ? unknown("part of the page", strange[0]!, HIDEABLE).message : undefined;
}

function readLesson(text: string, draft: Draft, tables: Tables): string | undefined {
  if (text === "") return undefined;
  if (!tables.lessons.some(({ name }) => name === text)) {
    throw unknown("lesson", text, tables.lessons.length ? tables.lessons.map(({ name }) => name) : ["none"]);
  }
  draft.lesson = { name: text, step: 0, answers: {} };
  return undefined;
}

function readLessonStep(text: string, draft: Draft, tables: Tables): string | undefined {
  if (!draft.lesson) return undefined;
  const name = draft.lesson.name;
  const last = tables.lessons.find((lesson) => lesson.name === name)!.steps.length - 1;
  const step = within({ what: "", least: 0, most: last, whole: true }, Number(text));
  draft.lesson = { ...draft.lesson, step };
  return undefined;
}

function answersText(answers: Readonly<Record<number, number>>): string {
  return Object.entries(answers)
    .map(([step, option]) => `${step}:${option}`)
    .join(",");
}

function readAnswers(text: string, draft: Draft, tables: Tables): string | undefined {
  const place = draft.lesson;
  if (!place) return undefined;
  const steps = tables.lessons.find(({ name }) => name === place.name)!.steps;
  const answers: Record<number, number> = {};
  for (const part of text.split(",").slice(0, steps.length)) {
    const [step = NaN, option = NaN] = part.split(":").map(Number);
    const options = steps[step]?.question?.options ?? [];
    if (Number.isInteger(option) && option >= 0 && option < options.length) answers[step] = option;
  }
  draft.lesson = { ...place, answers };
  return undefined;
}
