// What is trained, and in which order: while a slider moves, the first seed under way is finished and shown, then the
// newest setting is taken, and what lies between is dropped. "Newest wins at once" would show nothing while it moves.
import type { Draw } from "../draws/draw.ts";
import type { Run } from "../types.ts";
import { type Heard, Pool, type ThreadLike } from "./pool.ts";
import type { Job, Work } from "./worker.ts";

/** What a panel wants trained: a draw per layer; or why nothing can be drawn. */
export interface Wanted {
  readonly spec: string;
  readonly draws: readonly Draw[] | null;
  readonly trouble: string | null;
}

/** One panel's runs under one setting. */
export interface Slot {
  readonly wanted: Wanted;
  readonly runs: (Run | undefined)[];
  done: number;
  trouble: string | null;
  /** What was shown before the first run of this one arrived. */
  before: Slot | null;
}

export interface Plan {
  readonly work: Work;
  readonly panels: readonly Wanted[];
  /** How many seeds, and the one that is looked at, which is trained first. */
  readonly seeds: number;
  readonly first: number;
  /** Whether runs of the plan before can be shown until this one's arrive. */
  readonly alike: boolean;
  /** What the owner wants to know of it when it begins. */
  readonly about: object;
}

export interface Listener {
  /** A plan has begun: its setting is what is drawn from now on. */
  began(plan: Plan): void;
  arrived(panel: number): void;
  done(): void;
}

const PATIENCE = 3000; // milliseconds that a newer setting waits for a run of the one before

export class Scheduler implements Heard {
  slots: Slot[] = [];
  private plan: Plan | null = null;
  private waiting: Plan | null = null;
  private readonly changed = new Map<number, Wanted>(); // panels whose newest setting waits for its turn
  private readonly pool: Pool;
  private next = 0;
  private hurry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    threads: readonly ThreadLike[],
    private readonly listener: Listener,
  ) {
    this.pool = new Pool(threads, this);
  }

  load(module: WebAssembly.Module, table: Uint32Array): void {
    this.pool.load(module, table);
  }

  /** Another setting of all panels: at once if the one under way has been seen, else when it has. */
  train(plan: Plan, atOnce = false): void {
    if (!atOnce && this.plan && plan.alike && !this.seen() && !this.pool.idle) this.wait(plan);
    else this.begin(plan);
  }

  private wait(plan: Plan): void {
    this.waiting = plan;
    this.soon();
  }

  /** What waits begins at the latest then: a run that takes longer is not worth it. */
  private soon(): void {
    this.hurry ??= setTimeout(() => {
      this.hurry = undefined;
      if (this.waiting) this.begin(this.waiting);
      for (const [panel, wanted] of [...this.changed]) this.renew(panel, wanted);
    }, PATIENCE);
  }

  /** Another scheme of one panel. */
  change(panel: number, wanted: Wanted): void {
    if (this.waiting) {
      this.waiting = { ...this.waiting, panels: this.waiting.panels.with(panel, wanted) };
      return;
    }
    const slot = this.slots[panel]!;
    const fresh = slot.done === 0 && slot.trouble === null && this.pool.underWay((job) => job.panel === panel);
    if (fresh) {
      this.changed.set(panel, wanted);
      this.soon();
    } else this.renew(panel, wanted);
  }

  /** Panels that stay are kept with their runs; `from[i]` is where the panel at i stood, or null for a new one. */
  arrange(from: readonly (number | null)[], panels: readonly Wanted[]): void {
    if (!this.plan) return;
    if (this.waiting) {
      this.waiting = { ...this.waiting, panels };
      return;
    }
    const slots = this.slots;
    this.pool.drop(() => true);
    this.changed.clear();
    this.slots = panels.map((wanted, i) => {
      const old = slots[from[i] ?? -1] ?? null;
      return old?.wanted.spec === wanted.spec ? old : slotOf(wanted, old); // one that waited for its turn is newer
    });
    this.plan = { ...this.plan, panels };
    this.pool.last(this.missing());
    this.finish();
  }

  /** More or fewer seeds; what was trained stays. */
  reseed(seeds: number, first: number): void {
    if (!this.plan) return;
    if (this.waiting) {
      this.waiting = { ...this.waiting, seeds, first };
      return;
    }
    this.plan = { ...this.plan, seeds, first };
    this.pool.drop(() => true);
    for (const slot of this.slots) {
      slot.runs.length = Math.min(slot.runs.length, seeds);
      slot.done = slot.runs.filter(Boolean).length;
    }
    this.pool.last(this.missing());
    this.finish();
  }

  stop(): void {
    this.pool.drop(() => true);
    this.nothingWaits();
  }

  private nothingWaits(): void {
    this.waiting = null;
    this.changed.clear();
    clearTimeout(this.hurry);
    this.hurry = undefined;
  }

  terminate(): void {
    this.stop();
    this.pool.terminate();
  }

  /** What is shown of a panel: its own runs, or until the first of them those before. */
  shown(panel: number): { slot: Slot; stale: boolean } {
    const slot = this.slots[panel]!;
    return slot.done === 0 && slot.before ? { slot: slot.before, stale: true } : { slot, stale: false };
  }

  arrived(job: Job, run: Run): void {
    const slot = this.slots[job.panel]!;
    slot.runs[job.seed] = run;
    slot.done += 1;
    slot.before = null;
    const newest = this.changed.get(job.panel);
    this.listener.arrived(job.panel);
    if (this.waiting && this.seen()) this.begin(this.waiting);
    else if (newest) this.renew(job.panel, newest);
    this.finish();
  }

  failed(job: Job, words: string): void {
    this.slots[job.panel]!.trouble = words;
    this.pool.drop(({ panel }) => panel === job.panel);
    this.listener.arrived(job.panel);
    if (this.waiting && this.seen()) this.begin(this.waiting);
    this.finish();
  }

  private begin(plan: Plan): void {
    const old = plan.alike ? this.slots : [];
    this.plan = plan;
    this.nothingWaits();
    this.slots = plan.panels.map((wanted, panel) => slotOf(wanted, old[panel] ?? null));
    this.listener.began(plan);
    this.pool.begin(plan.work);
    this.pool.last(this.missing());
    this.finish();
  }

  /** Whether every panel of the setting under way has something to show. */
  private seen(): boolean {
    return this.slots.every((slot) => slot.done > 0 || slot.trouble !== null);
  }

  private renew(panel: number, wanted: Wanted): void {
    this.changed.delete(panel);
    this.pool.drop((job) => job.panel === panel);
    this.slots[panel] = slotOf(wanted, this.slots[panel]!);
    this.pool.first(this.missing([panel]));
    this.finish();
  }

  /** Jobs for what is not trained: the seed that is looked at first, then seed by seed through the panels. */
  private missing(panels = this.slots.map((_, panel) => panel)): Job[] {
    const { seeds, first } = this.plan!;
    const order = Array.from({ length: seeds }, (_, k) => (first + k) % seeds);
    return order.flatMap((seed) =>
      panels.flatMap((panel) => {
        const { wanted, runs, trouble } = this.slots[panel]!;
        const open = wanted.draws && trouble === null && !runs[seed];
        return open ? [{ id: this.next++, panel, seed, draws: wanted.draws }] : [];
      }),
    );
  }

  private finish(): void {
    if (this.plan && this.pool.idle && !this.waiting) this.listener.done();
  }
}

function slotOf(wanted: Wanted, old: Slot | null): Slot {
  const before = old && old.done === 0 ? old.before : old;
  return { wanted, runs: [], done: 0, trouble: wanted.trouble, before };
}
