// Columns without a name: an index is left out, an empty column too, any other is called by its place.
import { InputError } from "../errors.ts";
import { listed, quoted } from "../numbers.ts";
import type { Column } from "./column.ts";

const UNNAMED = /^Unnamed: \d+(\.\d+)*$/;

/** [the columns that are left, each with a name of its own; what is to be said of the others]. */
export function settledColumns(
  columns: readonly Column[],
  table: string,
  named: readonly string[],
): [Column[], string[]] {
  const [kept, empty, notes]: [Column[], string[], string[]] = [[], [], []];
  columns.forEach((column, place) => {
    const unnamed = !column.name || (UNNAMED.test(column.name) && !named.includes(column.name));
    if (!unnamed) kept.push(column);
    else if (column.isEmpty) empty.push(String(place + 1));
    else if (place === notes.length && column.namesRows) {
      const which = place === 0 ? "the first column" : `column ${place + 1}`;
      notes.push(`${which} has no name and only ${column.hasWords ? "names" : "counts"} the rows: left out`);
    } else kept.push(column.renamed(column.name || `column ${place + 1}`));
  });
  if (empty.length) {
    notes.push(`${empty.length === 1 ? "column" : "columns"} ${listed(empty)} empty and without a name: left out`);
  }
  seeNamesDiffer(kept, table);
  if (kept.length < 2) {
    const left = kept[0] ? ` beside ${quoted(kept[0].name)}` : "";
    throw new InputError(`${table} has no feature${left}: ${notes.join("; ")}. Name the column to keep it.`);
  }
  return [kept, notes];
}

function seeNamesDiffer(columns: readonly Column[], table: string): void {
  const seen = new Map<string, number>();
  columns.forEach(({ name }, place) => {
    const before = seen.get(name);
    if (before !== undefined) {
      throw new InputError(
        `${table}: two columns are named ${quoted(name)}, ${before + 1} and ${place + 1}. Rename one, or say --no-header ` +
          "if the first row is a sample.",
      );
    }
    seen.set(name, place);
  });
}
