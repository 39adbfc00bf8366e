// The Lab in a browser: its threads are classic workers from a Blob, which work from a file on disk too.
import { labOf } from "./lab/lab.ts";
import type { ThreadLike } from "./training/pool.ts";
import type { OpenLab } from "./types.ts";

/** The bundle of training/thread.ts, put here by the build. */
declare const __WORKER__: string;

export const openLab: OpenLab = async (parts) => {
  let place: string | null = null;
  const thread = (): ThreadLike => {
    place ??= URL.createObjectURL(new Blob([__WORKER__], { type: "text/javascript" }));
    return new Worker(place);
  };
  const lab = await labOf(parts, thread, navigator.hardwareConcurrency);
  addEventListener("pagehide", (event) => {
    if (!event.persisted) lab.dispose(); // no thread outlives the page, though it be in the middle of a step
  });
  return lab;
};
