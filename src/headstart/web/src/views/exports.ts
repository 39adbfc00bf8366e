// A panel as PNG or SVG, with its name and what it shows; the numbers as CSV; the page with its state inside.

import type { DataChoice, Lab } from "../core/types.ts";
import { download, fileName } from "./download.ts";
import { svg } from "./dom.ts";
import { count } from "./numbers.ts";
import type { Page } from "./page.ts";
import { SvgPen, type Pen } from "./pen.ts";
import { drawPicture } from "./picture.ts";

const SIZE = 640; // pixels of a picture's side
const HEAD = 60;
const SHARP = 2; // device pixels of a PNG: it is for slides

/** What the lines above a picture say. */
function heading(page: Page, panel: number): [string, string] {
  const { lab, clock } = page;
  const { state } = lab;
  const about = `${lab.data?.name ?? ""}, network ${lab.sizes.join("-")}, ${state.activation}, ${state.optimizer}, learning rate ${state.rate}`;
  const seed = state.view === "seeds" ? `seeds 0 to ${state.seeds - 1}` : `seed ${state.seed}`;
  return [`${lab.result(panel).spec}, step ${count(clock.step)}, ${seed}`, about];
}

function draw(pen: Pen, page: Page, panel: number): void {
  const { look } = page;
  const [first, second] = heading(page, panel);
  pen.font = "600 20px Helvetica, Arial, sans-serif";
  pen.textAlign = "left";
  pen.fillStyle = look.ink;
  pen.fillText(first, 2, 24);
  pen.font = "14px Helvetica, Arial, sans-serif";
  pen.fillStyle = look.quiet;
  pen.fillText(second.length > 88 ? `${second.slice(0, 87)}…` : second, 2, 46);
}

/** A panel's picture as SVG text. */
export function panelSvg(page: Page, panel: number): string {
  const height = SIZE + HEAD;
  const root = svg("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${SIZE} ${height}`,
    width: SIZE,
    height,
  });
  root.append(svg("title", {}, heading(page, panel).join(", ")));
  const clip = svg("clipPath", { id: "frame" }, svg("rect", { width: SIZE, height: SIZE }));
  const picture = svg("g", { "clip-path": "url(#frame)" });
  root.append(svg("defs", {}, clip), svg("rect", { width: SIZE, height, fill: page.look.paper }));
  const head = svg("g");
  draw(new SvgPen(head), page, panel);
  const shift = svg("g", { transform: `translate(0 ${HEAD})` }, picture);
  drawPicture(new SvgPen(picture), panel, { ...page, record: page.clock.record, size: SIZE, scale: 2 });
  root.append(head, shift);
  return new XMLSerializer().serializeToString(root);
}

/** A panel's picture as pixels. */
export function panelCanvas(page: Page, panel: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = SIZE * SHARP;
  canvas.height = (SIZE + HEAD) * SHARP;
  const context = canvas.getContext("2d")!;
  context.fillStyle = page.look.paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(SHARP, SHARP);
  draw(context, page, panel);
  context.translate(0, HEAD);
  context.beginPath();
  context.rect(0, 0, SIZE, SIZE);
  context.clip();
  drawPicture(context, panel, { ...page, record: page.clock.record, size: SIZE, scale: 2 });
  return canvas;
}

export function savePng(page: Page, panel: number): void {
  panelCanvas(page, panel).toBlob((blob) => {
    if (blob) download(`${fileName(page.lab.result(panel).spec)}.png`, blob);
  }, "image/png");
}

export function saveSvg(page: Page, panel: number): void {
  const blob = new Blob([panelSvg(page, panel)], { type: "image/svg+xml" });
  download(`${fileName(page.lab.result(panel).spec)}.svg`, blob);
}

export function saveCsv(lab: Lab): void {
  download("headstart-lab.csv", new Blob([lab.csv()], { type: "text/csv" }));
}

/** The content of one of the page's data elements. In a script element nothing is decoded: "<" alone must not occur. */
function filled(source: string, id: string, content: string): string {
  const element = new RegExp(`(<script type="[^"]*" id="${id}">)[^<]*`);
  return source.replace(element, (_, open: string) => open + content);
}

/** The page itself with another state inside, and the table that it is about. */
export function pageWith(source: string, address: string, table: DataChoice | null): string {
  const held = table?.kind === "csv" ? JSON.stringify(table).replaceAll("<", "\\u003c") : "null";
  const html = filled(filled(source, "state", address.replaceAll("<", "%3C")), "table", held);
  return `<!doctype html>\n${html}\n`;
}

export function savePage(page: Page): void {
  const html = pageWith(page.source, page.lab.address(), page.lab.state.data);
  download("headstart-lab.html", new Blob([html], { type: "text/html" }));
}
