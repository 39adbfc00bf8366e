// Texts as Python sees them: what counts as space, how long a value may stand in a message, which order words have.
import { quoted } from "../numbers.ts";

const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const ENDS = new RegExp(`^${SPACE}|${SPACE}$`, "g");

/** Python's str.strip. */
export function strip(text: string): string {
  return text.replace(ENDS, "");
}

/** A value in a message, no longer than a line. */
export function short(text: string): string {
  const shown = quoted(text);
  const letters = Array.from(shown);
  return letters.length <= 80 ? shown : `${letters.slice(0, 50).join("")}... (${letters.length} characters)`;
}

/** The name of a file in a message. */
export function told(name: string): string {
  const letters = Array.from(name);
  return letters.length <= 200
    ? quoted(name)
    : `${quoted(`${letters.slice(0, 40).join("")}...`)} (${letters.length} letters)`;
}

/** By code points, as Python sorts; JavaScript's own order is that of UTF-16. */
export function inOrder(a: string, b: string): number {
  const [first, second] = [Array.from(a), Array.from(b)];
  for (let k = 0; k < Math.min(first.length, second.length); k++) {
    const by = first[k]!.codePointAt(0)! - second[k]!.codePointAt(0)!;
    if (by !== 0) return by;
  }
  return first.length - second.length;
}
