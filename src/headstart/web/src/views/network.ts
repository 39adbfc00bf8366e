// The weights as lines between units: colour is the sign, width and strength the size within the layer.
// Units that are copies of one another are drawn with a double rim: at zeros that is all of them.

import type { Layer } from "../core/types.ts";
import type { Look } from "./look.ts";
import type { Pen } from "./pen.ts";

const MOST_UNITS = 24; // of a layer that are drawn; more would be a grey block

/** For each hidden layer, the number of the first unit with the same weights as each unit, both in and out. */
export function copies(layers: readonly Layer[]): number[][] {
  return layers.slice(0, -1).map((layer, l) => {
    const next = layers[l + 1]!;
    const seen = new Map<number, number[]>(); // hash -> first units with it
    return Array.from({ length: layer.outputs }, (_, unit) => {
      const hash = hashOf(layer, next, unit);
      const found = seen.get(hash)?.find((other) => same(layer, next, unit, other));
      if (found !== undefined) return found;
      seen.set(hash, [...(seen.get(hash) ?? []), unit]);
      return unit;
    });
  });
}

function same(layer: Layer, next: Layer, a: number, b: number): boolean {
  if (layer.biases[a] !== layer.biases[b]) return false;
  for (let i = 0; i < layer.inputs; i++)
    if (layer.weights[a * layer.inputs + i] !== layer.weights[b * layer.inputs + i]) return false;
  for (let o = 0; o < next.outputs; o++)
    if (next.weights[o * next.inputs + a] !== next.weights[o * next.inputs + b]) return false;
  return true;
}

/** A number that copies share; sums of what the unit reads keep it cheap enough for every frame. */
function hashOf(layer: Layer, next: Layer, unit: number): number {
  let hash = layer.biases[unit]!;
  for (let i = 0; i < layer.inputs; i++) hash = hash * 1.37 + layer.weights[unit * layer.inputs + i]!;
  for (let o = 0; o < next.outputs; o++) hash = hash * 1.37 + next.weights[o * next.inputs + unit]!;
  return hash;
}

/** "layer 1: 10 units, all copies of one": what the picture shows, in words. */
export function copiesInWords(layers: readonly Layer[]): string {
  const lines = copies(layers).map((firsts, l) => {
    const kinds = new Set(firsts).size;
    const units = firsts.length;
    if (kinds === units) return undefined;
    return `layer ${l + 1}: ${kinds === 1 ? `all ${units} units are copies of one` : `${units} units, only ${kinds} different`}`;
  });
  const told = lines.filter((line) => line !== undefined);
  if (!told.length) return "All units differ.";
  const shown = told.slice(0, 3).join("; ");
  return `${shown[0]!.toUpperCase()}${shown.slice(1)}${told.length > 3 ? `; and so in ${told.length - 3} more` : ""}.`;
}

/** Draws the whole network in a square. */
export function drawNetwork(pen: Pen, layers: readonly Layer[], size: number, scale: number, look: Look): void {
  if (!layers.length) return;
  const widths = [layers[0]!.inputs, ...layers.map((layer) => layer.outputs)];
  const drawn = widths.map((width) => Math.min(width, MOST_UNITS));
  const pad = size * 0.08;
  const x = (l: number): number => pad + (l / (widths.length - 1)) * (size - 2 * pad);
  const gap = drawn.map((count) => Math.min((size - 2.6 * pad) / Math.max(1, count - 1), size / 7));
  const y = (l: number, unit: number): number => size / 2 + (unit - (drawn[l]! - 1) / 2) * gap[l]!;
  layers.forEach((layer, l) => {
    drawWeights(
      pen,
      layer,
      (unit) => [x(l), y(l, unit)],
      (unit) => [x(l + 1), y(l + 1, unit)],
      drawn[l]!,
      drawn[l + 1]!,
      scale,
      look,
    );
  });
  const twin = copies(layers);
  const radius = Math.min(size / 44, ...gap.map((g, l) => (drawn[l]! > 1 ? g * 0.42 : size)));
  drawn.forEach((count, l) => {
    for (let unit = 0; unit < count; unit++) {
      const firsts = twin[l - 1];
      const copied = firsts !== undefined && firsts.filter((first) => first === firsts[unit]).length > 1;
      drawUnit(pen, x(l), y(l, unit), radius, copied, scale, look);
    }
    if (count < widths[l]!) caption(pen, `${count} of ${widths[l]!}`, x(l), size - pad * 0.35, scale, look);
  });
}

type Place = (unit: number) => readonly [number, number];

function drawWeights(
  pen: Pen,
  layer: Layer,
  from: Place,
  to: Place,
  inputs: number,
  outputs: number,
  scale: number,
  look: Look,
): void {
  let most = 0;
  for (const w of layer.weights) most = Math.max(most, Math.abs(w));
  const crowd = Math.min(1, 90 / (inputs * outputs)) ** 0.35; // thinner where there are hundreds
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++) {
      const w = layer.weights[o * layer.inputs + i]!;
      const share = most > 0 && Number.isFinite(most) ? Math.abs(w) / most : 0;
      if (share < 0.04 && crowd < 0.5) continue;
      const [x0, y0] = from(i);
      const [x1, y1] = to(o);
      pen.globalAlpha = 0.14 + 0.78 * share;
      pen.strokeStyle = w < 0 ? look.classes[0]! : w > 0 ? look.classes[1]! : look.ink;
      pen.lineWidth = scale * (0.4 + 3.2 * share * crowd);
      pen.beginPath();
      pen.moveTo(x0, y0);
      pen.bezierCurveTo((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1);
      pen.stroke();
    }
  pen.globalAlpha = 1;
}

function drawUnit(pen: Pen, x: number, y: number, radius: number, copied: boolean, scale: number, look: Look): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = look.paper;
  pen.fill();
  pen.lineWidth = 1.3 * scale;
  pen.strokeStyle = look.ink;
  pen.stroke();
  if (!copied) return;
  pen.beginPath();
  pen.arc(x, y, radius * 0.5, 0, 2 * Math.PI);
  pen.fillStyle = look.ink;
  pen.fill();
}

function caption(pen: Pen, text: string, x: number, y: number, scale: number, look: Look): void {
  pen.font = `${Math.round(10 * scale)}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.fillStyle = look.quiet;
  pen.fillText(text, x, y);
}
