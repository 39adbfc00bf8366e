// A table's text as training and test data: which columns are features, what the labels are, how both are split and
// scaled. The rules and the words are those of headstart's experiments/data.
import { dataset } from "../data/dataset.ts";
import { InputError, unknown } from "../errors.ts";
import { count, general, grouped, listed, quoted } from "../numbers.ts";
import type { Dataset, Reading, Samples, Tables } from "../types.ts";
import { compareDecimals, type Decimal, floatOf, isWhole, keyOf, type Label, nameOf } from "./cells.ts";
import { Column } from "./column.ts";
import { checked } from "./decoding.ts";
import { hasHeader } from "./header.ts";
import { rowsOf } from "./rows.ts";
import { standardized } from "./scaling.ts";
import { split, stratifiedSplit, testSize } from "./split.ts";
import { inOrder, short, strip, told } from "./text.ts";
import { settledColumns } from "./unnamed.ts";

const SHOWN = 6; // names in a message

interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly notes: readonly string[];
}

/** Training and test data of a table, or an InputError with the place and the remedy. */
export function readTable(name: string, text: string, reading: Reading, seed: number, tables: Tables): Dataset {
  const table = tableOf(name, text, reading, tables);
  const named = namedBy(reading);
  const [columns, unnamed] = settledColumns(table.columns, name, named);
  const { label, features } = chosen(table, columns, reading);
  if (features.length > tables.limits["table_features"]!) {
    const most = tables.limits["table_features"]!;
    throw new InputError(
      `the page takes at most ${most} features, got ${features.length}. Leave columns out, or use headstart compare --data.`,
    );
  }
  const counting = reading.features ? [] : features.filter((column) => column.countsRows).map(countingWords);
  const labels = label.labels();
  const different = distinct(labels);
  if (different.length < 2) {
    throw new InputError(
      `${name}: every label is ${short(nameOf(labels[0]!))}. Two classes or more are needed to learn anything.`,
    );
  }
  const [classes, words] = areClasses(label, different, reading, tables);
  const x = features.map((column) => column.numbers());
  const made = classes
    ? ofClasses(name, x, labels, different, seed, tables)
    : ofNumbers(name, x, labels as Decimal[], seed, tables);
  const constant = made.constant.map((place) => features[place]!.name);
  const notes = [
    ...table.notes,
    ...unnamed,
    ...counting,
    ...words,
    ...(constant.length ? [constantWords(constant)] : []),
  ];
  return dataset(
    name,
    made.task,
    made.train,
    made.test,
    made.classes,
    features.map((column) => column.name),
    notes,
  );
}

function namedBy(reading: Reading): string[] {
  return [...(reading.label === null ? [] : [reading.label]), ...(reading.features ?? []), ...(reading.drop ?? [])];
}

function tableOf(name: string, text: string, reading: Reading, tables: Tables): Table {
  const shown = told(name);
  const size = new TextEncoder().encode(text).length;
  const { table_bytes: mostBytes = 0, table_rows: mostRows = 0 } = tables.limits;
  if (size > mostBytes) {
    throw new InputError(
      `${shown} holds ${grouped(size)} bytes, and the page reads at most ${grouped(mostBytes)}. Use headstart compare --data.`,
    );
  }
  const { rows, notes } = rowsOf(checked(text, shown), shown);
  const cells = rows.map((row) => row.cells);
  const [header, guess] =
    typeof reading.header === "boolean" ? [reading.header, null] : hasHeader(cells, namedBy(reading));
  if (header && rows.length === 1) {
    throw new InputError(`${shown} has a header and no rows. Add the samples, or say --no-header.`);
  }
  const body = header ? rows.slice(1) : rows;
  if (body.length > mostRows) {
    throw new InputError(
      `${shown} has ${grouped(body.length)} rows, and the page reads at most ${grouped(mostRows)}. Use headstart compare --data.`,
    );
  }
  const width = cells[0]!.length;
  const plain = [...Array.from({ length: width - 1 }, (_, k) => `x${k + 1}`), "label"];
  const names = header ? cells[0]!.map(strip) : plain;
  const lines = body.map((row) => row.line);
  const columns = names.map(
    (one, k) =>
      new Column(
        one,
        shown,
        body.map((row) => row.cells[k]!),
        lines,
      ),
  );
  return { name, columns, notes: [...notes, ...(guess === null ? [] : [guess])] };
}

