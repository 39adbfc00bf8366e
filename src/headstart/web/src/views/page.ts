// What the parts of the page share: the lab, the lesson's player, the look, the clock, and "something changed".

import type { Lab, Player } from "../core/types.ts";
import type { Clock } from "./clock.ts";
import type { Look } from "./look.ts";

export interface Page {
  readonly lab: Lab;
  readonly player: Player;
  readonly clock: Clock;
  readonly look: Look;
  /** Whether a lesson's question is open, or its answer is still being watched: then nothing may be given away. */
  readonly veiled: boolean;
  /** A polite word to those who listen. */
  readonly announce: (text: string) => void;
  /** The document as it was before anything was built: what "Save page" writes. */
  readonly source: string;
}
