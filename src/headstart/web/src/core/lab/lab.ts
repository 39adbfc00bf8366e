// The Lab: one state, what is trained for it, and what views ask about it. Knows no document.
import { activation } from "../activations/activation.ts";
import { decode } from "../csv/decoding.ts";
import { load as loadData } from "../data/load.ts";
import { type Draw, stdOf } from "../draws/draw.ts";
import { blockOf } from "../engine/block.ts";
import type { Architecture } from "../engine/engine.ts";
import { optimizerOf } from "../engine/optimizer.ts";
import { load as loadModule, type Loaded, without } from "../engine/support.ts";
import { wordsOf } from "../errors.ts";
import { programOf } from "../code/program.ts";
import { times } from "../schemes/scheme.ts";
import { layersIn, normalTable, parameterCount, planOf } from "../schemes/start.ts";
import { fromAddress, toAddress } from "../state/address.ts";
import { defaultState, panelOf } from "../state/defaults.ts";
import { settled } from "../state/limits.ts";
import { everyOf, keptBefore, keptOf, recordsOf, stepOf } from "../training/records.ts";
import type { ThreadLike } from "../training/pool.ts";
import { type Plan, Scheduler, type Slot, type Wanted } from "../training/scheduler.ts";
import type { Work } from "../training/worker.ts";
import { told } from "../csv/text.ts";
import type * as T from "../types.ts";
import { Estimate } from "./estimate.ts";
import { Pictures } from "./pictures.ts";
import { csvOf, curvesOf, finished, layersOf, summaryOf } from "./results.ts";

const KEPT_BYTES = 96 * 2 ** 20; // of all panels' kept weights together
/** Parts of the state that a run depends on, apart from its scheme and its seed. */
const SHARED = ["data", "dataSeed", "hidden", "activation", "optimizer", "rate", "batch", "steps"] as const;
/** Of these, those without which old weights cannot be drawn. */
const SHAPE = ["hidden", "activation"] as const;
const MOST_NOTICES = 20;

/** A setting that has begun: what is drawn from now on. */
interface Current {
  readonly state: T.State;
  readonly data: T.Dataset;
  readonly sizes: readonly number[];
  readonly every: number;
  readonly records: number;
  /** Whether a run keeps its weights at every record. */
  readonly keptAll: boolean;
}

export class TheLab implements T.Lab {
  state: T.State;
  notices: readonly T.Notice[] = [];
  private readonly listeners = new Set<(change: T.Change) => void>();
  private readonly scheduler: Scheduler;
  private readonly pictures: Pictures | null;
  private readonly estimates: Estimate;
  private current: Current | null = null;
  private asking = false;
  private since = 0;
  private times: { first: number | null; all: number | null } = { first: null, all: null };
  private readonly summaries = new WeakMap<Slot, { done: number; row: T.SummaryRow | null }>();
  readonly support: T.Support;

  constructor(
    readonly tables: T.Tables,
    private readonly table: T.TableData | null,
    { module, support }: Loaded,
    threads: readonly ThreadLike[],
    address: string,
  ) {
    this.support = support;
    this.estimates = new Estimate(support.workers);
    this.pictures = module && new Pictures(module);
    this.scheduler = new Scheduler(module ? threads : [], {
      began: (plan) => {
        this.began(plan);
      },
      arrived: (panel) => {
        this.arrived(panel);
      },
      done: () => {
        this.times.all ??= performance.now() - this.since;
        this.emit({ kind: "done" });
      },
    });
    if (module) this.scheduler.load(module, normalTable(tables));
    const { state, notices } = fromAddress(address, tables, table);
    this.state = state;
    for (const text of notices) this.tell({ kind: "note", text });
    if (support.words) this.tell({ kind: module ? "note" : "error", text: support.words });
    this.train();
  }

  // --- listening

