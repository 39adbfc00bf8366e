// Making elements without a framework: tags, attributes, listeners, children. Text from outside only ever becomes text
// nodes and attribute values; nothing here, or anywhere in the page, reads HTML from a string.

export type Child = Node | string | undefined | false;
export type Attribute = string | number | boolean | undefined | ((event: Event) => void);
export type Attributes = Record<string, Attribute>;

const SVG = "http://www.w3.org/2000/svg";

function furnish<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== undefined && child !== false));
  return element;
}

/** An HTML element; `onclick` and its like are listeners, booleans present or absent attributes. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return furnish(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return furnish<SVGElementTagNameMap[K]>(document.createElementNS<K>(SVG, tag), attributes, children);
}

/** The element that page.html promises. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says which kind page.html has there
export function find<E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E {
  const found = root.querySelector<E>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

/** Sets an element's text if it differs, so that live regions speak only of changes. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A drawing of one path in 20 x 20, in the colour of its text. */
export function icon(path: string): SVGSVGElement {
  return svg("svg", { viewBox: "0 0 20 20", width: 20, height: 20, "aria-hidden": "true" }, svg("path", { d: path }));
}

let made = 0;
/** An id that no other element has. */
export const fresh = (name: string): string => `${name}-${++made}`;
