// Files that the reader keeps: pictures, numbers, the page itself. None of it leaves this machine.

import { el } from "./dom.ts";

/** Offers a file to keep. */
export function download(name: string, content: Blob): void {
  const href = URL.createObjectURL(content);
  el("a", { href, download: name }).click();
  setTimeout(() => {
    URL.revokeObjectURL(href);
  }, 10_000); // after the browser has read it
}

/** What a scheme is called in a file's name: he*1.3 -> he-1.3. */
export const fileName = (text: string): string => text.replace(/[^\w.]+/g, "-").replace(/^-|-$/g, "");

const COPYING = "Copied";

/** Puts text on the clipboard; the button says so. In a frame that may not, an older way is tried. */
export async function copy(text: string, announce: (text: string) => void): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (!copySelected(text)) {
      announce("This frame may not copy. Select the text and copy it yourself.");
      return false;
    }
  }
  announce(COPYING);
  return true;
}

function copySelected(text: string): boolean {
  const area = el("textarea", { class: "visually-hidden", "aria-hidden": "true", tabindex: -1 });
  area.value = text;
  const before = document.activeElement;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way in a frame without the clipboard's permission
  const done = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
