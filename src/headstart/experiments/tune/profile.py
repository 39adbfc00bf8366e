"""The profile: multipliers over the whole range, each at a learning rate of its own, and the best of them.

All of it is chosen on the search's seeds, and what the trials tried is not tried again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.experiments.analysis.statistics import median
from headstart.experiments.rates import nearest, own_rates
from headstart.experiments.tune.places import grid_of, profile_places, usual_place
from headstart.experiments.tune.settings import TuneSettings
from headstart.experiments.tune.tunables import Array, Point, Tick, Tunable

NEAREST = 5  # a multiplier's first guess at its learning rate is that of the best of so many trials near it
OWN = 3  # how often a place's own costs count beside its neighbours', when the best place is chosen
WALKING = 2  # every so manieth place walks to its learning rate; those in between take what lies between
Row = dict[str, Any]


@dataclass(frozen=True)
class Profile:
    """Points along the main factor, rising, with the best of them on the search's seeds and the default."""

    line: list[Point]
    best: Point
    default: Point


def find_profile(
    tunable: Tunable, settings: TuneSettings, rows: Sequence[Row], tried: Mapping[Point, Array], tick: Tick
) -> Profile:
    """Choose the points.

    Args:
        rows: the search's trials, at least one of them complete.
        tried: their values on the search's seeds.
    """
    factor, metric = settings.main, settings.measured
    complete = [row for row in rows if row["state"] == "complete"]
    top = min(complete, key=lambda row: (metric.costs([row["value"]])[0], abs(math.log(row[factor])), row["number"]))
    usual = usual_place(settings, factor)
    assert usual is not None, factor
    places = profile_places(settings, factor, top[factor], *({usual} - {top[factor]}))
    bench = Bench(tunable, settings, tried, tick)
    if len(settings.over) == 1:
        line = [Point(p, settings.learning_rate) if factor == "multiplier" else Point(1.0, p) for p in places]
        bench.costs(line)
        return Profile(line, line[_best(bench, line, usual)], line[places.index(usual)])
    walks = Walks(bench, places, complete)
    walks.walk({0, len(places) - 1, places.index(top[factor]), places.index(usual), *range(0, len(places), WALKING)})
    walks.fill()
    while (best := _best(bench, walks.line, usual)) not in walks.walked:
        walks.walk({best})
    return Profile(walks.line, walks.line[best], walks.line[places.index(usual)])


class Bench:
    """Costs on the search's seeds; each point is paid for once."""

    def __init__(self, tunable: Tunable, settings: TuneSettings, tried: Mapping[Point, Array], tick: Tick) -> None:
        self.tunable, self.settings, self.tick = tunable, settings, tick
        self.found = {point: settings.measured.costs(values) for point, values in tried.items()}

    def costs(self, points: Iterable[Point]) -> list[Array]:
        """The costs of each point, one per seed."""
        points = list(points)
        if new := [point for point in dict.fromkeys(points) if point not in self.found]:
            values = self.tunable.values(new, range(self.settings.seeds), self.tick)
            self.found.update(zip(new, self.settings.measured.costs(values), strict=True))
        return [self.found[point] for point in points]


class Walks:
    """A learning rate for every place: some walk a grid to their lowest cost, the others take what lies between."""

    def __init__(self, bench: Bench, places: Sequence[float], complete: Sequence[Row]) -> None:
        self.bench, self.places = bench, places
        self.grid = grid_of(bench.settings, "learning_rate")
        self.rates = [_guess(complete, place, bench) for place in places]
        self.walked: set[int] = set()

    @property
    def line(self) -> list[Point]:
        """The places at the rates they have so far."""
        return [Point(place, rate) for place, rate in zip(self.places, self.rates, strict=True)]

    def walk(self, indices: Iterable[int]) -> None:
        """These places walk at once, from the lowest that has been tried there."""
        chosen = sorted(indices)

        def costs(asked: Sequence[tuple[int, float]]) -> list[float]:
            points = [Point(self.places[chosen[place]], rate) for place, rate in asked]
            return [median(found) for found in self.bench.costs(points)]

        known = [self._known(self.places[index]) for index in chosen]
        found = own_rates([self.rates[index] for index in chosen], self.grid, costs, known)
        for index, (rate, _) in zip(chosen, found, strict=True):
            self.rates[index] = rate
        self.walked.update(chosen)

    def fill(self) -> None:
        """The other places take the rate between those of the places around them that walked."""
        ends = sorted(self.walked)
        at = [nearest(self.grid, self.rates[index]) for index in ends]
        between = np.interp(np.log(self.places), np.log([self.places[index] for index in ends]), at)
        self.rates = [self.grid[round(index)] for index in between]
        self.bench.costs(self.line)

    def _known(self, place: float) -> dict[float, float]:
        """Learning rate -> cost of what has been tried there."""
        found = self.bench.found.items()
        return {point.learning_rate: median(costs) for point, costs in found if point.multiplier == place}


def _best(bench: Bench, line: Sequence[Point], usual: float) -> int:
    """The index of the best point: of equally good ones the nearest to what one would have taken anyway."""
    factor = bench.settings.main
    medians = smoothed(bench.costs(line))
    away = [abs(math.log(getattr(point, factor) / usual)) for point in line]
    return min(range(len(line)), key=lambda index: (medians[index], away[index]))


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


def _guess(complete: Sequence[Row], multiplier: float, bench: Bench) -> float:
    """The learning rate of the best trial among those whose multipliers are nearest."""
    costs = bench.settings.measured.costs
    near = sorted(complete, key=lambda row: (abs(math.log(row["multiplier"] / multiplier)), row["number"]))[:NEAREST]
    rate: float = min(near, key=lambda row: (costs([row["value"]])[0], row["number"]))["learning_rate"]
    return rate
