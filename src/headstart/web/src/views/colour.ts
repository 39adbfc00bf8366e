// Colours as numbers: mixing, and the contrast of WCAG 2.2 (1.4.3 and 1.4.11), by which the project's palette is made
// readable on this page's paper instead of being typed a second time.

export type Rgb = readonly [number, number, number];

/** #rrggbb or #rgb as three numbers from 0 to 255. */
export function parse(text: string): Rgb {
  const hex = text.trim().replace(/^#/, "");
  const six = hex.length === 3 ? hex.replace(/./g, "$&$&") : hex;
  return [0, 2, 4].map((at) => parseInt(six.slice(at, at + 2), 16)) as unknown as Rgb;
}

export const hex = (c: Rgb): string => "#" + c.map((v) => Math.round(v).toString(16).padStart(2, "0")).join("");

/** The colour `share` of the way from a to b. */
export const mix = (a: Rgb, b: Rgb, share: number): Rgb =>
  [0, 1, 2].map((i) => a[i]! + (b[i]! - a[i]!) * share) as unknown as Rgb;

function luminance(c: Rgb): number {
  const [r, g, b] = c.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** From 1 (the same) to 21 (black on white). */
export function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((p, q) => p - q);
  return (high! + 0.05) / (low! + 0.05);
}

/** The colour itself where it stands out enough from the paper, or as much of the ink as that takes. */
export function readable(colour: Rgb, paper: Rgb, ink: Rgb, ratio: number): Rgb {
  for (let share = 0; share < 1; share += 0.04) {
    const mixed = mix(colour, ink, share);
    if (contrast(mixed, paper) >= ratio) return mixed;
  }
  return ink;
}
