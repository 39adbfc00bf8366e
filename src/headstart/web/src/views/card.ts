// One panel: which scheme, its picture, its multiplier, how it did, and the verdict in words.

import type { Lab } from "../core/types.ts";
import { el, fresh, say, svg } from "./dom.ts";
import { copiesInWords } from "./network.ts";
import { count, percent, short, times } from "./numbers.ts";
import type { Page } from "./page.ts";
import { drawData, drawPicture, seenSeed, seenLayer, type Scene } from "./picture.ts";
import { popup, type Entry } from "./popup.ts";

const SNAP = 0.06; // of a power of ten: a dragged slider finds 1 again

export interface CardActions {
  /** Asks for a scheme that the list does not have. */
  write(panel: number): void;
  why(panel: number): void;
  png(panel: number): void;
  svg(panel: number): void;
}

/** The multiplier a slider stands for: from -2 to 2 in powers of ten. */
export const multiplierAt = (value: number, snap: boolean): number =>
  snap && Math.abs(value) < SNAP ? 1 : +(10 ** value).toPrecision(3);

export class Card {
  readonly root: HTMLElement;
  private readonly page: Page;
  private readonly panel: number;
  private readonly canvas = el("canvas", { role: "img" });
  private readonly empty = el("p", { class: "empty" });
  private readonly select = el("select", {});
  private readonly name = el("span", { class: "name" });
  private readonly slider = el("input", { type: "range", min: -2, max: 2, step: 0.02, list: "decades" });
  private readonly factor: HTMLOutputElement;
  private readonly big = el("span", { class: "big" });
  private readonly range = el("span", { class: "range" });
  private readonly test = el("span", { class: "test" });
  private readonly word = el("span", { class: "word" });
  private readonly filling = el("span", { class: "filling" });
  private readonly reason = el("span", { class: "reason" });
  private readonly why: HTMLButtonElement;
  private readonly swatch = svg("line", { x1: 0, x2: 26, y1: 5, y2: 5, "stroke-width": 3 });
  private readonly layer = document.createElement("canvas");
  private layerOf: unknown[] = [];

  constructor(page: Page, panel: number, actions: CardActions) {
    this.page = page;
    this.panel = panel;
    const id = fresh("multiplier");
    this.slider.id = id;
    this.factor = el("output", { for: id });
    this.why = el(
      "button",
      {
        class: "link",
        onclick: () => {
          actions.why(panel);
        },
      },
      "why?",
    );
    this.listen(actions);
    const swatch = svg("svg", { width: 26, height: 10, "aria-hidden": "true", class: "swatch" }, this.swatch);
    const more = popup("⋯", `More for panel ${panel + 1}`, "", () => this.entries(actions));
    more.firstElementChild!.classList.add("quiet");
    this.root = el(
      "article",
      { class: "panel", "aria-label": `Panel ${panel + 1}` },
      el("header", {}, swatch, this.select, this.name, more),
      el("div", { class: "picture" }, this.canvas, this.empty),
      el("div", { class: "multiplier" }, el("label", { for: id }, "multiplier"), this.slider, this.factor),
      el("p", { class: "score" }, this.big, " ", this.range, " ", this.test),
      el("p", { class: "verdict" }, this.filling, this.word, " ", this.reason, " ", this.why),
    );
  }

  private get lab(): Lab {
    return this.page.lab;
  }

  private listen(actions: CardActions): void {
    const { select, slider, panel } = this;
    select.addEventListener("change", () => {
      if (select.value === "") {
        select.value = this.lab.state.panels[panel]!.scheme;
        actions.write(panel);
      } else this.lab.setPanel(panel, { scheme: select.value, multiplier: 1 });
    });
    let dragged = false;
    slider.addEventListener("pointerdown", () => (dragged = true));
    slider.addEventListener("keydown", () => (dragged = false));
    slider.addEventListener("input", () => {
      this.lab.setPanel(panel, { multiplier: multiplierAt(Number(slider.value), dragged) });
    });
    slider.addEventListener("dblclick", () => {
      this.lab.setPanel(panel, { multiplier: 1 });
    });
  }

