// "Copy as code": the page's comparison for each library, with the page's own starting weights.

import { CODES, type CodeKind } from "../core/types.ts";
import { buttons, openDialog } from "./dialog.ts";
import { el, fresh } from "./dom.ts";
import { copy } from "./download.ts";
import type { Page } from "./page.ts";

/** Opens the dialog with the given library's code. */
export function openCode(page: Page, first: CodeKind = "CLI"): void {
  const id = fresh("code");
  const pre = el("pre", { tabindex: 0, role: "tabpanel", id });
  const tabs = CODES.map((kind) => {
    const tab = el("button", { role: "tab", id: `${id}-${kind}`, "aria-controls": id }, kind);
    tab.addEventListener("click", () => {
      pick(kind);
    });
    return tab;
  });
  const pick = (kind: CodeKind): void => {
    pre.textContent = page.lab.code(kind);
    pre.setAttribute("aria-labelledby", `${id}-${kind}`);
    tabs.forEach((tab, i) => {
      const chosen = CODES[i] === kind;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1; // one stop for the tab key; arrows move among the tabs
    });
  };
  const list = el("div", { class: "tabs", role: "tablist", "aria-label": "Library" }, ...tabs);
  list.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.tabIndex === 0) + move;
    const next = (at + tabs.length) % tabs.length;
    pick(CODES[next]!);
    tabs[next]!.focus();
  });
  const button = el("button", { class: "primary" }, "Copy");
  button.addEventListener("click", () => {
    void copy(pre.textContent, page.announce).then((done) => {
      if (!done) return;
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  });
  pick(first);
  openDialog("Copy as code", list, pre, buttons(button));
}
