// The one clock of all panels: where it stands, as a record of the run, and whether it goes. The weights of every record
// are kept, so that back, on and again cost nothing and show the same networks.

import type { Lab } from "../core/types.ts";

const LONGEST = 0.1; // seconds between two frames: a page in the background must not wake up at the end
const JUMPS = 12; // of a whole run where the reader asked for less motion

export class Clock {
  playing = false;
  /** Held at the start: nobody looks ahead before having guessed. */
  held = false;
  private at: number;
  private readonly lab: Lab;
  private readonly moved: () => void;
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(lab: Lab, moved: () => void) {
    this.lab = lab;
    this.moved = moved;
    this.at = lab.state.step === null ? Infinity : lab.recordOf(lab.state.step);
  }

  get last(): number {
    return this.lab.records - 1;
  }

  get atEnd(): boolean {
    return !this.held && this.at >= this.last;
  }

  /** The record that is shown. */
  get record(): number {
    if (this.held) return 0;
    const at = Math.min(this.last, this.at);
    if (!this.playing || !this.calm.matches || this.atEnd) return Math.round(at);
    const jump = this.last / JUMPS;
    return Math.round(Math.floor(at / jump) * jump);
  }

  get step(): number {
    return this.lab.stepOf(this.record);
  }

  /** Stops there. */
  go(record: number): void {
    this.playing = false;
    this.put(record);
    this.remember(); // before anyone hears of it and looks at the state
    this.moved();
  }

  play(): void {
    if (this.atEnd) this.put(0);
    this.playing = true;
    this.moved();
  }

  pause(): void {
    this.go(Math.round(Math.min(this.at, this.last)));
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Time went on by so many seconds. */
  tick(seconds: number): void {
    if (!this.playing) return;
    this.at = Math.min(this.last, this.at + Math.min(LONGEST, seconds) * this.lab.state.speed);
    if (this.atEnd) this.pause();
    else this.moved();
  }

  /** The state was changed by something else: a lesson's step, an address. */
  follow(): void {
    const { step } = this.lab.state;
    const record = step === null ? Infinity : this.lab.recordOf(step);
    if (!this.playing && record !== this.at) this.put(record);
  }

  /** The end is kept as the end, whatever number of records a new setting has. */
  private put(record: number): void {
    this.at = record >= this.last ? Infinity : Math.max(0, record);
  }

  private remember(): void {
    const step = this.atEnd ? null : this.step;
    if (step !== this.lab.state.step) this.lab.set({ step });
  }
}
