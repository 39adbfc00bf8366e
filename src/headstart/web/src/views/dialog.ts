// A dialog: a title, something, and a way to close it. The browser keeps the focus inside and gives it back.

import { el, fresh, type Child } from "./dom.ts";

/** Opens a dialog; it leaves the document when closed. */
export function openDialog(title: string, ...content: readonly Child[]): HTMLDialogElement {
  const id = fresh("title");
  const dialog = el("dialog", { "aria-labelledby": id }, el("h2", { id }, title), ...content);
  dialog.addEventListener("close", () => {
    dialog.remove();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** The row of buttons at a dialog's end. */
export function buttons(...children: readonly Child[]): HTMLElement {
  const close = el("button", { onclick: () => close.closest("dialog")?.close() }, "Close");
  return el("div", { class: "buttons" }, ...children, close);
}