// --- which columns

function chosen(table: Table, columns: readonly Column[], reading: Reading): { label: Column; features: Column[] } {
  const byName = new Map(columns.map((column) => [column.name, column]));
  for (const name of namedBy(reading)) {
    if (!byName.has(name)) throw unknown(`column of ${table.name}`, name, [...byName.keys()]);
  }
  const [wanted, dropped] = [reading.features ?? null, reading.drop ?? []];
  checkNames(wanted ?? [], dropped);
  const label = labelOf(table, columns, reading, [...dropped, ...(wanted ?? [])]);
  if (dropped.includes(label.name) || wanted?.includes(label.name)) {
    throw new InputError(
      `column ${quoted(label.name)} is the label, and cannot be dropped or a feature. Leave it out there.`,
    );
  }
  const rest = columns.filter((column) => !dropped.includes(column.name) && column !== label);
  const features = wanted ? wanted.map((name) => byName.get(name)!) : rest;
  if (!features.length) {
    throw new InputError(
      `${table.name} has no feature left beside the label ${quoted(label.name)}. Name one: --features NAME.`,
    );
  }
  return { label, features };
}

function checkNames(wanted: readonly string[], dropped: readonly string[]): void {
  for (const [kind, names] of [
    ["features", wanted],
    ["drop", dropped],
  ] as const) {
    const twice = names.find((name, k) => names.indexOf(name) < k);
    if (twice !== undefined) throw new InputError(`${kind} names column ${quoted(twice)} twice. Leave one out.`);
  }
  const both = wanted.find((name) => dropped.includes(name));
  if (both !== undefined) {
    throw new InputError(`column ${quoted(both)} is named as a feature and dropped. Leave out one of the two.`);
  }
}

function labelOf(table: Table, columns: readonly Column[], reading: Reading, taken: readonly string[]): Column {
  if (reading.label !== null) return columns.find((column) => column.name === reading.label)!;
  const left = columns.filter((column) => !taken.includes(column.name));
  if (!left.length)
    throw new InputError(`${table.name} has no column left for the label. Name fewer features, or the label.`);
  return left.at(-1)!;
}

/** A feature that only counts the rows gives away the order of a sorted file. */
function countingWords(column: Column): string {
  return `column ${column.name.replace(/^column /, "")} counts the rows: --drop ${shellWord(column.name)} if it is no measurement`;
}

export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}

// --- classes or numbers

function distinct(labels: readonly Label[]): Label[] {
  const found = [...new Map(labels.map((label) => [keyOf(label), label])).values()];
  return found.sort((a, b) =>
    typeof a !== "string" && typeof b !== "string" ? compareDecimals(a, b) : inOrder(nameOf(a), nameOf(b)),
  );
}

/** Whether the labels are classes, and what is to be said of that. */
function areClasses(label: Column, different: readonly Label[], reading: Reading, tables: Tables): [boolean, string[]] {
  if (typeof different[0] === "string") {
    if (reading.task === "numbers") {
      throw new InputError(
        `task numbers needs labels that are numbers, got ${short(different[0])} in column ${quoted(label.name)}. Leave the task out.`,
      );
    }
    return [true, []];
  }
  if (reading.task) return [reading.task === "classes", []];
  const [whole, called] = [different.every(isWhole), label.name === "label" ? "the label" : `label ${label.name}`];
  if (whole && different.length === 2) return [true, []];
  if (whole && different.length <= tables.limits["most_numeric_classes"]!) {
    const names = different.slice(0, SHOWN).map(nameOf).join(", ") + (different.length > SHOWN ? ", ..." : "");
    return [true, [`${called}: ${different.length} classes (${names}); --task numbers if it is a quantity`]];
  }
  const kind = whole ? "whole numbers" : "numbers";
  return [
    false,
    [`${called}: a quantity (${grouped(different.length)} different ${kind}); --task classes if it is none`],
  ];
}

