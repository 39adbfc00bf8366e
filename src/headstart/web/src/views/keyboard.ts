// Keys for the whole page: space, arrows, R, Home, End, ?. They are silent inside of controls, whose own keys they are,
// and single letters can be switched off (WCAG 2.2, 2.1.4).

import type { Page } from "./page.ts";

export const KEYS: readonly (readonly [string, string])[] = [
  ["Space", "play or pause"],
  ["← →", "one record back, one on"],
  ["R or Home", "back to the start, with the same weights"],
  ["End", "to the end"],
  ["?", "this list"],
  ["Tab, Shift + Tab", "from control to control"],
  ["← → in a slider", "a little less, a little more; Page Up and Page Down: much"],
];

const CONTROLS =
  "input, select, textarea, button, summary, a[href], dialog, [contenteditable], [role=tab], [data-keys]";

export interface Keys {
  letters: boolean;
}

/** Listens from now on. */
export function listen(page: Page, keys: Keys, help: () => void): void {
  const { clock } = page;
  const go: Readonly<Record<string, () => void>> = {
    " ": () => {
      clock.toggle();
    },
    ArrowRight: () => {
      clock.go(clock.record + 1);
    },
    ArrowLeft: () => {
      clock.go(clock.record - 1);
    },
    Home: () => {
      clock.go(0);
    },
    End: () => {
      clock.go(clock.last);
    },
    r: () => {
      clock.go(0);
    },
    "?": help,
  };
  addEventListener("keydown", (event) => {
    const inside = event.target instanceof Element && event.target.closest(CONTROLS);
    if (inside || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const key = event.key === "R" ? "r" : event.key;
    const single = key === "r" || key === "?";
    if (!Object.hasOwn(go, key) || (single && !keys.letters)) return;
    if (key !== "?" && page.player.lesson && !page.player.revealed) return; // predict first
    event.preventDefault();
    go[key]!();
  });
}
