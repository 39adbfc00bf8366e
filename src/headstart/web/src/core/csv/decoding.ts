// Bytes as text: UTF-8, UTF-16 and UTF-32 with a byte-order mark, and the Latin-1 of older spreadsheets.
import { InputError } from "../errors.ts";

const REMEDY = "Export it as CSV in UTF-8.";
/** What a file begins with that is no text, whatever its name says. */
const OTHERS: readonly (readonly [readonly number[] | string, string])[] = [
  [[0x50, 0x4b, 3, 4], "a zip archive or an Excel workbook"],
  [[0xd0, 0xcf, 0x11, 0xe0], "an Excel workbook"],
  [[0x1f, 0x8b], "compressed by gzip"],
  ["BZh", "compressed by bzip2"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "compressed by xz"],
  ["PAR1", "a Parquet file"],
  ["ARROW1", "an Arrow file"],
  [[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], "a NumPy array (load it, and give data=(X, y))"],
  ["SQLite format 3", "a SQLite database"],
  [[0x89, 0x48, 0x44, 0x46], "an HDF5 file"],
  [[0x89, 0x50, 0x4e, 0x47], "a picture"],
  ["%PDF", "a PDF"],
];
const MARKS: readonly (readonly [readonly number[], string, string])[] = [
  [[0xef, 0xbb, 0xbf], "utf-8", "UTF-8"],
  [[0xff, 0xfe, 0, 0], "utf-32le", "UTF-32"],
  [[0, 0, 0xfe, 0xff], "utf-32be", "UTF-32"],
  [[0xff, 0xfe], "utf-16le", "UTF-16"],
  [[0xfe, 0xff], "utf-16be", "UTF-16"],
];
const CONTROL = /[\x00-\x08\x0e-\x1f]/;

/** [text, what is to be said of its encoding]; an InputError where it is no text. */
export function decode(raw: Uint8Array, shown: string): [string, string | null] {
  for (const [start, kind] of OTHERS) {
    const bytes = typeof start === "string" ? Array.from(start, (sign) => sign.charCodeAt(0)) : start;
    if (begins(raw, bytes)) throw new InputError(`${shown} is not text but ${kind}. ${REMEDY}`);
  }
  const [found, note] = decoded(raw, shown);
  const text = found.replace(/\x1a$/, ""); // the end of a file of DOS
  return [checked(text, shown), note];
}

/** The same text, seen to hold no control characters. */
export function checked(text: string, shown: string): string {
  const found = CONTROL.exec(text);
  if (!found) return text;
  const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  throw new InputError(`${shown} is not text: it holds the control character U+${code}. ${REMEDY}`);
}

function begins(raw: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, k) => raw[k] === byte);
}

function decoded(raw: Uint8Array, shown: string): [string, string | null] {
  for (const [mark, encoding, name] of MARKS) {
    if (!begins(raw, mark)) continue;
    const body = raw.subarray(mark.length);
    try {
      const text = encoding.startsWith("utf-32") ? utf32(body, encoding.endsWith("le")) : by(encoding, body);
      return [text, name === "UTF-8" ? null : `read as ${name}`];
    } catch {
      throw new InputError(`${shown} is not text in ${name}, as its first bytes say. Save it in UTF-8.`);
    }
  }
  try {
    return [by("utf-8", raw), null];
  } catch {
    return [by("windows-1252", raw), "read as Latin-1 (Windows-1252), because it is not UTF-8"];
  }
}

function by(encoding: string, raw: Uint8Array): string {
  return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(raw);
}

function utf32(raw: Uint8Array, little: boolean): string {
  if (raw.length % 4) throw new RangeError();
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length / 4 }, (_, k) => String.fromCodePoint(view.getUint32(4 * k, little))).join("");
}
