// Opens the lab from what the document holds, and shows it.

import { openLab } from "./core/lab.ts";
import { player } from "./core/player.ts";
import type { Parts, TableData, Tables } from "./core/types.ts";
import { App } from "./views/app.ts";
import { find } from "./views/dom.ts";

const source = document.documentElement.outerHTML; // before anything is built: what "Save page" writes

const text = (id: string): string => find(`#${id}`).textContent.trim();

/** The state that the address asks for, or else the one that the page was saved with. */
function wanted(): string {
  const asked = location.hash.slice(1);
  return asked === "" ? text("state") : asked;
}

const parts: Parts = {
  tables: JSON.parse(text("tables")) as Tables,
  address: wanted(),
  relaxed: text("relaxed"),
  plain: text("plain"),
  table: JSON.parse(text("table")) as TableData | null,
};

void openLab(parts).then((lab) => {
  const app = new App(lab, player(lab), source);
  Object.assign(globalThis, { headstart: { lab, app } }); // for the curious, and for tests
});
