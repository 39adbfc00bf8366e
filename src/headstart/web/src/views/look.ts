// How the page looks now: paper and ink from the stylesheet, the project's palette made readable on that paper.

import { hex, parse, readable, type Rgb } from "./colour.js";
import { Shades } from "./shading.js";

/** The palette as the project exports it. */
export interface Palette {
  readonly schemes: readonly string[];
  readonly dashes: readonly (readonly number[])[];
  readonly classes: readonly string[];
}

export interface Look {
  readonly dark: boolean;
  readonly ink: string;
  readonly quiet: string;
  readonly faint: string;
  readonly paper: string;
  /** Of each panel: its lines (3 to 1 against the paper), its words (4.5 to 1), and its line style. */
  readonly lines: readonly string[];
  readonly words: readonly string[];
  readonly dashes: readonly string[];
  readonly classes: readonly string[];
  readonly shades: Shades;
}

/** Reads the stylesheet's variables; called again when light turns to dark. */
export function lookNow(palette: Palette): Look {
  const css = getComputedStyle(document.documentElement);
  const variable = (name: string): string => css.getPropertyValue(name).trim();
  const [ink, paper] = [parse(variable("--ink")), parse(variable("--paper"))];
  const stand = (ratio: number) => (colour: string): string => hex(readable(parse(colour), paper, ink, ratio));
  const dark = paper[0] < 128;
  const classes = palette.classes.map((colour) => distinct(parse(colour), paper, ink));
  return {
    dark,
    ink: variable("--ink"),
    quiet: variable("--quiet"),
    faint: variable("--line"),
    paper: variable("--paper"),
    lines: palette.schemes.map(stand(3)),
    words: palette.schemes.map(stand(4.6)),
    dashes: palette.dashes.map((dash) => (dash[1] ? dash.join(" ") : "")),
    classes: classes.map(hex),
    shades: new Shades(classes, paper),
  };
}

// The classes keep the palette's colours, which differ in lightness; only what would drown in the paper is moved.
const distinct = (colour: Rgb, paper: Rgb, ink: Rgb): Rgb => readable(colour, paper, ink, 2);
