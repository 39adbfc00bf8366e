// Spec strings, `name(value, key=value)*multiplier`: read, bound to the arguments that a table names, written.
import { InputError, unknown } from "./errors.ts";
import { general, quoted, specNumber } from "./numbers.ts";
import type { ArgumentRow } from "./types.ts";

export type Value = number | boolean | string;
export type Values = Readonly<Record<string, Value>>;

export interface Spec {
  readonly name: string;
  readonly positional: readonly Value[];
  readonly keywords: Readonly<Record<string, Value>>;
  readonly multiplier: number | null;
}

/** What a name of a catalogue takes. `kind` as in "scheme", for the messages. */
export interface Signature {
  readonly kind: string;
  readonly name: string;
  readonly arguments: readonly ArgumentRow[];
  /** What an argument is called; "argument" unless said. */
  readonly noun?: string;
}

const LONGEST = 1000;
const SHAPE = /^\s*([A-Za-z_]\w*)\s*(?:\(((?:[^()]|\([^()]*\))*)\))?\s*(?:\*([^]*))?$/;
const KEYWORD = /^\s*([A-Za-z_]\w*)\s*=\s*([^]*)$/;
const WORD = /^[A-Za-z_]\w*$/;
const CALL = /^[A-Za-z_]\w*\s*\([^()]*\)$/;
const COMMA = /,(?![^()]*\))/;
const NUMBER = /^[+-]?(\d+(_?\d)*\.?(\d+(_?\d)*)?|\.\d+(_?\d)*)(e[+-]?\d+)?$/i;

/** Read a spec string; an InputError where it has not that form. */
export function parse(text: string, kind: string, example: string): Spec {
  if (text.length > LONGEST) {
    throw new InputError(`a ${kind} has at most 1,000 characters, got ${text.length}. Write, say, ${quoted(example)}.`);
  }
  const match = SHAPE.exec(text);
  if (!match) {
    throw new InputError(
      `malformed ${kind} ${quoted(text)}: the form is name, name(value, key=value) or either followed by *number. ` +
        `Write ${quoted(example)}.`,
    );
  }
  const [, name = "", given, factor] = match;
  const multiplier = factor === undefined ? null : readNumber(factor, `the multiplier of ${kind} ${quoted(text)}`);
  const positional: Value[] = [];
  const keywords: Record<string, Value> = {};
  for (const item of given?.trim() ? given.split(COMMA) : []) {
    const keyword = KEYWORD.exec(item);
    const value = readValue(keyword?.[2] ?? item, text, kind, example);
    if (keyword) addKeyword(keywords, keyword[1]!, value, text, kind);
    else if (Object.keys(keywords).length) {
      throw new InputError(
        `malformed ${kind} ${quoted(text)}: plain values come before key=value. Write ${quoted(example)}.`,
      );
    } else positional.push(value);
  }
  return { name: name.toLowerCase(), positional, keywords, multiplier };
}

function addKeyword(keywords: Record<string, Value>, key: string, value: Value, text: string, kind: string): void {
  if (Object.hasOwn(keywords, key)) {
    throw new InputError(`malformed ${kind} ${quoted(text)}: ${key} is given twice. Write it once.`);
  }
  keywords[key] = value;
}

/** A finite number, or an error that names what it was for. */
export function readNumber(text: string, what: string): number {
  const trimmed = text.trim();
  if (!NUMBER.test(trimmed)) {
    const finite = /^[+-]?(inf(inity)?|nan)$/i.test(trimmed);
    const rule = finite ? "finite" : "a number";
    const remedy = finite ? "Write a number such as 1.3." : "Write, for example, 1.3.";
    throw new InputError(`${what} must be ${rule}, got ${quoted(trimmed)}. ${remedy}`);
  }
  const value = Number(trimmed.replaceAll("_", ""));
  if (!Number.isFinite(value)) {
    throw new InputError(`${what} must be finite, got ${quoted(trimmed)}. Write a number such as 1.3.`);
  }
  return value;
}

function readValue(given: string, whole: string, kind: string, example: string): Value {
  const text = given.trim();
  const small = text.toLowerCase();
  if (small === "true" || small === "false") return small === "true";
  if (WORD.test(text) && !["nan", "inf", "infinity"].includes(small)) return text;
  if (CALL.test(text)) return text;
  if (!text)
    throw new InputError(`malformed ${kind} ${quoted(whole)}: an argument is empty. Write ${quoted(example)}.`);
  return readNumber(text, `an argument of ${kind} ${quoted(whole)}`);
}

/** Every argument by name, checked, defaults filled in. */
export function bind(signature: Signature, spec: Spec): Record<string, Value> {
  const { name, arguments: rows } = signature;
  const given = givenTo(signature, spec);
  const owner = ownerOf(signature);
  for (const row of rows) {
    if (!Object.hasOwn(given, row.name) && row.default === null) {
      throw new InputError(`${owner} needs its ${row.name}. Write ${quoted(exampleOf(signature))}.`);
    }
  }
  return Object.fromEntries(
    rows.map((row) => [row.name, checked(row, given[row.name] ?? row.default!, owner, `${name}(${row.example})`)]),
  );
}

