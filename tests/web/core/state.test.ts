import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fromAddress,
  toAddress,
} from "../../../src/headstart/web/src/core/state/address.ts";
import { defaultState } from "../../../src/headstart/web/src/core/state/defaults.ts";
import { settled } from "../../../src/headstart/web/src/core/state/limits.ts";
import type { State } from "../../../src/headstart/web/src/core/types.ts";
import { fixtures, tables } from "./fixtures.ts";

const first = defaultState(tables);

test("the first screen is the command's default, and its address is short", () => {
  assert.equal(toAddress(first, tables), "v=1");
  assert.deepEqual(fromAddress("", tables), { state: first, notices: [] });
  assert.deepEqual(
    first.panels.map(({ scheme }) => scheme),
    tables.defaults.schemes,
  );
});

const FULL: State = {
  ...first,
  data: {
    kind: "made",
    name: "blobs",
    arguments: { classes: 4, samples: 120, noise: 0.25 },
  },
  dataSeed: 12,
  hidden: [3, 64, 1],
  activation: "leaky_relu(0.3)",
  optimizer: "adam(0.8, 0.99, 1e-06)",
  rate: 3.5e-5,
  batch: 32,
  steps: 77,
  seeds: 64,
  panels: [
    { scheme: "he(mode=fan_out, distribution=truncated)", multiplier: 0.001 },
    { scheme: "gain(leaky_relu(0.3))", multiplier: 1000 },
    { scheme: "constant(-0.5)", multiplier: 1 },
  ],
  view: "heat",
  chart: "saturation",
  seed: 63,
  layer: 2,
  step: 50,
  speed: 75,
  hide: ["controls", "verdict"],
  teacher: true,
  theme: "dark",
};

test("every part of the state comes back from its address", () => {
  const address = toAddress(FULL, tables);
  assert.deepEqual(fromAddress(address, tables), { state: FULL, notices: [] });
  assert.match(
    address,
    /^v=1&data=blobs\(classes%3D4,%20samples%3D120,%20noise%3D0\.25\)&dataseed=12&hidden=3,64,1&/,
  );
});

test("clicked points and a lesson's place come back", () => {
  const lesson = tables.lessons.find(({ steps }) =>
    steps.some(({ question }) => question),
  )!;
  const step = lesson.steps.findIndex(({ question }) => question);
  const state: State = {
    ...first,
    data: {
      kind: "points",
      points: [
        [0.1, -2, 0],
        [1e-7, 3.25, 1],
      ],
    },
    lesson: { name: lesson.name, step, answers: { [step]: 1 } },
  };
  assert.deepEqual(fromAddress(toAddress(state, tables), tables), {
    state,
    notices: [],
  });
});

test("Python's addresses are the page's", () => {
  for (const { address, settings } of fixtures["addresses"]) {
    const { state, notices } = fromAddress(address, tables);
    assert.deepEqual(notices, [], address);
    assert.deepEqual(
      [state.hidden, state.activation, state.rate, state.steps, state.seeds, state.dataSeed, state.batch, state.optimizer],
      [settings.hidden, settings.activation, settings.learning_rate, settings.steps, settings.seeds, settings.data_seed,
        settings.batch_size, settings.optimizer],
    ); // prettier-ignore
    assert.deepEqual(
      state.panels.map(({ scheme, multiplier }) =>
        multiplier === 1 ? scheme : `${scheme}*${multiplier}`,
      ),
      settings.schemes,
    );
  }
});