  subscribe(listener: (change: T.Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private emit(change: T.Change): void {
    for (const listener of this.listeners) listener(change);
  }

  tell(notice: T.Notice): void {
    if (this.notices.some(({ text }) => text === notice.text)) return;
    this.notices = [...this.notices, notice].slice(-MOST_NOTICES);
    this.emit({ kind: "notice" });
  }

  dismiss(): void {
    this.notices = [];
    this.emit({ kind: "notice" });
  }

  // --- changing the state

  set(change: Partial<T.State>): void {
    const before = this.state;
    this.state = settled({ ...before, ...change }, this.tables);
    this.emit({ kind: "state" });
    if (!this.training) return;
    if (SHARED.some((name) => !same(before[name], this.state[name])) || !this.current) this.train();
    else this.rearrange(before);
  }

  private get training(): boolean {
    return this.pictures !== null;
  }

  /** Panels and seeds alone have changed: what is trained stays. */
  private rearrange(before: T.State): void {
    const { panels, seeds, seed } = this.state;
    const more = panels.length * seeds > before.panels.length * before.seeds;
    if (this.asking || (more && !this.current?.keptAll)) {
      this.train(); // more runs share the memory for weights
      return;
    }
    if (seeds !== before.seeds) {
      this.clock();
      this.scheduler.reseed(seeds, seed);
    }
    if (panels === before.panels) return;
    this.clock();
    if (panels.length === before.panels.length) {
      panels.forEach((panel, place) => {
        if (!same(panel, before.panels[place])) this.scheduler.change(place, this.wanted(panel));
      });
    } else {
      const from = panels.map((panel) => placeOf(before.panels, panel));
      this.scheduler.arrange(
        from,
        panels.map((panel) => this.wanted(panel)),
      );
    }
    this.emit({ kind: "data" });
  }

  setPanel(panel: number, change: Partial<T.Panel>): void {
    const old = this.state.panels[panel];
    if (!old) return;
    try {
      const found = panelOf(times(change.scheme ?? old.scheme, change.multiplier ?? old.multiplier), this.tables);
      this.set({ panels: this.state.panels.with(panel, found) });
    } catch (error) {
      this.tell({ kind: "error", text: wordsOf(error) });
    }
  }

  addPanel(panel: T.Panel = { scheme: "he", multiplier: 2 }): void {
    const most = this.tables.limits["panels"]!;
    if (this.state.panels.length >= most) {
      this.tell({ kind: "note", text: `The page has at most ${most} panels. Remove one first.` });
      return;
    }
    this.set({ panels: [...this.state.panels, panel] });
  }

  removePanel(panel: number): void {
    if (this.state.panels.length > 1) this.set({ panels: this.state.panels.toSpliced(panel, 1) });
  }

  open(address: string): void {
    const { state, notices } = fromAddress(address, this.tables, this.heldTable());
    for (const text of notices) this.tell({ kind: "note", text });
    this.set(state);
  }

  reset(): void {
    this.set(defaultState(this.tables));
  }

  /** The table that is open, or the one that the page holds. */
  private heldTable(): T.TableData | null {
    return this.state.data.kind === "csv" ? this.state.data : this.table;
  }

  openTable(name: string, content: string | Uint8Array, reading: T.Reading = { label: null }): void {
    try {
      const [text, note] = typeof content === "string" ? [content, null] : decode(content, told(name));
      const choice: T.TableData = { ...reading, kind: "csv", name, text };
      const found = loadData(choice, this.state.dataSeed, this.tables);
      for (const words of [...(note ? [note] : []), ...found.notes])
        this.tell({ kind: "note", text: `${name}: ${words}` });
      this.set({ data: choice });
    } catch (error) {
      this.tell({ kind: "error", text: wordsOf(error) });
    }
  }

  // --- training

  confirm(): void {
    if (this.asking) this.train(true);
  }

  private train(sure = false): void {
    if (!this.training) return;
    this.clock();
    try {
      const { plan, current } = this.plan();
      const { runs, steps } = { runs: this.state.panels.length * this.state.seeds, steps: this.state.steps };
      const seconds = this.estimates.seconds(runs, steps, parameterCount(current.sizes), plan.work.train.padded);
      this.asking = !sure && seconds > this.tables.limits["seconds"]!;
      if (this.asking) this.ask(plan);
      else this.scheduler.train(plan);
    } catch (error) {
      this.tell({ kind: "error", text: wordsOf(error) });
    }
  }

  /** Nothing is trained until the reader says so; what will be drawn is there. */
  private ask(plan: Plan): void {
    this.scheduler.stop();
    const none = plan.panels.map((wanted) => ({ ...wanted, draws: null }));
    this.scheduler.train({ ...plan, panels: none, alike: false }, true);
  }

  private plan(): { plan: Plan; current: Current } {
    const { state, tables } = this;
    const data = loadData(state.data, state.dataSeed, tables);
    const sizes = [data.train.x.length, ...state.hidden, data.outputs];
    const every = everyOf(state.steps, tables.defaults.records);
    const records = recordsOf(state.steps, every);
    const kept = keptOf(records, parameterCount(sizes), KEPT_BYTES / (state.panels.length * state.seeds));
    const batch = state.batch !== null && state.batch < data.train.y.length ? state.batch : null;
    const architecture: Architecture = {
      sizes,
      task: data.task,
      activation: activation(state.activation).spec,
      ...optimizerOf(state.optimizer, tables),
      batch,
    };
    const { rate, steps } = state;
    const work: Work = {
      setting: { sizes, activation: state.activation, batch, rate, steps, every, kept, data },
      architecture,
      train: blockOf(data, data.train),
      test: blockOf(data, data.test),
    };
    const panels = state.panels.map((panel) => this.wanted(panel, sizes));
    const old = this.current;
    const alike =
      !!old &&
      same(old.sizes, sizes) &&
      old.data.task === data.task &&
      SHAPE.every((name) => same(old.state[name], state[name]));
    const current: Current = { state, data, sizes, every, records, keptAll: kept.length === records };
    return { plan: { work, panels, seeds: state.seeds, first: state.seed, alike, about: current }, current };
  }

  private wanted(panel: T.Panel, sizes = this.sizes): Wanted {
    const spec = times(panel.scheme, panel.multiplier);
    try {
      return { spec, draws: planOf(spec, sizes, this.state.activation, this.tables), trouble: null };
    } catch (error) {
      return { spec, draws: null, trouble: wordsOf(error) };
    }
  }

  private clock(): void {
    this.since = performance.now();
    this.times = { first: null, all: null };
  }

  private began(plan: Plan): void {
    this.current = plan.about as Current;
    const { architecture, train, test } = plan.work;
    this.pictures!.setup(architecture, train, test, this.current.data);
    this.emit({ kind: "data" });
  }

  private arrived(panel: number): void {
    this.times.first ??= performance.now() - this.since;
    const { runs } = this.scheduler.slots[panel]!;
    const newest = runs.findLast((run) => run !== undefined);
    const { current } = this;
    if (newest && current)
      this.estimates.learn(
        newest.milliseconds,
        current.state.steps,
        newest.thetas.length / newest.kept.length,
        current.data.train.y.length,
      );
    this.emit({ kind: "run", panel });
  }

  get status(): T.Status {
    const { slots } = this.scheduler;
    const able = slots.filter((slot) => slot.trouble === null);
    const runsWanted = able.length * this.state.seeds;
    const runsDone = able.reduce((sum, slot) => sum + slot.done, 0);
    const phase = !this.training ? "unable" : this.asking ? "asking" : runsDone < runsWanted ? "training" : "done";
    const padded = this.current?.data.train.y.length ?? 0;
    const estimate = this.estimates.seconds(
      this.state.panels.length * this.state.seeds,
      this.state.steps,
      parameterCount(this.sizes),
      padded,
    );
    return { phase, runsDone, runsWanted, firstPicture: this.times.first, allDone: this.times.all, estimate };
  }

  // --- what is shown

  get data(): T.Dataset | null {
    return this.current?.data ?? null;
  }

  preview(choice: T.MadeData): T.Dataset | null {
    try {
      return loadData(choice, this.state.dataSeed, this.tables);
    } catch {
      return null; // a name that the page does not make, such as digits
    }
  }

  get window(): T.Window {
    return this.pictures?.window ?? { left: -1, right: 1, bottom: -1, top: 1 };
  }

  get sizes(): readonly number[] {
    return this.current?.sizes ?? [2, ...this.state.hidden, 1];
  }

  private get every(): number {
    return this.current?.every ?? everyOf(this.state.steps, this.tables.defaults.records);
  }

  private get steps(): number {
    return this.current?.state.steps ?? this.state.steps;
  }

  get records(): number {
    return recordsOf(this.steps, this.every);
  }

  stepOf(record: number): number {
    return stepOf(record, this.steps, this.every);
  }

  recordOf(step: number): number {
    return Math.min(this.records - 1, Math.ceil(step / this.every));
  }

  private shown(panel: number): { slot: Slot; stale: boolean } | null {
    return panel < this.scheduler.slots.length ? this.scheduler.shown(panel) : null;
  }

  result(panel: number): T.PanelResult {
    const found = this.shown(panel);
    const wished = this.state.panels[panel];
    const spec = wished ? times(wished.scheme, wished.multiplier) : "";
    if (!found) return { spec, runs: [], done: 0, stale: false, trouble: null };
    const { slot, stale } = found;
    return {
      spec: slot.wanted.spec,
      runs: slot.runs,
      done: slot.done,
      stale: stale || slot.wanted.spec !== spec,
      trouble: this.scheduler.slots[panel]!.trouble,
    };
  }

  summary(panel: number): T.SummaryRow | null {
    const slot = this.shown(panel)?.slot;
    if (!slot) return null;
    const known = this.summaries.get(slot);
    if (known?.done === slot.done) return known.row && { ...known.row, panel };
    const row = summaryOf(this.tables, panel, slot.wanted.spec, finished(slot.runs));
    this.summaries.set(slot, { done: slot.done, row });
    return row;
  }

  curves(panel: number): T.Curves {
    const steps = Float64Array.from({ length: this.records }, (_, record) => this.stepOf(record));
    return curvesOf(finished(this.shown(panel)?.slot.runs ?? []), steps);
  }

  layers(panel: number): readonly T.LayerRow[] {
    const slot = this.shown(panel)?.slot;
    if (!slot) return [];
    const stds = this.stds(panel);
    const phi = this.current?.state.activation ?? this.state.activation;
    return layersOf(finished(slot.runs), this.sizes, phi, typeof stds === "string" ? null : stds);
  }

  stds(panel: number): readonly number[] | string {
    const found = this.state.panels[panel];
    if (!found) return "";
    const { draws, trouble } = this.wanted(found);
    return draws ? stdsOf(draws, this.sizes) : (trouble ?? "");
  }

  weights(panel: number, seed: number, record: number): Float32Array | undefined {
    const run = this.shown(panel)?.slot.runs[seed];
    if (!run) return undefined;
    const count = run.thetas.length / run.kept.length;
    const place = keptBefore(run.kept, record);
    return run.thetas.subarray(place * count, (place + 1) * count);
  }

  layersOf(theta: Float32Array): readonly T.Layer[] {
    let at = 0;
    return layersIn(this.sizes).map(([, inputs, outputs]) => {
      const [start, middle] = [at, at + inputs * outputs];
      at = middle + outputs;
      return { inputs, outputs, weights: theta.subarray(start, middle), biases: theta.subarray(middle, at) };
    });
  }

  picture(panel: number, seed: number, record: number, side: number): T.Picture | null {
    const theta = this.weights(panel, seed, record);
    return theta && this.pictures ? this.pictures.over(theta, side) : null;
  }

  units(panel: number, seed: number, record: number, layer: number, side: number): T.Picture | null {
    const theta = this.weights(panel, seed, record);
    return theta && this.pictures ? this.pictures.over(theta, side, layer) : null;
  }

  bent(panel: number, seed: number, record: number, layer: number, lines: number): T.BentGrid | null {
    const theta = this.weights(panel, seed, record);
    return theta && this.pictures ? this.pictures.bent(theta, layer, lines) : null;
  }

  // --- taking it along

  address(): string {
    return toAddress(this.state, this.tables);
  }

  code(kind: T.CodeKind): string {
    return programOf(kind, this.state, this.sizes, this.data, this.tables);
  }

  csv(): string {
    return csvOf(
      this.state.panels.map((_, panel) => {
        const slot = this.shown(panel)?.slot;
        return { spec: slot?.wanted.spec ?? "", runs: finished(slot?.runs ?? []) };
      }),
    );
  }

  dispose(): void {
    this.listeners.clear();
    this.scheduler.terminate();
  }
}

function placeOf(panels: readonly T.Panel[], panel: T.Panel): number | null {
  const place = panels.indexOf(panel);
  return place < 0 ? null : place;
}

/** Whether two parts of a state say the same. */
function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** The standard deviation of each layer's draw. */
function stdsOf(draws: readonly Draw[], sizes: readonly number[]): number[] {
  return layersIn(sizes).map(([layer, nIn, nOut]) => stdOf(draws[layer]!, nOut, nIn));
}

/** Load the module that this browser runs, start its threads, and make the Lab. */
export async function labOf(parts: T.Parts, makeThread: () => ThreadLike, cores: number): Promise<TheLab> {
  const workers = Math.max(1, Math.min(8, cores || 2));
  const loaded = await loadModule(parts, workers);
  let threads: ThreadLike[] = [];
  try {
    if (loaded.module) threads = Array.from({ length: workers }, makeThread);
  } catch {
    return new TheLab(
      parts.tables,
      parts.table,
      without("This browser starts no threads (workers), so nothing can be trained here.", workers),
      [],
      parts.address,
    );
  }
  return new TheLab(parts.tables, parts.table, loaded, threads, parts.address);
}
