// The samples of each mini-batch: one shuffled pass over the data after the other, cut into batches, as in Python.
import { stream, streamWords } from "../draws/streams.ts";

export class Order {
  private left: number[] = [];
  private epoch = 0;

  constructor(
    private readonly count: number,
    private readonly batch: number | null,
    private readonly seed: number,
  ) {}

  /** The sample numbers of so many batches, one after another; none where every step sees all samples. */
  take(batches: number): number[] {
    if (this.batch === null) return [];
    const wanted = batches * this.batch;
    while (this.left.length < wanted) this.left.push(...this.shuffled());
    return this.left.splice(0, wanted);
  }

  private shuffled(): number[] {
    const words = streamWords(stream(this.seed, `order.${this.epoch++}`), this.count);
    return Array.from({ length: this.count }, (_, i) => i).sort((a, b) => words[a]! - words[b]! || a - b);
  }
}
