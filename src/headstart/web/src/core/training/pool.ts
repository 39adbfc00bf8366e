// A pool of threads that take the first job in a queue each; whoever owns it decides what stands in the queue.
import type { Run } from "../types.ts";
import type { Answer, Job, Order, Work } from "./worker.ts";

/** What the pool needs of a Worker. */
export interface ThreadLike {
  postMessage(order: Order): void;
  onmessage: ((event: MessageEvent<Answer>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  terminate(): void;
}

export interface Heard {
  arrived(job: Job, run: Run): void;
  failed(job: Job, words: string): void;
}

export class Pool {
  private queue: Job[] = [];
  private readonly busy = new Map<ThreadLike, Job>();
  private readonly dropped = new Set<number>();

  constructor(
    private readonly threads: readonly ThreadLike[],
    private readonly heard: Heard,
  ) {
    for (const thread of threads) {
      thread.onmessage = (event) => {
        this.answered(thread, event.data);
      };
      thread.onerror = (event) => {
        event.preventDefault();
        this.answered(thread, { kind: "failed", id: this.busy.get(thread)?.id ?? -1, words: event.message });
      };
    }
  }

  load(module: WebAssembly.Module, table: Uint32Array): void {
    for (const thread of this.threads) thread.postMessage({ kind: "load", module, table });
  }

  /** Take another setting: everything of the one before is dropped. */
  begin(work: Work): void {
    this.drop(() => true);
    for (const thread of this.threads) thread.postMessage({ kind: "work", work });
  }

  /** Put jobs before those that wait, in their order. */
  first(jobs: readonly Job[]): void {
    this.queue = [...jobs, ...this.queue];
    this.hand();
  }

  last(jobs: readonly Job[]): void {
    this.queue.push(...jobs);
    this.hand();
  }

  /** Forget the jobs that wait, and stop those under way, for which this holds. */
  drop(which: (job: Job) => boolean): void {
    this.queue = this.queue.filter((job) => !which(job));
    for (const [thread, job] of this.busy) {
      if (!which(job) || this.dropped.has(job.id)) continue;
      this.dropped.add(job.id);
      thread.postMessage({ kind: "cancel", id: job.id });
    }
  }

  /** Whether a job for which this holds is under way and wanted. */
  underWay(which: (job: Job) => boolean): boolean {
    return [...this.busy.values()].some((job) => which(job) && !this.dropped.has(job.id));
  }

  get idle(): boolean {
    return this.busy.size === 0 && this.queue.length === 0;
  }

  terminate(): void {
    this.queue = [];
    this.busy.clear();
    for (const thread of this.threads) thread.terminate();
  }

  private hand(): void {
    for (const thread of this.threads) {
      if (this.busy.has(thread)) continue;
      const job = this.queue.shift();
      if (!job) return;
      this.busy.set(thread, job);
      thread.postMessage({ kind: "job", job });
    }
  }

  private answered(thread: ThreadLike, answer: Answer): void {
    const job = this.busy.get(thread);
    if (job?.id !== answer.id) return;
    this.busy.delete(thread);
    const wanted = !this.dropped.delete(job.id);
    this.hand();
    if (!wanted) return;
    if (answer.kind === "run") this.heard.arrived(job, answer.run);
    else if (answer.kind === "failed") this.heard.failed(job, answer.words);
  }
}
