// Schemes: a spec string becomes a draw for each weight matrix, by the rules of headstart's catalogue.
import { activation } from "../activations/activation.ts";
import { erf } from "../activations/primitives.ts";
import type { Draw } from "../draws/draw.ts";
import { InputError, unknown } from "../errors.ts";
import { quoted } from "../numbers.ts";
import { bind, formatted, parse, shown, type Signature, type Values } from "../spec.ts";
import { gainOf } from "../theory/moments.ts";
import type { SchemeRow, Tables } from "../types.ts";

export interface Scheme {
  readonly name: string;
  readonly values: Values;
  readonly multiplier: number;
  /** As headstart writes it. */
  readonly spec: string;
}

const FOLLOWING = "following"; // the activation that stands behind the weight
const CONVOLUTION = "delta_orthogonal";

/** The scheme of a spec string, its arguments checked against the catalogue, or an InputError. */
export function scheme(text: string, tables: Tables): Scheme {
  const spec = parse(text, "scheme", "he*1.3");
  const row = tables.schemes.find(({ name }) => name === spec.name);
  if (!row)
    throw unknown(
      "scheme",
      spec.name,
      tables.schemes.map(({ name }) => name),
    );
  if (row.name === CONVOLUTION)
    throw new InputError(`${row.name} is for convolutions, and this network has none. Use orthogonal.`);
  const values = bind(signatureOf(row), spec);
  if (row.needs_activation && values["activation"] !== FOLLOWING) {
    values["activation"] = activation(String(values["activation"])).spec;
  }
  const multiplier = spec.multiplier ?? 1;
  if (!(multiplier > 0)) {
    throw new InputError(
      `a multiplier must be positive and finite, got ${formatted(multiplier)}. For weights of zero use the scheme 'zeros'.`,
    );
  }
  return { name: row.name, values, multiplier, spec: times(shown(signatureOf(row), values), multiplier) };
}

/** What a known scheme takes. */
export function signatureFor(name: string, tables: Tables): Signature {
  return signatureOf(tables.schemes.find((row) => row.name === name)!);
}

function signatureOf(row: SchemeRow): Signature {
  return { kind: "scheme", name: row.name, arguments: row.arguments };
}

/** A panel's spec string: "he*1.3". */
export function times(spec: string, multiplier: number): string {
  return multiplier === 1 ? spec : `${spec}*${formatted(multiplier)}`;
}

/** The draw for a weight (n_out, n_in) that `following` stands behind. */
export function drawOf(scheme: Scheme, nOut: number, nIn: number, following: string, tables: Tables): Draw {
  const { values, multiplier } = scheme;
  const given = (name: string): number => Number(values[name]);
  switch (scheme.name) {
    case "zeros":
      return { kind: "constant", value: 0 };
    case "ones":
      return { kind: "constant", value: multiplier };
    case "constant":
      return { kind: "constant", value: given("value") * multiplier };
    case "normal":
      return { kind: "normal", std: given("std") * multiplier };
    case "uniform":
      return { kind: "uniform", bound: given("bound") * multiplier };
    case "truncated_normal":
      return truncated(given("std") * multiplier, values);
    case "xavier":
    case "lecun":
    case "glorot":
      return ofFan(1, scheme, nOut, nIn);
    case "he":
      return ofFan(2, scheme, nOut, nIn);
    case "gain":
      return ofFan(gainFor(scheme, following, tables) ** 2, scheme, nOut, nIn);
    case "orthogonal":
      return { kind: "orthogonal", gain: multiplier };
    case "identity":
    case "dirac":
      return { kind: "identity", gain: multiplier };
    case "sparse":
      return { kind: "sparse", sparsity: given("sparsity"), std: given("nonzero_std") * multiplier };
    case "siren": {
      const bound = values["first"] === true ? 1 / nIn : Math.sqrt(6 / nIn) / given("omega");
      return { kind: "uniform", bound: bound * multiplier };
    }
    default:
      throw new InputError(`scheme ${quoted(scheme.name)} is not in the page. Use headstart compare.`);
  }
}

/** variance = scale / fan. */
function ofFan(scale: number, scheme: Scheme, nOut: number, nIn: number): Draw {
  const fan = { fan_in: nIn, fan_out: nOut, fan_avg: (nIn + nOut) / 2, fan_geo: Math.sqrt(nIn * nOut) }[
    String(scheme.values["mode"])
  ];
  if (fan === undefined)
    throw new InputError(`mode ${quoted(String(scheme.values["mode"]))} is not in the page. Use headstart compare.`);
  const std = scheme.multiplier * Math.sqrt(scale / fan);
  if (scheme.values["distribution"] === "uniform") return { kind: "uniform", bound: std * Math.sqrt(3) };
  return scheme.values["distribution"] === "truncated" ? truncated(std, scheme.values) : { kind: "normal", std };
}

function truncated(std: number, values: Values): Draw {
  const cut = Number(values["cut"]);
  const left = truncatedStd(cut);
  const kept = values["corrected"] === true ? std : std * left;
  return { kind: "truncated", std: kept, parent: kept / left, cut };
}

/** Standard deviation of a standard normal truncated to [-cut, cut]; a series where the formula cancels. */
function truncatedStd(cut: number): number {
  if (cut < 0.03) return (cut / Math.sqrt(3)) * Math.sqrt(1 - (2 * cut ** 2) / 15 + (2 * cut ** 4) / 315);
  const density = Math.exp((-cut * cut) / 2) / Math.sqrt(2 * Math.PI);
  return Math.sqrt(1 - (2 * cut * density) / erf(cut / Math.SQRT2));
}

/** From Python's table where it has the number; by quadrature for other parameters and other q. */
function gainFor(scheme: Scheme, following: string, tables: Tables): number {
  const named = String(scheme.values["activation"]);
  const phi = activation(named === FOLLOWING ? following : named);
  const direction = String(scheme.values["direction"]);
  const row = tables.activations.find(({ name }) => name === phi.spec);
  const known = direction === "backward" ? row?.backward_gain : row?.gain;
  return scheme.values["q"] === 1 && typeof known === "number"
    ? known
    : gainOf(phi, Number(scheme.values["q"]), direction);
}
