"""Log axes: how far they reach, and where their labels stand."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import altair as alt

PLAIN = (0.001, 1e6)  # ticks that are written out
LINEAR = (
    "format(datum.value, abs(datum.value) >= 1e6 || (abs(datum.value) < 1e-4 && datum.value != 0) ? '.3~e' : '.6~f')"
)
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


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


def linear_axis(count: int, **look: Any) -> alt.Axis:
    """About so many labels at 1, 2 or 5 times a power of ten, written alike: 10 and not 1e+1.

    Args:
        count: of labels.
        look: what else Altair's axis takes.
    """
    return alt.Axis(tickCount=count, labelExpr=LINEAR, labelOverlap=True, **look)


def log_place(value: float, low: float, high: float) -> float:
    """How far along a log axis a value stands, from 0 to 1; beyond its ends, at them.

    >>> log_place(10, 1, 100), log_place(0, 1, 100)
    (0.5, 0.0)
    """
    return math.log(min(max(value, low), high) / low) / math.log(high / low) if value > 0 else 0.0


def log_axis(low: float, high: float, length: float = 300.0, **look: Any) -> alt.Axis:
    """Labels at powers of ten; where the axis is short, at 2 and 5 times them too; where it is shorter, at round steps.

    All labels of an axis are written one way: 0.01, 1, 100, or 10⁻⁶, 10⁰, 10⁶ where a label leaves 0.001 to 1,000,000.

    Args:
        low, high: its ends.
        length: pixels, which decide how many labels there is room for.
        look: what else Altair's axis takes.
    """
    ticks = log_ticks(low, high, max(2, int(length / 38)))
    return alt.Axis(values=ticks, labelExpr=log_labels(ticks), **look)


def log_ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Where labels stand: 1, 2, 5 times powers of ten, or powers of ten alone, at most so many.

    >>> log_ticks(0.3, 30), log_ticks(1e-6, 1e6, 5), log_ticks(0.69, 0.72)[:3]
    ([0.5, 1.0, 2.0, 5.0, 10.0, 20.0], [1e-06, 0.001, 1.0, 1000.0, 1000000.0], [0.69, 0.695, 0.7])
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = [float(f"{k}e{power}") for power in range(first, last + 1) for k in (1, 2, 5)]
    fine = [tick for tick in every if low <= tick <= high]
    if len(fine) < 3:
        return _round_steps(low, high)
    if len(fine) <= most and last - first <= 3:
        return fine
    powers = [power for power in range(first, last + 1) if low <= float(f"1e{power}") <= high]
    if len(powers) < 2:
        return fine[:most]
    stride = next(step for step in (1, 2, 3, 5, 10, 20, 50, 100, 200, 500) if len(powers) <= step * most)
    # a multiple of the stride, so that 1 is among them where it lies on the axis
    return [float(f"1e{power}") for power in powers if power % stride == 0] or [float(f"1e{powers[0]}")]


def _round_steps(low: float, high: float) -> list[float]:
    """Steps of 1, 2 or 5 times a power of ten, three to seven of them."""
    span = high - low
    power = math.floor(math.log10(span)) - 1
    for step in (float(f"{k}e{power + more}") for more in (0, 1, 2) for k in (1, 2, 5)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < 7:
            return [float(f"{place * step:.12g}") for place in range(first, last + 1)]
    return [low, high]


def log_labels(ticks: Sequence[float]) -> str:
    """The expression that labels all ticks of an axis the same way: as they are, or as powers of ten."""
    plain = all(PLAIN[0] <= tick < PLAIN[1] for tick in ticks)
    words = [(tick, _plain(tick) if plain else power_of_ten(tick)) for tick in ticks]
    cases = "".join(f"datum.value == {tick!r} ? {json.dumps(word, ensure_ascii=False)} : " for tick, word in words)
    return f"{cases}format(datum.value, '~g')"


def _plain(tick: float) -> str:
    return f"{tick:,.12g}" if tick >= 10_000 else f"{tick:.12g}"


def power_of_ten(value: float) -> str:
    """A tick as a power of ten.

    >>> power_of_ten(1e-7), power_of_ten(2e5), power_of_ten(1)
    ('10⁻⁷', '2·10⁵', '10⁰')
    """
    digits, power = f"{value:.6e}".split("e")
    raised = str(int(power)).translate(RAISED)
    factor = f"{float(digits):g}"
    return f"10{raised}" if factor == "1" else f"{factor}·10{raised}"
