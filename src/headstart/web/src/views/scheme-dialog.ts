// A scheme that the list does not have, written in the project's notation, beside what there is to write.

import type { Lab } from "../core/types.ts";
import { buttons, openDialog } from "./dialog.ts";
import { el, fresh } from "./dom.ts";

/** "he*1.3" is he and 1.3; a multiplier that is no number stays with the scheme, whose own error then tells. */
export function splitSpec(text: string): { scheme: string; multiplier: number } {
  const whole = text.trim();
  const at = whole.lastIndexOf("*");
  const factor = at < 0 ? NaN : Number(whole.slice(at + 1));
  if (!(factor > 0) || !Number.isFinite(factor)) return { scheme: whole, multiplier: 1 };
  return { scheme: whole.slice(0, at).trim(), multiplier: factor };
}

/** Asks for a panel's scheme. */
export function openScheme(lab: Lab, panel: number): void {
  const id = fresh("scheme");
  const input = el("input", { type: "text", id, size: 40, maxlength: 200, autocomplete: "off", spellcheck: "false" });
  input.value = lab.result(panel).spec;
  const use = el("button", { class: "primary", type: "submit" }, "Use it");
  const form = el("form", {}, el("label", { for: id }, "Scheme "), input, " ", use);
  form.addEventListener("submit", (event) => {
    event.preventDefault(); // nothing is sent anywhere
    if (input.value.trim()) lab.setPanel(panel, splitSpec(input.value));
    form.closest("dialog")?.close();
  });
  const rows = lab.tables.schemes.map((row) => {
    const pick = el("button", { class: "link", type: "button" }, row.example);
    pick.addEventListener("click", () => {
      input.value = row.example;
      input.focus();
    });
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, pick),
      el("td", { class: "text" }, row.formula),
      el("td", { class: "text wide" }, row.when),
    );
  });
  const head = el(
    "tr",
    {},
    ...["scheme", "weights", "use"].map((text) => el("th", { scope: "col", class: "text" }, text)),
  );
  openDialog(
    "Write a scheme",
    el(
      "p",
      {},
      "As in Python and on the command line: ",
      el("code", {}, "he*1.3"),
      ", ",
      el("code", {}, "normal(0.05)"),
      ", ",
      el("code", {}, "he(mode=fan_out, distribution=uniform)"),
      ".",
    ),
    form,
    el(
      "div",
      { class: "scroll", tabindex: 0, role: "group", "aria-label": "Schemes" },
      el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)),
    ),
    buttons(),
  );
  input.select();
}
