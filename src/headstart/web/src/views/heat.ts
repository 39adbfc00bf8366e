// The weights as maps: for each layer a row per unit and a column per input, the bias set apart at its right.
// Rows that are copies look alike at a glance, and at zeros there is nothing to see but paper.

import type { Layer } from "../core/types.ts";
import { paintBox } from "./bitmap.ts";
import type { Look } from "./look.ts";
import type { Pen } from "./pen.ts";

interface Place {
  readonly x: number;
  readonly y: number;
  readonly cell: number;
}

/** Draws all layers in a square, side by side in rows, each in one shade scale of its own. */
export function drawHeat(pen: Pen, layers: readonly Layer[], size: number, scale: number, look: Look): void {
  const places = arrange(layers, size, 9 * scale, 13 * scale);
  layers.forEach((layer, l) => {
    drawLayer(pen, layer, `${l + 1}`, places[l]!, scale, look);
  });
}

const columnsOf = (layer: Layer): number => layer.inputs + 1.5; // half a cell between weights and bias

/** The largest cells at which all layers fit, filled like words into lines. */
function arrange(layers: readonly Layer[], size: number, gap: number, title: number): Place[] {
  for (let cell = size / 4; cell > 0.3; cell *= 0.94) {
    const places: Place[] = [];
    let [x, y, high] = [gap, gap, 0];
    for (const layer of layers) {
      const [width, height] = [columnsOf(layer) * cell, layer.outputs * cell + title];
      if (x + width > size - gap * 0.5 && x > gap) [x, y, high] = [gap, y + high + gap, 0];
      places.push({ x, y: y + title, cell });
      if (x + width > size) high = Infinity; // a single layer wider than the picture: smaller cells
      x += width + gap;
      high = Math.max(high, height);
    }
    if (y + high <= size - gap * 0.5) return places;
  }
  return layers.map(() => ({ x: gap, y: gap, cell: 0.3 }));
}

function drawLayer(pen: Pen, layer: Layer, title: string, at: Place, scale: number, look: Look): void {
  const { inputs, outputs } = layer;
  let most = 0;
  for (const w of [...layer.weights, ...layer.biases]) if (Number.isFinite(w)) most = Math.max(most, Math.abs(w));
  const [wide, high] = [inputs * at.cell, outputs * at.cell];
  const bias = at.x + (inputs + 0.5) * at.cell;
  paintBox(pen, inputs, outputs, { x: at.x, y: at.y, side: wide, high }, false, (pixels) => {
    look.shades.signed(layer.weights, most || 1, pixels);
  });
  paintBox(pen, 1, outputs, { x: bias, y: at.y, side: at.cell, high }, false, (pixels) => {
    look.shades.signed(layer.biases, most || 1, pixels);
  });
  pen.lineWidth = scale;
  pen.strokeStyle = look.quiet;
  pen.strokeRect(at.x, at.y, wide, high);
  pen.strokeRect(bias, at.y, at.cell, high);
  pen.font = `${Math.round(10.5 * scale)}px system-ui, sans-serif`;
  pen.textAlign = "left";
  pen.fillStyle = look.quiet;
  pen.fillText(title, at.x, at.y - 3 * scale);
}
