// NumPy's legacy generator, RandomState: MT19937 (Matsumoto & Nishimura 1998), its shuffle, and its polar normals.

const N = 624;
const M = 397;

export class RandomState {
  private readonly words = new Uint32Array(N);
  private at = N;
  private spare: number | null = null;

  constructor(seed: number) {
    this.words[0] = seed >>> 0;
    for (let i = 1; i < N; i++) {
      const before = this.words[i - 1]!;
      this.words[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
  }

  word(): number {
    if (this.at === N) this.turn();
    let y = this.words[this.at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  private turn(): void {
    const w = this.words;
    for (let i = 0; i < N; i++) {
      const y = (w[i]! & 0x80000000) | (w[(i + 1) % N]! & 0x7fffffff);
      w[i] = w[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.at = 0;
  }

  /** Uniform on [0, 1) with 53 bits. */
  uniform(): number {
    const high = this.word() >>> 5;
    return (high * 67108864 + (this.word() >>> 6)) / 9007199254740992;
  }

  /** Marsaglia's polar method; the second number of each pair is kept for the next call. */
  normal(): number {
    if (this.spare !== null) {
      const kept = this.spare;
      this.spare = null;
      return kept;
    }
    let [x, y, r] = [0, 0, 0];
    do {
      x = 2 * this.uniform() - 1;
      y = 2 * this.uniform() - 1;
      r = x * x + y * y;
    } while (r >= 1 || r === 0);
    const f = Math.sqrt((-2 * Math.log(r)) / r);
    this.spare = f * x;
    return f * y;
  }

  /** A whole number from 0 to most, by rejection under a mask. */
  interval(most: number): number {
    if (most === 0) return 0;
    const mask = most > 0x7fffffff ? 0xffffffff : 2 ** (32 - Math.clz32(most)) - 1;
    for (;;) {
      const found = (this.word() & mask) >>> 0;
      if (found <= most) return found;
    }
  }

  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.interval(i);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  }

  permutation(count: number): number[] {
    return this.shuffle(Array.from({ length: count }, (_, i) => i));
  }
}
