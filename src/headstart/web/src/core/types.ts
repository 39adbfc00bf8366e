// The page's words as types: its state, its tables, what a run leaves behind, and the Lab that the views call.
//
// Three kinds of thing are kept apart. The *state* is all that a reader chose: small, plain, in the address. *Tables*
// are what Python knows and exports (schemes, gains, rules, words): never typed here. *Results* are computed from both.
// Arrays of weights are flat: per layer the weights (n_out, n_in) row by row, then the biases (n_out).

// --- the state --------------------------------------------------------------------------------------------------

/** The version of the state's form: it stands in the address and in saved pages. */
export const STATE_VERSION = 1;
export const MOST_PANELS = 6;

/** One network among those side by side: `multiplier` times the scheme, as "he" and 1.3 are "he*1.3". */
export interface Panel {
  readonly scheme: string;
  readonly multiplier: number;
}

/** A data set made by formula: a name of `Tables.data` and its arguments (samples, noise, classes). */
export interface MadeData {
  readonly kind: "made";
  readonly name: string;
  readonly arguments: Readonly<Record<string, number>>;
}

/** How a table is read, as --label, --features, --drop, --header and --task say; null where a rule decides. */
export interface Reading {
  /** The column of the labels; null for the last that is no feature. */
  readonly label: string | null;
  readonly features?: readonly string[] | null;
  readonly drop?: readonly string[] | null;
  readonly header?: boolean | null;
  readonly task?: "classes" | "numbers" | null;
}

/** A table as a file holds it. */
export interface TableData extends Reading {
  readonly kind: "csv";
  readonly name: string;
  readonly text: string;
}

/** Points that the reader clicked in: x, y, class. */
export interface ClickedData {
  readonly kind: "points";
  readonly points: readonly (readonly [number, number, number])[];
}

export type DataChoice = MadeData | TableData | ClickedData;

/** What a panel shows: one seed's boundary, all seeds', the weights as lines or as a map, each unit's picture, the bent grid. */
export const VIEWS = ["one", "seeds", "weights", "heat", "units", "grid"] as const;
export type View = (typeof VIEWS)[number];
/** What the chart of layers shows at the start: the signal forward, the gradient backward, dead or saturated units. */
export const CHARTS = ["signal", "gradient", "saturation"] as const;
export type Chart = (typeof CHARTS)[number];
export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
/** Parts of the page that the address or a lesson may hide. */
export const HIDEABLE = [
  "controls",
  "data",
  "network",
  "training",
  "panels",
  "transport",
  "charts",
  "verdict",
  "table",
  "share",
  "lesson",
] as const;
export type Hideable = (typeof HIDEABLE)[number];

/** Where a lesson stands; the answers are kept so that a saved page goes on where it was. */
export interface LessonPlace {
  readonly name: string;
  readonly step: number;
  /** Step -> option chosen. */
  readonly answers: Readonly<Record<number, number>>;
}

/** All that a reader chose. Replaced as a whole, never changed in place. */
export interface State {
  readonly data: DataChoice;
  readonly dataSeed: number;
  /** Units per hidden layer. */
  readonly hidden: readonly number[];
  readonly activation: string;
  /** As a spec string: sgd, momentum(0.9), adam. */
  readonly optimizer: string;
  readonly rate: number;
  /** Samples per step; null for all. */
  readonly batch: number | null;
  readonly steps: number;
  readonly seeds: number;
  readonly panels: readonly Panel[];
  readonly view: View;
  readonly chart: Chart;
  /** The seed that is looked at. */
  readonly seed: number;
  /** The hidden layer that units and grid are of, from 0. */
  readonly layer: number;
  /** The step at which the clock stands; null for the end. */
  readonly step: number | null;
  /** Frames per second while playing. */
  readonly speed: number;
  readonly hide: readonly Hideable[];
  /** Large type, and the controls as `hide` has them. */
  readonly teacher: boolean;
  readonly theme: Theme;
  readonly lesson: LessonPlace | null;
}

