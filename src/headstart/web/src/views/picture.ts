// What a panel shows, whichever view it is: one place that the screen, PNG and SVG all draw with.

import type { Lab } from "../core/types.ts";
import { drawBent } from "./bent.ts";
import { drawBoundary, shade } from "./boundary.ts";
import { boundaries, type Piece } from "./contour.ts";
import { drawHeat } from "./heat.ts";
import type { Look } from "./look.ts";
import { drawMarks, markSize, placesOf } from "./marks.ts";
import { drawNetwork } from "./network.ts";
import type { Pen } from "./pen.ts";
import { drawMosaic } from "./mosaic.ts";
import { detail } from "./tiles.ts";
import { drawUnits } from "./units.ts";

export interface Scene {
  readonly lab: Lab;
  readonly look: Look;
  readonly record: number;
  /** Pixels per side, and device pixels per pixel of the stylesheet. */
  readonly size: number;
  readonly scale: number;
  /** Draws the data points; the screen keeps them on a layer of their own. */
  readonly points?: (pen: Pen) => void;
}

const LINES = 14; // of the bent grid, each way
const SIDE = 128; // of the boundary's grid; more cannot be seen at a panel's size

/** Draws a panel's picture in a square. What cannot be drawn (a table of four columns has no plane) is left as paper. */
export function drawPicture(pen: Pen, panel: number, scene: Scene): void {
  const { lab, look, size } = scene;
  pen.fillStyle = look.paper;
  pen.fillRect(0, 0, size, size);
  const seed = seenSeed(lab, panel);
  if (seed === undefined) {
    if (lab.state.view === "one") drawPoints(pen, scene); // the data is there before the first network is
    return;
  }
  if (lab.state.view === "one") drawOne(pen, panel, seed, scene);
  else if (lab.state.view === "seeds") drawSeeds(pen, panel, scene);
  else if (lab.state.view === "units") drawLayerUnits(pen, panel, seed, scene);
  else if (lab.state.view === "grid") drawLayerGrid(pen, panel, seed, scene);
  else drawTheWeights(pen, panel, seed, scene);
}

/** The seed that is looked at, or another one while that is not trained. */
export function seenSeed(lab: Lab, panel: number): number | undefined {
  const { runs } = lab.result(panel);
  if (runs[lab.state.seed]) return lab.state.seed;
  const other = runs.findIndex((run) => run !== undefined);
  return other < 0 ? undefined : other;
}

/** The hidden layer that units and grid are of. */
export const seenLayer = (lab: Lab): number => Math.max(0, Math.min(lab.state.layer, lab.state.hidden.length - 1));

function drawOne(pen: Pen, panel: number, seed: number, scene: Scene): void {
  const { lab, look, size, scale } = scene;
  const picture = lab.picture(panel, seed, scene.record, SIDE);
  if (!picture) return;
  const numbers = lab.data?.task === "regression";
  drawBoundary(pen, picture, { x: 0, y: 0, side: size }, 1.6 * scale, numbers, look);
  drawPoints(pen, scene);
}

function drawPoints(pen: Pen, scene: Scene): void {
  if (scene.lab.sizes[0]! > 2) return;
  if (scene.points) scene.points(pen);
  else drawData(pen, scene);
}

/** The training points over a boundary. */
export function drawData(pen: Pen, scene: Scene): void {
  const { lab, look, size } = scene;
  if (!lab.data) return;
  const numbers = lab.data.task === "regression";
  const radius = markSize(size, lab.data.train.y.length);
  drawMarks(pen, placesOf(lab.data.train, lab.window, size), radius, { numbers, look });
}

function drawSeeds(pen: Pen, panel: number, scene: Scene): void {
  const { lab, look, size, scale } = scene;
  const { runs } = lab.result(panel);
  const count = Math.max(runs.length, lab.state.seeds);
  const side = detail(count);
  const numbers = lab.data?.task === "regression";
  const pictures = runs.map((run, seed) => run && lab.picture(panel, seed, scene.record, side));
  const paint = (seed: number, pixels: Uint32Array): void => {
    const picture = pictures[seed];
    if (picture) shade(picture, numbers, look, pixels);
  };
  const lines = (seed: number, piece: Piece): void => {
    const picture = pictures[seed];
    if (picture) boundaries(picture.planes, side, piece);
  };
  drawMosaic(pen, { count, side, size, scale, paint, lines }, look);
}

function drawTheWeights(pen: Pen, panel: number, seed: number, scene: Scene): void {
  const { lab, look, size, scale } = scene;
  const theta = lab.weights(panel, seed, scene.record);
  if (!theta) return;
  const draw = lab.state.view === "heat" ? drawHeat : drawNetwork;
  draw(pen, lab.layersOf(theta), size, scale, look);
}

function drawLayerUnits(pen: Pen, panel: number, seed: number, scene: Scene): void {
  const { lab, look, size, scale } = scene;
  const units = lab.state.hidden[seenLayer(lab)] ?? 0;
  const picture = lab.units(panel, seed, scene.record, seenLayer(lab), detail(units));
  if (picture) drawUnits(pen, picture, size, scale, look);
}

function drawLayerGrid(pen: Pen, panel: number, seed: number, scene: Scene): void {
  const { lab, look, size, scale } = scene;
  if (!lab.data || !lab.state.hidden.length) return;
  const bent = lab.bent(panel, seed, scene.record, seenLayer(lab), LINES);
  if (bent) drawBent(pen, bent, lab.data, size, scale, look);
}