  private entries(actions: CardActions): Entry[] {
    const { lab, panel } = this;
    const { panels } = lab.state;
    return [
      {
        text: "Picture as PNG",
        go: () => {
          actions.png(panel);
        },
      },
      {
        text: "Picture as SVG",
        go: () => {
          actions.svg(panel);
        },
      },
      "line",
      {
        text: "Write a scheme…",
        go: () => {
          actions.write(panel);
        },
      },
      {
        text: "Multiplier back to 1",
        go: () => {
          lab.setPanel(panel, { multiplier: 1 });
        },
      },
      {
        text: "Copy beside it",
        disabled: panels.length >= lab.tables.limits["panels"]!,
        go: () => {
          lab.addPanel(panels[panel]);
        },
      },
      {
        text: "Remove",
        disabled: panels.length === 1,
        go: () => {
          lab.removePanel(panel);
        },
      },
    ];
  }

  /** Shows what was chosen. */
  sync(): void {
    const { lab, panel, page } = this;
    const { scheme, multiplier } = lab.state.panels[panel]!;
    const choices = [...new Set([...schemeChoices(lab), scheme])];
    if (this.select.options.length !== choices.length + 1 || ![...this.select.options].some((o) => o.value === scheme))
      this.select.replaceChildren(
        ...choices.map((value) => el("option", { value }, value)),
        el("option", { value: "" }, "write one…"),
      );
    this.select.value = scheme;
    this.select.setAttribute("aria-label", `Initialization of panel ${panel + 1}`);
    say(this.name, lab.result(panel).spec);
    const scaled = scheme !== "zeros";
    const words = scaled ? times(multiplier) : "–";
    if (document.activeElement !== this.slider || multiplierAt(Number(this.slider.value), true) !== multiplier)
      this.slider.value = String(Math.log10(multiplier));
    this.slider.disabled = !scaled;
    this.slider.setAttribute("aria-label", `Multiplier of ${scheme}`);
    this.slider.setAttribute("aria-valuetext", words);
    say(this.factor, words);
    this.swatch.setAttribute("stroke", page.look.lines[panel % page.look.lines.length]!);
    this.swatch.setAttribute("stroke-dasharray", page.look.dashes[panel % page.look.dashes.length]!);
  }

  /** Draws the picture and the numbers of the moment. */
  draw(): void {
    this.drawCanvas();
    this.drawScore();
    this.drawVerdict();
    const { lab, panel } = this;
    this.root.classList.toggle("stale", lab.result(panel).stale);
    say(this.empty, this.emptyWords());
  }

  private drawCanvas(): void {
    const { canvas, page, panel } = this;
    const scale = devicePixelRatio;
    const size = Math.round(canvas.clientWidth * scale);
    if (size === 0) return;
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const context = canvas.getContext("2d");
    if (!context) return;
    const scene: Scene = { lab: page.lab, look: page.look, record: page.clock.record, size, scale };
    drawPicture(context, panel, {
      ...scene,
      points: (pen) => {
        pen.drawImage(this.pointsLayer(scene), 0, 0, size, size);
      },
    });
  }

  /** The points never move while a network trains: they are drawn once for each size, data set and look. */
  private pointsLayer(scene: Scene): HTMLCanvasElement {
    const of = [scene.lab.data, scene.look, scene.size];
    if (of.some((part, i) => part !== this.layerOf[i])) {
      this.layerOf = of;
      this.layer.width = this.layer.height = scene.size;
      drawData(this.layer.getContext("2d")!, scene);
    }
    return this.layer;
  }

  private drawScore(): void {
    const { lab, panel, page } = this;
    const { runs } = lab.result(panel);
    const done = runs.filter((run) => run !== undefined);
    const k = page.clock.record;
    const numbers = lab.data?.task === "regression";
    if (!done.length) {
      for (const part of [this.big, this.range, this.test]) say(part, part === this.big ? "…" : "");
      return;
    }
    const score = (share: number): string => (numbers ? `R² ${short(share)}` : percent(share));
    const at = (values: Float64Array): number => values[Math.min(k, values.length - 1)]!;
    const scores = quartiles(done.map((run) => at(run.scores)));
    say(this.big, score(scores[1]));
    const bare = (share: number): string => (numbers ? short(share) : (100 * share).toFixed(1));
    say(this.range, done.length > 1 ? `${bare(scores[0])}–${bare(scores[2])}` : "one seed");
    const test = quartiles(done.map((run) => run.testScore))[1];
    const cost = quartiles(done.map((run) => at(run.costs)))[1];
    say(this.test, page.clock.atEnd ? `test ${score(test)}` : `cost ${short(cost)}`);
  }

