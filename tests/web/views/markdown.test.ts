// The safe part of Markdown, on a document of a few lines: what becomes an element, and that nothing else ever does.
import assert from "node:assert/strict";
import { test } from "node:test";

class Part {
  children: (Part | string)[] = [];
  attributes: Record<string, string> = {};
  readonly tag: string;
  constructor(tag: string) {
    this.tag = tag;
  }
  append(...children: (Part | string)[]): void {
    this.children.push(...children);
  }
  setAttribute(name: string, value: string): void {
    this.attributes[name] = value;
  }
  toString(): string {
    const href =
      this.attributes["href"] === undefined
        ? ""
        : ` ${this.attributes["href"]}`;
    return `<${this.tag}${href}>${this.children.join("")}</${this.tag}>`;
  }
}
Object.assign(globalThis, {
  document: { createElement: (tag: string) => new Part(tag) },
});
const { markdown } =
  await import("../../../src/headstart/web/src/views/markdown.ts");
const shown = (text: string): string => markdown(text).join("");

test("paragraphs, lists, emphasis, code and links become elements", () => {
  assert.equal(
    shown("one\ntwo\n\n*three*"),
    "<p>one two</p><p><em>three</em></p>",
  );
  assert.equal(shown("- a\n- b\n  more"), "<ul><li>a</li><li>b more</li></ul>");
  assert.equal(shown("1. a\n2. b"), "<ol><li>a</li><li>b</li></ol>");
  assert.equal(
    shown("**strong** *so*"),
    "<p><strong>strong</strong> <em>so</em></p>",
  );
  assert.equal(
    shown("`he*1.3` and `a*b`"),
    "<p><code>he*1.3</code> and <code>a*b</code></p>",
  );
  assert.equal(
    shown("[words](https://example.org/a)"),
    "<p><a https://example.org/a>words</a></p>",
  );
});

test("arithmetic and names are left alone", () => {
  for (const text of [
    "he * 1.3 * 2",
    "2*3",
    "layer_1 and layer_2",
    "a < b > c",
    "0.7²¹",
  ])
    assert.equal(shown(text), `<p>${text}</p>`);
  assert.equal(shown("\\*not\\*"), "<p>*not*</p>");
});

test("HTML and other schemes of links stay text", () => {
  for (const text of [
    "<img src=x onerror=alert(1)>",
    "<script>x</script>",
    "[x](javascript:alert)",
    "[x](data:text/html,y)",
  ])
    assert.equal(shown(text), `<p>${text}</p>`);
});
