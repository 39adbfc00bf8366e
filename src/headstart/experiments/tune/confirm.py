"""The confirmation: the points of a profile on seeds the search has not seen, and what they say.

The lowest of sixty medians is low partly by luck, so the search's own numbers say nothing about the best point. On
fresh seeds it gets no such luck, and the formula is compared with it at a learning rate found with the same care.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.experiments.analysis.metrics import Metric
from headstart.experiments.analysis.statistics import difference_interval, median
from headstart.experiments.rates import own_rates
from headstart.experiments.tune.settings import TuneSettings
from headstart.experiments.tune.tunables import Point, Tick, Tunable

NEAREST = 5  # a multiplier's first guess at its learning rate is that of the best of so many trials near it
OWN = 3  # how often a place's own costs count beside its neighbours', when the best place is chosen
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Checked:
    """One point on the fresh seeds, and whether it is as good as the best one there."""

    point: Point
    values: Array  # one per fresh seed
    as_good: bool


@dataclass(frozen=True)
class Confirmation:
    """What the fresh seeds say.

    `profiles` has one list per tuned axis, sorted along it: the other axis is each multiplier's own learning rate, and
    for the learning rates the best multiplier.
    """

    best: Checked
    default: Checked
    difference: tuple[float, float]  # 95 % interval of what the default costs more than the best
    profiles: dict[str, list[Checked]]

    @property
    def paid(self) -> bool:
        """Whether the best is better than the default beyond doubt: the interval leaves out 0."""
        return self.difference[0] > 0

    def interval(self, axis: str) -> tuple[float, float]:
        """The range around the best whose points are as good as it.

        One worse point between two good ones does not end it: of a dozen that are as good, a 95 % interval calls one
        worse in every second profile. The default ends it, so that what paid lies outside.
        """
        line = self.profiles[axis]
        best = next(index for index, checked in enumerate(line) if checked.point == self.best.point)
        low, high = best - self._reach(line[:best][::-1]), best + self._reach(line[best + 1 :])
        return getattr(line[low].point, axis), getattr(line[high].point, axis)

    def _reach(self, outwards: Sequence[Checked]) -> int:
        """How many places away from the best the interval ends."""
        reach = 0
        for place, checked in enumerate(outwards, start=1):
            if checked.as_good:
                reach = place
            elif place - reach > 1 or checked.point == self.default.point:
                break
        return reach


def confirm(tunable: Tunable, settings: TuneSettings, rows: Sequence[dict[str, Any]], tick: Tick) -> Confirmation:
    """Find the best point from the search's rows and seeds, then judge it on fresh seeds."""
    lines, best, default = _profile(tunable, settings, rows, tick)
    if settings.main == "multiplier" and "learning_rate" in settings.over:
        rates = _places(settings, "learning_rate", best.learning_rate)
        lines["learning_rate"] = [Point(best.multiplier, rate) for rate in rates]
    points = list(dict.fromkeys([best, default, *(point for line in lines.values() for point in line)]))
    fresh = range(settings.seeds, 2 * settings.seeds)
    values = dict(zip(points, tunable.values(points, fresh, tick), strict=True))
    checked = {point: Checked(point, values[point], as_good(settings.measured, values[point], values[best]))
               for point in points}  # fmt: skip
    costs = settings.measured.costs
    return Confirmation(
        checked[best], checked[default], difference_interval(costs(values[default]), costs(values[best])),
        {axis: [checked[point] for point in lines[axis]] for axis in settings.over},
    )  # fmt: skip


def as_good(metric: Metric, values: Array, best: Array) -> bool:
    """Whether fresh seeds cannot tell that these values are worse than the best's."""
    return difference_interval(metric.costs(values), metric.costs(best))[0] <= 0


def _profile(
    tunable: Tunable, settings: TuneSettings, rows: Sequence[dict[str, Any]], tick: Tick
) -> tuple[dict[str, list[Point]], Point, Point]:
    """The points along the main axis, the best of them on the search's seeds, and the default."""
    metric, axis = settings.measured, settings.main
    complete = [row for row in rows if row["state"] == "complete"]
    top = min(complete, key=lambda row: (metric.costs([row["value"]])[0], abs(math.log(row[axis])), row["number"]))
    usual = 1.0 if axis == "multiplier" else settings.learning_rate
    places = _places(settings, axis, top[axis], *({usual} - {top[axis]}))
    tried: dict[Point, Array] = {}

    def costs(asked: Sequence[tuple[int, float]]) -> list[float]:
        points = [Point(places[place], rate) for place, rate in asked]
        tried.update(zip(points, metric.costs(tunable.values(points, range(settings.seeds), tick)), strict=True))
        return [median(tried[point]) for point in points]

    if len(settings.over) > 1:
        guesses = [top["learning_rate"] if place == top[axis] else _guess(complete, place, metric) for place in places]
        found = own_rates(guesses, settings.learning_rate_range, costs)
        line = [Point(place, rate) for place, (rate, _) in zip(places, found, strict=True)]
    else:
        line = [Point(p, settings.learning_rate) if axis == "multiplier" else Point(1.0, p) for p in places]
        tried.update(zip(line, metric.costs(tunable.values(line, range(settings.seeds), tick)), strict=True))
    medians = smoothed([tried[point] for point in line])
    # Of equally good ones the nearest to what one would have taken anyway.
    best = min(range(len(line)), key=lambda index: (medians[index], abs(math.log(places[index] / usual))))
    return {axis: line}, line[best], line[places.index(usual)]


def smoothed(costs: Sequence[Array]) -> list[float]:
    """The median of each place's costs, counted three times, together with its two neighbours'.

    A place far better than both its neighbours is lucky seeds or the edge of a cliff, and neither is a place to stand;
    three times, so that a narrow valley still counts for more than what lies around it.

    >>> smoothed([np.array([3.0, 4.0]), np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    [3.0, 2.0, 3.0]
    """
    inside = [costs[1], *costs, costs[-2]]  # an end has its one neighbour twice
    around = zip(inside, costs, inside[2:], strict=False)
    return [median(np.concatenate([before, *[own] * OWN, after])) for before, own, after in around]


def _guess(complete: list[dict[str, Any]], multiplier: float, metric: Metric) -> float:
    """The learning rate of the best trial among those whose multipliers are nearest."""
    near = sorted(complete, key=lambda row: (abs(math.log(row["multiplier"] / multiplier)), row["number"]))[:NEAREST]
    rate: float = min(near, key=lambda row: (metric.costs([row["value"]])[0], row["number"]))["learning_rate"]
    return rate


def _places(settings: TuneSettings, axis: str, top: float, *others: float) -> list[float]:
    """A log grid over the axis with the marked places, finer around the top one.

    The grid's own points that all but fall on a marked one are left out.
    """
    low, high = settings.range_of(axis)
    step = math.log(high / low) / (settings.profile - 1)
    around = [top * math.exp(step * share) for share in (-0.5, 0.5)]
    found = [top, *others]
    for value in [*around, *(float(value) for value in np.geomspace(low, high, settings.profile))]:
        if low <= value <= high and all(abs(math.log(value / place)) > step / 4 for place in found):
            found.append(float(f"{value:.6g}"))  # 4 and not 4.000000000000001
    return sorted(found)
