// The page as a whole: builds its parts, hears what changes, and repaints in one place, at most once a frame.

import type { Change, Chart, Lab, Player } from "../core/types.ts";
import { CHARTS } from "../core/types.ts";
import { Card, type CardActions } from "./card.ts";
import { Clock } from "./clock.ts";
import { costChart, type CostChart } from "./costs.ts";
import { DataSettings } from "./data-settings.ts";
import { el, find } from "./dom.ts";
import { savePng, saveSvg } from "./exports.ts";
import { segments } from "./fields.ts";
import { listen, type Keys } from "./keyboard.ts";
import { layerChart } from "./layer-chart.ts";
import { drawLegend } from "./legend.ts";
import { LessonView } from "./lesson.ts";
import { applyLook, isDark, makeLook, type Look } from "./look.ts";
import { MenuBar, openKeys } from "./menu-bar.ts";
import { doneWords, drawBanner, drawStatus } from "./messages.ts";
import type { Page } from "./page.ts";
import { closeMenusOutside } from "./popup.ts";
import { openScheme } from "./scheme-dialog.ts";
import { Settings } from "./settings.ts";
import { tables } from "./table.ts";
import { Transport } from "./transport.ts";
import { openWhy } from "./why.ts";

const CHART_WORDS: Readonly<Record<Chart, string>> = { signal: "signal →", gradient: "← gradient", saturation: "dead" };
const FILLING = 50; // milliseconds between two repaints while results arrive: drawing must not starve training
const REDRAWN = 100; // milliseconds between two redraws of the charts

export class App implements Page {
  readonly lab: Lab;
  readonly player: Player;
  readonly clock: Clock;
  readonly source: string;
  look: Look;
  /** Milliseconds of each of the last repaints. */
  readonly spent: number[] = [];
  private cards: Card[] = [];
  private readonly actions: CardActions;
  private readonly transport: Transport;
  private readonly settings: Settings;
  private readonly data: DataSettings;
  private readonly menu: MenuBar;
  private readonly lesson: LessonView;
  private readonly kinds: (chosen: Chart) => void;
  private costs: CostChart | undefined;
  private scheduled = false;
  private stale = true; // the charts
  private drawnAt = 0;
  private chartsAt = 0;
  private lastTick = 0;

  constructor(lab: Lab, player: Player, source: string) {
    this.lab = lab;
    this.player = player;
    this.source = source;
    this.look = makeLook(lab.tables.palette, isDark(lab.state.theme), schemesOf(lab));
    applyLook(this.look, document.documentElement);
    this.clock = new Clock(lab, () => {
      this.moved();
    });
    const keys: Keys = { letters: true };
    this.actions = {
      write: (panel) => {
        openScheme(lab, panel);
      },
      why: (panel) => {
        openWhy(lab, panel);
      },
      png: (panel) => {
        savePng(this, panel);
      },
      svg: (panel) => {
        saveSvg(this, panel);
      },
    };
    this.transport = new Transport(this);
    this.settings = new Settings(lab);
    this.data = new DataSettings(this);
    this.menu = new MenuBar(this, keys);
    this.lesson = new LessonView(this, () => {
      this.sync();
    });
    const kinds = CHARTS.map((chart) => [chart, CHART_WORDS[chart]] as const);
    this.kinds = segments(find("#chart-kinds"), "chart", "What the chart of layers shows", kinds, (chart) => {
      lab.set({ chart });
    });
    document.body.append(decades());
    listen(this, keys, () => {
      openKeys(keys);
    });
    closeMenusOutside();
    this.watch();
    lab.subscribe((change) => {
      this.changed(change);
    });
    this.sync();
  }

  get veiled(): boolean {
    return this.player.lesson !== null && (!this.player.revealed || this.lesson.watching);
  }

  readonly announce = (text: string): void => {
    find("#live").textContent = text;
  };

  // --- what changes

  private changed(change: Change): void {
    if (change.kind === "run") {
      this.stale = true;
      this.judge();
    } else this.sync();
    if (this.player.lesson && this.lab.status.phase === "asking") this.lab.confirm(); // its author chose the size
    if (change.kind === "done" && !this.veiled) this.announce(doneWords(this.lab));
    this.schedule();
  }

  private moved(): void {
    this.judge();
    if (this.veiled) this.stale = true; // the curves grow with the clock
    this.schedule();
  }

  /** A guess is judged when its networks are there and were watched to the end. */
  private judge(): void {
    if (this.clock.atEnd && !this.clock.playing && this.begun()) this.lesson.arrived();
  }

  /** Everything that shows the state, after any change of it. */
  private sync(): void {
    const { lab, player } = this;
    const dark = isDark(lab.state.theme);
    const schemes = schemesOf(lab);
    if (dark !== this.look.dark || schemes.join(" ") !== this.look.names) {
      this.look = makeLook(lab.tables.palette, dark, schemes);
      applyLook(this.look, document.documentElement);
    }
    document.documentElement.classList.toggle("teacher", lab.state.teacher);
    this.lesson.sync();
    document.body.classList.toggle("unanswered", player.lesson !== null && !player.revealed);
    document.body.classList.toggle("veiled", this.veiled);
    document.body.dataset["hide"] = this.hidden().join(" ");
    this.clock.held = player.lesson !== null && !player.revealed;
    this.clock.follow();
    this.panels();
    this.settings.sync();
    this.data.sync();
    this.menu.sync();
    this.transport.sync();
    this.kinds(lab.state.chart);
    drawLegend(lab.data, lab.state.view, this.look);
    drawBanner(lab);
    drawStatus(lab);
    this.remember();
    this.stale = true;
    this.schedule();
  }

