// The player of a lesson: a step's words, its question, and the judgement of the guess, which comes only after the
// networks were watched. What may not be seen until then is the page's to hide (`veiled`).

import { el, find } from "./dom.ts";
import { inline, markdown } from "./markdown.ts";
import type { Page } from "./page.ts";

export class LessonView {
  /** The answer was given and the run is being watched: the judgement waits for its end. */
  watching = false;
  private readonly page: Page;
  private readonly changed: () => void;
  private readonly feedback = el("div", { class: "feedback", role: "status" });
  private options: HTMLLabelElement[] = [];
  private shown = "";

  constructor(page: Page, changed: () => void) {
    this.page = page;
    this.changed = changed;
  }

  /** Shows the step where the lesson stands. */
  sync(): void {
    const { player } = this.page;
    const host = find("#lesson");
    const { lesson, step } = player;
    host.hidden = lesson === null;
    document.body.classList.toggle("in-lesson", lesson !== null);
    const key = lesson ? `${lesson.name} ${player.place}` : "";
    if (key !== this.shown) {
      const moved = this.shown !== "" && key !== "";
      this.shown = key;
      this.watching = false;
      if (lesson && step) this.build(host);
      if (moved) host.querySelector<HTMLElement>("h2")?.focus();
    }
    this.mark();
  }

  /** The clock arrived at its end, or was sent there. */
  arrived(): void {
    if (!this.watching) return;
    this.watching = false;
    this.mark();
    this.changed();
  }

  private build(host: HTMLElement): void {
    const { player } = this.page;
    const { lesson, step, place } = player;
    if (!lesson || !step) return;
    this.options = (step.question?.options ?? []).map((words, i) => this.option(words, i));
    const question =
      step.question &&
      el("fieldset", { class: "quiz" }, el("legend", {}, ...inline(step.question.ask)), ...this.options);
    const back = el(
      "button",
      {
        disabled: place === 0,
        onclick: () => {
          player.back();
        },
      },
      "Back",
    );
    const go = (): void => {
      if (player.last) player.leave();
      else player.next();
    };
    const next = el(
      "button",
      { class: step.question ? "next" : "next primary", onclick: go },
      player.last ? "Explore freely" : "Next",
    );
    const leave = el(
      "button",
      {
        class: "quiet",
        onclick: () => {
          player.leave();
        },
      },
      "Leave the lesson",
    );
    host.replaceChildren(
      el("p", { class: "count" }, `${lesson.title}, step ${place + 1} of ${lesson.steps.length}`),
      el("h2", { tabindex: -1 }, step.title),
      ...markdown(step.text),
      ...(question ? [question, this.feedback] : []),
      el("div", { class: "nav" }, back, next, ...(player.last ? [] : [leave])),
    );
  }

  private option(words: string, i: number): HTMLLabelElement {
    const { player, clock } = this.page;
    const radio = el("input", { type: "radio", name: "quiz", value: i });
    radio.addEventListener("change", () => {
      this.watching = true; // before the answer is known: what follows from it must stay hidden
      player.choose(i);
      clock.go(0);
      clock.play();
      this.mark();
      this.changed();
    });
    return el("label", {}, radio, el("span", {}, ...inline(words)));
  }

  /** The state of the question: open, watched, judged. */
  private mark(): void {
    const { player } = this.page;
    const question = player.step?.question;
    if (!question) return;
    const judged = player.revealed && !this.watching;
    const next = find<HTMLButtonElement>("#lesson .nav .next");
    next.disabled = !player.revealed; // predict first
    next.classList.toggle("primary", judged);
    this.options.forEach((label, i) => {
      const radio = label.querySelector("input")!;
      radio.checked = player.answer === i;
      radio.disabled = player.revealed;
      label.classList.toggle("chosen", judged && player.answer === i && question.right !== null);
      label.classList.toggle("right", judged && question.right === i);
    });
    if (!player.revealed) this.feedback.replaceChildren();
    else if (this.watching)
      this.feedback.replaceChildren(
        el(
          "p",
          {},
          "Now watch. ",
          el(
            "button",
            {
              onclick: () => {
                this.page.clock.go(Infinity);
              },
            },
            "To the end",
          ),
        ),
      );
    else this.feedback.replaceChildren(...this.judgement());
  }

  private judgement(): HTMLElement[] {
    const { player } = this.page;
    const question = player.step!.question!;
    const guess = player.answer === null ? "" : question.options[player.answer]!;
    const word = player.right === null ? "" : player.right ? "Right." : "Not so.";
    const said = player.right === false ? `You said “${guess}”. It is “${question.options[question.right!]!}”.` : "";
    return [el("p", {}, el("strong", {}, word), said), ...markdown(question.because)];
  }
}
