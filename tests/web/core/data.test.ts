import assert from "node:assert/strict";
import { test } from "node:test";
import {
  makeData,
  madeSpec,
  parseMade,
} from "../../../src/headstart/web/src/core/data/made.ts";
import { InputError } from "../../../src/headstart/web/src/core/errors.ts";
import { Generator } from "../../../src/headstart/web/src/core/random/pcg64.ts";
import { RandomState } from "../../../src/headstart/web/src/core/random/mersenne.ts";
import { apart, fixtures, float64s, tables, unequal } from "./fixtures.ts";

const normals = fixtures["normals"];

test("normal numbers of NumPy's generator are NumPy's", () => {
  const expected = float64s(normals.generator);
  const random = new Generator([5, 4]);
  const found = expected.map(() => random.normal());
  assert.ok(apart(found, expected) < 1e-15);
  assert.ok(unequal(found, expected) <= 3); // the tail's logarithm is the system's
});

test("normal numbers and permutations of the legacy generator are NumPy's", () => {
  const expected = float64s(normals.legacy);
  const random = new RandomState(5);
  const found = expected.map(() => random.normal());
  assert.ok(apart(found, expected) < 1e-15);
  assert.deepEqual(new RandomState(9).permutation(1000), [
    ...float64s(normals.permutation),
  ]);
});

test("data sets are Python's: to the bit as they are trained on, to the last digit in float64", () => {
  for (const one of fixtures["data"]) {
    const choice = parseMade(one.spec, tables);
    const found = makeData(choice, one.seed, madeSpec(choice, tables));
    assert.equal(found.task, one.task);
    assert.deepEqual(found.classes, one.classes);
    for (const part of ["train", "test"] as const) {
      const x = Float64Array.from(
        found[part].x.flatMap((column) => [...column]),
      );
      const expected = float64s(one[`${part}_x`]);
      assert.equal(
        unequal(found[part].y, float64s(one[`${part}_y`])),
        0,
        `labels of ${one.spec}`,
      );
      assert.equal(
        unequal(Float32Array.from(x), Float32Array.from(expected)),
        0,
        `${one.spec} in float32`,
      );
      assert.ok(apart(x, expected) < 1e-15, `${one.spec} in float64`);
    }
  }
});

test("another data seed gives other points", () => {
  const choice = parseMade("circles", tables);
  const [a, b] = [0, 1].map(
    (seed) => makeData(choice, seed, "circles").train.x[0]!,
  );
  assert.ok(unequal(a!, b!) > 290);
});

test("what is no data set is refused", () => {
  for (const text of [
    "disc",
    "circles(noise=-1)",
    "circles(samples=5)",
    "circles(samples=1e9)",
    "blobs(99)",
    "digits",
    "xor*2",
  ]) {
    assert.throws(() => parseMade(text, tables), InputError, text);
  }
});
