// One way to draw for the screen and for files: the part of a canvas context that the pictures use, and the same calls
// written down as SVG. So a saved picture is drawn by the code that drew the panel.

export type Pen = Pick<
  CanvasRenderingContext2D,
  | "beginPath"
  | "moveTo"
  | "lineTo"
  | "bezierCurveTo"
  | "arc"
  | "closePath"
  | "stroke"
  | "fill"
  | "fillRect"
  | "strokeRect"
  | "fillText"
> & {
  fillStyle: string | CanvasGradient | CanvasPattern;
  strokeStyle: string | CanvasGradient | CanvasPattern;
  lineWidth: number;
  lineCap: CanvasLineCap;
  lineJoin: CanvasLineJoin;
  globalAlpha: number;
  font: string;
  textAlign: CanvasTextAlign;
  imageSmoothingEnabled: boolean;
  drawImage(image: HTMLCanvasElement, x: number, y: number, width: number, height: number): void;
};

const place = (v: number): string => String(+v.toFixed(2));

/** Writes what is drawn as SVG elements into `parent`. */
export class SvgPen implements Pen {
  fillStyle = "#000";
  strokeStyle = "#000";
  lineWidth = 1;
  lineCap: CanvasLineCap = "butt";
  lineJoin: CanvasLineJoin = "miter";
  globalAlpha = 1;
  font = "12px sans-serif";
  textAlign: CanvasTextAlign = "left";
  imageSmoothingEnabled = true;
  private path: string[] = [];

  private readonly parent: Element;

  constructor(parent: Element) {
    this.parent = parent;
  }

  beginPath(): void {
    this.path = [];
  }
  moveTo(x: number, y: number): void {
    this.path.push(`M${place(x)} ${place(y)}`);
  }
  lineTo(x: number, y: number): void {
    this.path.push(`L${place(x)} ${place(y)}`);
  }
  bezierCurveTo(a: number, b: number, c: number, d: number, x: number, y: number): void {
    this.path.push(`C${[a, b, c, d, x, y].map(place).join(" ")}`);
  }
  arc(x: number, y: number, radius: number): void {
    const r = place(radius); // whole circles only: no picture here needs a part of one
    this.path.push(
      `M${place(x - radius)} ${place(y)}a${r} ${r} 0 1 0 ${place(2 * radius)} 0a${r} ${r} 0 1 0 ${place(-2 * radius)} 0`,
    );
  }
  closePath(): void {
    this.path.push("Z");
  }
  stroke(): void {
    this.add("path", { d: this.path.join(""), fill: "none", ...this.strokes() });
  }
  fill(): void {
    this.add("path", { d: this.path.join(""), ...this.fills() });
  }
  fillRect(x: number, y: number, width: number, height: number): void {
    this.add("rect", { x: place(x), y: place(y), width: place(width), height: place(height), ...this.fills() });
  }
  strokeRect(x: number, y: number, width: number, height: number): void {
    this.add("rect", {
      x: place(x),
      y: place(y),
      width: place(width),
      height: place(height),
      fill: "none",
      ...this.strokes(),
    });
  }
  fillText(text: string, x: number, y: number): void {
    const size = /(\d+(\.\d+)?)px/.exec(this.font)?.[1] ?? "12";
    const anchor = { left: "start", start: "start", center: "middle", right: "end", end: "end" }[this.textAlign];
    const weight = /^(\d+|bold) /.exec(this.font)?.[1] ?? "400";
    const family = "Helvetica Neue, Helvetica, Arial, sans-serif";
    const named = { "font-size": size, "font-weight": weight, "font-family": family, "text-anchor": anchor };
    this.add("text", { x: place(x), y: place(y), ...named, ...this.fills() }).textContent = text;
  }
  drawImage(image: HTMLCanvasElement, x: number, y: number, width: number, height: number): void {
    const box = { x: place(x), y: place(y), width: place(width), height: place(height), preserveAspectRatio: "none" };
    const rendering: Record<string, string> = this.imageSmoothingEnabled ? {} : { "image-rendering": "pixelated" };
    this.add("image", { href: image.toDataURL("image/png"), ...box, ...rendering });
  }

  private fills(): Record<string, string> {
    return {
      fill: this.fillStyle,
      ...(this.globalAlpha < 1 ? { "fill-opacity": place(this.globalAlpha) } : {}),
    };
  }
  private strokes(): Record<string, string> {
    return {
      stroke: this.strokeStyle,
      "stroke-width": place(this.lineWidth),
      ...(this.lineCap === "butt" ? {} : { "stroke-linecap": this.lineCap }),
      ...(this.lineJoin === "miter" ? {} : { "stroke-linejoin": this.lineJoin }),
      ...(this.globalAlpha < 1 ? { "stroke-opacity": place(this.globalAlpha) } : {}),
    };
  }
  private add(tag: string, attributes: Record<string, string>): Element {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    this.parent.append(element);
    return element;
  }
}
