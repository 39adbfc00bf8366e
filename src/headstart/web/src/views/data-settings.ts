// Which data: made sets as thumbnails with their arguments, a table from a file, points clicked in.

import type { ArgumentRow, DataChoice, Dataset, Lab, MadeData } from "../core/types.ts";
import { el, find, fresh, say } from "./dom.ts";
import { fillSelect } from "./fields.ts";
import type { Look } from "./look.ts";
import { mark } from "./marks.ts";
import { count } from "./numbers.ts";
import { openEditor } from "./points-editor.ts";
import type { Page } from "./page.ts";

const THUMBNAIL = 72; // pixels
const SEED = "seed of the data"; // stands beside the arguments, and is the state's own

export class DataSettings {
  private readonly page: Page;
  private readonly thumbnails = new Map<string, { canvas: HTMLCanvasElement; radio: HTMLInputElement }>();
  private readonly about = el("p", { class: "about" });
  private readonly label = el("select", { id: "label-column" });
  private readonly labelRow = el("label", { class: "row", for: "label-column" }, "labels", this.label);
  private argumentsOf = "";
  private drawn: Look | undefined;

  constructor(page: Page) {
    this.page = page;
    const { lab } = page;
    const host = find("#datasets");
    host.setAttribute("role", "radiogroup");
    host.setAttribute("aria-label", "Data set");
    for (const { name, words } of lab.tables.data) {
      const canvas = el("canvas", { width: THUMBNAIL, height: THUMBNAIL, "aria-hidden": "true" });
      const radio = el("input", { type: "radio", name: "data", value: name });
      radio.addEventListener("change", () => {
        lab.set({ data: standard(lab, name) });
      });
      this.thumbnails.set(name, { canvas, radio });
      if (lab.preview(standard(lab, name)))
        host.append(el("label", { class: "data", title: words }, radio, canvas, el("span", {}, name)));
    }
    this.own();
  }

  private own(): void {
    const { lab } = this.page;
    const file = el("input", {
      type: "file",
      accept: ".csv,.tsv,.txt,text/csv",
      class: "visually-hidden",
      tabindex: -1,
      "aria-label": "A CSV file",
    });
    file.addEventListener("change", () => {
      const chosen = file.files?.[0];
      file.value = ""; // the same file once more is a choice too
      if (chosen) void readFile(lab, chosen);
    });
    const open = el(
      "button",
      {
        onclick: () => {
          file.click();
        },
      },
      "CSV file…",
    );
    const edit = el(
      "button",
      {
        onclick: () => {
          openEditor(this.page);
        },
      },
      "Own points…",
    );
    this.label.addEventListener("change", () => {
      const { data } = lab.state;
      if (data.kind === "csv") lab.openTable(data.name, data.text, { ...data, label: this.label.value || null });
    });
    find("#own-data").append(open, edit, file, this.labelRow, this.about);
    acceptDrops(lab);
  }

  /** Shows what was chosen. */
  sync(): void {
    const { lab, look } = this.page;
    const { data } = lab.state;
    for (const [name, { radio }] of this.thumbnails) radio.checked = data.kind === "made" && data.name === name;
    if (this.drawn !== look) {
      this.drawn = look;
      for (const [name, { canvas }] of this.thumbnails) thumbnail(canvas, lab.preview(standard(lab, name)), look);
    }
    this.arguments(data);
    this.labelRow.hidden = data.kind !== "csv";
    if (data.kind === "csv" && lab.data) {
      const columns = [
        "",
        ...lab.data.features,
        ...(data.label !== null && !lab.data.features.includes(data.label) ? [data.label] : []),
      ];
      fillSelect(this.label, columns, data.label ?? "", (value) => value || "the last column");
    }
    say(this.about, aboutWords(data, lab.data));
  }

  /** A row for each argument of a made set, and for the seed of the data. */
  private arguments(choice: DataChoice): void {
    const { lab } = this.page;
    const host = find("#data-arguments");
    const rows =
      choice.kind === "made" ? (lab.tables.data.find((row) => row.name === choice.name)?.arguments ?? []) : [];
    const key = choice.kind === "made" ? choice.name : choice.kind;
    if (this.argumentsOf !== key) {
      this.argumentsOf = key;
      const numbers = rows.filter(isNumber);
      const sliders = numbers.filter((row) => !row.whole).map((row) => this.argument(row));
      const whole = numbers.filter((row) => row.whole).map((row) => this.argument(row));
      const samples = whole.pop();
      for (const row of whole) row.classList.add("row");
      host.replaceChildren(...sliders, ...whole, el("div", { class: "pair" }, samples, this.seedRow()));
    }
    for (const row of host.querySelectorAll<HTMLInputElement>("input[data-argument]")) {
      const name = row.dataset["argument"]!;
      const value = name === SEED ? lab.state.dataSeed : valueOf(choice, rows, name);
      if (document.activeElement !== row || row.type === "range") row.value = String(value);
      const output = row.parentElement?.querySelector("output");
      if (output) say(output, String(value));
    }
  }

