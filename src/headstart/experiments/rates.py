"""Learning rates of their own: for every place the rate that suits it, found by walking a log grid to its lowest cost.

Weights twice as large want another learning rate. Whoever compares multipliers at one rate sees that ridge and not
the multipliers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from headstart.experiments.optimizers import optimizer

STEP = 1.5  # between neighbours of the grid

# (index of the place, learning rate) pairs -> their costs, lower is better
Costs = Callable[[Sequence[tuple[int, float]]], Sequence[float] | NDArray[np.float64]]


def rate_range(spec: str) -> tuple[float, float]:
    """The smallest and the largest learning rate worth trying with an optimizer.

    Raises:
        InputError: no such optimizer.

    >>> rate_range("adam(0.9)")
    (1e-05, 0.3)
    """
    return optimizer(spec).kind.rates


def own_rates(guesses: Sequence[float], ends: tuple[float, float], costs: Costs) -> list[tuple[float, float]]:
    """(learning rate, cost) of every place, where neither neighbour on its grid costs less.

    All places walk at once, so that each round is one call; all grids are equally fine, so that no place is favoured.

    Args:
        guesses: where each place's walk begins.
        ends: the smallest and the largest rate that may be tried.
        costs: tries many (place, rate) at once.

    >>> def bowl(asked):  # the best rates are 0.1 and 0.2
    ...     return [np.log(rate / (0.1, 0.2)[place]) ** 2 for place, rate in asked]
    >>> [round(rate, 3) for rate, _ in own_rates([0.1, 0.02], (1e-3, 1.0), bowl)]
    [0.1, 0.228]
    """
    tried: list[dict[int, float]] = [{} for _ in guesses]

    def rate(place: int, offset: int) -> float:
        return float(np.clip(guesses[place] * STEP**offset, *ends))

    while asked := [(place, offset) for place in range(len(guesses)) for offset in _wanted(tried[place])
                    if offset == 0 or rate(place, offset) != rate(place, offset - np.sign(offset))]:  # fmt: skip
        found = costs([(place, rate(place, offset)) for place, offset in asked])
        for (place, offset), cost in zip(asked, found, strict=True):
            tried[place][offset] = float(cost)
    return [(rate(place, offset), row[offset]) for place, row in enumerate(tried) for offset in [_lowest(row)]]


def _lowest(row: dict[int, float]) -> int:
    """The offset of the lowest cost: of equal ones the nearest to the guess, of infinite ones the slowest."""
    return min(row, key=lambda offset: (row[offset], abs(offset) if np.isfinite(row[offset]) else offset))


def _wanted(row: dict[int, float]) -> list[int]:
    """The neighbours of the lowest cost that have not been tried."""
    if not row:
        return [-1, 0, 1]
    best = _lowest(row)
    return [offset for offset in (best - 1, best + 1) if offset not in row]
