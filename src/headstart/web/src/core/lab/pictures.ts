// Pictures of networks that were trained: their outputs over the plane, their units', and the grid that a layer bends.
import type { Block } from "../engine/block.ts";
import { type Architecture, Engine } from "../engine/engine.ts";
import type { BentGrid, Dataset, Picture, Window } from "../types.ts";
import { bentGrid, linesOf } from "./bent.ts";
import { gridOf, windowOf } from "./window.ts";

const STEP = 4; // sides are multiples, so that points fill whole vectors
const KEPT = 8; // grids

export class Pictures {
  private readonly engine: Engine;
  private data: Dataset | null = null;
  private readonly grids = new Map<string, Float32Array>();
  private sizes: readonly number[] = [];
  window: Window = windowOf(null);

  constructor(module: WebAssembly.Module) {
    this.engine = new Engine(module);
  }

  setup(architecture: Architecture, train: Block, test: Block, data: Dataset): void {
    this.engine.setup(architecture, train, test);
    this.sizes = architecture.sizes;
    this.data = data;
    this.window = windowOf(data);
    this.grids.clear();
  }

  /** Whether networks with this many weights are those that were set up. */
  private fits(theta: Float32Array): boolean {
    return this.data !== null && this.sizes[0] === 2 && theta.length === this.engine.parameters;
  }

  /** The last layer's logits, or a hidden layer's activations. */
  over(theta: Float32Array, side: number, layer = this.sizes.length - 2): Picture | null {
    if (!this.fits(theta) || layer < 0 || layer > this.sizes.length - 2) return null;
    const size = Math.max(STEP, STEP * Math.ceil(side / STEP));
    const grid = this.kept(`plane ${size}`, () => gridOf(this.window, size));
    return { side: size, window: this.window, planes: this.engine.outputs(theta, grid, layer) };
  }

  bent(theta: Float32Array, layer: number, lines: number): BentGrid | null {
    if (!this.fits(theta) || layer < 0 || layer > this.sizes.length - 3) return null;
    const { x, y } = this.data!.train;
    const grid = this.kept(`lines ${lines}`, () => linesOf(this.window, lines, x[0]!, x[1]!));
    return bentGrid(this.engine.outputs(theta, grid, layer), lines, y.length);
  }

  private kept(name: string, make: () => Float32Array): Float32Array {
    let found = this.grids.get(name);
    if (!found) {
      if (this.grids.size >= KEPT) this.grids.clear();
      this.grids.set(name, (found = make()));
    }
    return found;
  }
}