// --- what Python exports ----------------------------------------------------------------------------------------

/** One argument of a scheme, an optimizer or a data set. */
export interface ArgumentRow {
  readonly name: string;
  /** null where it must be given. */
  readonly default: number | string | boolean | null;
  readonly choices: readonly string[] | null;
  readonly whole: boolean;
  /** Smallest allowed; `above` itself is not allowed. */
  readonly least: number | null;
  readonly above: number | null;
  readonly below: number | null;
  /** What may stand between the parentheses of its owner; what else to write where 0 is refused. */
  readonly example: string;
  readonly zero_hint: string;
}

export interface SchemeRow {
  readonly name: string;
  /** A correct spec string of this family. */
  readonly example: string;
  readonly formula: string;
  readonly when: string;
  readonly paper: string;
  readonly arguments: readonly ArgumentRow[];
  readonly needs_fans: boolean;
  readonly needs_activation: boolean;
}

export interface ActivationRow {
  readonly name: string;
  readonly arguments: readonly { readonly name: string; readonly default: number }[];
  /** What forward and backward gains are at q = 1, in float64; null where there is none. */
  readonly gain: number | null;
  readonly backward_gain: number | null;
  readonly saturates: boolean;
  /** Whether its values can be exactly zero over a range, so that a unit can be dead. */
  readonly dies: boolean;
  /** What frameworks call it, as code of an element-wise function; null where a framework has none. */
  readonly torch: string | null;
  readonly jax: string | null;
  readonly keras: string | null;
}

export interface OptimizerRow {
  readonly name: string;
  /** By which compiled code knows it. */
  readonly code: number;
  readonly arguments: readonly ArgumentRow[];
  readonly states: number;
  readonly words: string;
  readonly rates: readonly [number, number];
}

export interface DataRow {
  readonly name: string;
  readonly arguments: readonly ArgumentRow[];
  readonly words: string;
}

/** A row of `headstart explain`. */
export interface RuleRow {
  readonly code: string;
  readonly word: string;
  readonly severity: "fault" | "remark";
  readonly title: string;
  readonly meaning: string;
  readonly why: string;
  readonly limit: number;
  readonly unit: string;
  readonly fix: string;
  readonly source: string;
  readonly example: string;
  readonly healthy: string;
  /** What training must have learnt to make up for it; null if it never can. */
  readonly overcome: number | null;
}

export interface Preset {
  readonly name: string;
  readonly title: string;
  /** As in an address: "data=moons&hidden=8,8". */
  readonly address: string;
}

/** One question of a lesson, asked before anything that answers it is shown. */
export interface Question {
  readonly ask: string;
  readonly options: readonly string[];
  /** The place of the right option; null where a guess is all that is asked. */
  readonly right: number | null;
  /** Markdown: paragraphs, lists, *emphasis*, **strong**, `code`, links to the web. Raw HTML is text like any other. */
  readonly because: string;
}

export interface LessonStep {
  readonly title: string;
  /** Markdown, as in `Question.because`: the views build nodes from it, never HTML. */
  readonly text: string;
  /** The state as in an address; what it leaves out is the default's. */
  readonly address: string;
  /** Hidden until the question is answered, beside what the state hides for good. */
  readonly reveal: readonly Hideable[];
  readonly question: Question | null;
}

export interface Lesson {
  readonly name: string;
  readonly title: string;
  readonly steps: readonly LessonStep[];
}

/** The colours of one theme, as #rrggbb. */
export interface Palette {
  readonly ink: string;
  readonly paper: string;
  readonly muted: string;
  readonly line: string;
  /** Of schemes, by place; of classes, in their order. */
  readonly series: readonly string[];
  readonly classes: readonly string[];
}

/** Which place in the palette a scheme has: its own, or of those that are free; and the line style of each place. */
export interface Identity {
  readonly own: Readonly<Record<string, number>>;
  readonly free: readonly number[];
  /** Lengths of line and gap, [1, 0] where unbroken. */
  readonly dashes: readonly (readonly number[])[];
}

