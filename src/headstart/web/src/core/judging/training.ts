// The rules that judge what training made of a start, HS5xx: the checks of headstart.signals.training.
import { median } from "../measuring/spread.ts";
import { fixed, number, percent, rSquared } from "../numbers.ts";
import { answered, type Check, type Evidence, type Hit, learnt, ratio } from "./evidence.ts";

export const TRAINING_CHECKS: Readonly<Record<string, Check>> = {
  HS501: (evidence, limit) => divergence(evidence, (share) => limit <= share && share <= 1),
  HS502: rises,
  HS503: (evidence, limit) => divergence(evidence, (share) => limit < share && share < evidence.limit("half")),
  HS504: stalls,
};

/** From which cost to which training went, and how good the answers have become: medians over the runs. */
export function course(evidence: Evidence): string {
  const [before, after] = [evidence.start((run) => run.firstCost), evidence.end((run) => run.finalCost)];
  const path = evidence.say("course", { before: cost(before), after: cost(after) });
  const score = evidence.end((run) => run.score);
  if (score === null) return path;
  const { metric } = evidence.outcomes[0]!;
  const shown = metric === "accuracy" ? percent(score) : rSquared(score);
  return evidence.say("course_score", { course: path, metric, score: shown });
}

function cost(value: number | null): string {
  return value === null ? "nan" : number(value);
}

function divergence(evidence: Evidence, inside: (share: number) => boolean): Hit | null {
  const steps = evidence.outcomes.flatMap((run) => (run.divergedAt === null ? [] : [run.divergedAt]));
  const runs = evidence.outcomes.length;
  const share = runs ? steps.length / runs : 0;
  if (!steps.length || !inside(share)) return null;
  const step = fixed(median(steps)!, 0);
  if (runs === 1) return { value: share, message: evidence.say("one_diverged", { step }), layer: null };
  const when = evidence.say(new Set(steps).size === 1 ? "at_step" : "at_median_step", { step });
  return { value: share, message: evidence.say("some_diverged", { diverged: steps.length, runs, when }), layer: null };
}

function rises(evidence: Evidence, limit: number): Hit | null {
  const factor = ratio(
    evidence.end((run) => run.finalCost),
    evidence.start((run) => run.firstCost),
  );
  if (factor === null || factor <= limit) return null;
  return { value: factor, message: evidence.say("rises", { course: course(evidence) }), layer: null };
}

function stalls(evidence: Evidence, limit: number): Hit | null {
  const share = evidence.end((run) => learnt(evidence, run));
  if (share === null || share >= limit) return null;
  if (rises(evidence, evidence.limit("rises"))) return null;
  if (TRAINING_CHECKS["HS501"]!(evidence, evidence.limit("half"))) return null;
  const right = evidence.end(answered);
  if (right !== null && right > evidence.limit("by_chance")) return null; // right, though not sure
  const [runs, good] = [evidence.outcomes.length, evidence.learntBy(limit)];
  const where = good ? evidence.say("in_runs", { some: runs - good, runs }) : "";
  const constant = cost(evidence.end((run) => run.constantCost));
  const message = evidence.say("stalls", { runs: where, course: course(evidence), constant });
  return { value: share, message, layer: null };
}

/** Something was found at the start, all of it can be made up for, and enough was learnt for each of it.
 *
 * @param needed what training must have learnt; null where something can never be made up for, or nothing was found.
 */
export function recovers(evidence: Evidence, limit: number, needed: number | null): Hit | null {
  const share = evidence.end((run) => learnt(evidence, run));
  if (needed === null || share === null || share < Math.max(needed, limit)) return null;
  const [runs, good] = [evidence.outcomes.length, evidence.learntBy(needed)];
  const where = good < runs ? evidence.say("in_runs", { some: good, runs }) : "";
  const message = evidence.say("recovers", { runs: where, course: course(evidence) });
  return { value: share, message, layer: null, limit: needed };
}