interface Made extends Pick<Dataset, "task" | "train" | "test" | "classes"> {
  readonly constant: number[];
}

function ofNumbers(
  name: string,
  x: readonly Float64Array[],
  labels: readonly Decimal[],
  seed: number,
  tables: Tables,
): Made {
  if (labels.length < 3) {
    throw new InputError(
      `${name} has ${count(labels.length, "row")}, too few to train and to test on. Give more rows.`,
    );
  }
  const parts = split(labels.length, tables.limits["test_share"]!, seed);
  const y = Float64Array.from(labels, floatOf);
  if (!y.every(Number.isFinite)) {
    throw new InputError(`${name}: a label is beyond the range of float64. Give the labels in other units.`);
  }
  const [train, test, constant] = scaled(x, parts);
  const found = standardized(picked(y, parts[0]), picked(y, parts[1]), true);
  if (found.constant) {
    throw new InputError(
      `${name}: every label of the training part is ${general(y[parts[0][0]!]!, 6)} up to rounding. Give more rows, or ` +
        "another data seed.",
    );
  }
  return {
    task: "regression",
    train: { x: train, y: found.train },
    test: { x: test, y: found.test },
    classes: [],
    constant,
  };
}

function ofClasses(
  name: string,
  x: readonly Float64Array[],
  labels: readonly Label[],
  different: readonly Label[],
  seed: number,
  tables: Tables,
): Made {
  const places = new Map(different.map((label, place) => [keyOf(label), place]));
  const numbered = labels.map((label) => places.get(keyOf(label))!);
  const names = different.map(nameOf);
  checkRare(name, numbered, names, tables);
  const share = tables.limits["test_share"]!;
  const room = testSize(numbered.length, share) >= names.length; // stratified where every class has room in the test
  const parts = room ? stratifiedSplit(numbered, names.length, share, seed) : split(numbered.length, share, seed);
  const [train, test, constant] = scaled(x, parts);
  const [trainY, testY] = parts.map((rows) => Float64Array.from(rows, (row) => numbered[row]!));
  const task = names.length === 2 ? "binary" : "classes";
  const [first, second]: Samples[] = [
    { x: train, y: trainY! },
    { x: test, y: testY! },
  ];
  return { task, train: first!, test: second!, classes: names, constant };
}

function checkRare(name: string, numbered: readonly number[], names: readonly string[], tables: Tables): void {
  const sizes = names.map(() => 0);
  for (const place of numbered) sizes[place]! += 1;
  const least = Math.min(...sizes);
  if (least >= 2) return;
  const many = names.length > tables.limits["most_numeric_classes"]!;
  const hint = many ? ` There are ${grouped(names.length)} classes: is another column the label?` : "";
  throw new InputError(
    `${name}: class ${short(names[sizes.indexOf(least)]!)} has one row only. Every class needs two: one to train on and ` +
      `one to test on.${hint}`,
  );
}

function scaled(
  x: readonly Float64Array[],
  [train, test]: readonly [number[], number[]],
): [Float64Array[], Float64Array[], number[]] {
  const columns = x.map((column) => standardized(picked(column, train), picked(column, test), x.length === 1));
  const constant = columns.flatMap((column, place) => (column.constant ? [place] : []));
  return [columns.map((column) => column.train), columns.map((column) => column.test), constant];
}

function picked(column: Float64Array, rows: readonly number[]): Float64Array {
  return Float64Array.from(rows, (row) => column[row]!);
}

function constantWords(names: readonly string[]): string {
  const shown = listed([...names.slice(0, SHOWN), ...(names.length > SHOWN ? [`${names.length - SHOWN} more`] : [])]);
  return `${names.length === 1 ? "column" : "columns"} ${shown} constant in the training part, and so without use`;
}
