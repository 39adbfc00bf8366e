// Where a field on a grid crosses zero: marching squares (Lorensen & Cline 1987), with the middle deciding at saddles.
// It runs on logits: on probabilities the crossing is flat almost everywhere, and the line between points is jagged.

/** Receives a straight piece of the line, in cells: (0, 0) is the middle of the upper left cell. */
export type Piece = (x0: number, y0: number, x1: number, y1: number) => void;

/** All pieces of the line where `values` (side x side, row by row) change their sign. Not-a-number has no sign. */
export function zeroLine(values: ArrayLike<number>, side: number, piece: Piece): void {
  for (let r = 0; r + 1 < side; r++) {
    for (let c = 0; c + 1 < side; c++) {
      const at = r * side + c;
      const a = values[at]!; // upper left, then clockwise
      const b = values[at + 1]!;
      const d = values[at + side]!;
      const e = values[at + side + 1]!;
      const kind = (a > 0 ? 8 : 0) | (b > 0 ? 4 : 0) | (e > 0 ? 2 : 0) | (d > 0 ? 1 : 0);
      if (kind === 0 || kind === 15 || a + b + d + e !== a + b + d + e) continue;
      const top = c + a / (a - b);
      const right = r + b / (b - e);
      const bottom = c + d / (d - e);
      const left = r + a / (a - d);
      cell(kind, a + b + d + e > 0, r, c, top, right, bottom, left, piece);
    }
  }
}

/** The pieces within one cell; the bits of `kind` are its corners' signs. */
function cell(
  kind: number,
  middle: boolean,
  r: number,
  c: number,
  top: number,
  right: number,
  bottom: number,
  left: number,
  piece: Piece,
): void {
  if (kind === 5 || kind === 10) {
    // two corners across from each other: the middle belongs to one pair of them
    const joined = (kind === 5) === middle;
    piece(c, left, joined ? top : bottom, joined ? r : r + 1);
    piece(joined ? bottom : top, joined ? r + 1 : r, c + 1, right);
  } else if (kind === 1 || kind === 14) piece(c, left, bottom, r + 1);
  else if (kind === 2 || kind === 13) piece(bottom, r + 1, c + 1, right);
  else if (kind === 3 || kind === 12) piece(c, left, c + 1, right);
  else if (kind === 4 || kind === 11) piece(top, r, c + 1, right);
  else if (kind === 6 || kind === 9) piece(top, r, bottom, r + 1);
  else piece(c, left, top, r);
}

/** By how much class k leads the best of the others, at each point: positive where it wins, zero on its boundary. */
export function lead(planes: readonly Float32Array[], k: number, into: Float32Array): void {
  for (let i = 0; i < into.length; i++) {
    let best = -Infinity;
    for (let j = 0; j < planes.length; j++) if (j !== k) best = Math.max(best, planes[j]![i]!);
    into[i] = planes[k]![i]! - best;
  }
}

/** The lines between all classes. One plane is two classes: the lead of class 1 over class 0. */
export function boundaries(planes: readonly Float32Array[], side: number, piece: Piece): void {
  if (planes.length === 1) {
    zeroLine(planes[0]!, side, piece);
    return;
  }
  const field = new Float32Array(side * side);
  for (let k = 0; k < planes.length; k++) {
    lead(planes, k, field);
    zeroLine(field, side, piece);
  }
}
