// Runs networks through the module as the page does, in node: cases as JSON on standard input, results on standard output.
import fs from "node:fs";

const lanes = 16;
const { module: path, cases } = JSON.parse(fs.readFileSync(0, "utf8"));
const module = new WebAssembly.Module(fs.readFileSync(path));
const contents = JSON.parse(new TextDecoder().decode(WebAssembly.Module.customSections(module, "headstart")[0]));
const whole = (n) => Math.ceil(n / lanes) * lanes;
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const text = (view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("base64");

/** One module's memory, handed out from the heap's start. */
class Memory {
  constructor(exports) {
    this.exports = exports;
    this.top = contents.heap;
  }
  room(size) {
    const at = (this.top + 63) & ~63;
    this.top = at + size + 64;
    const short = this.top - this.exports.memory.buffer.byteLength;
    if (short > 0) this.exports.memory.grow(Math.ceil(short / 65536));
    new Uint8Array(this.exports.memory.buffer, at, size).fill(0);
    return at;
  }
  put(data) {
    const at = this.room(data.byteLength);
    new Uint8Array(this.exports.memory.buffer, at).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return at;
  }
  integers(values) {
    return this.put(BigInt64Array.from(values, BigInt));
  }
  view(type, at, count) {
    return new type(this.exports.memory.buffer, at, count);
  }
}

function layout(sizes) {
  const net = { weights: [], biases: [], rows: [], parameters: 0, total: 0 };
  for (let layer = 0; layer + 1 < sizes.length; layer++) {
    net.weights.push(net.parameters);
    net.biases.push((net.parameters += sizes[layer] * sizes[layer + 1]));
    net.parameters += sizes[layer + 1];
    net.rows.push(net.total);
    net.total += sizes[layer + 1];
  }
  return net;
}

function prepare(memory, one) {
  const { sizes } = one, net = layout(sizes), layers = sizes.length - 1, padded = whole(one.samples);
  const most = Math.max(304, Math.floor(40960 / (4 * net.total)));
  const tile = whole(Math.ceil(padded / Math.ceil(padded / most))), widest = Math.max(2, ...sizes.slice(1));
  const phi = contents.activations[one.activation], loss = contents.losses[one.loss], f = contents.functions;
  const keeps = one.keeps_slope, forward = keeps && !phi.keeps_slope ? phi.forward_keeping_slope : phi.forward;
  const backward = keeps && !phi.keeps_slope ? phi.backward_with_slope : phi.backward;
  const step = one.plain ? contents.optimizers.plain_sgd : contents.optimizers[one.optimizer];
  const row = whole(one.batch || 1), total = memory.room(16), gradient = memory.room(4 * net.parameters);
  const y = memory.room(4 * net.total * tile);
  const parameters = memory.put(Float32Array.from([...one.parameters, 0, 0, 0].slice(0, 3)));
  const work = [
    y, keeps ? memory.room(4 * net.total * tile) : 0, memory.room(4 * widest * tile), memory.room(4 * widest * tile),
    memory.room(4), total, parameters, gradient, memory.room(4 * net.parameters), memory.room(4 * net.parameters),
    memory.room(4 * sizes[0] * row), memory.room(4 * sizes[layers] * row),
  ];
  const tables = [layers, 4, net.parameters, ...sizes.slice(0, -1), ...sizes.slice(1), ...net.weights, ...net.biases];
  const code = [f.product, f.weight_gradient, forward, backward, loss.error, loss.cost, step, f.forward, f.backward];
  const theta = memory.put(bytes(one.start));
  const common = [
    memory.integers([...tables, ...net.rows]), memory.integers([...code, f.gather, f.fill, f.units]), memory.integers(work), theta,
    memory.put(bytes(one.x)), memory.put(bytes(one.targets)), padded, one.samples, tile,
  ];
  return { net, row, total, gradient, theta, common, y, tile };
}

function train(one) {
  const memory = new Memory(new WebAssembly.Instance(module).exports), made = prepare(memory, one);
  const settings = memory.put(Float64Array.from([one.rate, one.decay, one.clip, one.batch || one.samples, ...one.arguments]));
  const costs = memory.room(8 * (Math.ceil(one.steps / one.every) + 1)), order = memory.put(bytes(one.order));
  const run = memory.integers([0, one.steps, one.every, made.row]), { exports } = memory;
  let diverged = -1, seconds = Infinity;
  for (let slice = 0; slice < (one.slices ?? 1); slice++) {
    const began = performance.now(); // of several slices the fastest, for benchmarks
    diverged = exports.train(...made.common, order, one.batch, settings, run, costs, made.total);
    seconds = Math.min(seconds, (performance.now() - began) / 1000);
  }
  const weights = text(memory.view(Float32Array, made.theta, made.net.parameters));
  exports.evaluate(...made.common, made.total);
  const totals = [...memory.view(Float64Array, made.total, 2)];
  const hidden = one.sizes.length - 2, steepest = memory.room(4 * made.net.total), behaviour = memory.room(16 * hidden);
  exports.observe(...made.common, made.total, steepest, behaviour);
  return {
    weights, diverged, totals, seconds,
    costs: text(memory.view(Float64Array, costs, one.batch ? 0 : Math.ceil(one.steps / one.every))),
    gradient: text(memory.view(Float32Array, made.gradient, made.net.parameters)),
    steepest: text(memory.view(Float32Array, steepest, made.net.total)),
    behaviour: text(memory.view(Float64Array, behaviour, 2 * hidden)),
  };
}

function draw(one) {
  const memory = new Memory(new WebAssembly.Instance(module).exports), { exports } = memory;
  const groups = Math.ceil(one.count / 32), out = memory.room(128 * groups);
  exports.words(out, one.group, groups, ...one.stream);
  if (one.kind === "uniform") exports.uniform(out, groups, one.scale);
  if (one.kind === "normal") exports.normal(out, groups, memory.put(bytes(one.table)), one.scale, one.first);
  return text(memory.view(Uint32Array, out, one.count));
}

const { fused } = new WebAssembly.Instance(module).exports;
const results = cases.map((one) => (one.stream ? draw(one) : train(one)));
console.log(JSON.stringify({ imports: WebAssembly.Module.imports(module), contents, fused: fused(1 + 2 ** -12, -(1 + 2 ** -11)), results }));
