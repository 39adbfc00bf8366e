// A menu that drops down from a button: <details>, so that it opens and closes without any code, and by keyboard.

import { el, type Child } from "./dom.ts";

export interface Item {
  readonly text: string;
  readonly about?: string;
  readonly disabled?: boolean;
  readonly go: () => void;
}

/** A line between items, or words over them. */
export type Entry = Item | "line" | { readonly heading: string };

/** A menu of this name; its entries are asked for each time it opens. */
export function popup(name: Child, label: string, kind: string, entries: () => readonly Entry[]): HTMLDetailsElement {
  const list = el("div", {});
  const menu = el(
    "details",
    { class: `menu ${kind}` },
    el("summary", { class: "button", "aria-label": label }, name),
    list,
  );
  menu.addEventListener("toggle", () => {
    if (!menu.open) return;
    for (const other of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]"))
      if (other !== menu) other.open = false;
    list.replaceChildren(...entries().map((entry) => show(entry, menu)));
    keepInside(menu, list);
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) close(menu);
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && menu.open) {
      event.preventDefault();
      const items = [...list.querySelectorAll<HTMLButtonElement>("button:not(:disabled)")];
      const at = items.findIndex((item) => item === document.activeElement);
      items.at((at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1)) % items.length)?.focus();
    }
  });
  return menu;
}

function close(menu: HTMLDetailsElement): void {
  menu.open = false;
  menu.querySelector("summary")?.focus();
}

function show(entry: Entry, menu: HTMLDetailsElement): HTMLElement {
  if (entry === "line") return el("hr");
  if ("heading" in entry) return el("div", { class: "heading" }, entry.heading);
  const onclick = (): void => {
    close(menu);
    entry.go();
  };
  return el(
    "button",
    { onclick, disabled: entry.disabled === true },
    entry.text,
    entry.about !== undefined && el("small", {}, entry.about),
  );
}

/** Opens to the other side where it would leave the window. */
function keepInside(menu: HTMLElement, list: HTMLElement): void {
  menu.classList.remove("left");
  list.style.removeProperty("transform");
  const box = list.getBoundingClientRect();
  const over = box.left < 4 ? 4 - box.left : Math.min(0, document.documentElement.clientWidth - 4 - box.right);
  if (over !== 0) list.style.setProperty("transform", `translateX(${over}px)`);
}

/** Menus close when something else is touched. */
export function closeMenusOutside(): void {
  addEventListener("pointerdown", (event) => {
    for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]"))
      if (!(event.target instanceof Node && menu.contains(event.target))) menu.open = false;
  });
}
