// Numbers in words, the same everywhere on the page.

/** 15,000 */
export const count = (n: number): string => n.toLocaleString("en-US");

/** 99.0 % */
export const percent = (share: number): string => (Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "–");

/** Three digits, as short as that goes: 0.0821, 642, 1.2e-6. */
export function short(v: number): string {
  if (Number.isNaN(v)) return "not a number";
  if (!Number.isFinite(v)) return v > 0 ? "infinite" : "minus infinite";
  const size = Math.abs(v);
  if (size === 0) return "0";
  return size >= 0.001 && size < 1e5 ? String(+v.toPrecision(3)) : v.toExponential(1).replace("e+", "e");
}

/** A tick on an axis. */
export const tick = (v: number): string =>
  v === 0
    ? "0"
    : Math.abs(v) >= 0.001 && Math.abs(v) < 1e5
      ? count(+v.toPrecision(6))
      : v.toExponential(0).replace("e+", "e");

/** × 1.3 */
export const times = (v: number): string => `× ${short(v)}`;

/** 4.2 s, 3 min, 2 h: as rough as an estimate is. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
