"""Rows of a probe as few lines: layers that repeat are told once, with the ranges of what was measured.

A model of a dozen rows has a line each. A longer one is folded in steps, and no further than a screen asks for: first
repeats that measured nearly the same, then what differs more, and at last all that repeats, whatever it measured. Rows
of different findings are never one line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from headstart.signals.trace import Row

FEW, SCREEN = 24, 40  # rows that are never folded; lines that are enough
PERIOD = 80  # rows in the longest block that repeats
COMPARED = ("rms", "batch_std", "grad_rms")
_NUMBER = re.compile(r"(\d+)")
_UNDER = ".\0"  # between a module and what it has several of: "blocks.0 add"


@dataclass(frozen=True)
class Line:
    """One line: its depth in the tree, what is shown, and the rows that it stands for, none for a heading."""

    depth: int
    label: str
    rows: tuple[Row, ...]


class Fold(NamedTuple):
    """How much rows may differ that are one line: by a factor, and in shares; whether their shapes must agree."""

    factor: float
    share: float
    same_shape: bool


FOLDS = (
    Fold(1.3, 0.05, True), Fold(3.0, 0.15, True), Fold(10.0, 0.3, True), Fold(30.0, 0.5, False),
    Fold(math.inf, math.inf, False),
)  # fmt: skip


def folded(rows: Sequence[Row], codes: Mapping[str, Sequence[str]]) -> list[Line]:
    """The lines of a probe's rows.

    Args:
        codes: a row's name -> the codes of its findings.

    >>> rows = [Row(op=k, value=k, name=f"blocks.{k}.fc", kind="linear", rms=1.0) for k in range(60)]
    >>> [line.label for line in folded(rows, {"blocks.59.fc": ["HS201"]})]
    ['blocks.0–58.fc (59 ×)', 'blocks.59.fc']
    """
    groups: list[tuple[Row, ...]] = [(row,) for row in rows]
    if len(rows) > FEW:
        for fold in FOLDS:
            groups = _repeats(rows, codes, fold)
            if len(groups) <= SCREEN:
                break
    return _tree([(_label(group), group) for group in groups])


def _repeats(rows: Sequence[Row], codes: Mapping[str, Sequence[str]], fold: Fold) -> list[tuple[Row, ...]]:
    """Rows in order; of a block that repeats, one group for each of its rows."""
    keys = [_structure(row, codes, fold) for row in rows]
    found: list[tuple[Row, ...]] = []
    at = 0
    while at < len(rows):
        best, saved = (1, 1), 0
        for period in range(1, min(PERIOD, (len(rows) - at) // 2) + 1):
            if keys[at : at + period] != keys[at + period : at + 2 * period]:
                continue
            if not _is_block(rows[at : at + 2 * period], period):
                continue
            times = _times(rows, keys, at, period, fold)
            if period * (times - 1) > saved:
                best, saved = (period, times), period * (times - 1)
            break  # a longer one is several of these
        period, times = best
        found += [tuple(rows[at + place + k * period] for k in range(times)) for place in range(period)]
        at += period * times
    return found


def _is_block(rows: Sequence[Row], period: int) -> bool:
    """Whether what repeats begins where a module does: its rows have one number in common, or each its own."""
    numbers = set()
    for first, second in zip(rows[:period], rows[period:], strict=True):
        parts = zip(_NUMBER.split(first.name), _NUMBER.split(second.name), strict=True)
        numbers.add(next((one for one, other in parts if one != other), ""))
    return len(numbers) in (1, period)


def _structure(row: Row, codes: Mapping[str, Sequence[str]], fold: Fold) -> tuple[object, ...]:
    """What rows share that may be one line."""
    shape = row.shape if fold.same_shape else len(row.shape)
    return _NUMBER.sub("#", row.name), row.kind, shape, tuple(codes.get(row.name, ())), bool(row.nonfinite)


def _times(rows: Sequence[Row], keys: Sequence[object], at: int, period: int, fold: Fold) -> int:
    """How often a block comes one after the other, alike enough from the first to the last."""
    ranges = [_Range(fold, rows[at + place]) for place in range(period)]
    times = 1
    while at + period * (times + 1) <= len(rows):
        start = at + period * times
        if keys[start : start + period] != keys[at : at + period]:
            break
        if not all(kept.takes(rows[start + place]) for place, kept in enumerate(ranges)):
            break
        for place, kept in enumerate(ranges):
            kept.add(rows[start + place])
        times += 1
    return times


class _Range:
    """What the rows of a group measured, from the least to the most."""

    def __init__(self, fold: Fold, first: Row) -> None:
        self.fold = fold
        self.ends = {name: (value, value) for name, value in _measured(first).items()}

    def takes(self, row: Row) -> bool:
        found = _measured(row)
        return found.keys() == self.ends.keys() and all(self._near(name, value) for name, value in found.items())

    def add(self, row: Row) -> None:
        for name, value in _measured(row).items():
            low, high = self.ends[name]
            self.ends[name] = min(low, value), max(high, value)

    def _near(self, name: str, value: float) -> bool:
        low, high = min(self.ends[name][0], value), max(self.ends[name][1], value)
        if low == high or math.isnan(low):
            return True
        if name not in COMPARED:
            return high - low <= self.fold.share
        return low > 0 and high <= low * self.fold.factor


def _measured(row: Row) -> dict[str, float]:
    names = (*COMPARED, "cosine", "dead", "saturated")
    return {name: value for name in names if (value := getattr(row, name)) is not None}


def _label(group: Sequence[Row]) -> str:
    """The rows' names as one, numbers that differ as a range; what a module has several of stands under it."""
    names = [row.name.replace(" ", _UNDER, 1) for row in group]
    parts = zip(*(_NUMBER.split(name) for name in names), strict=True)
    return "".join(found[0] if len(set(found)) == 1 else _ends(found) for found in parts)


