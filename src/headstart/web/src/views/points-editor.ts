// Points of one's own: clicked, or set with a crosshair that the arrow keys move.

import type { Dataset } from "../core/types.ts";
import { buttons, openDialog } from "./dialog.ts";
import { el, say } from "./dom.ts";
import { segments } from "./fields.ts";
import { drawMarks } from "./marks.ts";
import type { Page } from "./page.ts";

type Point = readonly [number, number, number];
const REACH = 1.5; // the square goes from -1.5 to 1.5 both ways
const SIZE = 640; // pixels of the canvas
const NEAR = 0.12; // how close a point must be to be taken away
const FEW = 4; // fewer teach nothing, and leave none to test
const CLASSES = ["class 0", "class 1", "class 2"];

/** Opens the editor, with the points that are there already. */
export function openEditor(page: Page): void {
  const { lab } = page;
  const { data } = lab.state;
  let points: Point[] = data.kind === "points" ? [...data.points] : [];
  let label = 0;
  let cross: [number, number] = [0, 0];
  const canvas = el("canvas", { width: SIZE, height: SIZE, tabindex: 0, role: "application", "data-keys": "own" });
  canvas.setAttribute(
    "aria-label",
    "A square from -1.5 to 1.5. Arrow keys move the crosshair, Enter sets a point, Delete removes the nearest.",
  );
  const said = el("p", { role: "status" });
  const use = el("button", { class: "primary" }, "Use these points");

  const draw = (): void => {
    drawSquare(canvas, points, cross, page);
    const kinds = new Set(points.map(([, , kind]) => kind)).size;
    use.disabled = points.length < FEW || kinds < 2;
    say(
      said,
      `${points.length} ${points.length === 1 ? "point" : "points"} of ${kinds} ${kinds === 1 ? "class" : "classes"}${use.disabled ? ": at least four, of two classes, are needed." : "."}`,
    );
  };
  const put = (x: number, y: number): void => {
    points.push([tidy(x), tidy(y), label]);
    draw();
  };
  const take = (x: number, y: number): void => {
    const at = nearest(points, x, y);
    if (at >= 0) points = points.toSpliced(at, 1);
    draw();
  };
  canvas.addEventListener("pointerdown", (event) => {
    const box = canvas.getBoundingClientRect();
    cross = [
      ((event.clientX - box.left) / box.width - 0.5) * 2 * REACH,
      (0.5 - (event.clientY - box.top) / box.height) * 2 * REACH,
    ];
    if (event.shiftKey || event.button === 2) take(...cross);
    else put(...cross);
  });
  canvas.addEventListener("contextmenu", (event) => {
    event.preventDefault();
  });
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const reach = event.shiftKey ? 0.3 : 0.1;
    if (move) cross = [hold(cross[0] + move[0]! * reach), hold(cross[1] + move[1]! * reach)];
    else if (event.key === "Enter" || event.key === " ") put(...cross);
    else if (event.key === "Delete" || event.key === "Backspace") take(...cross);
    else return;
    event.preventDefault();
    draw();
  });
  const kinds = el("div", { class: "segments" });
  segments(
    kinds,
    "point-class",
    "Class of the next point",
    CLASSES.map((words, i) => [String(i), words] as const),
    (value) => {
      label = Number(value);
    },
  )("0");
  use.addEventListener("click", () => {
    lab.set({ data: { kind: "points", points } });
    use.closest("dialog")?.close();
  });
  const clear = el(
    "button",
    {
      onclick: () => {
        points = [];
        draw();
      },
    },
    "Clear",
  );
  const undo = el(
    "button",
    {
      onclick: () => {
        points = points.slice(0, -1);
        draw();
      },
    },
    "Undo",
  );
  const start = el(
    "button",
    {
      onclick: () => {
        points = sampleOf(lab.data);
        draw();
      },
    },
    "Begin with the present data",
  );
  openDialog(
    "Own points",
    el(
      "div",
      { class: "editor" },
      canvas,
      el(
        "div",
        {},
        kinds,
        el("p", {}, "Click to set a point, Shift and click to take one away. By keyboard: arrows, Enter, Delete."),
        said,
        el("div", { class: "buttons" }, undo, clear, start),
      ),
    ),
    buttons(use),
  );
  draw();
}

const tidy = (v: number): number => Math.round(hold(v) * 1000) / 1000;
const hold = (v: number): number => Math.max(-REACH, Math.min(REACH, v));

function nearest(points: readonly Point[], x: number, y: number): number {
  let [best, found] = [NEAR, -1];
  points.forEach(([px, py], i) => {
    const far = Math.hypot(px - x, py - y);
    if (far < best) [best, found] = [far, i];
  });
  return found;
}

/** At most a hundred of the present points, where they are in the plane and in the square. */
function sampleOf(data: Dataset | null): Point[] {
  const [x, y] = data?.train.x ?? [];
  if (!data || !x || !y || data.task === "regression") return [];
  const every = Math.max(1, Math.ceil(x.length / 100));
  const all = Array.from(x, (v, i): Point => [tidy(v), tidy(y[i]!), data.train.y[i]!]);
  return all.filter(
    ([a, b, label], i) => i % every === 0 && label < CLASSES.length && Math.abs(a) < REACH && Math.abs(b) < REACH,
  );
}

function drawSquare(
  canvas: HTMLCanvasElement,
  points: readonly Point[],
  cross: readonly [number, number],
  page: Page,
): void {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  const { look } = page;
  const at = (x: number, y: number): [number, number] => [(x / REACH + 1) * (SIZE / 2), (1 - y / REACH) * (SIZE / 2)];
  pen.fillStyle = look.paper;
  pen.fillRect(0, 0, SIZE, SIZE);
  pen.lineWidth = 1;
  pen.strokeStyle = look.faint;
  pen.beginPath();
  for (let v = -1; v <= 1; v += 0.5) {
    for (const [from, to] of [
      [at(v, -REACH), at(v, REACH)],
      [at(-REACH, v), at(REACH, v)],
    ] as const) {
      pen.moveTo(...from);
      pen.lineTo(...to);
    }
  }
  pen.stroke();
  drawMarks(
    pen,
    points.map(([x, y, label]) => [...at(x, y), label] as const),
    9,
    { numbers: false, look },
  );
  const [cx, cy] = at(...cross);
  pen.lineWidth = 2;
  pen.strokeStyle = look.ink;
  pen.beginPath();
  pen.moveTo(cx - 16, cy);
  pen.lineTo(cx + 16, cy);
  pen.moveTo(cx, cy - 16);
  pen.lineTo(cx, cy + 16);
  pen.stroke();
}