  private drawVerdict(): void {
    const { lab, panel, page } = this;
    const result = lab.result(panel);
    const summary = lab.summary(panel);
    const trouble = result.trouble;
    const verdict = trouble === null ? summary?.verdict : undefined;
    say(this.word, verdict?.word ?? "");
    this.word.classList.toggle("good", verdict?.good === true);
    this.word.classList.toggle("bad", verdict?.good === false);
    const words = verdict?.good === false ? verdict.findings[0]?.message : undefined; // the rest is behind "why?"
    say(this.reason, held(trouble ?? words ?? verdict?.reason ?? ""));
    this.why.hidden = verdict === undefined;
    this.why.setAttribute("aria-label", `Why is ${result.spec} ${verdict?.word ?? ""}?`);
    say(
      this.filling,
      result.done < lab.state.seeds && trouble === null ? `${result.done}/${lab.state.seeds} seeds` : "",
    );
    const label = `${viewWords(lab, panel, page.clock.record)}${page.veiled ? "" : this.outcomeWords()}`;
    if (this.canvas.getAttribute("aria-label") !== label && !page.clock.playing)
      this.canvas.setAttribute("aria-label", label);
  }

  private outcomeWords(): string {
    const verdict = this.lab.summary(this.panel)?.verdict;
    return `, training score ${this.big.textContent}${verdict ? `, ${verdict.word}` : ""}`;
  }

  /** Why there is no picture. */
  private emptyWords(): string {
    const { lab, panel } = this;
    const { view } = lab.state;
    const features = lab.sizes[0] ?? 2;
    const result = lab.result(panel);
    if (result.trouble !== null || !result.runs.some((run) => run !== undefined)) return "";
    if (view !== "weights" && view !== "heat" && features > 2)
      return `${count(features)} inputs have no plane to draw. “weights” and “matrix” show this network.`;
    if ((view === "units" || view === "grid") && !lab.state.hidden.length) return "No hidden layer, so no units.";
    return "";
  }
}

/** Numbers stay with their signs at the end of a line. */
const held = (words: string): string => words.replaceAll(" %", "\u00a0%").replaceAll("× ", "×\u00a0");

const MIDDLES = [0.25, 0.5, 0.75] as const;

/** Quartiles by NumPy's rule (linear), what is no number last. */
export function quartiles(values: readonly number[]): [number, number, number] {
  const sorted = [...values].sort((a, b) => (Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : a - b));
  return MIDDLES.map((share) => {
    const at = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
    return low === high ? low : low + (at % 1) * (high - low);
  }) as [number, number, number];
}

/** What a list of schemes offers: the page's defaults first, then an example of each family. */
export const schemeChoices = (lab: Lab): string[] => [
  ...new Set([...lab.tables.defaults.schemes, ...lab.tables.schemes.map((row) => row.example)]),
];

/** What the picture is, for those who do not see it. */
function viewWords(lab: Lab, panel: number, record: number): string {
  const { view, hidden } = lab.state;
  const { spec } = lab.result(panel);
  const moment = `at step ${count(lab.stepOf(record))}`;
  if (view === "seeds") return `Decision boundaries of all ${lab.state.seeds} seeds of ${spec} ${moment}`;
  if (view === "one") return `Decision boundary of ${spec} ${moment}`;
  const layer = `hidden layer ${seenLayer(lab) + 1}`;
  if (view === "units") return `Outputs of the ${hidden[seenLayer(lab)] ?? 0} units of ${layer} of ${spec} ${moment}`;
  if (view === "grid") return `The inputs' grid as ${layer} of ${spec} bends it ${moment}`;
  const seed = seenSeed(lab, panel);
  const theta = seed === undefined ? undefined : lab.weights(panel, seed, record);
  return `Weights of ${spec} ${moment}. ${theta ? copiesInWords(lab.layersOf(theta)) : ""}`;
}
