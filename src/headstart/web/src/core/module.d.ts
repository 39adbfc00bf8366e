/**
 * What the engine's WebAssembly modules (built/engine.wasm, built/engine_plain.wasm) offer.
 *
 * Both are made by `python -m headstart.web.wasm` from the functions that Numba compiles for Python. They import nothing:
 * `new WebAssembly.Instance(module).exports`. Memory is the module's own and exported; addresses below `heap` are the
 * module's, everything above is the caller's. It starts small: grow it (and make new views: the old ones are detached).
 *
 * Every argument is a JavaScript number. Addresses are bytes. `int64 table` means little-endian 64-bit whole numbers in
 * memory: write them with a BigInt64Array, or each as two 32-bit words (the upper one 0). Arrays of numbers start at
 * multiples of 64 bytes, as the engine's do; 16 float32 of room must follow the last number of each.
 *
 * Tables (loop.py is their source):
 * - net:  [layers, 4, parameters, n_in of each layer.., n_out.., where its weights start in theta.., its biases..,
 *         how many rows of activations come before its own..]. `layers` counts weight matrices. theta is layer by layer
 *         weights (out, in) row-major, then biases.
 * - code: [product, weight_gradient, activation.forward, activation.backward, loss.error, loss.cost, optimizer, forward,
 *         backward, gather, fill, units]: numbers from `Contents`.
 * - work: addresses of buffers [Y: rows * tile, SLOPES: rows * tile where the activation keeps its slope else 0,
 *         D: widest * tile, SPARE: widest * tile, ZERO: one 0, TOTAL: 2 float64, PARAMETERS: 3 of the activation,
 *         GRADIENT: parameters, M: parameters, V: parameters (states; any address where the optimizer has none),
 *         BATCH_X: n_in * batch_row, BATCH_Y: n_out * batch_row (both zeros; of mini-batches only)]
 *         with rows = sum of n_out, widest = max(2, every n_out), M and V zeros at the start of a run. The numbers are
 *         float32 unless said.
 * - tile: samples at a time: most = max(304, floor(40960 / (4 rows))), tiles = ceil(padded / most),
 *         tile = 16 ceil(ceil(padded / tiles) / 16). Another tile gives other bits: the order of a sum over samples.
 * - x (n_in, padded) and targets (n_out, padded): feature by feature, samples padded with zeros to a multiple of 16.
 * - settings: float64 [rate, weight decay, clip or 0, samples of a step (the batch, or all), optimizer's arguments..].
 * - run: int64 [first step, step after the last, record every, batch_row = batch padded to a multiple of 16 (or 16)].
 */

/** The module's custom section "headstart", JSON: `WebAssembly.Module.customSections(module, "headstart")[0]`. */
export interface Contents {
  /** Of this description. */
  readonly format: 1;
  /** The engine's format number, as runs in stores have it. */
  readonly engine: number;
  /** Which numba and llvmlite made the module. */
  readonly compilers: string;
  /** Hash of the sources the module was made from. */
  readonly source: string;
  /** Whether multiply-adds are `f32x4.relaxed_madd`; the plain module rounds the product first, so its bits differ. */
  readonly relaxed: boolean;
  /** First address that is the caller's. */
  readonly heap: number;
  /** Numbers for `code`: product, weight_gradient, forward, backward, gather, fill, units. */
  readonly functions: Readonly<Record<string, number>>;
  /** By catalogue name; `parameters` are the defaults, [name, value]. */
  readonly activations: Readonly<Record<string, ActivationCode>>;
  /** binary, classes, regression, course. */
  readonly losses: Readonly<Record<string, { readonly error: number; readonly cost: number }>>;
  /** sgd, momentum, nesterov, adam; `plain_sgd` is sgd without decay and clipping: take it whenever both are 0. */
  readonly optimizers: Readonly<Record<string, number>>;
}

export interface ActivationCode {
  /** Where phi' follows from phi(z): no array of slopes. */
  readonly forward: number;
  readonly backward: number;
  readonly keeps_slope: boolean;
  readonly parameters: ReadonlyArray<readonly [string, number]>;
  /** For parameters with which phi' does not follow from phi(z) (elu's alpha below 0), though by default it does. */
  readonly forward_keeping_slope?: number;
  readonly backward_with_slope?: number;
}

export interface EngineExports {
  readonly memory: WebAssembly.Memory;

  /**
   * Steps run[0] to run[1] - 1; the step whose gradient was not finite, or -1. With batch 0 every step sees all samples
   * and the cost before each step that run[2] divides goes to costs[step / run[2]] (float64; room for them, run[2] large
   * for none). Else `order` holds batch int64 sample numbers per step.
   */
  train(
    net: number,
    code: number,
    work: number,
    theta: number,
    x: number,
    targets: number,
    padded: number,
    samples: number,
    tile: number,
    order: number,
    batch: number,
    settings: number,
    run: number,
    costs: number,
    total: number,
  ): number;

  /** total (2 float64, the address in work[TOTAL]) becomes the summed cost and the number of right answers. */
  evaluate(
    net: number,
    code: number,
    work: number,
    theta: number,
    x: number,
    targets: number,
    padded: number,
    samples: number,
    tile: number,
    total: number,
  ): void;

  /**
   * `evaluate`, and how units behave; needs `code[units]`. The gradient buffer becomes the gradient summed over the
   * samples; steepest (float32, one per row) the largest |slope| of every unit, 0 for a dead one; behaviour (float64,
   * 2 x hidden layers) first the sum of phi(z)^2 over each hidden layer, then how many slopes are below 0.01.
   */
  observe(
    net: number,
    code: number,
    work: number,
    theta: number,
    x: number,
    targets: number,
    padded: number,
    samples: number,
    tile: number,
    total: number,
    steepest: number,
    behaviour: number,
  ): void;

  /**
   * Fills Y with every layer's activations for `columns` samples (a multiple of 16, at most tile) of x, whose rows are
   * `row` apart: layer l begins at Y + 4 * columns * (rows before it), its units one after another, `columns` numbers
   * each. The last layer holds logits.
   */
  forward(net: number, code: number, work: number, theta: number, x: number, row: number, columns: number): void;

  /**
   * Draws, in groups of 32 consecutive elements: `words` writes the uint32 words of elements 32 group.. of a stream
   * (k0, k1, c2, c3: the stream's four words); the other two turn words into float32 in place. scale and first are the
   * recipe's (draws/recipes.py): normal std * 2^-28, uniform bound * 2^-24, both rounded to float32; first 0 for no cut.
   * table: the 4,096 uint32 of draws/normal_table.npy, at a multiple of 16 bytes.
   */
  words(out: number, group: number, groups: number, k0: number, k1: number, c2: number, c3: number): void;
  uniform(out: number, groups: number, scale: number): void;
  normal(out: number, groups: number, table: number, scale: number, first: number): void;

  /**
   * a * a + c by the module's multiply-add. fused(1 + 2 ** -12, -(1 + 2 ** -11)) is 2 ** -24 where it is fused, so that
   * weights equal Python's to the bit, and 0 where it is not.
   */
  fused(a: number, c: number): number;
}
