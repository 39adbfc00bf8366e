// The module's memory, handed out from its heap's start. Views are made anew at each use: growing detaches old ones.
import type { EngineExports } from "../module.d.ts";

const LINE = 64; // bytes of a cache line, where arrays start; as much room is left behind each
const PAGE = 65536;

export class Memory {
  private top: number;

  constructor(
    private readonly exports: EngineExports,
    private readonly heap: number,
  ) {
    this.top = heap;
  }

  /** Forget everything that was handed out. */
  clear(): void {
    this.top = this.heap;
  }

  /** The address of so many zero bytes. */
  room(bytes: number): number {
    const at = Math.ceil(this.top / LINE) * LINE;
    this.top = at + bytes + LINE;
    const short = this.top - this.exports.memory.buffer.byteLength;
    if (short > 0) this.exports.memory.grow(Math.ceil(short / PAGE));
    new Uint8Array(this.exports.memory.buffer, at, bytes + LINE).fill(0);
    return at;
  }

  float32(at: number, count: number): Float32Array {
    return new Float32Array(this.exports.memory.buffer, at, count);
  }

  float64(at: number, count: number): Float64Array {
    return new Float64Array(this.exports.memory.buffer, at, count);
  }

  int64(at: number, count: number): BigInt64Array {
    return new BigInt64Array(this.exports.memory.buffer, at, count);
  }

  floats(values: ArrayLike<number>): number {
    const at = this.room(4 * values.length);
    this.float32(at, values.length).set(values);
    return at;
  }

  integers(values: readonly number[]): number {
    const at = this.room(8 * values.length);
    this.int64(at, values.length).set(values.map((value) => BigInt(value)));
    return at;
  }
}
