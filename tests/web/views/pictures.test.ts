// What pictures are made of, where the truth is known: a circle's radius, a plane's crossing, colours by their contrast.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Layer } from "../../../src/headstart/web/src/core/types.ts";
import {
  contrast,
  hex,
  parse,
  readable,
} from "../../../src/headstart/web/src/views/colour.ts";
import {
  boundaries,
  lead,
  zeroLine,
} from "../../../src/headstart/web/src/views/contour.ts";
import {
  copies,
  copiesInWords,
} from "../../../src/headstart/web/src/views/network.ts";
import { Shades } from "../../../src/headstart/web/src/views/shading.ts";
import {
  across,
  cells,
  detail,
} from "../../../src/headstart/web/src/views/tiles.ts";

type Piece = [number, number, number, number];

/** A field on a grid from a function of column and row. */
const field = (
  side: number,
  value: (c: number, r: number) => number,
): Float32Array =>
  Float32Array.from({ length: side * side }, (_, i) =>
    value(i % side, Math.floor(i / side)),
  );

function pieces(values: Float32Array, side: number): Piece[] {
  const found: Piece[] = [];
  zeroLine(values, side, (...piece) => found.push(piece));
  return found;
}

test("the zero line of a cone is a circle, closed and of the right length", () => {
  const [side, radius] = [64, 20];
  const found = pieces(
    field(side, (c, r) => Math.hypot(c - 31.3, r - 30.6) - radius),
    side,
  );
  let length = 0;
  const ends = new Map<string, number>();
  for (const [x0, y0, x1, y1] of found) {
    length += Math.hypot(x1 - x0, y1 - y0);
    for (const [x, y] of [
      [x0, y0],
      [x1, y1],
    ]) {
      assert.ok(
        Math.abs(Math.hypot(x! - 31.3, y! - 30.6) - radius) < 0.05,
        "on the circle",
      );
      const key = `${x!.toFixed(4)} ${y!.toFixed(4)}`;
      ends.set(key, (ends.get(key) ?? 0) + 1);
    }
  }
  assert.ok(Math.abs(length / (2 * Math.PI * radius) - 1) < 0.002);
  assert.ok(
    [...ends.values()].every((count) => count === 2),
    "every end is another's beginning",
  );
});

test("saddles are joined through their middle, whichever sign it has", () => {
  for (const [middle, sign] of [
    [0.5, 1],
    [-0.5, -1],
  ] as const) {
    const values = Float32Array.from([1, -1, -1, 1].map((v) => v + middle));
    const found = pieces(values, 2);
    assert.equal(found.length, 2);
    // a corner of the other sign is cut off by each piece: no piece passes between the two corners of the middle's sign
    for (const [x0, y0, x1, y1] of found) {
      const near = [x0 + x1, y0 + y1].map((v) => v / 2);
      const corner = near.map(Math.round);
      assert.equal(Math.sign(values[corner[1]! * 2 + corner[0]!]!), -sign);
    }
  }
});

test("numbers that are none draw no line, and the rest of the picture stays", () => {
  const side = 8;
  const values = field(side, (c, r) => (r === 0 ? NaN : c - 3.5));
  const found = pieces(values, side);
  assert.equal(found.length, side - 2);
  assert.ok(found.flat().every(Number.isFinite));
  assert.equal(
    pieces(new Float32Array(64), 8).length,
    0,
    "zero everywhere has no side to change to",
  );
});

test("the boundary of classes is where the best two are equal", () => {
  const side = 32;
  const planes = [
    field(side, (c) => c - 10.25),
    field(side, (c) => 10.25 - c),
    field(side, () => -100),
  ];
  const out = new Float32Array(side * side);
  lead(planes, 0, out);
  assert.equal(out[5], 2 * (5 - 10.25));
  const places: number[] = [];
  boundaries(planes, side, (x0, _, x1) => places.push(x0, x1));
  assert.ok(
    places.length > 0 && places.every((x) => Math.abs(x - 10.25) < 1e-6),
  );
});

