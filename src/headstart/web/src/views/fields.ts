// Small controls that several parts use.

import { el } from "./dom.ts";

/** Fills a select with values and the present one, if it is none of them; keeps it if nothing changed. */
export function fillSelect(
  select: HTMLSelectElement,
  values: readonly string[],
  chosen: string,
  words: (value: string) => string = (value) => value,
): void {
  const all = values.includes(chosen) ? values : [...values, chosen];
  const now = [...select.options].map((option) => option.value);
  if (all.join("\n") !== now.join("\n") || now.length !== all.length)
    select.replaceChildren(...all.map((value) => el("option", { value }, words(value))));
  select.value = chosen;
}

/** Radio buttons that look like one bar. Returns what shows the choice. */
export function segments<T extends string>(
  host: HTMLElement,
  name: string,
  label: string,
  choices: readonly (readonly [T, string])[],
  changed: (value: T) => void,
): (chosen: T) => void {
  const inputs = choices.map(([value]) => el("input", { type: "radio", name, value }));
  host.setAttribute("role", "radiogroup");
  host.setAttribute("aria-label", label);
  host.replaceChildren(...choices.map(([, words], i) => el("label", {}, inputs[i], el("span", {}, words))));
  inputs.forEach((input, i) => {
    input.addEventListener("change", () => {
      changed(choices[i]![0]);
    });
  });
  return (chosen) => {
    for (const input of inputs) input.checked = input.value === chosen;
  };
}
