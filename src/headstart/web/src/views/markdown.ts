// A safe part of Markdown as nodes: paragraphs, lists, *emphasis*, **strong**, `code`, and links to the web. Everything
// else, HTML above all, stays the text that it is.

import { el, type Child } from "./dom.ts";

/** Blocks of a text. */
export function markdown(text: string): HTMLElement[] {
  return text
    .replace(/\r\n?/g, "\n")
    .split(/\n[ \t]*\n+/)
    .filter((block) => block.trim() !== "")
    .map(block);
}

function block(text: string): HTMLElement {
  const lines = text.trim().split("\n");
  for (const [tag, start] of [
    ["ul", /^\s*[-*+]\s+/],
    ["ol", /^\s*\d+[.)]\s+/],
  ] as const) {
    if (start.test(lines[0]!)) return el(tag, {}, ...items(lines, start).map((item) => el("li", {}, ...inline(item))));
  }
  const heading = /^#{1,6}\s+(.*)$/.exec(lines[0]!);
  if (heading && lines.length === 1) return el("h3", {}, ...inline(heading[1]!));
  return el("p", {}, ...inline(lines.join(" ")));
}

/** Lines that begin an item, each with the lines that go on with it. */
function items(lines: readonly string[], start: RegExp): string[] {
  const found: string[] = [];
  for (const line of lines) {
    if (start.test(line)) found.push(line.replace(start, ""));
    else found.push(`${found.pop() ?? ""} ${line.trim()}`);
  }
  return found;
}

// code first: nothing inside of it means anything; ** before *, so that strong is not two emphases
const INLINE =
  /`([^`]+)`|\*\*(\S(?:[^*]*?\S)?)\*\*|\*(\S(?:[^*]*?\S)?)\*|\[([^\]]+)\]\(([^()\s]+)\)|\\([\\`*_[\]()#+.!-])/g;

/** Text with emphasis, code and links, as nodes. */
export function inline(text: string): Child[] {
  const out: Child[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, strong, emphasis, words, address, escaped] = match;
    out.push(text.slice(from, match.index));
    from = match.index + whole.length;
    if (code !== undefined) out.push(el("code", {}, code));
    else if (strong !== undefined) out.push(el("strong", {}, ...inline(strong)));
    else if (emphasis !== undefined) out.push(el("em", {}, ...inline(emphasis)));
    else if (words !== undefined) out.push(link(words, address!, whole));
    else out.push(escaped);
  }
  out.push(text.slice(from));
  return out.filter((child) => child !== "");
}

function link(words: string, address: string, whole: string): Child {
  if (!/^https?:\/\//i.test(address)) return whole;
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...inline(words));
}
