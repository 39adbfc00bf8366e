"""The runs a judgement is made of, and what a rule reads from them: medians, the layers, shares of the runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from headstart.signals.record import Outcome, Signals


@dataclass(frozen=True)
class Evidence:
    """The starts of a few runs of one scheme and, if they were trained, their outcomes in the same order."""

    signals: tuple[Signals, ...]
    outcomes: tuple[Outcome, ...] = ()

    def start(self, read: Callable[[Signals], float | None]) -> float | None:
        """The median of something over the starts; None if no run measured it."""
        return median(read(run) for run in self.signals)

    def end(self, read: Callable[[Outcome], float | None]) -> float | None:
        """The median of something over the outcomes."""
        return median(read(run) for run in self.outcomes)

    def by_layer(self, field: str) -> list[tuple[str, float]]:
        """(name, median over the starts) of each layer at which a field of `Signal` was measured, in forward order."""
        found = []
        for index, layer in enumerate(self.signals[0].layers):
            value = median(getattr(run.layers[index], field) for run in self.signals)
            if value is not None:
                found.append((layer.name, value))
        return found

    def learnt_by(self, share: float) -> int:
        """How many runs have learnt at least this share, as `Outcome.learnt` has it."""
        return sum(run.learnt is not None and run.learnt >= share for run in self.outcomes)

    @property
    def diverged(self) -> list[int]:
        """The steps at which runs diverged."""
        return [run.diverged_at for run in self.outcomes if run.diverged_at is not None]


def median(values: Iterable[float | None]) -> float | None:
    """The median of what was measured; NaN counts as worse than infinity, so that a few diverged runs decide nothing.

    >>> median([3.0, None, 1.0, float("nan")]), median([None])
    (3.0, None)
    """
    ordered = sorted((value for value in values if value is not None), key=lambda value: (math.isnan(value), value))
    if not ordered:
        return None
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low if low == high else (low + high) / 2
