// Numbers in words, and colours: of curves by their scheme or place, of cells by their height.

import { hex, parse, readable } from "../views/colour.ts";
import { short } from "../views/numbers.ts";

/** A metric's value; shares in percent. */
export function shown(value: number, percent: boolean): string {
  if (!Number.isFinite(value)) return short(value);
  return percent ? `${+(100 * value).toFixed(1)} %` : short(value);
}

interface Style {
  readonly colour: number;
  readonly dash: readonly number[];
}

export interface Paint {
  line(place: number): string;
  word(place: number): string;
  dash(place: number): string;
}

/**
 * Curves by colour and dash: each scheme's own, or by place, repeating after the last; lines stand off the paper at 3 to
 * 1, words at 4.6 to 1.
 */
export function painted(
  colours: readonly string[],
  dashes: readonly (readonly number[])[],
  paper: string,
  ink: string,
  styles: readonly Style[] | null = null,
): Paint {
  const of = <T>(list: readonly T[], place: number): T => list[place % list.length]!;
  const stand = (ratio: number) =>
    colours.map((colour) => hex(readable(parse(colour), parse(paper), parse(ink), ratio)));
  const [lines, words] = [stand(3), stand(4.6)];
  return {
    line: (place) => of(lines, styles?.[place]?.colour ?? place),
    word: (place) => of(words, styles?.[place]?.colour ?? place),
    dash: (place) => {
      const dash = styles?.[place]?.dash ?? of(dashes, place);
      return dash[1] ? dash.join(" ") : "";
    },
  };
}

/** The colour at a share of the way through the stops. */
export function between(stops: readonly string[], share: number): string {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const [a, b] = [stops[Math.floor(at)]!, stops[Math.ceil(at)]!];
  const mixed = [1, 3, 5].map((k) => {
    const [x, y] = [parseInt(a.slice(k, k + 2), 16), parseInt(b.slice(k, k + 2), 16)];
    return Math.round(x + (at - Math.floor(at)) * (y - x));
  });
  return `#${mixed.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** Whether black reads better on a colour than white: its luminance by WCAG. */
export function isBright(colour: string): boolean {
  const part = (k: number): number => {
    const value = parseInt(colour.slice(k, k + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) > 0.179;
}
