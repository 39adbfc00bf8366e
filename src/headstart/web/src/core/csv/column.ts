// One column of a file: read as features or as labels, and an answer that cannot be given is an error with its place.
import { InputError } from "../errors.ts";
import { quoted } from "../numbers.ts";
import { exact, isMissing, isWhole, type Label, numberIn } from "./cells.ts";
import { short, strip } from "./text.ts";

const REMEDY = "Encode words as numbers, fill in or remove rows with missing values, or leave the column out";

export class Column {
  constructor(
    readonly name: string,
    private readonly shown: string,
    private readonly cells: readonly string[],
    private readonly lines: readonly number[],
  ) {}

  renamed(name: string): Column {
    return new Column(name, this.shown, this.cells, this.lines);
  }

  private where(row: number): string {
    return `${this.shown}, line ${this.lines[row]!}`;
  }

  /** The column as features: finite numbers. */
  numbers(): Float64Array {
    return Float64Array.from(this.cells, (cell, row) => {
      const value = numberIn(cell);
      if (value !== null && Number.isFinite(value)) return value;
      const got = short(strip(cell)) + (isMissing(cell) ? ", a missing value" : "");
      throw new InputError(
        `${this.where(row)}, column ${quoted(this.name)}: a feature must be a finite number, got ${got}. ${REMEDY} ` +
          `(--drop ${this.name}, or drop=[${quoted(this.name)}]).`,
      );
    });
  }

  /** The column as labels: an exact number or a word of each row. */
  labels(): Label[] {
    const cells = this.cells.map(strip);
    const signs = cells.includes("+"); // then a - is a class, and no missing value
    cells.forEach((cell, row) => {
      this.checkLabel(cell, row, signs);
    });
    if (cells.some((cell) => numberIn(cell) === null)) return cells;
    return cells.map((cell, row) => {
      const number = exact(cell);
      if (number) return number;
      throw new InputError(
        `${this.where(row)}: a label is not a finite number, got ${short(cell)}. Correct or remove the row.`,
      );
    });
  }

  private checkLabel(cell: string, row: number, signs: boolean): void {
    if (isMissing(cell) && !(signs && cell === "-")) {
      throw new InputError(
        `${this.where(row)}: the label is ${short(cell || "empty")}, a missing value. Fill it in or remove the row.`,
      );
    }
    if (/[\r\n]/.test(cell)) {
      throw new InputError(`${this.where(row)}: the label holds a line break, so a quote may not be closed. Close it.`);
    }
  }

  /** Whether no cell holds anything. */
  get isEmpty(): boolean {
    return !this.cells.some((cell) => strip(cell));
  }

  private get words(): string[] {
    return this.cells.filter((cell) => numberIn(cell) === null && !isMissing(cell)).map(strip);
  }

  get hasWords(): boolean {
    return this.words.length > 0;
  }

  private wholeNumbers(): bigint[] | null {
    const found = this.cells.map(exact);
    if (!found.every((number) => number !== null && isWhole(number))) return null;
    return found.map((number) => number!.coefficient * 10n ** BigInt(number!.exponent));
  }

  /** Whether every row has another whole number, or another word: an index, no measurement. */
  get namesRows(): boolean {
    const numbers = this.wholeNumbers();
    if (numbers) return new Set(numbers).size === numbers.length;
    const { words } = this;
    return words.length === this.cells.length && new Set(words).size === words.length;
  }

  /** Whether it holds 0, 1, 2, ... or 1, 2, 3, ..., row by row. */
  get countsRows(): boolean {
    const found = this.wholeNumbers();
    if (!found?.length || (found[0] !== 0n && found[0] !== 1n)) return false;
    return this.cells.length > 1 && found.every((number, row) => number === found[0]! + BigInt(row));
  }
}
