// The rules that judge a start, HS1xx to HS4xx: the checks of headstart.signals; limits and words are Python's.
import { count, number, percent, times } from "../numbers.ts";
import { backwardFactor, type Check, type Evidence, forwardFactor, type Hit } from "./evidence.ts";
import { median } from "../measuring/spread.ts";

const NOTHING = 5e-324; // the smallest number there is: only zero is less

export const START_CHECKS: Readonly<Record<string, Check>> = {
  HS101: copies,
  HS201: signalShrinks,
  HS202: signalGrows,
  HS203: flat,
  HS301: gradientShrinks,
  HS302: gradientGrows,
  HS303: noGradient,
  HS401: certain,
};

function hit(value: number, message: string, layer: string | null = null): Hit {
  return { value, message, layer };
}

/** A layer with fewer distinct units than units at the start, and after the last step. */
function copies(evidence: Evidence, limit: number): Hit | null {
  const [widths, starts] = [new Map(evidence.byLayer("width")), new Map(evidence.byLayer("distinct"))];
  const ends = evidence.outcomes.length ? atTheEnd(evidence) : starts;
  const layers = [...starts.keys()].filter((name) => ends.has(name) && widths.has(name));
  const stuck = layers
    .filter((name) => Math.max(starts.get(name)!, ends.get(name)!) / widths.get(name)! < limit)
    .map((name) => ({ name, share: ends.get(name)! / widths.get(name)! }));
  if (!stuck.length) return null;
  const { name, share } = stuck.reduce((least, one) => (one.share < least.share ? one : least));
  const [width, distinct] = [evenly(widths.get(name)!), evenly(ends.get(name)!)];
  const everywhere =
    stuck.length === layers.length && layers.length > 1 && stuck.every((one) => ends.get(one.name) === 1);
  const kind = everywhere ? "copies_everywhere" : distinct === 1 ? "copies_of_one" : "copies_of_some";
  const which = evidence.say(kind, { width, layer: name, distinct });
  const when = evidence.say(evidence.outcomes.length ? "copies_trained" : "copies_at_start");
  const units = evidence.say("copies_units", { distinct: count(distinct, "distinct unit"), width });
  return hit(share, evidence.say("copies", { which, when, units }), name);
}

/** Layer -> distinct units after the last step, the median over the runs. */
function atTheEnd(evidence: Evidence): Map<string, number> {
  const found = new Map<string, number>();
  evidence.layers.forEach((layer, index) => {
    const value = median(evidence.outcomes.map((run) => run.distinct[index] ?? null));
    if (value !== null) found.set(layer.name, value);
  });
  return found;
}

/** Python's round: halves to the even number. */
function evenly(value: number): number {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}

function signalShrinks(evidence: Evidence, limit: number): Hit | null {
  const total = evidence.start(forwardFactor);
  if (total === null || total >= limit) return null;
  if (total === 0) {
    const where = signalPasses(evidence, NOTHING);
    return hit(total, evidence.say("signal_lost", { where: where ?? "None" }), where);
  }
  return hit(total, evidence.say("signal_shrinks", { drift: drift(evidence, total) }), signalPasses(evidence, limit));
}

function signalGrows(evidence: Evidence, limit: number): Hit | null {
  const total = evidence.start(forwardFactor);
  if (total === null || total <= limit) return null;
  const words = Number.isFinite(total) ? drift(evidence, total) : evidence.say("signal_overflows");
  return hit(total, evidence.say("signal_grows", { drift: words }), signalPasses(evidence, limit));
}

function drift(evidence: Evidence, total: number): string {
  const layers = evidence.layers.length;
  const perLayer = times(total ** (1 / layers));
  return evidence.say("drift", { per_layer: perLayer, total: times(total), layers: count(layers, "layer") });
}

function signalPasses(evidence: Evidence, limit: number): string | null {
  return firstBeyond(evidence.byLayer("std"), evidence.start((run) => run.input.std) ?? 0, limit);
}

/** The first layer at which the factor from the reference has passed the limit. */
function firstBeyond(layers: readonly [string, number][], reference: number, limit: number): string | null {
  for (const [name, size] of layers) {
    const factor = reference > 0 ? size / reference : NaN;
    if ((factor < limit && limit < 1) || (factor > limit && limit > 1)) return name;
  }
  return null;
}

function flat(evidence: Evidence, limit: number): Hit | null {
  const [layer, share] = evidence.byLayer("flatShare").reduce((most, one) => (one[1] > most[1] ? one : most), ["", 0]);
  if (share <= limit) return null;
  return hit(share, evidence.say("flat", { share: percent(share, 0), layer }), layer);
}

function gradientShrinks(evidence: Evidence, limit: number): Hit | null {
  const total = evidence.start(backwardFactor);
  if (total === null || total >= limit) return null;
  if (total === 0) {
    const where = gradientPasses(evidence, NOTHING);
    return hit(total, evidence.say("gradient_lost", { where: where ?? "None" }), where);
  }
  const words = wayBack(evidence, total);
  return hit(total, evidence.say("gradient_shrinks", { drift: words }), gradientPasses(evidence, limit));
}

function gradientGrows(evidence: Evidence, limit: number): Hit | null {
  const total = evidence.start(backwardFactor);
  if (total === null || total <= limit) return null;
  const words = Number.isFinite(total) ? wayBack(evidence, total) : evidence.say("gradient_overflows");
  return hit(total, evidence.say("gradient_grows", { drift: words }), gradientPasses(evidence, limit));
}

/** On its way back the gradient passes one layer fewer than the signal: it starts at the last one. */
function wayBack(evidence: Evidence, total: number): string {
  const perLayer = times(total ** (1 / (evidence.layers.length - 1)));
  return evidence.say("gradient_drift", { per_layer: perLayer, total: times(total) });
}

function gradientPasses(evidence: Evidence, limit: number): string | null {
  const backwards = evidence.byLayer("errorRms").reverse();
  return firstBeyond(backwards, backwards[0]![1], limit);
}

function noGradient(evidence: Evidence, limit: number): Hit | null {
  const largest = evidence.start((run) => Math.max(...run.layers.map((layer) => layer.gradientRms ?? -Infinity)));
  return largest === null || largest > limit ? null : hit(largest, evidence.say("no_gradient"));
}

function certain(evidence: Evidence, limit: number): Hit | null {
  const share = evidence.start((run) => run.saturatedOutputs);
  if (share === null || share <= limit) return null;
  const first = evidence.start((run) => run.firstCost);
  const cost = first === null ? "" : evidence.say("certain_cost", { cost: number(first) });
  return hit(share, evidence.say("certain", { share: percent(share, 0), cost }), evidence.layers.at(-1)!.name);
}
