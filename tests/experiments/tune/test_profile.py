"""The profile: what walks, what lies between, and that nothing is tried twice."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from headstart.experiments.rates import nearest
from headstart.experiments.tune.places import grid_of
from headstart.experiments.tune.profile import Profile, find_profile
from headstart.experiments.tune.settings import tune_settings
from headstart.experiments.tune.tunables import Point

SETTINGS = tune_settings(objective="loss", seeds=4)
GRID = grid_of(SETTINGS, "learning_rate")


def ridge(point: Point) -> float:
    """Lowest at multiplier 4, where each multiplier's best rate is 0.1 / multiplier."""
    return 1 + 0.5 * math.log(point.multiplier / 4) ** 2 + math.log(point.learning_rate * point.multiplier / 0.1) ** 2


class Counted:
    """A tunable that counts how often each point is tried."""

    units, fingerprint, task = 4, "", ""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def attempt(self, *_: Any) -> Any:
        raise AssertionError("the search is over")

    def values(self, points: Sequence[Point], seeds: Sequence[int], tick: Any) -> Any:
        self.points.extend(points)
        return np.array([[ridge(point)] * len(seeds) for point in points])


def rows_of(points: Sequence[Point]) -> list[dict[str, Any]]:
    return [
        {"number": number, "state": "complete", "multiplier": point.multiplier, "learning_rate": point.learning_rate,
         "value": ridge(point)}
        for number, point in enumerate(points)
    ]  # fmt: skip


def profiled(tried: Sequence[Point]) -> tuple[Profile, Counted]:
    tunable = Counted()
    known = {point: np.full(4, ridge(point)) for point in tried}
    return find_profile(tunable, SETTINGS, rows_of(tried), known, lambda _: None), tunable


START = [Point(1.0, GRID[12]), Point(4.0, GRID[8])]


def test_every_place_has_its_own_rate_and_half_of_them_never_walked() -> None:
    found, tunable = profiled(START)
    for point in found.line:
        off = nearest(GRID, point.learning_rate) - nearest(GRID, 0.1 / point.multiplier)
        assert abs(off) <= 1
    assert found.best.multiplier == 4
    assert found.default.multiplier == 1
    tried = [sum(point.multiplier == place.multiplier for point in tunable.points) for place in found.line]
    assert tried.count(1) >= len(found.line) // 3
    for chosen in (found.best, found.default):  # with the same care: at its best rate on the grid
        assert chosen.learning_rate == min(GRID, key=lambda rate: ridge(Point(chosen.multiplier, rate)))


def test_what_the_trials_tried_is_not_tried_again_and_all_of_it_is_used() -> None:
    first, before = profiled(START)
    assert len(set(before.points)) == len(before.points)
    assert not {*before.points} & {*START}
    again, after = profiled([*START, *before.points])
    assert after.points == []
    assert again == first


def test_a_place_that_comes_out_best_without_having_walked_walks_then() -> None:
    # the trials saw only what lies far from the best; it lies between two places that walked
    for number in range(-12, 13):
        best = 2 ** (number / 4)

        def loss(point: Point, best: float = best) -> float:
            return abs(math.log(point.multiplier / best)) + math.log(point.learning_rate / 0.2) ** 2

        class Other(Counted):
            def values(self, points: Sequence[Point], seeds: Sequence[int], tick: Any, loss: Any = loss) -> Any:
                self.points.extend(points)
                return np.array([[loss(point)] * len(seeds) for point in points])

        tunable = Other()
        found = find_profile(tunable, SETTINGS, rows_of(START), {}, lambda _: None)
        rates = {point.learning_rate for point in tunable.points if point.multiplier == found.best.multiplier}
        index = GRID.index(found.best.learning_rate)
        assert {GRID[index - 1], GRID[index], GRID[index + 1]} <= rates


@pytest.mark.parametrize("profile", [3, 5, 7, 13])
def test_the_places_of_a_profile_lie_on_the_grid_of_the_trials(profile: int) -> None:
    settings = tune_settings(objective="loss", profile=profile)
    found = find_profile(Counted(), settings, rows_of(START), {}, lambda _: None)
    assert {point.multiplier for point in found.line} <= {*grid_of(settings, "multiplier")}
    assert len(found.line) >= profile


def test_a_profile_finer_than_the_grid_has_places_between() -> None:
    settings = tune_settings(objective="loss", profile=49)
    found = find_profile(Counted(), settings, rows_of(START), {}, lambda _: None)
    places = [point.multiplier for point in found.line]
    assert len(places) >= 49
    assert not {*places} <= {*grid_of(settings, "multiplier")}


@pytest.mark.parametrize("ends", [(0.125, 8.0), (0.1, 5.0), (0.9, 1.02), (1.0, 3.0), (0.2, 1.0)])
def test_the_formula_is_on_the_grid_and_the_ends_are_too(ends: tuple[float, float]) -> None:
    grid = grid_of(tune_settings(objective="loss", multiplier_range=ends), "multiplier")
    assert grid == sorted(set(grid))
    assert (grid[0], grid[-1]) == ends
    assert 1.0 in grid
    assert max(b / a for a, b in itertools.pairwise(grid)) < 2**0.25 * 1.35
