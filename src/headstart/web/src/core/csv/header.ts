// Whether the first row of a file holds the names of the columns: a rule, and what it saw, in words.
import { isMissing, isPlainWhole, numberIn } from "./cells.ts";
import { strip } from "./text.ts";

const SHOWN = 6;
type Cells = readonly (readonly string[])[];

/** [whether the first row holds names, what is to be said of that]. `named`: columns that somebody names. */
export function hasHeader(cells: Cells, named: readonly string[]): [boolean, string | null] {
  const first = cells[0]!.map(strip);
  const body = cells.slice(1);
  if (named.some((name) => first.includes(name)) || !first.slice(0, -1).some((cell) => numberIn(cell) !== null)) {
    return [true, null];
  }
  if (wordsOverNumbers(first, body) || countsColumns(first, body) || wholeOverFractions(first, body)) {
    const row = first.slice(0, SHOWN).join(", ") + (first.length > SHOWN ? ", ..." : "");
    return [true, `the first row (${row}) taken as the names of the columns; --no-header if it is a sample`];
  }
  const words = "no row of names found, so the columns are x1, x2, ..., label; --header if the first row holds names";
  return [false, words];
}

/** `2019,2020,growth`: rising whole numbers, and words that stand over numbers or nowhere else in their column. */
function wordsOverNumbers(first: readonly string[], body: Cells): boolean {
  const words = first.flatMap((cell, place) => (numberIn(cell) === null && !isMissing(cell) ? [place] : []));
  return words.length > 0 && rising(first) && words.every((place) => isName(first, body, place));
}

function isName(first: readonly string[], body: Cells, place: number): boolean {
  const column = body.map((row) => strip(row[place]!));
  return !column.includes(first[place]!) || column.every((cell) => numberIn(cell) !== null || isMissing(cell));
}

/** `0,1,2`: one number after the other, and no sample like it. */
function countsColumns(first: readonly string[], body: Cells): boolean {
  if (first.slice(1).some((cell) => numberIn(cell) === null)) return false;
  const kept = first[0] ? first : first.slice(1);
  if (!(kept.length > (first[0] ? 2 : 0)) || !kept.every(isPlainWhole)) return false;
  const inTurn = kept.slice(1).every((cell, k) => BigInt(cell) - BigInt(kept[k]!) === 1n);
  return inTurn && !body.some((row) => row.every((cell, k) => strip(cell) === first[k]));
}

/** `10,20` over 0.5, 1.5: rising whole numbers in digits, over columns without any such. */
function wholeOverFractions(first: readonly string[], body: Cells): boolean {
  if (!body.length || !rising(first) || first.some((cell) => numberIn(cell) === null)) return false;
  return !body.some((row) => row.slice(0, -1).some(isPlainWhole));
}

/** Whether the numbers are whole, in digits alone, and each larger than the one before. */
function rising(first: readonly string[]): boolean {
  const found = first.filter((cell) => numberIn(cell) !== null);
  return found.every(isPlainWhole) && found.slice(1).every((cell, k) => BigInt(found[k]!) < BigInt(cell));
}
