"""Learning rates of their own: for every place the rate that suits it, found by walking a log grid to its lowest cost.

Weights twice as large want another learning rate. Whoever compares multipliers at one rate sees that ridge and not
the multipliers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from headstart.experiments.optimizers import optimizer

STEP = 1.5  # between neighbours of the grid, about

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


def log_grid(low: float, high: float, step: float) -> list[float]:
    """From low to high in equal factors of about `step`.

    >>> log_grid(0.125, 8.0, 2)
    [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0]
    """
    count = 1 + max(1, round(math.log(high / low) / math.log(step)))
    inside = [float(f"{value:.6g}") for value in np.geomspace(low, high, count)[1:-1]]  # 4 and not 4.000000000000001
    return [low, *inside, high]


def nearest(grid: Sequence[float], value: float) -> int:
    """The index of the grid's place that is fewest factors away; of two the lower."""
    return min(range(len(grid)), key=lambda index: abs(math.log(grid[index] / value)))


def own_rates(
    guesses: Sequence[float], grid: Sequence[float], costs: Costs, known: Sequence[Mapping[float, float]] = ()
) -> list[tuple[float, float]]:
    """(learning rate, cost) of every place, where neither neighbour on the grid costs less.

    All places walk at once, so that each round is one call; the grid is one for all, so that no place is favoured.

    Args:
        guesses: near where each place's walk begins.
        grid: the rates that may be tried, rising.
        costs: tries many (place, rate) at once.
        known: for each place rate -> cost of what has been tried; a walk begins at the lowest and tries none again.

    >>> def bowl(asked):  # the best rates are 0.1 and 0.2
    ...     return [np.log(rate / (0.1, 0.2)[place]) ** 2 for place, rate in asked]
    >>> [rate for rate, _ in own_rates([0.1, 0.02], log_grid(0.01, 1.0, 1.6), bowl)]
    [0.1, 0.251189]
    """
    starts = [nearest(grid, guess) for guess in guesses]
    rows = known or [{}] * len(starts)
    tried = [{grid.index(rate): cost for rate, cost in row.items() if rate in grid} for row in rows]
    while asked := [
        (place, index)
        for place, row in enumerate(tried)
        for index in _wanted(row, starts[place])
        if 0 <= index < len(grid)
    ]:
        found = costs([(place, grid[index]) for place, index in asked])
        for (place, index), cost in zip(asked, found, strict=True):
            tried[place][index] = float(cost)
    lowest = [_lowest(row, start) for row, start in zip(tried, starts, strict=True)]
    return [(grid[index], row[index]) for row, index in zip(tried, lowest, strict=True)]


def _lowest(row: dict[int, float], start: int) -> int:
    """The index of the lowest cost: of equal ones the nearest to the start, of infinite ones the slowest."""
    return min(row, key=lambda index: (row[index], abs(index - start) if np.isfinite(row[index]) else index))


def _wanted(row: dict[int, float], start: int) -> list[int]:
    """What has not been tried of the lowest cost and its neighbours."""
    middle = _lowest(row, start) if row else start
    return [index for index in (middle - 1, middle, middle + 1) if index not in row]
