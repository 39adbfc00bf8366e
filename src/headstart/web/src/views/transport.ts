// Back to the start, back, play, on, scrub, and how fast.

import { el, find, icon, say } from "./dom.ts";
import { count } from "./numbers.ts";
import type { Page } from "./page.ts";

const PLAY = "M5 3l12 7-12 7z";
const PAUSE = "M4 3h4v14H4zM12 3h4v14h-4z";
const SPEEDS: readonly (readonly [number, string])[] = [
  [8, "slow"],
  [25, "normal"],
  [75, "fast"],
];

export class Transport {
  private readonly page: Page;
  private readonly play = el("button", { id: "play", class: "primary", title: "Play or pause (space)" });
  private readonly scrub = el("input", {
    id: "scrub",
    type: "range",
    min: 0,
    step: 1,
    "aria-label": "Step of training",
  });
  private readonly clock = el("b", { id: "clock" });
  private readonly total = el("span", { id: "clock-total" });
  private readonly speed = el("select", { id: "speed" });
  private going: boolean | undefined;

  constructor(page: Page) {
    this.page = page;
    const { clock, lab } = page;
    this.play.addEventListener("click", () => {
      clock.toggle();
    });
    this.scrub.addEventListener("input", () => {
      clock.go(Number(this.scrub.value));
    });
    this.speed.addEventListener("change", () => {
      lab.set({ speed: Number(this.speed.value) });
    });
    this.speed.append(...SPEEDS.map(([value, words]) => el("option", { value }, words)));
    find("#transport").append(
      button(
        "M3 3h3v14H3zM17 3L7 10l10 7z",
        "Back to the start; the weights stay the same",
        "Back to the start (R): same weights",
        () => {
          clock.go(0);
        },
      ),
      button("M15 3L5 10l10 7z", "One record back", "Back (←)", () => {
        clock.go(clock.record - 1);
      }),
      this.play,
      button("M5 3l10 7-10 7z", "One record on", "On (→)", () => {
        clock.go(clock.record + 1);
      }),
      this.scrub,
      el("p", {}, this.clock, " ", this.total),
      el("label", {}, el("span", { id: "speed-word" }, "speed "), this.speed),
    );
  }

  /** Shows where the clock stands. */
  draw(): void {
    const { clock, lab } = this.page;
    if (this.going !== clock.playing) {
      this.going = clock.playing;
      this.play.replaceChildren(icon(this.going ? PAUSE : PLAY));
      this.play.setAttribute("aria-label", this.going ? "Pause" : "Play");
    }
    if (this.scrub.max !== String(clock.last)) this.scrub.max = String(clock.last);
    this.scrub.value = String(clock.record);
    this.scrub.setAttribute("aria-valuetext", `step ${count(clock.step)} of ${count(lab.state.steps)}`);
    say(this.clock, count(clock.step));
    say(this.total, `of ${count(lab.state.steps)} steps`);
  }

  /** Shows the state's speed, one of the address's own too. */
  sync(): void {
    const { speed } = this.page.lab.state;
    if (!SPEEDS.some(([value]) => value === speed) && !this.speed.querySelector(`[value="${speed}"]`))
      this.speed.append(el("option", { value: speed }, `${speed} a second`));
    this.speed.value = String(speed);
    find("#transport").inert = this.page.player.lesson !== null && !this.page.player.revealed;
  }
}

function button(path: string, label: string, title: string, onclick: () => void): HTMLButtonElement {
  return el("button", { "aria-label": label, title, onclick }, icon(path));
}
