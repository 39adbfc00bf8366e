// What a reader wrote and the page cannot use: the rule, the value, the remedy, in headstart's words.
import { quoted } from "./numbers.ts";

export class InputError extends Error {}

/** The error for a name that is not in a catalogue, with the nearest names in it. */
export function unknown(kind: string, word: string, choices: readonly string[]): InputError {
  const near = word.length <= 80 ? closest(word.toLowerCase(), choices) : [];
  const hint = near.length ? ` Did you mean ${near.map(quoted).join(" or ")}?` : "";
  const told = word.length <= 80 ? word : `${word.slice(0, 60)}...`;
  return new InputError(`unknown ${kind} ${quoted(told)}.${hint} Known: ${choices.join(", ")}.`);
}

/** The words of an error for a notice; what is no error of ours is told too. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The (at most two) names that are most like a word, as Python's difflib has it. */
function closest(word: string, choices: readonly string[]): string[] {
  return choices
    .map((name) => ({ name, share: likeness(name.toLowerCase(), word) }))
    .filter(({ share }) => share >= 0.6)
    .sort((a, b) => b.share - a.share || (a.name < b.name ? 1 : -1))
    .slice(0, 2)
    .map(({ name }) => name);
}

/** 2 M / T of Ratcliff and Obershelp: M letters in common blocks, T letters in all. */
function likeness(a: string, b: string): number {
  return a.length + b.length === 0 ? 1 : (2 * common(a, b)) / (a.length + b.length);
}

function common(a: string, b: string): number {
  let [size, fromA, fromB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) {
      let n = 0;
      while (i + n < a.length && j + n < b.length && a[i + n] === b[j + n]) n++;
      if (n > size) [size, fromA, fromB] = [n, i, j];
    }
  }
  if (size === 0) return 0;
  return size + common(a.slice(0, fromA), b.slice(0, fromB)) + common(a.slice(fromA + size), b.slice(fromB + size));
}
