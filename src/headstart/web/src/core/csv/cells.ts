// One cell of a table: a number, a word, or missing; and a label's identity, which is never a rounded text.
import { strip } from "./text.ts";

const MISSING = new Set([
  "",
  "na",
  "n/a",
  "#n/a",
  "n.a.",
  "nan",
  "<na>",
  "nat",
  "null",
  "nil",
  "none",
  "missing",
  "?",
  "-",
  "--",
  ".",
]);
const LONGEST_NUMBER = 400;
const LONGEST_NAME = 40;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const ENDLESS = /^[+-]?(inf|infinity|nan)$/i;
const FARTHEST = 1_000_000; // exponents beyond are no measurement

/** A decimal number, exactly: coefficient times ten to the exponent, without zeros at its end. */
export interface Decimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}
export type Label = Decimal | string;

/** Whether a cell says that there is no value. */
export function isMissing(text: string): boolean {
  return MISSING.has(strip(text).toLowerCase());
}

/** The number that a cell holds, finite or not; null for a word. */
export function numberIn(cell: string): number | null {
  const text = strip(cell);
  if (text.length > LONGEST_NUMBER) return null;
  if (NUMBER.test(text)) return Number(text);
  if (!ENDLESS.test(text)) return null;
  return /nan/i.test(text) ? NaN : text.startsWith("-") ? -Infinity : Infinity;
}

/** Whether a cell is a whole number in digits alone. */
export function isPlainWhole(cell: string): boolean {
  const text = strip(cell);
  return /^[0-9]+$/.test(text) && text.length <= LONGEST_NUMBER;
}

/** The number that a cell holds, exactly; null for a word and for what is not finite. */
export function exact(cell: string): Decimal | null {
  const found = numberIn(cell);
  if (found === null || !Number.isFinite(found)) return null;
  const [mantissa = "", power = "0"] = strip(cell).toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace(/^[+-]/, "").split(".");
  const exponent = Number(power) - fraction.length;
  if (Math.abs(exponent) > FARTHEST) return null;
  const size = BigInt(whole + fraction || "0");
  return normal(mantissa.startsWith("-") ? -size : size, exponent);
}

function normal(coefficient: bigint, exponent: number): Decimal {
  if (coefficient === 0n) return { coefficient, exponent: 0 };
  let [size, power] = [coefficient, exponent];
  while (size % 10n === 0n) {
    size /= 10n;
    power += 1;
  }
  return { coefficient: size, exponent: power };
}

/** One text for each label: two labels are one class where it is the same. */
export function keyOf(label: Label): string {
  return typeof label === "string" ? `w${label}` : `${label.coefficient}e${label.exponent}`;
}

export function compareDecimals(a: Decimal, b: Decimal): number {
  const [signA, signB] = [sign(a), sign(b)];
  if (signA !== signB || signA === 0) return signA - signB;
  const by = adjusted(a) - adjusted(b);
  if (by !== 0) return by * signA;
  const low = Math.min(a.exponent, b.exponent);
  const difference = a.coefficient * 10n ** BigInt(a.exponent - low) - b.coefficient * 10n ** BigInt(b.exponent - low);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

function sign({ coefficient }: Decimal): number {
  return coefficient > 0n ? 1 : coefficient < 0n ? -1 : 0;
}

function digits({ coefficient }: Decimal): string {
  return String(coefficient < 0n ? -coefficient : coefficient);
}

/** The exponent of the first digit. */
function adjusted(value: Decimal): number {
  return value.exponent + digits(value).length - 1;
}

export function isWhole(label: Label): boolean {
  return typeof label !== "string" && label.exponent >= 0;
}

export function floatOf(value: Decimal): number {
  return Number(`${value.coefficient}e${value.exponent}`);
}

/** A class's name: the word, or the number written out as short as it can be. */
export function nameOf(label: Label): string {
  if (typeof label === "string") return label;
  if (label.coefficient === 0n) return "0";
  const length = Math.abs(label.exponent) + digits(label).length;
  const plain = length > 2 * LONGEST_NAME ? null : written(label);
  return plain !== null && plain.length <= LONGEST_NAME ? plain : scientific(label);
}

function written(value: Decimal): string {
  const [minus, all] = [value.coefficient < 0n ? "-" : "", digits(value)];
  if (value.exponent >= 0) return minus + all + "0".repeat(value.exponent);
  const padded = all.padStart(1 - value.exponent, "0");
  return `${minus}${padded.slice(0, value.exponent)}.${padded.slice(value.exponent)}`;
}

function scientific(value: Decimal): string {
  const [all, power] = [digits(value), adjusted(value)];
  const rest = all.length > 1 ? `.${all.slice(1)}` : "";
  return `${value.coefficient < 0n ? "-" : ""}${all[0]!}${rest}E${power < 0 ? "-" : "+"}${Math.abs(power)}`;
}
