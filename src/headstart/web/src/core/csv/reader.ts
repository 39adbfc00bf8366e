// Rows of cells from a text, as Python's csv module reads them (RFC 4180, leniently).
import { InputError } from "../errors.ts";

const LONGEST_CELL = 131_072;

export interface Row {
  /** The number of the row's last line. */
  readonly line: number;
  readonly cells: string[];
}

type State = "start" | "plain" | "quoted" | "closed";

/** All rows, blank ones too (as no cells). `skipSpace`: space after a sign is left out. */
export function* read(text: string, sign: string, skipSpace: boolean): Generator<Row> {
  let [state, cell, cells, line]: [State, string, string[], number] = ["start", "", [], 0];
  for (const piece of linesOf(text)) {
    line += 1;
    const body = piece.replace(/[\r\n]+$/, "");
    for (const letter of body) {
      if (state === "quoted") {
        if (letter === '"') state = "closed";
        else cell += letter;
      } else if (letter === sign) {
        cells.push(cell);
        [cell, state] = ["", "start"];
      } else if (letter === '"' && state !== "plain") {
        if (state === "closed") cell += letter;
        state = "quoted";
      } else if (!(state === "start" && skipSpace && letter === " ")) {
        cell += letter;
        state = "plain";
      }
      if (cell.length > LONGEST_CELL)
        throw new InputError(`line ${line}: field larger than field limit (${LONGEST_CELL}).`);
    }
    if (state === "quoted") {
      cell += piece.slice(body.length);
      continue;
    }
    yield {
      line,
      cells: body === "" && cells.length === 0 && cell === "" && state === "start" ? [] : [...cells, cell],
    };
    [state, cell, cells] = ["start", "", []];
  }
  if (state === "quoted") yield { line, cells: [...cells, cell] };
}

/** Lines with their ends. */
function linesOf(text: string): string[] {
  return text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? [];
}

/** The first so many lines of a text. */
export function head(text: string, count: number): string {
  return linesOf(text).slice(0, count).join("");
}
