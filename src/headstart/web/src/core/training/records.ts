// The moments of a run at which its cost is recorded, and those at which its weights are kept.

/** Steps from one record to the next: as `headstart compare` records. */
export function everyOf(steps: number, records: number): number {
  return Math.max(1, Math.floor(steps / records));
}

/** How many records a run has: one before step 0, one after the last. */
export function recordsOf(steps: number, every: number): number {
  return Math.ceil(steps / every) + 1;
}

export function stepOf(record: number, steps: number, every: number): number {
  return Math.min(steps, record * every);
}

/** The records at which weights are kept: all of them where memory allows; the first and the last always.
 *
 * @param bytes that one network's weights may take.
 */
export function keptOf(records: number, parameters: number, bytes: number): Int32Array {
  const count = Math.min(records, Math.max(2, Math.floor(bytes / (4 * parameters))));
  return Int32Array.from({ length: count }, (_, i) => Math.round((i * (records - 1)) / (count - 1)));
}

/** The place in `kept` of the last record at or before this one. */
export function keptBefore(kept: Int32Array, record: number): number {
  let [low, high] = [0, kept.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (kept[middle]! <= record) low = middle;
    else high = middle - 1;
  }
  return low;
}