/** The same where no multiplier may stand. */
export function bindPlain(signature: Signature, spec: Spec): Record<string, Value> {
  if (spec.multiplier !== null) {
    const got = `${signature.name}*${general(spec.multiplier, 6)}`;
    throw new InputError(
      `${ownerOf(signature)} takes no multiplier, got ${got}. Write ${quoted(exampleOf(signature))}.`,
    );
  }
  return bind(signature, spec);
}

function ownerOf(signature: Signature): string {
  return `${signature.kind} '${signature.name}'`;
}

/** A correct spec string of this name. */
function exampleOf({ name, arguments: rows }: Signature): string {
  return written(
    name,
    rows.filter((row) => row.default === null).map((row) => row.example),
  );
}

/** The values by the names of their arguments, not yet checked, and no defaults. */
function givenTo(signature: Signature, spec: Spec): Record<string, Value> {
  const names = signature.arguments.map((row) => row.name);
  const owner = ownerOf(signature);
  if (spec.positional.length > names.length) {
    const takes = names.length ? `takes ${names.join(", ")}` : `takes no ${signature.noun ?? "argument"}s`;
    const example = quoted(exampleOf(signature));
    throw new InputError(`${owner} ${takes}, got ${spec.positional.length} values. Write ${example}.`);
  }
  const given: Record<string, Value> = {};
  spec.positional.forEach((value, place) => (given[names[place]!] = value));
  for (const [name, value] of Object.entries(spec.keywords)) {
    const noun = `${signature.noun ?? "argument"} of ${owner}`;
    if (!names.includes(name)) throw unknown(noun, name, names.length ? names : ["none"]);
    if (Object.hasOwn(given, name)) throw new InputError(`${owner} got ${name} twice. Write it once.`);
    given[name] = value;
  }
  return given;
}

function checked(row: ArgumentRow, given: Value, owner: string, remedy: string): Value {
  const where = `${row.name} of ${owner}`;
  if (row.choices) {
    if (typeof given === "string" && row.choices.includes(given)) return given;
    throw unknown(where, String(given), row.choices);
  }
  if (typeof row.default === "string") return given; // a spec string of another catalogue
  if (typeof row.default === "boolean") {
    if (typeof given === "boolean") return given;
    throw new InputError(`${where} must be true or false, got ${told(given)}.`);
  }
  if (typeof given !== "number") {
    throw new InputError(
      `${where} must be ${row.whole ? rule(row) : "a number"}, got ${told(given)}. Write ${remedy}.`,
    );
  }
  if (!holds(row, given)) {
    const hint = given === 0 && row.zero_hint ? `; ${row.zero_hint}` : "";
    throw new InputError(`${where} must be ${rule(row)}, got ${general(given, 6)}. Write ${remedy}${hint}.`);
  }
  return given;
}

/** A value in a message, as Python shows it. */
function told(value: Value): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "number" ? general(value, 6) : quoted(value);
}

function holds(argument: ArgumentRow, value: number): boolean {
  const { least, above, below } = argument;
  if (argument.whole && !Number.isInteger(value)) return false;
  return (least === null || value >= least) && (above === null || value > above) && (below === null || value < below);
}

/** An argument's limits in words. */
export function rule(argument: ArgumentRow): string {
  const { least, above, below } = argument;
  const kind = argument.whole ? "a whole number" : "a number";
  if (above === 0) return below === null ? "positive and finite" : `positive and below ${general(below, 6)}`;
  if (least === null) return below === null ? "finite" : `below ${general(below, 6)}`;
  return below === null ? `${kind} of at least ${least}` : `from ${least} to below ${general(below, 6)}`;
}

/** A value as it stands in a spec string. */
export function formatted(value: Value): string {
  return typeof value === "number" ? specNumber(value) : String(value);
}

/** A spec string from its parts. */
export function written(name: string, parts: readonly string[]): string {
  return parts.length ? `${name}(${parts.join(", ")})` : name;
}

/** The spec string with these arguments, those at their defaults left out: as headstart writes a scheme. */
export function shown(signature: Signature, values: Values): string {
  const parts = signature.arguments
    .filter((argument) => values[argument.name] !== argument.default)
    .map((argument) => {
      const value = formatted(values[argument.name]!);
      const alone = argument.default === null || (typeof argument.default === "string" && !argument.choices);
      return alone ? value : `${argument.name}=${value}`;
    });
  return written(signature.name, parts);
}

/** A spec string in which every argument that is not its default stands by its name; one that must be given, plainly. */
export function specWith(signature: Signature, values: Values): string {
  const parts = signature.arguments
    .filter((argument) => values[argument.name] !== undefined && values[argument.name] !== argument.default)
    .map((argument) => `${argument.name}=${formatted(values[argument.name]!)}`);
  return written(signature.name, parts);
}

/** A spec string without its multiplier. */
export function specOf(text: string): string {
  return text.replace(/\*[^*()]*$/, "");
}
