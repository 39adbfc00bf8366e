// The player of a lesson: predict first, nothing revealed before the answer. Where it stands is part of the state, so a
// saved page and a link go on from there.
import type { Hideable, Lab, LessonPlace, Lesson, LessonStep, Player } from "./types.ts";
import { fromAddress } from "./state/address.ts";

export class ThePlayer implements Player {
  constructor(private readonly lab: Lab) {}

  private get at(): LessonPlace | null {
    return this.lab.state.lesson;
  }

  get lesson(): Lesson | null {
    return this.lab.tables.lessons.find(({ name }) => name === this.at?.name) ?? null;
  }

  get step(): LessonStep | null {
    return this.lesson?.steps[this.place] ?? null;
  }

  get place(): number {
    return this.at?.step ?? 0;
  }

  get last(): boolean {
    return this.lesson !== null && this.place === this.lesson.steps.length - 1;
  }

  get answer(): number | null {
    return this.at?.answers[this.place] ?? null;
  }

  get revealed(): boolean {
    return !this.step?.question || this.answer !== null;
  }

  get right(): boolean | null {
    const right = this.step?.question?.right ?? null;
    return right === null || this.answer === null ? null : this.answer === right;
  }

  get hidden(): readonly Hideable[] {
    const { hide } = this.lab.state;
    return this.revealed ? hide : [...new Set([...hide, ...(this.step?.reveal ?? [])])];
  }

  start(name: string): void {
    const found = this.lab.tables.lessons.find((lesson) => lesson.name === name);
    if (found) this.show(found, { name, step: 0, answers: {} });
  }

  choose(option: number): void {
    const { at, step } = this;
    const options = step?.question?.options ?? [];
    if (!at || this.answer !== null || !(option in options)) return; // the first answer is the prediction
    this.lab.set({ lesson: { ...at, answers: { ...at.answers, [at.step]: option } } });
  }

  next(): void {
    if (this.revealed) this.go(this.place + 1);
  }

  back(): void {
    this.go(this.place - 1);
  }

  leave(): void {
    this.lab.set({ lesson: null, hide: [] });
  }

  private go(step: number): void {
    const { at, lesson } = this;
    if (at && lesson?.steps[step]) this.show(lesson, { ...at, step });
  }

  /** A step's state, in the reader's own theme and type. */
  private show(lesson: Lesson, place: LessonPlace): void {
    const { tables, state } = this.lab;
    const { theme, teacher } = state;
    const opened = fromAddress(lesson.steps[place.step]!.address, tables);
    this.lab.set({ ...opened.state, theme, teacher, lesson: place });
  }
}

export function player(lab: Lab): Player {
  return new ThePlayer(lab);
}
