// The head of the page: lessons, presets, another panel, and everything that leaves the page.

import type { Lab, Theme } from "../core/types.ts";
import { THEMES } from "../core/types.ts";
import { openCode } from "./code-dialog.ts";
import { buttons, openDialog } from "./dialog.ts";
import { el, find, say } from "./dom.ts";
import { copy } from "./download.ts";
import { saveCsv, savePage } from "./exports.ts";
import { KEYS, type Keys } from "./keyboard.ts";
import { count } from "./numbers.ts";
import type { Page } from "./page.ts";
import { popup, type Entry } from "./popup.ts";

const THEME_WORDS: Readonly<Record<Theme, string>> = { auto: "as the system has it", light: "light", dark: "dark" };
const LONG = 8000; // letters of an address that every browser and messenger takes

export class MenuBar {
  private readonly page: Page;
  private readonly add: HTMLButtonElement;

  constructor(page: Page, keys: Keys) {
    this.page = page;
    const { lab } = page;
    this.add = el(
      "button",
      {
        id: "add",
        onclick: () => {
          lab.addPanel();
        },
      },
      "Add a panel",
    );
    find("#menu").append(
      popup("Lessons", "Lessons", "lessons left", () => this.lessons()),
      popup("Presets", "Presets", "presets left", () => this.presets()),
      this.add,
      popup("Share", "Share and save", "sharing", () => this.share()),
      popup("⋯", "More", "more", () => this.more(keys)),
    );
  }

  sync(): void {
    const { lab } = this.page;
    this.add.disabled = lab.state.panels.length >= lab.tables.limits["panels"]!;
    say(find("#summary"), summary(lab));
  }

  private lessons(): Entry[] {
    const { player, lab } = this.page;
    const found = lab.tables.lessons.map((lesson) => ({
      text: lesson.title,
      about: `${lesson.steps.length} steps`,
      go: () => {
        player.start(lesson.name);
      },
    }));
    return found.length ? found : [{ heading: "This page has no lesson." }];
  }

  private presets(): Entry[] {
    const { lab } = this.page;
    return lab.tables.presets.map(({ title, address }) => ({
      text: title,
      go: () => {
        lab.open(address);
      },
    }));
  }

  private share(): Entry[] {
    const { page } = this;
    const running = page.lab.status.phase === "training";
    return [
      {
        text: "Copy as code…",
        about: "CLI, Python, PyTorch, JAX, Keras, NumPy",
        go: () => {
          openCode(page);
        },
      },
      {
        text: "Copy link",
        about: "the page as it stands",
        go: () => {
          copyLink(page);
        },
      },
      {
        text: "Save page",
        about: "one file that works offline",
        go: () => {
          savePage(page);
        },
      },
      "line",
      {
        text: "Numbers as CSV",
        about: "a row for every run",
        disabled: page.veiled || running,
        go: () => {
          saveCsv(page.lab);
        },
      },
      {
        text: "Print…",
        go: () => {
          print();
        },
      },
    ];
  }

  private more(keys: Keys): Entry[] {
    const { lab } = this.page;
    return [
      { heading: "Colours" },
      ...THEMES.map((theme) => ({
        text: `${lab.state.theme === theme ? "✓ " : ""}${THEME_WORDS[theme]}`,
        go: () => {
          lab.set({ theme });
        },
      })),
      "line",
      {
        text: `${lab.state.teacher ? "✓ " : ""}Large type, for a lecture hall`,
        go: () => {
          lab.set({ teacher: !lab.state.teacher });
        },
      },
      {
        text: "Keys…",
        go: () => {
          openKeys(keys);
        },
      },
      "line",
      {
        text: "Start over",
        about: "the course's comparison",
        go: () => {
          lab.reset();
        },
      },
    ];
  }
}

/** The setting in one line. */
export function summary(lab: Lab): string {
  const { state } = lab;
  const data =
    state.data.kind === "made" ? state.data.name : state.data.kind === "csv" ? state.data.name : "own points";
  const hidden = state.hidden.length > 8 ? `${state.hidden.length} hidden layers` : `network ${lab.sizes.join("-")}`;
  const seeds = state.seeds === 1 ? "one seed" : `${count(state.seeds)} seeds`;
  const optimizer = state.optimizer === "sgd" ? "" : `${state.optimizer}, `;
  return `${data}, ${hidden}, ${state.activation}, ${optimizer}learning rate ${+state.rate.toPrecision(3)}, ${seeds}`;
}

function copyLink(page: Page): void {
  const address = page.lab.address();
  const here = location.href.split("#")[0]!;
  if (!/^(https?|file):/.test(here)) {
    page.lab.tell({ kind: "note", text: "This frame has no address of its own. “Save page” keeps it as it stands." });
    return;
  }
  if (address.length > LONG)
    page.lab.tell({
      kind: "note",
      text: `The link holds the whole table, ${count(address.length)} letters: too long for some programs. “Save page” has no limit.`,
    });
  void copy(`${here}#${address}`, page.announce).then((done) => {
    if (done) page.lab.tell({ kind: "note", text: "The link was copied." });
  });
}

/** The list of keys. */
export function openKeys(keys: Keys): void {
  const letters = el("input", { type: "checkbox" });
  letters.checked = keys.letters;
  letters.addEventListener("change", () => {
    keys.letters = letters.checked;
  });
  const rows = KEYS.map(([key, what]) =>
    el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, key)), el("td", { class: "text" }, what)),
  );
  openDialog(
    "Keys",
    el("table", {}, el("tbody", {}, ...rows)),
    el("p", {}, el("label", {}, letters, " R and ? work without a modifier")),
    buttons(),
  );
}
