// The made data sets, equal to experiments/data/datasets.py: the same generators, in the same order of calls.
import { InputError, unknown } from "../errors.ts";
import { Generator } from "../random/pcg64.ts";
import { RandomState } from "../random/mersenne.ts";
import { bindPlain, parse, type Signature, specWith } from "../spec.ts";
import type { Dataset, MadeData, Samples, Tables } from "../types.ts";
import { cos, sin } from "./circle.ts";
import { dataset } from "./dataset.ts";

type Point = readonly [number, number];
type Draw = (count: number, seed: number) => { points: Point[]; labels: number[] };

export const MOST_SAMPLES = 5000;
export const MOST_CLASSES = 8;
const LEAST_TEST = 10;

/** The spec string of a made data set as headstart takes it; arguments at their defaults are left out. */
export function madeSpec(choice: MadeData, tables: Tables): string {
  return specWith(signatureOf(choice.name, tables), choice.arguments);
}

/** A made data set from its spec string, or an InputError. */
export function parseMade(text: string, tables: Tables): MadeData {
  const spec = parse(text, "data set", "circles(noise=0.1)");
  const values = bindPlain(signatureOf(spec.name, tables), spec);
  const numbers = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
  const { samples = 300, classes = 2 } = numbers;
  if (samples > MOST_SAMPLES)
    throw new InputError(`the page makes at most ${MOST_SAMPLES} samples, got ${samples}. Use headstart compare.`);
  if (classes > MOST_CLASSES)
    throw new InputError(`the page makes at most ${MOST_CLASSES} classes, got ${classes}. Use headstart compare.`);
  return { kind: "made", name: spec.name, arguments: numbers };
}

function signatureOf(name: string, tables: Tables): Signature {
  const row = tables.data.find((one) => one.name === name && Object.hasOwn(MAKERS, name));
  if (!row) throw unknown("data set", name, Object.keys(MAKERS));
  return { kind: "data set", name, arguments: row.arguments };
}

/** Training data and a third as much test data, drawn separately. */
export function makeData(choice: MadeData, seed: number, name: string): Dataset {
  if (!Object.hasOwn(MAKERS, choice.name)) throw unknown("data set", choice.name, Object.keys(MAKERS));
  const { samples = 300, noise = 0, classes = 2 } = choice.arguments;
  const draw = MAKERS[choice.name]!(noise, classes);
  const train = samplesOf(draw(samples, 2 * seed + 1));
  const test = samplesOf(draw(Math.max(Math.floor(samples / 3), LEAST_TEST), 2 * seed + 2));
  const names = Array.from({ length: classes }, (_, k) => String(k));
  return dataset(name, classes === 2 ? "binary" : "classes", train, test, names, ["x1", "x2"]);
}

function samplesOf({ points, labels }: ReturnType<Draw>): Samples {
  return { x: [0, 1].map((axis) => Float64Array.from(points, (point) => point[axis]!)), y: Float64Array.from(labels) };
}

const MAKERS: Readonly<Record<string, (noise: number, classes: number) => Draw>> = {
  circles: (noise) => (count, seed) => {
    const [half, rest] = [Math.floor(count / 2), count - Math.floor(count / 2)];
    const inner = open(2 * Math.PI, rest).map((a): Point => [cos(a) * 0.8, sin(a) * 0.8]);
    return mixed(open(2 * Math.PI, half).map(unit), inner, noise, seed);
  },
  moons: (noise) => (count, seed) => {
    const [half, rest] = [Math.floor(count / 2), count - Math.floor(count / 2)];
    const lower = closed(Math.PI, rest).map((a): Point => [1 - cos(a) - 0, 1 - sin(a) - 0.5]);
    return mixed(closed(Math.PI, half).map(unit), lower, noise, seed);
  },
  blobs: (noise, classes) => (count, seed) => {
    const random = new Generator([seed, classes]);
    const labels = range(count).map((i) => i % classes);
    return {
      labels,
      points: moved(
        labels.map((label) => unit((2 * Math.PI * label) / classes)),
        noise,
        random,
      ),
    };
  },
  xor: (noise) => (count, seed) => {
    const random = new Generator([seed, 4]);
    const corners = range(count).map((i) => [i % 2, Math.floor((i % 4) / 2)] as const);
    const labels = corners.map(([a, b]) => a ^ b);
    return {
      labels,
      points: moved(
        corners.map(([a, b]): Point => [2 * a - 1, 2 * b - 1]),
        noise,
        random,
      ),
    };
  },
  spirals: (noise, classes) => (count, seed) => {
    const random = new Generator([seed, 7, classes]);
    const labels = range(count).map((i) => i % classes);
    const radii = labels.map(() => Math.sqrt(0.02 + (1 - 0.02) * random.uniform()));
    const arms = radii.map((radius, i): Point => {
      const angle = 2 * Math.PI * (radius + labels[i]! / classes);
      return [radius * cos(angle), radius * sin(angle)];
    });
    return { labels, points: moved(arms, noise, random) };
  },
};

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function unit(angle: number): Point {
  return [cos(angle), sin(angle)];
}

/** So many equal steps from 0 up to, and without, the end. */
function open(end: number, count: number): number[] {
  return range(count).map((i) => i * (end / count));
}

/** The same with the end. */
function closed(end: number, count: number): number[] {
  return range(count).map((i) => (i === count - 1 ? end : i * (end / (count - 1))));
}

function moved(points: readonly Point[], noise: number, random: Generator): Point[] {
  return points.map(([x, y]) => {
    const first = noise * random.normal();
    return [x + first, y + noise * random.normal()];
  });
}

/** Points of class 0 and 1, mixed and moved by N(0, noise^2), by the legacy generator. */
function mixed(zeros: readonly Point[], ones: readonly Point[], noise: number, seed: number): ReturnType<Draw> {
  const random = new RandomState(seed % 2 ** 32);
  const order = random.permutation(zeros.length + ones.length);
  const points = [...zeros, ...ones];
  const labels = order.map((place) => (place < zeros.length ? 0 : 1));
  const moved = order.map((place): Point => {
    const [x, y] = points[place]!;
    if (noise === 0) return [x, y];
    const first = noise * random.normal();
    return [x + first, y + noise * random.normal()];
  });
  return { points: moved, labels };
}
