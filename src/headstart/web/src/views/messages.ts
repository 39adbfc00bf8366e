// What the page has to say for itself: notices, what this browser cannot do, how long a run will take, how it went.

import type { Lab, Notice } from "../core/types.ts";
import { el, find, say, type Child } from "./dom.ts";
import { count, duration } from "./numbers.ts";

/** Shows all that there is to tell above the panels. */
export function drawBanner(lab: Lab): void {
  const { status, support } = lab;
  const host = find("#banner");
  const key = JSON.stringify([
    status.phase,
    status.phase === "asking" && Math.round(status.estimate),
    lab.notices,
    support.words,
  ]);
  if (host.dataset["shown"] === key) return;
  host.dataset["shown"] = key;
  const parts: HTMLElement[] = [];
  if (status.phase === "unable") parts.push(unable(lab));
  if (status.phase === "asking") parts.push(asking(lab));
  const told = status.phase === "unable" ? support.words : ""; // stands in its own box already
  const notices = lab.notices.filter(({ text }) => text !== told);
  if (notices.length) parts.push(noticeBox(lab, notices));
  host.replaceChildren(...parts);
}

/** All notices in one box, the newest last: an error is said at once, the rest when there is a pause. */
function noticeBox(lab: Lab, notices: readonly Notice[]): HTMLElement {
  const words = notices.map((notice) => el("p", {}, notice.text[0]!.toUpperCase() + notice.text.slice(1)));
  const dismiss = (): void => {
    lab.dismiss();
  };
  const error = notices.some(({ kind }) => kind === "error");
  return box(
    error ? "error" : "",
    error ? "alert" : "status",
    el("div", {}, ...words),
    el("button", { onclick: dismiss }, "Got it"),
  );
}

function box(kind: string, role: string, ...children: Child[]): HTMLElement {
  return el("div", { class: `notice ${kind}`, role }, ...children);
}

/** No WebAssembly with SIMD, or no workers: what to use instead. */
function unable(lab: Lab): HTMLElement {
  const words = el(
    "p",
    {},
    lab.support.words ||
      "This browser cannot train here: it lacks WebAssembly with SIMD, or workers. The same comparison runs on the command line:",
  );
  return box("error", "alert", el("div", {}, words, el("pre", { tabindex: 0 }, lab.code("CLI"))));
}

function asking(lab: Lab): HTMLElement {
  const { estimate, runsWanted } = lab.status;
  const words = `${count(runsWanted)} networks × ${count(lab.state.steps)} steps will take about ${duration(estimate)} here. Fewer seeds, steps or layers are faster.`;
  return box(
    "",
    "status",
    el("p", {}, words),
    el(
      "button",
      {
        class: "primary",
        onclick: () => {
          lab.confirm();
        },
      },
      "Train",
    ),
  );
}

/** The line below everything. */
export function drawStatus(lab: Lab): void {
  const { status, support, state } = lab;
  const networks = `${count(status.runsWanted)} networks × ${count(state.steps)} steps`;
  const equal = support.words || "Weights and costs are those of headstart in Python, to the bit.";
  if (status.phase === "training") say(find("#status"), `${networks}: ${count(status.runsDone)} trained.`);
  else if (status.phase === "done" && status.allDone !== null) {
    const threads = `${support.workers} ${support.workers === 1 ? "thread" : "threads"} of this browser`;
    say(find("#status"), `${networks} in ${duration(status.allDone / 1000)} on ${threads}. ${equal}`);
  } else if (status.phase === "unable") say(find("#status"), "");
}

/** What those who listen are told when all is trained. */
export function doneWords(lab: Lab): string {
  const lines = lab.state.panels.map((_, panel) => {
    const { spec, trouble } = lab.result(panel);
    return `${spec}: ${trouble ?? lab.summary(panel)?.verdict.word ?? "not trained"}`;
  });
  return `Trained. ${lines.join("; ")}.`;
}