/** Everything that Python knows and the page does not. */
export interface Tables {
  readonly format: 1;
  /** The version of headstart that made the page. */
  readonly version: string;
  readonly schemes: readonly SchemeRow[];
  readonly activations: readonly ActivationRow[];
  readonly optimizers: readonly OptimizerRow[];
  readonly data: readonly DataRow[];
  /** HS1xx to HS5xx. */
  readonly rules: readonly RuleRow[];
  /** Codes, the weightiest first. */
  readonly order: readonly string[];
  /** Templates of sentences, by name: "The signal grows {drift}." */
  readonly sentences: Readonly<Record<string, string>>;
  /** Numbers that measuring and judging need, by name. */
  readonly limits: Readonly<Record<string, number>>;
  /** What a setting is, by its name in Python: the words of `--help`. */
  readonly settings: Readonly<Record<string, string>>;
  readonly defaults: {
    readonly schemes: readonly string[];
    readonly data: string;
    readonly hidden: readonly number[];
    readonly activation: string;
    readonly optimizer: string;
    readonly learning_rate: number;
    readonly steps: number;
    readonly seeds: number;
    readonly records: number;
  };
  /** The first word of a verdict -> its paragraph in a lesson's voice, beside the rule's. */
  readonly paragraphs: Readonly<Record<string, string>>;
  readonly palette: {
    readonly light: Palette;
    readonly dark: Palette;
    readonly identity: Identity;
  };
  readonly presets: readonly Preset[];
  readonly lessons: readonly Lesson[];
  /** The inverse normal's table (uint32, little endian), base64. */
  readonly normal_table: string;
}

// --- data -------------------------------------------------------------------------------------------------------

export type Task = "binary" | "classes" | "regression";

/** Samples: a column per feature in float64, and class numbers or standardized numbers. */
export interface Samples {
  readonly x: readonly Float64Array[];
  readonly y: Float64Array;
}

export interface Dataset {
  readonly name: string;
  readonly task: Task;
  readonly train: Samples;
  readonly test: Samples;
  readonly classes: readonly string[];
  readonly features: readonly string[];
  /** What was taken for what while a table was read. */
  readonly notes: readonly string[];
  readonly outputs: number;
}

// --- results ----------------------------------------------------------------------------------------------------

/** One network trained once. A *record* is one of `Lab.records` moments; weights are kept at some of them. */
export interface Run {
  readonly seed: number;
  /** Cost at each record, training data. */
  readonly costs: Float64Array;
  /** Accuracy (R² of a regression) at each record, training data. */
  readonly scores: Float64Array;
  readonly testScore: number;
  /** The records at which weights were kept, in order: the first and the last always. */
  readonly kept: Int32Array;
  /** (kept, parameters). */
  readonly thetas: Float32Array;
  /** The step whose gradient was not finite; null if none. */
  readonly divergedAt: number | null;
  readonly signals: Signals;
  readonly outcome: Outcome;
  readonly milliseconds: number;
}

/** What was measured at one layer, as in headstart.signals. */
export interface Signal {
  readonly name: string;
  readonly width: number;
  readonly std: number;
  readonly rms: number;
  readonly mean: number;
  readonly errorRms: number | null;
  readonly gradientRms: number | null;
  readonly flatShare: number | null;
  /** Share of units that are zero for every example; null where the activation cannot. */
  readonly deadShare: number | null;
  readonly distinct: number | null;
}

export interface Signals {
  readonly input: Signal;
  readonly layers: readonly Signal[];
  readonly saturatedOutputs: number | null;
  readonly firstCost: number;
}

export interface Outcome {
  readonly finalCost: number;
  readonly constantCost: number;
  readonly score: number;
  readonly constantScore: number;
  readonly metric: "accuracy" | "R²";
  readonly divergedAt: number | null;
  /** Distinct units per hidden layer after the last step. */
  readonly distinct: readonly number[];
}

