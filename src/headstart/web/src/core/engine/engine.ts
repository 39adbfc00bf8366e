// One instance of headstart's own engine as WebAssembly: networks of one architecture on one data set, one at a time.
import { activation } from "../activations/activation.ts";
import { InputError } from "../errors.ts";
import type { Contents, EngineExports } from "../module.d.ts";
import { layersIn } from "../schemes/start.ts";
import type { Task } from "../types.ts";
import { type Block, wholeVectors } from "./block.ts";
import { Memory } from "./memory.ts";

const TILE = 304; // samples, and bytes of a first-level cache, as the engine in Python has them: they decide bits
const FIRST_LEVEL = 40 * 1024;
const PARAMETERS = 3; // of an activation, at most
const NEVER = 2 ** 40; // steps between costs that training itself records

export interface Architecture {
  readonly sizes: readonly number[];
  readonly task: Task;
  readonly activation: string;
  readonly optimizer: string;
  readonly optimizerArguments: readonly number[];
  /** Samples per step; null for all. */
  readonly batch: number | null;
}

interface Placed {
  readonly x: number;
  readonly targets: number;
  readonly block: Block;
  readonly tile: number;
}

export class Engine {
  readonly contents: Contents;
  private readonly exports: EngineExports;
  private readonly memory: Memory;
  private made!: Architecture;
  private net = 0;
  private code = 0;
  private work = 0;
  private theta = 0;
  private states = [0, 0];
  private total = 0;
  private settings = 0;
  private run = 0;
  private y = 0;
  private training!: Placed;
  private testing!: Placed;
  private totalRows = 0;
  parameters = 0;
  private grid: { key: Float32Array; at: number; count: number } | null = null;

  constructor(module: WebAssembly.Module) {
    this.contents = contentsOf(module);
    this.exports = new WebAssembly.Instance(module).exports as unknown as EngineExports;
    this.memory = new Memory(this.exports, this.contents.heap);
  }

  /** Take another architecture and other data; everything from before is forgotten. */
  setup(made: Architecture, training: Block, testing: Block): void {
    const { memory } = this;
    memory.clear();
    this.made = made;
    this.grid = null;
    this.order = { at: 0, room: 0 };
    const layers = layersIn(made.sizes);
    this.totalRows = layers.reduce((sum, [, , nOut]) => sum + nOut, 0);
    this.net = memory.integers(this.netTable());
    this.code = memory.integers(this.codeTable());
    this.total = memory.room(16);
    this.theta = memory.room(4 * this.parameters);
    this.settings = memory.room(8 * 8);
    this.run = memory.room(8 * 4);
    this.training = this.place(training);
    this.testing = this.place(testing);
    this.work = this.workTable(Math.max(this.training.tile, this.testing.tile));
  }

  private netTable(): number[] {
    const layers = layersIn(this.made.sizes);
    const [weights, biases, rows]: number[][] = [[], [], []];
    let [at, row] = [0, 0];
    for (const [, nIn, nOut] of layers) {
      weights!.push(at);
      biases!.push(at + nIn * nOut);
      rows!.push(row);
      at += nOut * (nIn + 1);
      row += nOut;
    }
    this.parameters = at;
    const [ins, outs] = [layers.map(([, nIn]) => nIn), layers.map(([, , nOut]) => nOut)];
    return [layers.length, 4, at, ...ins, ...outs, ...weights!, ...biases!, ...rows!];
  }

  private keepsSlope(): boolean {
    return !activation(this.made.activation).outputTellsSlope;
  }

  private codeTable(): number[] {
    const { functions: f, activations, losses, optimizers } = this.contents;
    const phi = activations[activation(this.made.activation).name]!;
    const apart = this.keepsSlope() && !phi.keeps_slope;
    if (apart && phi.forward_keeping_slope === undefined) {
      throw new InputError(`activation '${this.made.activation}' is not in the page. Use headstart compare.`);
    }
    const loss = losses[this.made.task]!;
    const step = optimizers[this.made.optimizer === "sgd" ? "plain_sgd" : this.made.optimizer]!;
    return [
      f["product"]!,
      f["weight_gradient"]!,
      apart ? phi.forward_keeping_slope! : phi.forward,
      apart ? phi.backward_with_slope! : phi.backward,
      loss.error,
      loss.cost,
      step,
      f["forward"]!,
      f["backward"]!,
      f["gather"]!,
      f["fill"]!,
      f["units"]!,
    ];
  }

