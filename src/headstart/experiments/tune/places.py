"""Places: the grid that trials, walks and profile share, so that what one of them has tried the others know."""

from __future__ import annotations

import math
from collections.abc import Sequence

from headstart.experiments.rates import STEP, log_grid, nearest
from headstart.experiments.tune.settings import TuneSettings

STEPS = {"multiplier": 2**0.25, "learning_rate": STEP}  # half as wide as between the multipliers of a usual profile
CLOSE = 1 / 4  # of a step: what is nearer than that is the same place


def usual_place(settings: TuneSettings, factor: str) -> float | None:
    """Where one would be without tuning; None where nobody would know."""
    if factor == "multiplier":
        return 1.0
    return settings.learning_rate if len(settings.over) == 1 else None


def grid_of(settings: TuneSettings, factor: str) -> list[float]:
    """The factor in equal ratios, with the usual place in place of the one nearest to it; the ends stay."""
    grid, usual = log_grid(*settings.range_of(factor), STEPS[factor]), usual_place(settings, factor)
    if usual is None or not grid[0] <= usual <= grid[-1]:
        return grid
    return sorted({*grid} - {grid[nearest(grid, usual)]} | {grid[0], usual, grid[-1]})


def profile_places(settings: TuneSettings, factor: str, top: float, *others: float) -> list[float]:
    """So many places of the grid, evenly, with the marked ones, and finer around the top one.

    What all but falls on a marked one is left out. A profile finer than the grid has places between the grid's.
    """
    low, high = settings.range_of(factor)
    step = math.log(high / low) / (settings.profile - 1)
    grid = grid_of(settings, factor)
    found = [top, *others]
    around = [top * math.exp(step * share) for share in (-0.5, 0.5)]
    for value in [*around, *log_grid(low, high, math.exp(step))]:
        place = _on(grid, value, step)
        if low <= place <= high and all(abs(math.log(place / other)) > step * CLOSE for other in found):
            found.append(place)
    return sorted(found)


def _on(grid: Sequence[float], value: float, step: float) -> float:
    """The grid's place, or the value itself where none is close."""
    place = grid[nearest(grid, value)]
    return place if abs(math.log(place / value)) < step * CLOSE else float(f"{value:.6g}")
