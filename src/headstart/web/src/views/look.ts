// How the page looks now: the project's palette, light or dark, made readable on its paper.

import type { Tables, Theme } from "../core/types.ts";
import { hex, parse, readable } from "./colour.ts";
import { schemeStyles, told } from "./identity.ts";
import { Shades } from "./shading.ts";

export interface Look {
  readonly dark: boolean;
  /** Of the panels' schemes, as one text. */
  readonly names: string;
  readonly ink: string;
  readonly quiet: string;
  readonly faint: string;
  readonly paper: string;
  /** Of each panel: its line (3 to 1 against the paper), its words (4.5 to 1), and its line style. */
  readonly lines: readonly string[];
  readonly words: readonly string[];
  readonly dashes: readonly string[];
  readonly classes: readonly string[];
  readonly shades: Shades;
}

/** Whether a theme is dark here. Paper is white. */
export function isDark(theme: Theme): boolean {
  if (matchMedia("print").matches) return false;
  return theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
}

/** The look of the exported palette. WCAG 2.2 asks 3 to 1 of lines and 4.5 to 1 of words. */
export function makeLook(palettes: Tables["palette"], dark: boolean, schemes: readonly string[]): Look {
  const palette = dark ? palettes.dark : palettes.light;
  const [ink, paper] = [parse(palette.ink), parse(palette.paper)];
  const stand = (ratio: number) => (colour: string) => readable(parse(colour), paper, ink, ratio);
  const classes = palette.classes.map(stand(2)); // they differ in lightness: only what would drown in the paper is moved
  const styles = schemeStyles(told(schemes), palettes.identity, palette.series.length);
  const [lines, words] = [palette.series.map(stand(3)).map(hex), palette.series.map(stand(4.6)).map(hex)];
  return {
    dark,
    names: schemes.join(" "),
    ink: palette.ink,
    paper: palette.paper,
    quiet: hex(readable(parse(palette.muted), paper, ink, 5)),
    faint: palette.line,
    lines: styles.map(({ colour }) => lines[colour]!),
    words: styles.map(({ colour }) => words[colour]!),
    dashes: styles.map(({ dash }) => (dash[1] ? dash.join(" ") : "")),
    classes: classes.map(hex),
    shades: new Shades(classes, paper),
  };
}

/** Hands the look to the stylesheet, so that page and pictures cannot differ. */
export function applyLook(look: Look, root: HTMLElement): void {
  root.dataset["theme"] = look.dark ? "dark" : "light";
  const set = (name: string, value: string): void => {
    root.style.setProperty(name, value);
  };
  set("--ink", look.ink);
  set("--paper", look.paper);
  look.classes.slice(0, 2).forEach((colour, i) => {
    set(`--class${i}`, colour);
  });
}