export interface Finding {
  readonly code: string;
  readonly word: string;
  readonly severity: "fault" | "remark";
  readonly layer: string | null;
  readonly value: number;
  readonly limit: number;
  readonly message: string;
  readonly remedy: string;
}

/** `good`: healthy or recovered. */
export interface Verdict {
  readonly word: string;
  readonly good: boolean;
  readonly findings: readonly Finding[];
  readonly reason: string;
}

/** A median and its quartiles over seeds. */
export interface Spread {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/** One panel's results. While a new setting trains, the last one's are kept and `stale` says so. */
export interface PanelResult {
  /** As in Python: "he*1.3". */
  readonly spec: string;
  /** By seed; undefined while it is not trained. */
  readonly runs: readonly (Run | undefined)[];
  readonly done: number;
  readonly stale: boolean;
  /** Why nothing can be trained from this scheme, in words; null if it can. */
  readonly trouble: string | null;
}

/** A row of the table of results. */
export interface SummaryRow {
  readonly panel: number;
  readonly scheme: string;
  readonly runs: number;
  readonly trainScore: Spread;
  readonly testScore: Spread;
  readonly firstCost: Spread;
  readonly finalCost: Spread;
  readonly verdict: Verdict;
}

/** A cost curve with its band: one number per record; NaN where no run has one. */
export interface Curves {
  readonly steps: Float64Array;
  readonly low: Float64Array;
  readonly middle: Float64Array;
  readonly high: Float64Array;
}

/** One layer's measurements over the seeds, and what theory predicts for it. */
export interface LayerRow {
  readonly name: string;
  readonly width: number;
  readonly std: Spread;
  readonly gradient: Spread | null;
  readonly error: Spread | null;
  readonly flat: Spread | null;
  readonly dead: Spread | null;
  readonly distinct: Spread | null;
  /** Root of the second moment that mean-field theory gives the pre-activations; null where there is no rule. */
  readonly predictedRms: number | null;
  readonly rms: Spread;
}

/** The part of the plane that pictures show: the two features as x and y. */
export interface Window {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/** Values over the window, `side` x `side`, the top row first: one plane per output (logits; a number's prediction). */
export interface Picture {
  readonly side: number;
  readonly window: Window;
  readonly planes: readonly Float32Array[];
}

/** The input's grid of lines as a layer bends it, in two dimensions (the layer's own two, or its two main axes). */
export interface BentGrid {
  /** Each line as x, y, x, y, ... */
  readonly lines: readonly Float32Array[];
  /** The training points likewise. */
  readonly points: Float32Array;
  /** Share of the layer's variance that the two axes show; 1 for two units. */
  readonly share: number;
}

/** The weights of one layer: (n_out, n_in) row by row, and biases. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float32Array;
  readonly biases: Float32Array;
}

// --- the lab ----------------------------------------------------------------------------------------------------

/** What happened, so that a view redraws only what it must. */
export interface Change {
  readonly kind: "state" | "data" | "run" | "done" | "notice";
  /** The panel of a run that arrived. */
  readonly panel?: number;
}

/** Something to tell the reader, in a polite live region: what was unknown in an address, why a file was not read. */
export interface Notice {
  readonly kind: "note" | "error";
  readonly text: string;
}

export interface Status {
  /** "asking": the run is estimated to be long; `Lab.confirm()` starts it. "unable": `support` says why. */
  readonly phase: "training" | "done" | "asking" | "unable";
  readonly runsDone: number;
  readonly runsWanted: number;
  /** Milliseconds from the change to the first picture and to the last; null while there is none. */
  readonly firstPicture: number | null;
  readonly allDone: number | null;
  /** Estimated seconds of the whole. */
  readonly estimate: number;
}

/** What this browser can do. `words` says what is not equal, or what to use instead; empty if all is as in Python. */
export interface Support {
  readonly wasm: "relaxed" | "plain" | null;
  readonly fused: boolean;
  readonly workers: number;
  readonly words: string;
}

export const CODES = ["CLI", "Python", "PyTorch", "JAX", "Keras", "NumPy"] as const;
export type CodeKind = (typeof CODES)[number];

/** What the views call. Every method is cheap unless it says otherwise; none throws on a reader's input. */
export interface Lab {
  readonly tables: Tables;
  readonly state: State;
  readonly data: Dataset | null;
  readonly window: Window;
  readonly status: Status;
  readonly support: Support;
  /** Newest last; `dismiss` empties it. */
  readonly notices: readonly Notice[];