  /** What is not there at all, charts too: a first cost may be the answer. */
  private hidden(): string[] {
    return [...this.player.hidden];
  }

  private panels(): void {
    const { length } = this.lab.state.panels;
    if (this.cards.length !== length) {
      this.cards = Array.from({ length }, (_, panel) => new Card(this, panel, this.actions));
      const host = find("#panels");
      host.replaceChildren(...this.cards.map((card) => card.root));
      host.style.setProperty("--count", String(length));
      find("main").classList.toggle("few", length <= 2);
    }
    for (const card of this.cards) card.sync();
  }

  // --- painting

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame((now) => {
      this.frame(now);
    });
  }

  private frame(now: number): void {
    this.scheduled = false;
    const { clock, lab } = this;
    if (clock.playing) {
      if (this.begun()) clock.tick((now - this.lastTick) / 1000);
      this.schedule();
    } else if (lab.status.phase === "training" && now - this.drawnAt < FILLING && this.costs) {
      this.schedule();
      return;
    }
    this.lastTick = now;
    this.drawnAt = now;
    this.paint(now);
  }

  /** Whether every panel has a network to watch: a clock that runs before shows nothing. */
  private begun(): boolean {
    return this.lab.state.panels.every((_, panel) => {
      const { done, trouble } = this.lab.result(panel);
      return done > 0 || trouble !== null;
    });
  }

  private paint(now: number): void {
    const began = performance.now();
    for (const card of this.cards) card.draw();
    if (this.stale && now - this.chartsAt >= (this.veiled ? 30 : REDRAWN)) this.charts(now);
    else if (this.stale) this.schedule();
    this.transport.draw();
    this.costs?.head(this.clock.step);
    if (this.lab.status.phase === "training") drawStatus(this.lab);
    this.spent.push(performance.now() - began);
    if (this.spent.length > 600) this.spent.shift();
  }

  private charts(now: number): void {
    this.stale = false;
    this.chartsAt = now;
    const { lab, look, clock, veiled } = this;
    const [curves, layers] = [find("#curves"), find("#layers")];
    if (curves.clientWidth > 0) {
      this.costs = costChart(lab, look, curves.clientWidth, curves.clientHeight, veiled ? clock.record : Infinity);
      curves.replaceChildren(this.costs.root);
    }
    if (layers.clientWidth > 0)
      layers.replaceChildren(veiled ? "" : layerChart(lab, look, layers.clientWidth, layers.clientHeight));
    if (find<HTMLDetailsElement>("#numbers").open) find("#tables-host").replaceChildren(...(veiled ? [] : tables(lab)));
  }

  // --- the world around

  private watch(): void {
    const again = (): void => {
      this.sync();
    };
    for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", again);
    addEventListener("beforeprint", () => {
      find<HTMLDetailsElement>("#numbers").open = true;
    });
    matchMedia("print").addEventListener("change", () => {
      this.chartsAt = 0;
      this.paint(performance.now()); // no frame comes before the paper
    });
    new ResizeObserver(() => {
      const panels = find("#panels");
      panels.tabIndex = panels.scrollWidth > panels.clientWidth ? 0 : -1; // what scrolls must be reachable by keyboard
      this.stale = true;
      this.schedule();
    }).observe(find("main"));
    find("#numbers").addEventListener("toggle", () => {
      this.stale = true;
      this.schedule();
    });
    const drag = (event: PointerEvent): void => {
      if (!this.costs || !(event.buttons & 1) || this.veiled) return;
      const place = event.clientX - find("#curves").getBoundingClientRect().left;
      this.clock.go(Math.round(this.costs.share(place) * this.clock.last));
    };
    for (const kind of ["pointerdown", "pointermove"] as const) find("#curves").addEventListener(kind, drag);
    addEventListener("hashchange", () => {
      if (location.hash.slice(1) !== this.written) this.lab.open(location.hash.slice(1));
    });
  }

  private written = "";
  private timer = 0;

  /** Keeps the state in the address, where the page has one. */
  private remember(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.written = this.lab.address();
      try {
        history.replaceState(null, "", `#${this.written}`);
      } catch {
        // a frame without an address of its own, or one address too many in a short time
      }
    }, 200);
  }
}

/** The marks of a multiplier's slider: powers of ten. */
function decades(): HTMLDataListElement {
  return el("datalist", { id: "decades" }, ...[-2, -1, 0, 1, 2].map((value) => el("option", { value })));
}

/** The schemes of the panels, in their order; their multipliers change no colour. */
const schemesOf = (lab: Lab): string[] => lab.state.panels.map(({ scheme }) => scheme);
