import assert from "node:assert/strict";
import { test } from "node:test";
import { blake2b } from "../../../src/headstart/web/src/core/draws/blake2b.ts";
import { stdOf } from "../../../src/headstart/web/src/core/draws/draw.ts";
import {
  stream,
  streamWords,
} from "../../../src/headstart/web/src/core/draws/streams.ts";
import { InputError } from "../../../src/headstart/web/src/core/errors.ts";
import {
  drawOf,
  scheme,
} from "../../../src/headstart/web/src/core/schemes/scheme.ts";
import {
  normalTable,
  planOf,
  startFrom,
} from "../../../src/headstart/web/src/core/schemes/start.ts";
import { apart, fixtures, float32s, tables, unequal } from "./fixtures.ts";

function startOf(
  spec: string,
  sizes: number[],
  phi: string,
  seed: number,
): Float32Array {
  return startFrom(
    planOf(spec, sizes, phi, tables),
    sizes,
    seed,
    normalTable(tables),
  );
}

test("digests are hashlib's", () => {
  for (const [message, digest] of fixtures["blake2b"]) {
    const found = blake2b(
      Uint8Array.from(Buffer.from(message, "hex")),
      digest.length / 2,
    );
    assert.equal(Buffer.from(found).toString("hex"), digest);
  }
});

test("streams and their words are Python's", () => {
  for (const one of fixtures["streams"]) {
    const source = stream(one.seed, one.name, one.role);
    assert.deepEqual(source, one.stream);
    assert.deepEqual([...streamWords(source, one.words.length)], one.words);
  }
});

test("starting weights are Python's to the bit, orthogonal ones to rounding", () => {
  for (const one of fixtures["draws"]) {
    const start = startOf(one.spec, one.sizes, one.activation, one.seed);
    const expected = float32s(one.start);
    if (one.spec.startsWith("orthogonal"))
      assert.ok(apart(start, expected) < 1e-7, one.spec);
    else
      assert.equal(unequal(start, expected), 0, `${one.spec} for ${one.sizes}`);
  }
});

test("a scheme is written, and its standard deviations are, as in Python", () => {
  for (const one of fixtures["draws"]) {
    const found = scheme(one.spec, tables);
    assert.equal(found.spec, one.written);
    const stds = one.sizes.slice(1).map((nOut: number, layer: number) => {
      const following =
        layer + 2 < one.sizes.length ? one.activation : "identity";
      return stdOf(
        drawOf(found, nOut, one.sizes[layer], following, tables),
        nOut,
        one.sizes[layer],
      );
    });
    assert.ok(
      apart(stds, one.stds) < 1e-14,
      `${one.spec}: ${stds} is not ${one.stds}`,
    );
  }
});

test("another seed gives other weights", () => {
  const [a, b] = [0, 1].map((seed) =>
    startOf("he", [2, 10, 5, 1], "relu", seed),
  );
  assert.ok(unequal(a!, b!) > 60);
});

test("what is no scheme is refused in Python's words", () => {
  for (const { text, message } of fixtures["errors"].schemes) {
    assert.throws(
      () => scheme(text, tables),
      (error) => {
        assert.ok(error instanceof InputError);
        assert.equal(error.message, message);
        return true;
      },
    );
  }
});

test("what float32 cannot hold is refused in Python's words", () => {
  for (const { spec, message } of fixtures["errors"].starts) {
    assert.throws(() => startOf(spec, [2, 10, 5, 1], "relu", 0), { message });
  }
});
