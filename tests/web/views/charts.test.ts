// Scales, lines, labels and words of the charts.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  multiplierAt,
  quartiles,
} from "../../../src/headstart/web/src/views/card.ts";
import {
  band,
  cut,
  line,
  spread,
} from "../../../src/headstart/web/src/views/chart.ts";
import { pageWith } from "../../../src/headstart/web/src/views/exports.ts";
import {
  duration,
  percent,
  short,
  tick,
} from "../../../src/headstart/web/src/views/numbers.ts";
import {
  linear,
  logarithmic,
  ordinal,
} from "../../../src/headstart/web/src/views/scales.ts";
import { splitSpec } from "../../../src/headstart/web/src/views/scheme-dialog.ts";

test("linear ticks are round, inside, and about as many as wanted", () => {
  for (const [low, high] of [
    [0, 15000],
    [0, 301],
    [-3, 7],
    [0, 1],
  ] as const) {
    const x = linear(low, high, 0, 100, 6);
    assert.ok(
      x.ticks.length >= 3 && x.ticks.length <= 8,
      `${low} ${high}: ${x.ticks}`,
    );
    assert.ok(x.ticks.every((t) => t >= low && t <= high));
    assert.equal(x(low), 0);
    assert.equal(x(high), 100);
  }
  assert.deepEqual(linear(0, 15000, 0, 1, 3).ticks, [0, 5000, 10000, 15000]);
});

test("logarithmic ticks stay few over 30 powers of ten, and more than one within a single one", () => {
  assert.ok(logarithmic(1e-25, 1e5, 0, 1).ticks.length <= 8);
  for (const [low, high] of [
    [0.69, 0.71],
    [0.05, 0.4],
    [2, 900],
  ] as const)
    assert.ok(logarithmic(low, high, 0, 1).ticks.length > 1, `${low} ${high}`);
  const y = logarithmic(0.01, 100, 0, 40);
  assert.equal(y(1), 20);
  assert.equal(y(1e9), 40, "held at the end");
});

test("layers are named up to both ends, without two names on one another", () => {
  const x = ordinal(52, 0, 500, 8);
  assert.equal(x.ticks[0], 0);
  assert.equal(x.ticks.at(-1), 51);
  const gaps = x.ticks.slice(1).map((t, i) => t - x.ticks[i]!);
  assert.ok(Math.min(...gaps) > 3, String(x.ticks));
  assert.equal(ordinal(1, 0, 100, 5)(0), 50);
});

test("a line breaks where a number is missing, and so does its band", () => {
  assert.equal(line([[0, 1], [1, NaN], [2, 3], [3, 4]]), "M0.0,1.0M2.0,3.0L3.0,4.0"); // prettier-ignore
  assert.equal(band([[0, 1], [1, NaN], [2, 3]], [[0, 0], [1, 0], [2, 0]]), "M0.0,0.0L2.0,0.0L2.0,3.0L0.0,1.0Z"); // prettier-ignore
  assert.equal(band([[0, 1]], [[0, 0]]), "");
});

test("labels keep their order and their distance, between top and bottom", () => {
  const heights = [100, 101, 99, 300, 299];
  const placed = spread(heights, 14, 20, 300);
  const order = heights
    .map((_, i) => i)
    .sort((a, b) => placed[a]! - placed[b]!);
  assert.deepEqual(order, [2, 0, 1, 4, 3]);
  for (let i = 1; i < order.length; i++)
    assert.ok(placed[order[i]!]! - placed[order[i - 1]!]! >= 14 - 1e-9);
  assert.ok(Math.max(...placed) <= 300);
  assert.deepEqual(
    spread([50, 200], 14, 0, 300),
    [50, 200],
    "what has room stays",
  );
});

test("numbers in words", () => {
  assert.deepEqual([0, 0.0821, 642.3, 1.23e-6, 1e7, Infinity, NaN].map(short), ["0", "0.0821", "642", "1.2e-6", "1.0e7", "infinite", "not a number"]); // prettier-ignore
  assert.deepEqual([0.5, 1, NaN].map(percent), ["50.0 %", "100.0 %", "–"]);
  assert.deepEqual([1e-6, 0.1, 1000, 1e5].map(tick), [
    "1e-6",
    "0.1",
    "1,000",
    "1e5",
  ]);
  assert.deepEqual([4.21, 45, 600, 9000].map(duration), [
    "4.2 s",
    "45 s",
    "10 min",
    "3 h",
  ]);
  assert.equal(cut("truncated_normal(0.02)", 11), "truncated_…");
});

test("quartiles are NumPy's, with what is no number last", () => {
  assert.deepEqual(quartiles([4, 1, 3, 2]), [1.75, 2.5, 3.25]);
  assert.deepEqual(quartiles([7]), [7, 7, 7]);
  assert.deepEqual(quartiles([NaN, 1, 2]).slice(0, 2), [1.5, 2]);
  assert.equal(quartiles([Infinity, Infinity])[1], Infinity);
});

test("a dragged slider finds 1, a key can stand beside it", () => {
  assert.equal(multiplierAt(0.04, true), 1);
  assert.equal(multiplierAt(0.04, false), 1.1);
  assert.equal(multiplierAt(-2, true), 0.01);
  assert.equal(multiplierAt(2, false), 100);
});

test("a spec is a scheme and a multiplier", () => {
  assert.deepEqual(splitSpec(" he*1.3 "), { scheme: "he", multiplier: 1.3 });
  assert.deepEqual(splitSpec("normal(0.05)"), {
    scheme: "normal(0.05)",
    multiplier: 1,
  });
  assert.deepEqual(splitSpec("he*x"), { scheme: "he*x", multiplier: 1 });
  assert.deepEqual(splitSpec("he*-1"), { scheme: "he*-1", multiplier: 1 });
});

test("a saved page holds state and table, whatever they contain", () => {
  const source =
    '<html><script type="text/plain" id="state"></script><script type="application/json" id="table">null</script></html>';
  const text = "a,b\n1,</script><script>alert(1)</script>\n$&,$1";
  const saved = pageWith(source, "v=1&x=</script>$&", {
    kind: "csv",
    name: "<b>",
    text,
    label: null,
  });
  assert.equal(saved.match(/<\/?script/g)?.length, 4);
  const held = /id="table">([^<]*)</.exec(saved)![1]!;
  assert.equal((JSON.parse(held) as { text: string }).text, text);
  assert.ok(saved.includes("v=1&x=%3C/script>$&"));
  const none = pageWith(source, "v=1", { kind: "points", points: [] });
  assert.ok(none.includes('id="table">null<'));
});