const NONSENSE: [string, RegExp][] = [
  ["v=9", /version '9'/],
  ["v=banana", /no page wrote that/],
  [
    "colour=red&<script>=1",
    /unknown in the address, left out: 'colour' and '<script>'/,
  ],
  ["steps=1e99", /steps goes from 1 to 100,000, got 1e99/],
  ["steps=-5", /steps goes from 1/],
  ["steps=", /must be a number/],
  ["steps=NaN", /must be a number/],
  ["rate=0", /learning rate goes from/],
  ["rate=Infinity", /learning rate goes from/],
  ["seeds=2.5", /seeds goes from/],
  ["seeds=10&seeds=20", /stands twice/],
  ["hidden=10,0", /at least one unit/],
  ["hidden=1e9", /at least one unit/],
  ["hidden=999999999", /at most 64 units/],
  [`hidden=${"9,".repeat(200)}9`, /at most 50 hidden layers/],
  ["act=reluu", /Did you mean 'relu'/],
  ["act=__proto__", /unknown activation/],
  ["data=constructor", /unknown data set/],
  ["data=circles(samples=1e9)", /at most 5,?000 samples/],
  ["data=digits", /unknown data set/],
  ["data=table", /an address does not hold/],
  ["data=points&points=1,2,3;4,5", /a point is x,y,class/],
  ["optimizer=sgd(1)", /takes no arguments/],
  ["optimizer=adam(2)", /beta1/],
  ["panels=hee;he", /unknown scheme 'hee'/],
  ["panels=he*0", /multiplier/],
  ["panels=" + "he;".repeat(9), /at most 6 panels/],
  ["panels=delta_orthogonal", /convolutions/],
  ["view=everything", /unknown view/],
  ["theme=toString", /unknown theme/],
  ["hide=controls,head", /unknown part of the page/],
  ["lesson=nothing", /unknown lesson/],
  ["act=%E0%A4%A", /not readable text/],
  ["x".repeat(200_000), /200,000 characters/],
  ["&&&===&=1", /unknown in the address/],
];

for (const [address, words] of NONSENSE) {
  test(`told, not taken: ${address.slice(0, 40)}`, () => {
    const { state, notices } = fromAddress(address, tables);
    assert.match(notices.join(" "), words);
    assert.deepEqual(settled(state, tables), state);
    assert.ok(notices.every((notice) => notice.length < 700));
    assert.doesNotThrow(() => fromAddress(toAddress(state, tables), tables));
  });
}

test("random addresses never throw, and what they give is within the limits", () => {
  let seed = 1;
  const random = (n: number): number =>
    (seed = (seed * 48271) % 2147483647) % n;
  const keys = [
    "data",
    "points",
    "hidden",
    "act",
    "optimizer",
    "rate",
    "panels",
    "seed",
    "layer",
    "step",
    "lessonstep",
    "answers",
    "lesson",
    "batch",
  ];
  const bits = [
    "he",
    "*",
    "(",
    ")",
    ",",
    ";",
    "1",
    "e9",
    "-",
    ".",
    "nan",
    "%",
    "%25",
    "circles",
    "noise",
    "=",
    "&",
    "<",
    "\u0000",
    "🙂",
    "points",
    "first",
    ":",
  ];
  for (let round = 0; round < 3000; round++) {
    const value = Array.from(
      { length: random(6) },
      () => bits[random(bits.length)],
    ).join("");
    const { state } = fromAddress(
      `data=points&${keys[random(keys.length)]!}=${value}`,
      tables,
    );
    assert.ok(
      state.panels.length >= 1 &&
        state.hidden.length >= 1 &&
        state.seed < state.seeds,
    );
  }
});

test("a state from anywhere is brought within the limits", () => {
  const wild = {
    ...first,
    steps: 1e12,
    seeds: NaN,
    rate: -1,
    seed: 99,
    layer: 9,
    hidden: [],
    step: 1e9,
    panels: Array(9).fill(first.panels[0]),
  };
  const found = settled(wild, tables);
  assert.deepEqual(
    [
      found.steps,
      found.seeds,
      found.seed,
      found.layer,
      found.step,
      found.panels.length,
    ],
    [100_000, 1, 0, 0, 100_000, 6],
  );
  assert.deepEqual(found.hidden, tables.defaults.hidden);
});
