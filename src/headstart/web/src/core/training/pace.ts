// How many steps a call may take: as many as fit a few milliseconds, found while training. No bit depends on it.

const AIM = 4; // milliseconds

export class Pace {
  private count = 1;

  /** Of so many steps that are left, how many to take now. */
  next(left: number): number {
    return Math.min(left, this.count);
  }

  took(steps: number, milliseconds: number): void {
    if (milliseconds > 2 * AIM) this.count = Math.max(1, Math.floor((steps * AIM) / milliseconds));
    else if (milliseconds < AIM / 2 && steps === this.count) this.count *= 2;
  }
}
