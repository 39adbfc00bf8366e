import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../../../src/headstart/web/src/core/csv/decoding.ts";
import { readTable } from "../../../src/headstart/web/src/core/csv/read.ts";
import { told } from "../../../src/headstart/web/src/core/csv/text.ts";
import {
  load,
  pointsTable,
} from "../../../src/headstart/web/src/core/data/load.ts";
import {
  InputError,
  wordsOf,
} from "../../../src/headstart/web/src/core/errors.ts";
import type { Dataset } from "../../../src/headstart/web/src/core/types.ts";
import { apart, fixtures, float64s, tables, unequal } from "./fixtures.ts";

function read(one: any): { data: Dataset; note: string | null } | string {
  try {
    const [text, note] = decode(
      Uint8Array.from(Buffer.from(one.content, "base64")),
      told(one.name),
    );
    return { data: readTable(one.name, text, one.reading, 3, tables), note };
  } catch (error) {
    if (error instanceof InputError) return wordsOf(error);
    throw error;
  }
}

for (const one of fixtures["csv"]) {
  test(`${one.name}: ${one.message ? "refused in Python's words" : "read as Python reads it"}`, () => {
    const found = read(one);
    if (one.message || typeof found === "string") {
      assert.equal(found, one.message);
      return;
    }
    const { data, note } = found;
    assert.equal(note, one.note);
    assert.deepEqual(
      {
        task: data.task,
        classes: data.classes,
        features: data.features,
        notes: data.notes,
      },
      {
        task: one.task,
        classes: one.classes,
        features: one.features,
        notes: one.notes,
      },
    );
    for (const part of ["train", "test"] as const) {
      const x = Float64Array.from(
        data[part].x.flatMap((column) => [...column]),
      );
      const [expectedX, expectedY] = [
        float64s(one[`${part}_x`]),
        float64s(one[`${part}_y`]),
      ];
      assert.ok(
        apart(x, expectedX) < 4e-15 && apart(data[part].y, expectedY) < 4e-15,
        `${part}`,
      );
      assert.equal(
        unequal(Float32Array.from(x), Float32Array.from(expectedX)),
        0,
        `${part} in float32`,
      );
      assert.equal(
        unequal(Float32Array.from(data[part].y), Float32Array.from(expectedY)),
        0,
        `${part} labels`,
      );
    }
  });
}

test("what is too large for the page is told, with what to use instead", () => {
  const row = "0.123456789,0.123456789,red\n";
  assert.throws(
    () =>
      readTable(
        "big.csv",
        `a,b,y\n${row.repeat(80_000)}`,
        { label: null },
        0,
        tables,
      ),
    /headstart compare/,
  );
  assert.throws(
    () =>
      readTable(
        "long.csv",
        `a,y\n${"1,r\n2,b\n".repeat(3000)}`,
        { label: null },
        0,
        tables,
      ),
    /6,000 rows/,
  );
  const wide = Array.from({ length: 70 }, (_, k) => `c${k}`).join();
  const cells = `${Array.from({ length: 70 }, (_, k) => k).join()}\n`;
  assert.throws(
    () =>
      readTable(
        "wide.csv",
        `${wide}\n${cells.repeat(3)}`,
        { label: null },
        0,
        tables,
      ),
    InputError,
  );
});

test("points clicked in are a table", () => {
  const points = Array.from(
    { length: 40 },
    (_, k) => [k % 7, (k * k) % 5, k % 2] as const,
  );
  const data = load({ kind: "points", points }, 0, tables);
  assert.deepEqual(
    [data.task, data.classes, data.train.y.length],
    ["binary", ["class 0", "class 1"], 30],
  );
  assert.match(pointsTable(points), /^x1,x2,class\n0\.0,0\.0,class 0\n/);
  assert.throws(
    () => load({ kind: "points", points: points.slice(0, 2) }, 0, tables),
    InputError,
  );
});
