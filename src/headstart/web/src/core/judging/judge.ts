// The verdict over several runs of one scheme: headstart.signals.judge, with its limits, its order and its words.
import { percent, times } from "../numbers.ts";
import type { Finding, Outcome, Signals, Tables, Verdict } from "../types.ts";
import { Evidence, forwardFactor, type Hit } from "./evidence.ts";
import { START_CHECKS } from "./start.ts";
import { course, recovers, TRAINING_CHECKS } from "./training.ts";

const HEALTHY = "healthy";
const RECOVERED = "recovered";

/** The verdict over runs: their starts and what became of them; null without any. */
export function judge(tables: Tables, signals: readonly Signals[], outcomes: readonly Outcome[]): Verdict | null {
  if (!signals.length) return null;
  const evidence = new Evidence(tables, signals, outcomes);
  const started = startFindings(evidence);
  const recovered = outcomes.length ? recovery(evidence, started) : null;
  const trained = outcomes.length ? checked(evidence, TRAINING_CHECKS) : [];
  const found = [...started, ...trained]
    .map((finding) => (recovered && finding.code < "HS5" ? { ...finding, severity: "remark" as const } : finding))
    .concat(recovered ?? [])
    .sort((a, b) => tables.order.indexOf(a.code) - tables.order.indexOf(b.code));
  const fault = found.find(({ severity }) => severity === "fault");
  const word = fault?.word ?? (recovered ? RECOVERED : HEALTHY);
  return { word, good: !fault, findings: found, reason: reason(evidence, found) };
}

function startFindings(evidence: Evidence): Finding[] {
  return checked(evidence, START_CHECKS);
}

function checked(evidence: Evidence, checks: typeof START_CHECKS): Finding[] {
  return Object.entries(checks).flatMap(([code, check]) => {
    const hit = check(evidence, evidence.rule(code).limit);
    return hit ? [finding(evidence, code, hit)] : [];
  });
}

function recovery(evidence: Evidence, started: readonly Finding[]): Finding | null {
  const shares = started.map(({ code }) => evidence.rule(code).overcome);
  const needed = shares.length && !shares.includes(null) ? Math.max(...shares.map(Number)) : null;
  const hit = recovers(evidence, evidence.rule("HS505").limit, needed);
  return hit && finding(evidence, "HS505", hit);
}

function finding(evidence: Evidence, code: string, { value, message, layer, limit }: Hit): Finding {
  const rule = evidence.rule(code);
  const { word, severity, fix } = rule;
  return { code, word, severity, layer, value, limit: limit ?? rule.limit, message, remedy: fix };
}

/** The weightiest of the start (and a gradient of zero, which says more), and what training made of it. */
function reason(evidence: Evidence, found: readonly Finding[]): string {
  const started = found.filter(({ code }) => code < "HS5");
  const trained = found.filter(({ code }) => code >= "HS5").map(({ message }) => message);
  if (!started.length) return [healthy(evidence), ...trained].join(" ");
  const told = started.filter(({ code }, place) => place === 0 || code === "HS303").map(({ message }) => message);
  if (evidence.outcomes.length && !trained.length) trained.push(evidence.say("trained", { course: course(evidence) }));
  return [...told, ...trained].join(" ");
}

/** What is good about a start at which nothing was found. */
function healthy(evidence: Evidence): string {
  const good = [...signal(evidence), ...saturation(evidence), ...units(evidence), ...gradient(evidence)];
  if (good.length < 2) return evidence.say("nothing");
  return evidence.say("healthy", { good: good.slice(0, -1).join(", "), last: good.at(-1)! });
}

function signal(evidence: Evidence): string[] {
  const total = evidence.start(forwardFactor);
  if (total === null) return [];
  return [evidence.say("healthy_drift", { per_layer: times(total ** (1 / evidence.layers.length)) })];
}

function saturation(evidence: Evidence): string[] {
  const outputs = evidence.start((run) => run.saturatedOutputs);
  const shares = [...evidence.byLayer("flatShare").map(([, share]) => share), ...(outputs === null ? [] : [outputs])];
  if (!shares.length) return [];
  const most = Math.max(...shares);
  return [most > 0 ? evidence.say("healthy_some", { share: percent(most, 0) }) : evidence.say("healthy_none")];
}

function units(evidence: Evidence): string[] {
  const [widths, distinct] = [new Map(evidence.byLayer("width")), evidence.byLayer("distinct")];
  const all = distinct.length > 0 && distinct.every(([name, count]) => count === widths.get(name));
  return all ? [evidence.say("healthy_units")] : [];
}

function gradient(evidence: Evidence): string[] {
  const sizes = evidence.byLayer("gradientRms").map(([, size]) => size);
  return sizes.length && Math.min(...sizes) > 0 ? [evidence.say("healthy_gradient")] : [];
}