  private argument(row: ArgumentRow): HTMLElement {
    const { lab } = this.page;
    const id = fresh("argument");
    const change = (value: number): void => {
      const { data } = lab.state;
      if (data.kind === "made" && Number.isFinite(value))
        lab.set({ data: { ...data, arguments: { ...data.arguments, [row.name]: value } } });
    };
    if (row.whole) {
      const input = el("input", { id, type: "number", min: row.least ?? 2, step: 1, "data-argument": row.name });
      input.addEventListener("change", () => {
        change(Math.round(Number(input.value)));
      });
      return el("label", { for: id }, el("span", {}, row.name), input);
    }
    const most = Math.min(row.below ?? Infinity, Math.max(0.5, 2 * Number(row.default)));
    const input = el("input", { id, type: "range", min: 0, max: most, step: 0.01, "data-argument": row.name });
    input.addEventListener("input", () => {
      change(Number(input.value));
    });
    return el("label", { class: "row", for: id }, row.name, input, el("output", { for: id }));
  }

  private seedRow(): HTMLElement {
    const { lab } = this.page;
    const id = fresh("argument");
    const input = el("input", {
      id,
      type: "number",
      min: 0,
      step: 1,
      "aria-label": "seed of the data",
      "data-argument": SEED,
    });
    input.addEventListener("change", () => {
      const value = Math.round(Number(input.value));
      if (Number.isSafeInteger(value) && value >= 0) lab.set({ dataSeed: value });
    });
    const title = lab.tables.settings["data_seed"];
    return el("label", { for: id, title }, el("span", {}, "seed"), input);
  }
}

const isNumber = (row: ArgumentRow): boolean => typeof row.default === "number";

function valueOf(choice: DataChoice, rows: readonly ArgumentRow[], name: string): number {
  const given = choice.kind === "made" ? choice.arguments[name] : undefined;
  return given ?? Number(rows.find((row) => row.name === name)?.default ?? 0);
}

/** A made set with the arguments it has unless one chooses. */
function standard(lab: Lab, name: string): MadeData {
  const rows = lab.tables.data.find((row) => row.name === name)?.arguments ?? [];
  const numbers = rows.filter(isNumber).map((row) => [row.name, Number(row.default)] as const);
  return { kind: "made", name, arguments: Object.fromEntries(numbers) };
}

/** "iris.csv: 105 to learn from, 45 to test; classes setosa, versicolor; ..." */
function aboutWords(choice: DataChoice, data: Dataset | null): string {
  if (choice.kind === "made" || !data) return "";
  const kind =
    data.task === "regression"
      ? "labels are numbers"
      : `classes: ${data.classes.slice(0, 5).join(", ")}${data.classes.length > 5 ? ", …" : ""}`;
  const rows = `${count(data.train.y.length)} to learn from, ${count(data.test.y.length)} to test`;
  return [`${data.name}: ${rows}; ${data.features.length} inputs; ${kind}.`, ...data.notes].join(" ");
}

async function readFile(lab: Lab, file: File): Promise<void> {
  const most = lab.tables.limits["table_bytes"]!;
  if (file.size > most) {
    lab.tell({
      kind: "error",
      text: `${file.name} has ${count(file.size)} bytes; the page reads up to ${count(most)}. Use \`headstart lab --data FILE.csv\` with fewer rows, or \`headstart compare\`.`,
    });
    return;
  }
  try {
    lab.openTable(file.name, new Uint8Array(await file.arrayBuffer()));
  } catch {
    lab.tell({
      kind: "error",
      text: `${file.name} could not be read. Is it still there, and may this browser read it?`,
    });
  }
}

/** A file may be dropped anywhere on the page. */
function acceptDrops(lab: Lab): void {
  addEventListener("dragover", (event) => {
    event.preventDefault();
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) void readFile(lab, file);
  });
}

function thumbnail(canvas: HTMLCanvasElement, data: Dataset | null, look: Look): void {
  const [x, y] = data?.train.x ?? [];
  const pen = canvas.getContext("2d");
  if (!data || !x || !y || !pen) return;
  const ends = (v: Float64Array): [number, number] => [
    v.reduce((a, b) => Math.min(a, b)),
    v.reduce((a, b) => Math.max(a, b)),
  ];
  const [[left, right], [bottom, top]] = [ends(x), ends(y)];
  const per = (THUMBNAIL * 0.84) / Math.max(right - left, top - bottom);
  pen.clearRect(0, 0, THUMBNAIL, THUMBNAIL);
  for (let i = 0; i < x.length; i++) {
    const label = data.train.y[i]!;
    pen.fillStyle = look.classes[label % look.classes.length]!;
    mark(
      pen,
      label,
      THUMBNAIL / 2 + (x[i]! - (left + right) / 2) * per,
      THUMBNAIL / 2 - (y[i]! - (bottom + top) / 2) * per,
      1.9,
    );
    pen.fill();
  }
}
