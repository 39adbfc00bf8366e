import assert from "node:assert/strict";
import { test } from "node:test";
import * as numbers from "../../../src/headstart/web/src/core/numbers.ts";
import { fixtures } from "./fixtures.ts";

test("numbers are written as in Python", () => {
  for (const one of fixtures["numbers"]) {
    const value = Number(one.value);
    assert.equal(numbers.number(value), one.four);
    assert.equal(numbers.number(value, 3), one.three);
    assert.equal(numbers.times(value), one.times);
    assert.equal(numbers.percent(value), one.percent);
    assert.equal(numbers.percent(value, 0), one.whole);
    assert.equal(numbers.repr(value), one.repr);
    assert.equal(numbers.fixed(value, 4), one.fixed);
    assert.equal(numbers.specNumber(value), one.spec);
    assert.equal(numbers.rSquared(value), one.r_squared);
  }
});

test("texts are quoted as Python quotes them", () => {
  assert.equal(numbers.quoted("it's"), `"it's"`);
  assert.equal(numbers.quoted(`a"b'c\\\n`), `'a"b\\'c\\\\\\n'`);
  assert.equal(numbers.quoted("\u00a0é🙂\u200b"), "'\\xa0é🙂\\u200b'");
});
