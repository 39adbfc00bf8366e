// The settings at the side: network, training, and what is shown. What a setting may be comes from Python's tables.

import { VIEWS, type ArgumentRow, type Lab, type View } from "../core/types.ts";
import { el, find, say } from "./dom.ts";
import { count } from "./numbers.ts";
import { fillSelect, segments } from "./fields.ts";

const STEPS = [100, 500, 1000, 3000, 5000, 15000, 50000, 100000];
const BATCHES = [8, 16, 32, 64, 128];
const USUAL = 0.9; // a momentum, where a table asks for a number and has none
const VIEW_WORDS: Readonly<Record<View, string>> = {
  one: "one seed",
  seeds: "all seeds",
  weights: "weights",
  heat: "matrix",
  units: "units",
  grid: "bent grid",
};

/** A spec with the numbers it must have: momentum -> momentum(0.9). */
export function withArguments(name: string, rows: readonly ArgumentRow[]): string {
  const needed = rows.filter((row) => row.default === null);
  return needed.length ? `${name}(${needed.map(() => String(USUAL)).join(", ")})` : name;
}

export class Settings {
  private readonly lab: Lab;
  private readonly views: (chosen: View) => void;
  private chips = "";

  constructor(lab: Lab) {
    this.lab = lab;
    const set = lab.set.bind(lab);
    listen("activation", (activation) => {
      set({ activation });
    });
    listen("rate", (power) => {
      set({ rate: +(10 ** Number(power)).toPrecision(2) });
    });
    listen("optimizer", (optimizer) => {
      set({ optimizer });
    });
    listen("steps", (steps) => {
      set({ steps: Number(steps) });
    });
    listen("batch", (batch) => {
      set({ batch: batch === "" ? null : Number(batch) });
    });
    listen("seeds", (seeds) => {
      set({ seeds: Number(seeds), seed: Math.min(lab.state.seed, Number(seeds) - 1) });
    });
    listen("seed", (seed) => {
      set({ seed: Number(seed) });
    });
    listen("layer", (layer) => {
      set({ layer: Number(layer) - 1 });
    });
    input("seeds").max = String(lab.tables.limits["seeds"]);
    const words = VIEWS.map((view) => [view, VIEW_WORDS[view]] as const);
    this.views = segments(find("#views"), "view", "What the panels show", words, (view) => {
      set({ view });
    });
  }

  /** Shows what was chosen. */
  sync(): void {
    const { state, tables } = this.lab;
    const { hidden } = state;
    this.hidden(hidden);
    fillSelect(
      select("activation"),
      tables.activations.map((row) => row.name),
      state.activation,
    );
    const optimizers = tables.optimizers.map((row) => withArguments(row.name, row.arguments));
    fillSelect(select("optimizer"), optimizers, state.optimizer);
    fillSelect(select("steps"), STEPS.map(String), String(state.steps), (value) => count(Number(value)));
    const batches = ["", ...BATCHES.map(String)];
    fillSelect(select("batch"), batches, state.batch === null ? "" : String(state.batch), (value) => value || "all");
    range("rate", Math.log10(state.rate), String(+state.rate.toPrecision(2)));
    range("seeds", state.seeds, String(state.seeds));
    input("seed").max = String(Math.max(0, state.seeds - 1));
    range("seed", state.seed, String(state.seed));
    input("layer").max = String(Math.max(1, hidden.length));
    const layer = Math.min(state.layer, Math.max(0, hidden.length - 1)) + 1;
    range("layer", layer, String(layer));
    find("label[for=seed]").hidden = state.view === "seeds" || state.seeds === 1;
    find("label[for=layer]").hidden = !(state.view === "units" || state.view === "grid") || hidden.length < 2;
    this.views(state.view);
    this.tooltips();
  }

  /** Layers as chips with less and more; a layer of one unit loses its last by leaving. */
  private hidden(sizes: readonly number[]): void {
    const key = sizes.join();
    if (key === this.chips) return;
    this.chips = key;
    const host = find("#hidden");
    const focused = document.activeElement?.getAttribute("data-chip");
    const change = (layer: number, units: number | undefined): void => {
      const next = units === undefined ? sizes.toSpliced(layer, 1) : sizes.with(layer, units);
      this.lab.set({ hidden: next });
    };
    const most = this.lab.tables.limits["units"]!;
    const chips = sizes.map((units, layer) =>
      el(
        "span",
        {
          class: "layer",
          role: "group",
          "aria-label": `Layer ${layer + 1}: ${units} ${units === 1 ? "unit" : "units"}`,
        },
        chip(
          `${layer}-`,
          "−",
          units > 1 ? `One unit less in layer ${layer + 1}` : `Remove layer ${layer + 1}`,
          false,
          () => {
            change(layer, units > 1 ? units - 1 : undefined);
          },
        ),
        el("b", {}, String(units)),
        chip(`${layer}+`, "+", `One unit more in layer ${layer + 1}`, units >= most, () => {
          change(layer, units + 1);
        }),
      ),
    );
    const full = sizes.length >= this.lab.tables.limits["layers"]!;
    const add = chip("add", "+ layer", "Add a hidden layer", full, () => {
      this.lab.set({ hidden: [...sizes, sizes.at(-1) ?? 10] });
    });
    const drop = chip("drop", "− layer", "Remove the last hidden layer", sizes.length === 0, () => {
      this.lab.set({ hidden: sizes.slice(0, -1) });
    });
    add.classList.add("add-layer");
    drop.classList.add("add-layer");
    host.replaceChildren(...chips, add, drop);
    if (focused) host.querySelector<HTMLElement>(`[data-chip="${focused}"]`)?.focus();
  }

  private tooltips(): void {
    const words = this.lab.tables.settings;
    for (const [id, name] of [
      ["rate", "learning_rate"],
      ["batch", "batch_size"],
    ] as const) {
      const label = find(`label[for=${id}]`);
      if (words[name] !== undefined && !label.title) label.title = words[name];
    }
  }
}

function chip(name: string, text: string, label: string, disabled: boolean, onclick: () => void): HTMLButtonElement {
  return el("button", { "data-chip": name, "aria-label": label, title: label, disabled, onclick }, text);
}

const input = (id: string): HTMLInputElement => find<HTMLInputElement>(`#${id}`);
const select = (id: string): HTMLSelectElement => find<HTMLSelectElement>(`#${id}`);

function listen(id: string, changed: (value: string) => void): void {
  const control = find<HTMLInputElement | HTMLSelectElement>(`#${id}`);
  control.addEventListener(control instanceof HTMLSelectElement ? "change" : "input", () => {
    changed(control.value);
  });
}

/** A slider and the number beside it; a slider in hand is left where the hand has it. */
function range(id: string, value: number, words: string): void {
  const control = input(id);
  if (document.activeElement !== control || Math.abs(Number(control.value) - value) > 0.051)
    control.value = String(value);
  control.setAttribute("aria-valuetext", words);
  say(find(`output[for=${id}]`), words);
}
