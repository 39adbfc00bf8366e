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

function cell(
  kind: number, middle: boolean, r: number, c: number, top: number, right: number, bottom: number, left: number, piece: Piece,
): void {
  switch (kind) {
    case 1: case 14: return piece(c, left, bottom, r + 1);
    case 2: case 13: return piece(bottom, r + 1, c + 1, right);
    case 3: case 12: return piece(c, left, c + 1, right);
    case 4: case 11: return piece(top, r, c + 1, right);
    case 6: case 9: return piece(top, r, bottom, r + 1);
    case 7: case 8: return piece(c, left, top, r);
    default: // 5 and 10: two corners across from each other
      if ((kind === 5) === middle) {
        piece(c, left, top, r);
        piece(bottom, r + 1, c + 1, right);
      } else {
        piece(c, left, bottom, r + 1);
        piece(top, r, c + 1, right);
      }
  }
}

/**
 * By how much class k leads the best of the others, at each point: positive where it wins, zero on its boundary.
 * `logits` holds the classes one after another; a single row is the lead of class 1 over class 0.
 */
export function lead(logits: ArrayLike<number>, classes: number, points: number, k: number, into: Float32Array): void {
  for (let i = 0; i < points; i++) {
    let best = -Infinity;
    for (let j = 0; j < classes; j++) if (j !== k) best = Math.max(best, logits[j * points + i]!);
    into[i] = logits[k * points + i]! - best;
  }
}

/** The lines between all classes. `rows` is 1 for two classes. */
export function boundaries(logits: ArrayLike<number>, rows: number, side: number, piece: Piece): void {
  if (rows === 1) return zeroLine(logits, side, piece);
  const points = side * side;
  const field = new Float32Array(points);
  for (let k = 0; k < rows; k++) {
    lead(logits, rows, points, k, field);
    zeroLine(field, side, piece);
  }
}
