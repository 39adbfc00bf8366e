// What float32 cannot hold is refused before a weight is drawn, in the words of draws/recipes.py and matrices.py.
import { InputError } from "../errors.ts";
import { general } from "../numbers.ts";
import { type Draw, LEVEL_CUT, zerosOf } from "./draw.ts";
import { LARGEST, UNIFORM_UNIT, UNIT } from "./normal.ts";

const MOST = 3.4028234663852886e38;
const LEAST = 2 ** -126; // the smallest number that has all its bits

/** Refuse a draw for a weight (n_out, n_in); `spec` is the scheme's and `name` the weight's, for the message. */
export function checkDraw(draw: Draw, nOut: number, nIn: number, spec: string, name: string): void {
  switch (draw.kind) {
    case "constant":
      checkConstant(draw.value);
      break;
    case "normal":
      checkSize(draw.std, UNIT, draw.std * LARGEST, "the standard deviation");
      break;
    case "uniform":
      checkSize(draw.bound, UNIFORM_UNIT, draw.bound, "the bound");
      break;
    case "truncated": {
      const bound = draw.cut * draw.parent;
      if (draw.cut < LEVEL_CUT) checkSize(bound, UNIFORM_UNIT, bound, "the bound");
      else checkSize(draw.parent, UNIT, Math.min(bound, draw.parent * LARGEST), "the standard deviation");
      break;
    }
    case "orthogonal":
    case "identity":
      checkGain(draw.gain, "a gain", 1);
      break;
    case "sparse":
      if (zerosOf(draw.sparsity, nIn) >= nIn) throw nothingLeft(spec, nOut, nIn, name);
      checkGain(draw.std, "nonzero_std", LARGEST);
  }
}

function checkConstant(value: number): void {
  if (Math.abs(value) > MOST) {
    throw new InputError(`a constant must be finite in float32, got ${general(value, 6)}. Write a number such as 0.5.`);
  }
  if (value !== 0 && Math.abs(value) < LEAST) {
    throw new InputError(
      `a constant must be 0 or at least ${general(LEAST, 3)} in float32, where smaller numbers lose bits (go ` +
        `subnormal), got ${general(value, 6)}. Write a larger number, or 0.`,
    );
  }
}

function checkSize(size: number, unit: number, largest: number, what: string): void {
  const got = general(size, 6);
  if (!(largest <= MOST)) {
    throw new InputError(`${what} must leave every weight finite in float32, got ${got}. Write a smaller number.`);
  }
  if (size < LEAST || size * unit < LEAST) {
    throw new InputError(
      `${what} must be at least ${general(LEAST / unit, 3)} in float32, where smaller weights lose bits (go ` +
        `subnormal), got ${got}. Write a larger number, or the scheme 'zeros'.`,
    );
  }
}

function checkGain(size: number, what: string, largest: number): void {
  if (size >= LEAST && size <= MOST / largest) return;
  throw new InputError(
    `${what} must be from ${general(LEAST, 3)} to ${general(MOST / largest, 3)} in float32, which holds no other ` +
      `weights, got ${general(size, 6)}. Write a number nearer 1.`,
  );
}

function nothingLeft(spec: string, nOut: number, nIn: number, name: string): InputError {
  return new InputError(
    `${name}: scheme '${spec}' leaves none of the weights that enter a unit of shape (${nOut}, ${nIn}): it rounds the ` +
      "zeros up. Write a smaller sparsity, or 'zeros'.",
  );
}
