// How long training will take: from what runs have taken so far, and before the first from what is usual.

const USUAL = 2.2e-10; // seconds per step, weight and sample: 6 µs for the course's 91 weights and 300 samples
const BASE = 4e-7; // seconds per step beside that
const MEMORY = 0.3; // how much the newest run counts

export class Estimate {
  private factor = 1; // how much slower than usual this machine is

  constructor(private readonly workers: number) {}

  /** Seconds for so many runs. */
  seconds(runs: number, steps: number, parameters: number, samples: number): number {
    return (this.factor * runs * steps * (BASE + USUAL * parameters * samples)) / this.workers;
  }

  /** One run took so long. */
  learn(milliseconds: number, steps: number, parameters: number, samples: number): void {
    const usual = steps * (BASE + USUAL * parameters * samples);
    if (steps < 100) return; // measuring, not training
    this.factor += MEMORY * (milliseconds / 1000 / usual - this.factor);
  }
}