  private workTable(tile: number): number {
    const { memory, parameters, made } = this;
    const widest = Math.max(2, ...made.sizes.slice(1));
    const row = wholeVectors(made.batch ?? 1);
    const given = [...activation(made.activation).parameters, 0, 0, 0].slice(0, PARAMETERS);
    this.y = memory.room(4 * this.totalRows * tile);
    this.states = [memory.room(4 * parameters), memory.room(4 * parameters)];
    return memory.integers([
      this.y,
      this.keepsSlope() ? memory.room(4 * this.totalRows * tile) : 0,
      memory.room(4 * widest * tile),
      memory.room(4 * widest * tile),
      memory.room(4),
      this.total,
      memory.floats(given),
      memory.room(4 * parameters),
      ...this.states,
      memory.room(4 * made.sizes[0]! * row),
      memory.room(4 * made.sizes.at(-1)! * row),
    ]);
  }

  private place(block: Block): Placed {
    const most = Math.max(TILE, Math.floor(FIRST_LEVEL / (4 * this.totalRows)));
    const tile = wholeVectors(Math.ceil(block.padded / Math.ceil(block.padded / most)));
    return { block, tile, x: this.memory.floats(block.x), targets: this.memory.floats(block.targets) };
  }

  /** The network's weights, to be read or written; valid until the next `setup`. */
  weights(): Float32Array {
    return this.memory.float32(this.theta, this.parameters);
  }

  /** Begin a network: its starting weights, and no memory of the one before. */
  begin(start: Float32Array): void {
    this.weights().set(start);
    for (const state of this.states) this.memory.float32(state, this.parameters).fill(0);
  }

  private common({
    x,
    targets,
    block,
    tile,
  }: Placed): [number, number, number, number, number, number, number, number, number] {
    return [this.net, this.code, this.work, this.theta, x, targets, block.padded, block.count, tile];
  }

  /** Steps first to last - 1; the step whose gradient was not finite, or -1. `order`: an address from `place order`. */
  train(rate: number, first: number, last: number, order: number[] = []): number {
    const { memory, made } = this;
    const batch = made.batch ?? 0;
    const settings = [rate, 0, 0, batch || this.training.block.count, ...made.optimizerArguments];
    memory.float64(this.settings, settings.length).set(settings);
    memory.int64(this.run, 4).set([first, last, NEVER, wholeVectors(batch || 1)].map((value) => BigInt(value)));
    const at = order.length ? this.orderAt(order) : 0;
    return this.exports.train(
      ...this.common(this.training),
      at,
      batch,
      this.settings,
      this.run,
      this.total,
      this.total,
    );
  }

  private order = { at: 0, room: 0 };

  private orderAt(order: readonly number[]): number {
    if (this.order.room < order.length) {
      this.order = { at: this.memory.room(8 * order.length), room: order.length };
    }
    this.memory.int64(this.order.at, order.length).set(order.map((value) => BigInt(value)));
    return this.order.at;
  }

  /** The mean cost on the training or the test data, and the share of right answers (0 for a regression). */
  evaluate(test = false): { cost: number; share: number } {
    const placed = test ? this.testing : this.training;
    this.exports.evaluate(...this.common(placed), this.total);
    const [cost, hits] = this.memory.float64(this.total, 2);
    return { cost: cost! / placed.block.count, share: hits! / placed.block.count };
  }

  /** What units of one layer do at the points of a grid, (units, points): activations, of the last layer logits.
   *
   * @param grid (inputs, points), points a multiple of 16. It is kept: give the same array again for the next network.
   */
  outputs(theta: Float32Array, grid: Float32Array, layer: number): Float32Array[] {
    const { memory } = this;
    const count = grid.length / this.made.sizes[0]!;
    const { at } = this.gridAt(grid);
    this.weights().set(theta);
    const [units, before] = [this.made.sizes[layer + 1]!, sumOf(this.made.sizes.slice(1, layer + 1))];
    const found = Array.from({ length: units }, () => new Float32Array(count));
    const tile = this.training.tile;
    for (let start = 0; start < count; start += tile) {
      const columns = Math.min(tile, count - start);
      this.exports.forward(this.net, this.code, this.work, this.theta, at + 4 * start, count, columns);
      for (let unit = 0; unit < units; unit++) {
        found[unit]!.set(memory.float32(this.y + 4 * columns * (before + unit), columns), start);
      }
    }
    return found;
  }

  private gridAt(grid: Float32Array): { at: number } {
    if (this.grid?.key === grid) return this.grid;
    if (!this.grid || this.grid.count < grid.length) {
      this.grid = { key: grid, at: this.memory.room(4 * grid.length), count: grid.length };
    }
    this.grid = { ...this.grid, key: grid };
    this.memory.float32(this.grid.at, grid.length).set(grid);
    return this.grid;
  }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function contentsOf(module: WebAssembly.Module): Contents {
  const [section] = WebAssembly.Module.customSections(module, "headstart");
  return JSON.parse(new TextDecoder().decode(section)) as Contents;
}
