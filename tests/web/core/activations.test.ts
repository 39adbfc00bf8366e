import assert from "node:assert/strict";
import { test } from "node:test";
import { activation } from "../../../src/headstart/web/src/core/activations/activation.ts";
import { gainOf } from "../../../src/headstart/web/src/core/theory/moments.ts";
import { apart, fixtures, float64s } from "./fixtures.ts";

test("every activation and its slope are Python's", () => {
  for (const one of fixtures["activations"]) {
    const phi = activation(one.spec);
    const z = float64s(one.z);
    assert.ok(
      apart(z.map(phi.value), float64s(one.value)) < 1e-15 * 8,
      `${one.spec}`,
    );
    assert.ok(
      apart(z.map(phi.slope), float64s(one.slope)) < 1e-15 * 8,
      `slope of ${one.spec}`,
    );
    assert.equal(phi.saturates, one.saturates, one.spec);
  }
});

test("gains by quadrature are Python's", () => {
  for (const one of fixtures["activations"]) {
    if (one.gain === null) continue;
    assert.ok(
      Math.abs(gainOf(activation(one.spec), 0.7, "forward") / one.gain - 1) <
        1e-12,
      one.spec,
    );
  }
});
