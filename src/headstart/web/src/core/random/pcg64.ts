// NumPy's default generator: PCG64 (O'Neill 2014) seeded by a SeedSequence of several numbers; uniforms and normals.
import { INVERSE_R, layers, R } from "./ziggurat.ts";

const MULTIPLIER = (2549297995355413924n << 64n) + 4865540595714422341n;
const MASK64 = (1n << 64n) - 1n;
const MASK128 = (1n << 128n) - 1n;

export class Generator {
  private state = 0n;
  private readonly increment: bigint;

  constructor(entropy: readonly number[]) {
    const [high, low, incHigh, incLow] = seeded(entropy, 4);
    this.increment = (((incHigh! << 64n) + incLow!) << 1n) | 1n;
    this.increment &= MASK128;
    this.step();
    this.state = (this.state + (high! << 64n) + low!) & MASK128;
    this.step();
  }

  private step(): void {
    this.state = (this.state * MULTIPLIER + this.increment) & MASK128;
  }

  private word(): bigint {
    this.step();
    const folded = (this.state >> 64n) ^ (this.state & MASK64);
    const turn = this.state >> 122n;
    return ((folded >> turn) | (folded << ((64n - turn) & 63n))) & MASK64;
  }

  /** Uniform on [0, 1) with 53 bits. */
  uniform(): number {
    return Number(this.word() >> 11n) / 9007199254740992;
  }

  /** The ziggurat of Marsaglia & Tsang (2000) with 256 layers. */
  normal(): number {
    const { width, inside, height } = layers();
    for (;;) {
      const word = this.word();
      const layer = Number(word & 0xffn);
      const negative = (word >> 8n) & 1n;
      const size = Number((word >> 9n) & 0xfffffffffffffn);
      const x = negative ? -size * width[layer]! : size * width[layer]!;
      if (size < inside[layer]!) return x;
      if (layer === 0) return this.tail((size / 256) & 1);
      const top = (height[layer - 1]! - height[layer]!) * this.uniform() + height[layer]!;
      if (top < Math.exp(-0.5 * x * x)) return x;
    }
  }

  private tail(negative: number): number {
    for (;;) {
      const x = -INVERSE_R * Math.log1p(-this.uniform());
      const y = -Math.log1p(-this.uniform());
      if (y + y > x * x) return negative ? -(R + x) : R + x;
    }
  }
}

/** NumPy's SeedSequence: a pool of four words mixed from the entropy, and so many 64-bit words made of it. */
function seeded(entropy: readonly number[], count: number): bigint[] {
  const words = pool(entropy.flatMap(wordsOf));
  let constant = 0x8b51f9dd;
  const found = Array.from({ length: 2 * count }, (_, i) => {
    let value = (words[i % 4]! ^ constant) >>> 0;
    constant = Math.imul(constant, 0x58f38ded) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  });
  return Array.from({ length: count }, (_, i) => BigInt(found[2 * i]!) + (BigInt(found[2 * i + 1]!) << 32n));
}

function pool(entropy: readonly number[]): number[] {
  let constant = 0x43b0d7e5;
  const hashed = (given: number): number => {
    let value = (given ^ constant) >>> 0;
    constant = Math.imul(constant, 0x931e8875) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  };
  const words = Array.from({ length: 4 }, (_, i) => hashed(entropy[i] ?? 0));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) if (from !== to) words[to] = mixed(words[to]!, hashed(words[from]!));
  }
  for (const more of entropy.slice(4)) for (let to = 0; to < 4; to++) words[to] = mixed(words[to]!, hashed(more));
  return words;
}

function mixed(x: number, y: number): number {
  const found = (Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715)) >>> 0;
  return (found ^ (found >>> 16)) >>> 0;
}

function wordsOf(number: number): number[] {
  return number < 2 ** 32 ? [number] : [number >>> 0, Math.floor(number / 2 ** 32)];
}
