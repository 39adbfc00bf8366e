"""Log axes: how far they reach, and where their labels stand."""

from __future__ import annotations

import math

import altair as alt


def log_domain(values: list[float], least: float = 1.0, decades: int = 14) -> tuple[float, float]:
    """Limits of a log axis: the data's, at most so many decades below its top, with a little room.

    The axis spans at least a factor `least`, so that small differences do not look large.
    """
    finite = [value for value in values if value > 0 and math.isfinite(value)]
    if not finite:
        return 0.1, 10.0
    high = max(finite)
    low = max(min(finite), high * 10.0**-decades)
    room = max((high / low) ** 0.05, 1.15, (least * low / high) ** 0.5)
    return float(f"{low / room:.4g}"), float(f"{high * room:.4g}")


def log_axis(low: float, high: float) -> alt.Axis:
    """Labels at powers of ten, at 2 and 5 times them too where the axis is short, and at most eight in all."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 2 else (1,)
    stride = max(1, math.ceil((last - first) / 8))
    ticks = [float(f"{k}e{power}") for power in range(first, last + 1, stride) for k in factors]
    ticks = [tick for tick in ticks if low <= tick <= high]
    if len(ticks) < 2:  # a range of less than a factor 2: three round numbers in it
        ticks = [float(f"{low * (high / low) ** share:.2g}") for share in (0.15, 0.5, 0.85)]
    label = "datum.value >= 0.001 && datum.value < 100000 ? format(datum.value, '~g') : format(datum.value, '.0e')"
    return alt.Axis(values=ticks, labelExpr=label)