def _ends(numbers: Sequence[str]) -> str:
    return f"{min(numbers, key=int)}–{max(numbers, key=int)}"


def _tree(found: Sequence[tuple[str, tuple[Row, ...]]]) -> list[Line]:
    """Neighbours of one module under a heading of their own, where there are three or more."""
    lines: list[Line] = []

    def walk(start: int, stop: int, cut: int, depth: int, times: int) -> None:
        at = start
        while at < stop:
            prefix = _module(found[at][0], cut)
            end = at + 1
            while prefix and end < stop and found[end][0].startswith(prefix):
                end += 1
            if end - at < 3:
                label, rows = found[at]
                lines.append(Line(depth, _told(label[cut:], len(rows) if len(rows) != times else 1), rows))
                at += 1
                continue
            shared = _shared([label for label, _ in found[at:end]], len(prefix))
            counts = {len(rows) for _, rows in found[at:end]}
            repeated = counts.pop() if len(counts) == 1 and "–" in found[at][0][cut:shared] else times
            told = _told(found[at][0][cut : shared - 1], repeated if repeated != times else 1)
            lines.append(Line(depth, told, ()))
            walk(at, end, shared, depth + 1, repeated)
            at = end

    walk(0, len(found), 0, 0, 1)
    return lines


def _told(label: str, times: int) -> str:
    shown = label.replace(_UNDER, " ").removeprefix(_UNDER[1:])
    return f"{shown} ({times} ×)" if times > 1 else shown


def _module(label: str, cut: int) -> str:
    """The label up to the end of its first name after the cut; "" where it has none."""
    dot = label.find(".", cut)
    return label[: dot + 1] if dot >= 0 else ""


def _shared(labels: Sequence[str], known: int) -> int:
    """How far all labels have the same whole names."""
    while (prefix := _module(labels[0], known)) and all(label.startswith(prefix) for label in labels):
        known = len(prefix)
    return known


def span(values: Sequence[float | None], told: Callable[[float], str]) -> str:
    """What a line's rows measured: one number, or from the least to the most; "–" where nothing was.

    >>> span([0.5, 0.25], str), span([None], str), span([1.0, 1.0], str)
    ('0.25–0.5', '–', '1.0')
    """
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    finite = sorted(value for value in known if not math.isnan(value))
    ends = [finite[0], math.nan if len(finite) < len(known) else finite[-1]] if finite else known[:1]
    return "–".join(dict.fromkeys(map(told, ends)))