test("the shade is the class that leads, the stronger the surer; what is no number stays paper", () => {
  const [paper, a, b, c] = ["#ffffff", "#e69f00", "#0072b2", "#009e73"].map(
    parse,
  );
  const shades = new Shades([a!, b!, c!], paper!);
  const pixels = new Uint32Array(4);
  shades.paint([Float32Array.from([-50, 0, 50, NaN])], pixels);
  const colour = (v: number): string =>
    hex([v & 255, (v >> 8) & 255, (v >> 16) & 255]);
  const full = (one: string): string =>
    hex(
      parse(one).map((v, i) =>
        Math.round(255 + (v - paper![i]! * 1) * 0.62),
      ) as never,
    );
  assert.equal(colour(pixels[0]!), full("#e69f00"));
  assert.equal(colour(pixels[1]!), "#ffffff");
  assert.equal(colour(pixels[2]!), full("#0072b2"));
  assert.equal(colour(pixels[3]!), "#ffffff");
  const three = new Uint32Array(2);
  shades.paint(
    [
      Float32Array.from([0, Infinity]),
      Float32Array.from([1, 0]),
      Float32Array.from([60, 0]),
    ],
    three,
  );
  assert.equal(colour(three[0]!), full("#009e73"));
  assert.equal(
    colour(three[1]!),
    full("#e69f00"),
    "an infinite logit is as sure as can be",
  );
});

test("two classes as one logit or as two planes have the same shades", () => {
  const shades = new Shades(
    ["#e69f00", "#0072b2"].map(parse),
    parse("#ffffff"),
  );
  const logit = Float32Array.from({ length: 64 }, (_, i) => (i - 32) / 7);
  const [one, two] = [new Uint32Array(64), new Uint32Array(64)];
  shades.paint([logit], one);
  shades.paint([new Float32Array(64), logit], two);
  assert.deepEqual(one, two);
});

test("colours are moved as far as contrast asks and no further", () => {
  const [white, ink] = [parse("#ffffff"), parse("#1a1a1a")];
  assert.ok(Math.abs(contrast(parse("#000"), white) - 21) < 1e-9);
  assert.equal(hex(readable(parse("#0072b2"), white, ink, 4.5)), "#0072b2");
  const moved = readable(parse("#56b4e9"), white, ink, 4.5);
  assert.ok(contrast(moved, white) >= 4.5 && contrast(moved, white) < 5.1);
});

function layer(
  inputs: number,
  outputs: number,
  weight: (o: number, i: number) => number,
): Layer {
  const weights = Float32Array.from({ length: inputs * outputs }, (_, k) =>
    weight(Math.floor(k / inputs), k % inputs),
  );
  return { inputs, outputs, weights, biases: new Float32Array(outputs) };
}

test("copies are units with the same weights in and out, and nothing else", () => {
  const zeros = [layer(2, 4, () => 0), layer(4, 1, () => -0)];
  assert.deepEqual(copies(zeros), [[0, 0, 0, 0]]);
  assert.equal(copiesInWords(zeros), "Layer 1: all 4 units are copies of one.");
  const outgoing = [layer(2, 4, () => 1), layer(4, 1, (_, i) => i)];
  assert.deepEqual(
    copies(outgoing),
    [[0, 1, 2, 3]],
    "alike in what they read, different in what they tell",
  );
  const pair = [
    layer(2, 3, (o) => Number(o > 0)),
    layer(3, 2, (_, i) => Number(i > 0)),
  ];
  assert.deepEqual(copies(pair), [[0, 1, 1]]);
  assert.equal(copiesInWords(pair), "Layer 1: 3 units, only 2 different.");
});

test("thumbnails fill a square without touching, and their grids are whole blocks", () => {
  for (const count of [1, 2, 16, 17, 64]) {
    const places = cells(count, 300, 2);
    assert.equal(places.length, count);
    assert.ok(
      places.every(
        ({ x, y, side }) =>
          x >= 0 && y >= 0 && x + side <= 300 && y + side <= 300,
      ),
    );
    assert.ok(across(count) ** 2 >= count);
    assert.equal(detail(count) ** 2 % 16, 0);
  }
});