  subscribe(listener: (change: Change) => void): () => void;
  /** Change the state. What needs new training is trained; what does not is free. */
  set(change: Partial<State>): void;
  setPanel(panel: number, change: Partial<Panel>): void;
  addPanel(panel?: Panel): void;
  removePanel(panel: number): void;
  /** A preset, a lesson's step or a pasted address; unknown keys are told as notices. */
  open(address: string): void;
  reset(): void;
  /** Train although it takes long. */
  confirm(): void;
  dismiss(): void;
  /** Read a file's text as data; what is wrong with it is told as a notice, and the data stays. */
  openTable(name: string, content: string | Uint8Array, reading?: Reading): void;
  tell(notice: Notice): void;
  /** A made data set that is not trained on, for its thumbnail; null where its name is unknown. */
  preview(choice: MadeData): Dataset | null;

  /** How many moments a run has: record k is step `stepOf(k)`. */
  readonly records: number;
  stepOf(record: number): number;
  recordOf(step: number): number;
  /** Units per layer, inputs and outputs too. */
  readonly sizes: readonly number[];

  result(panel: number): PanelResult;
  summary(panel: number): SummaryRow | null;
  curves(panel: number): Curves;
  layers(panel: number): readonly LayerRow[];
  /** A scheme's standard deviation per layer as spec string in words, or why it cannot be drawn. */
  stds(panel: number): readonly number[] | string;

  /** The weights at a record (the nearest kept one before it): (parameters,). undefined while not trained. */
  weights(panel: number, seed: number, record: number): Float32Array | undefined;
  layersOf(theta: Float32Array): readonly Layer[];
  /** 1 to 3 ms for a side of 128; `side` is rounded up to a multiple of 4. null where inputs are not in the plane. */
  picture(panel: number, seed: number, record: number, side: number): Picture | null;
  /** Each unit's activation over the window, one plane per unit of hidden layer `layer`. */
  units(panel: number, seed: number, record: number, layer: number, side: number): Picture | null;
  bent(panel: number, seed: number, record: number, layer: number, lines: number): BentGrid | null;

  /** The state as an address without "#". */
  address(): string;
  code(kind: CodeKind): string;
  /** Every run's row: scheme, seed, scores, costs, divergedAt; as CSV. */
  csv(): string;
  dispose(): void;
}

/** The player of a lesson: predict first, nothing revealed before the answer. */
export interface Player {
  readonly lesson: Lesson | null;
  readonly step: LessonStep | null;
  readonly place: number;
  readonly last: boolean;
  /** The option that was chosen at this step; null before. */
  readonly answer: number | null;
  /** Whether the step's question (if any) has been answered. */
  readonly revealed: boolean;
  /** Whether the answer was right; null before it and where there is no right one. */
  readonly right: boolean | null;
  /** What must not be seen now: the state's `hide` and, before the answer, the step's `reveal`. */
  readonly hidden: readonly Hideable[];
  start(name: string): void;
  choose(option: number): void;
  next(): void;
  back(): void;
  leave(): void;
}

/** What the page holds beside its code; `views/` reads it from the document. */
export interface Parts {
  readonly tables: Tables;
  /** The state to begin with, as an address without "#"; empty for the default. */
  readonly address: string;
  /** Gzipped modules in base64. */
  readonly relaxed: string;
  readonly plain: string;
  /** The table that the page holds, where Python or "Save page" put one in. */
  readonly table: TableData | null;
}
/** Made by `openLab(parts)` of core/lab.ts and `player(lab)` of core/player.ts. */

export type OpenLab = (parts: Parts) => Promise<Lab>;
