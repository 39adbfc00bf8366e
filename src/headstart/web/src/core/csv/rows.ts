// A table's text as rows of cells: which sign separates the cells, and whether a comma stands in the numbers.
import { InputError } from "../errors.ts";
import { quoted } from "../numbers.ts";
import { numberIn } from "./cells.ts";
import { head, read, type Row } from "./reader.ts";
import { strip } from "./text.ts";

const SIGNS: readonly (readonly [string, string])[] = [
  [",", "commas"],
  [";", "semicolons"],
  ["\t", "tabs"],
  ["|", "upright lines"],
  [" ", "spaces"],
];
const LOOKED_AT = 200; // rows that the sign is chosen by
const SAID = /^\s*"?sep=([^\r\n])"?[ \t]*(\r\n|\r|\n|$)/i;
const COMMENT = /^\s*#[ \t]+/;
const COMMA_NUMBER = /^[+-]?\d*,\d+(e[+-]?\d+)?$/i;
const POINT_NUMBER = /^[+-]?\d*\.\d+(e[+-]?\d+)?$/i;
const THOUSANDS = /^[+-]?\d{1,3},\d{3}$/;

export interface Rows {
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** The rows that are not blank, all of one length; an InputError without any, or of ragged ones. */
export function rowsOf(given: string, shown: string): Rows {
  const said = SAID.exec(given);
  let [text, skipped, commented] = [given, 0, false];
  let sign: string;
  if (said) {
    [text, skipped, sign] = [given.slice(said[0].length), 1, said[1]!];
    checkSign(sign, shown);
  } else {
    commented = COMMENT.test(given);
    text = given.replace(COMMENT, "");
    sign = signOf(text);
  }
  const rows = parsed(text, sign, shown, skipped);
  if (!rows.length)
    throw new InputError(`${shown} is empty. A table has one row per sample, features first, label last.`);
  evenOut(rows, shown);
  if (rows[0]!.cells.length < 2) {
    throw new InputError(`${shown}: one column only. A table has at least one feature and a label, comma-separated.`);
  }
  const name = SIGNS.find(([one]) => one === sign)?.[1] ?? quoted(sign);
  const notes = sign === "," ? [] : [`cells separated by ${name}`];
  if (commented) notes.push("the # before the first row left out");
  return { rows, notes: [...notes, ...decimalCommas(rows, sign)] };
}

function checkSign(sign: string, shown: string): void {
  if (/[\p{L}\p{N}"]/u.test(sign)) {
    throw new InputError(
      `${shown}, line 1: sep= names the sign between the cells, got ${quoted(sign)}. Write sep=; there.`,
    );
  }
}

/** Of the signs the one that gives every row the same number of cells, and the most numbers among them. */
function signOf(text: string): string {
  const start = head(text, LOOKED_AT);
  let [best, most]: [string, readonly [boolean, number]] = ["", [false, -1]];
  for (const [sign] of SIGNS) {
    const rows = someRows(start, sign);
    const widths = new Set((rows.length > 1 ? rows.slice(1) : rows).map((row) => row.length));
    if (widths.size !== 1 || widths.has(1) || (sign === " " && most[0])) continue;
    const cells = rows.flat();
    const numbers = cells.filter((cell) => looksNumeric(cell, sign)).length / cells.length;
    const found = [widths.has(rows[0]!.length), numbers] as const;
    if (Number(found[0]) > Number(most[0]) || (found[0] === most[0] && found[1] > most[1]))
      [best, most] = [sign, found];
  }
  return best || commonest(start);
}

/** The sign of a ragged table: the one whose rows mostly agree. */
function commonest(start: string): string {
  const agree = (sign: string): number => {
    const widths = someRows(start, sign).map((row) => row.length);
    const counts = new Map<number, number>();
    for (const width of widths) counts.set(width, (counts.get(width) ?? 0) + 1);
    const [usual, count] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), [1, 0]);
    return usual > 1 ? count : 0;
  };
  const signs = SIGNS.map(([sign]) => sign).filter((sign) => sign !== " ");
  return signs.reduce((best, sign) => (agree(sign) > agree(best) ? sign : best));
}

function someRows(text: string, sign: string): string[][] {
  try {
    return [...readBy(text, sign)].map((row) => row.cells).filter((cells) => cells.some((cell) => strip(cell)));
  } catch {
    return [];
  }
}

function readBy(text: string, sign: string): Generator<Row> {
  if (sign !== " ") return read(text, sign, sign !== "\t");
  return read(text.replace(/^[ \t]+|[ \t]+$/gm, "").replace(/[ \t]+/g, " "), sign, false);
}

function looksNumeric(cell: string, sign: string): boolean {
  return numberIn(cell) !== null || (sign !== "," && COMMA_NUMBER.test(strip(cell)));
}

function parsed(text: string, sign: string, shown: string, skipped: number): Row[] {
  try {
    return [...readBy(text, sign)]
      .filter(({ cells }) => cells.some((cell) => strip(cell)))
      .map(({ line, cells }) => ({ line: line + skipped, cells }));
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${shown}, ${error.message}`) : error;
  }
}

/** See that all rows are of one length; a first row that lacks one name gets an empty one. */
function evenOut(rows: Row[], shown: string): void {
  const [first, ...body] = rows as [Row, ...Row[]];
  const width = first.cells.length;
  const longer = body.length > 0 && body.every((row) => row.cells.length === width + 1);
  if (longer && !first.cells.some((cell) => numberIn(cell) !== null)) {
    if (body.every((row) => !strip(row.cells.at(-1)!))) {
      first.cells.push("");
      return;
    }
    if (new Set(body.map((row) => strip(row.cells[0]!))).size === body.length) {
      first.cells.unshift("");
      return;
    }
  }
  for (const { line, cells } of rows) {
    if (cells.length === width) continue;
    throw new InputError(
      `${shown}, line ${line}: ${cells.length} cells where line ${first.line} has ${width}. Every row has one cell per ` +
        "column; a cell that holds the separator stands in double quotes.",
    );
  }
}

/** Write decimal commas as points, where the table has no points in its numbers; what is to be said of that. */
function decimalCommas(rows: readonly Row[], sign: string): string[] {
  const cells = rows.flatMap((row) => row.cells);
  const commas = cells.map(strip).filter((cell) => COMMA_NUMBER.test(cell));
  if (!commas.length || cells.some((cell) => POINT_NUMBER.test(strip(cell)))) return [];
  if (sign === "," && commas.every((cell) => THOUSANDS.test(cell))) return [];
  for (const row of rows) {
    row.cells.forEach((cell, place) => {
      if (COMMA_NUMBER.test(strip(cell))) row.cells[place] = strip(cell).replace(",", ".");
    });
  }
  return [`commas in numbers read as decimal points (${commas[0]!} is ${commas[0]!.replace(",", ".")})`];
}
