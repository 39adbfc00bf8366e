// One training thread: one network at a time, in slices short enough to notice that it is no longer wanted.
import type { Draw } from "../draws/draw.ts";
import type { Block } from "../engine/block.ts";
import { type Architecture, Engine } from "../engine/engine.ts";
import { wordsOf } from "../errors.ts";
import type { Run } from "../types.ts";
import { startFrom } from "../schemes/start.ts";
import { type Setting, training } from "./run.ts";

/** What all runs of a setting share, and what the engine needs of it. */
export interface Work {
  readonly setting: Setting;
  readonly architecture: Architecture;
  readonly train: Block;
  readonly test: Block;
}

export interface Job {
  readonly id: number;
  readonly panel: number;
  readonly seed: number;
  readonly draws: readonly Draw[];
}

export type Order =
  | { readonly kind: "load"; readonly module: WebAssembly.Module; readonly table: Uint32Array }
  | { readonly kind: "work"; readonly work: Work }
  | { readonly kind: "job"; readonly job: Job }
  | { readonly kind: "cancel"; readonly id: number };

export type Answer =
  | { readonly kind: "run"; readonly id: number; readonly run: Run }
  | { readonly kind: "cancelled"; readonly id: number }
  | { readonly kind: "failed"; readonly id: number; readonly words: string };

const SLICE = 8; // milliseconds between two looks at what has arrived

export class Thread {
  private engine: Engine | null = null;
  private table: Uint32Array = new Uint32Array();
  private work: Work | null = null;
  private readonly cancelled = new Set<number>();

  constructor(
    private readonly answer: (answer: Answer, moved: Transferable[]) => void,
    private readonly rest: () => Promise<void>,
  ) {}

  take(order: Order): void {
    if (order.kind === "load") {
      this.engine = new Engine(order.module);
      this.table = order.table;
    } else if (order.kind === "work") this.work = order.work;
    else if (order.kind === "cancel") this.cancelled.add(order.id);
    else void this.run(order.job);
  }

  private async run(job: Job): Promise<void> {
    try {
      await this.trained(job);
    } catch (error) {
      this.answer({ kind: "failed", id: job.id, words: wordsOf(error) }, []);
    }
    this.cancelled.delete(job.id);
  }

  private set: Work | null = null;

  private async trained(job: Job): Promise<void> {
    const { engine, work } = this;
    if (!engine || !work) throw new Error("a job came before its setting");
    if (this.set !== work) {
      engine.setup(work.architecture, work.train, work.test);
      this.set = work;
    }
    const start = startFrom(job.draws, work.setting.sizes, job.seed, this.table);
    const steps = training(engine, work.setting, start, job.seed);
    let since = performance.now();
    for (;;) {
      const { done, value } = steps.next();
      if (done) {
        this.answer({ kind: "run", id: job.id, run: value }, [
          value.thetas.buffer,
          value.costs.buffer,
          value.scores.buffer,
        ]);
        return;
      }
      if (performance.now() - since < SLICE) continue;
      await this.rest();
      since = performance.now();
      if (this.cancelled.has(job.id)) {
        this.answer({ kind: "cancelled", id: job.id }, []);
        return;
      }
    }
  }
}
