"""The confirmation: which points it tries on which seeds and what it says, with a problem that keeps a record."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.experiments.analysis.metrics import objective_metric
from headstart.experiments.tune.confirm import Checked, Confirmation, as_good, confirm
from headstart.experiments.tune.profile import smoothed
from headstart.experiments.tune.settings import TuneSettings, tune_settings
from headstart.experiments.tune.tunables import Point

Loss = Callable[[Point, int], float]
MINIMIZE, MAXIMIZE = objective_metric("minimize"), objective_metric("maximize")


@dataclass
class Recorded:
    """A problem whose values are known, with the (points, seeds) of every call."""

    loss: Loss
    calls: list[tuple[list[Point], list[int]]] = field(default_factory=list)
    units: int = 1
    fingerprint: str = ""
    task: str = ""

    def attempt(self, point: Point, seeds: Sequence[int], report: Any, tick: Any) -> Any:
        raise AssertionError("the search is over")

    def values(self, points: Sequence[Point], seeds: Sequence[int], tick: Any) -> Any:
        self.calls.append((list(points), list(seeds)))
        return np.array([[self.loss(point, seed) for seed in seeds] for point in points])


def trial(number: int, multiplier: float, rate: float, value: float | None = 1.0) -> dict[str, Any]:
    state = "pruned" if value is None else "complete"
    return {"number": number, "state": state, "multiplier": multiplier, "learning_rate": rate, "value": value}


def settings_for(**given: Any) -> TuneSettings:
    return tune_settings(**{"objective": "loss", "seeds": 4, "profile": 7} | given)


def confirmed(loss: Loss, rows: list[dict[str, Any]], **given: Any) -> tuple[Confirmation, Recorded]:
    problem, settings = Recorded(loss), settings_for(**given)
    found = confirm(problem, settings, rows, {}, lambda _: None)
    return found, problem


def ridge(point: Point, seed: int) -> float:
    """Lowest at multiplier 4, where each multiplier's best rate is 0.1 / multiplier."""
    return 1 + 0.5 * math.log(point.multiplier / 4) ** 2 + math.log(point.learning_rate * point.multiplier / 0.1) ** 2


ROWS = [trial(0, 1.0, 0.1, 2.0), trial(1, 3.7, 0.03, 1.1), trial(2, 0.2, 0.5, 5.0), trial(3, 6.0, 0.02, 1.5)]


@pytest.mark.parametrize("over", [("multiplier", "learning_rate"), ("multiplier",), ("learning_rate",)])
@pytest.mark.parametrize("seeds", [3, 4])
def test_the_last_calls_alone_are_of_the_seeds_that_no_other_has_seen(over: tuple[str, ...], seeds: int) -> None:
    found, problem = confirmed(ridge, ROWS, over=over, seeds=seeds)
    last = len(over)  # one for each factor
    walking, judging = problem.calls[:-last], problem.calls[-last:]
    assert walking
    assert all(asked == list(range(seeds)) for _, asked in walking)
    assert all(asked == list(range(seeds, 2 * seeds)) for _, asked in judging)
    points = [point for asked, _ in judging for point in asked]
    assert len(set(points)) == len(points)
    shown = [checked.point for line in found.profiles.values() for checked in line]
    assert set(points) == {*shown, found.best.point, found.default.point}


def test_the_fresh_seeds_values_are_what_is_reported_and_the_others_choose() -> None:
    # on the search's seeds 4 is best; on the fresh ones it is the worst, and the formula is named in its place
    def turned(point: Point, seed: int) -> float:
        return ridge(point, seed) if seed < 4 else 100 - ridge(point, seed) + 0.001 * seed

    found, _ = confirmed(turned, ROWS)
    assert found.found.point.multiplier == pytest.approx(4, rel=0.2)
    assert found.found.values == pytest.approx([turned(found.found.point, seed) for seed in range(4, 8)])
    assert found.default.values == pytest.approx([turned(found.default.point, seed) for seed in range(4, 8)])
    assert found.best == found.default
    assert {checked.point.multiplier for checked in found.profiles["learning_rate"]} == {1.0}
    assert not found.paid
    assert found.difference[1] < 0


def test_the_default_is_the_formulas_own_multiplier_at_the_rate_that_suits_it() -> None:
    found, _ = confirmed(ridge, ROWS)
    assert found.default.point.multiplier == 1.0
    assert found.default.point.learning_rate == pytest.approx(0.1, rel=0.25)
    assert found.best.point.learning_rate == pytest.approx(0.1 / found.best.point.multiplier, rel=0.25)
    found, _ = confirmed(ridge, ROWS, over=("multiplier",), learning_rate=0.3)
    assert {checked.point.learning_rate for checked in found.profiles["multiplier"]} == {0.3}
    assert found.default.point == Point(1.0, 0.3)
    found, _ = confirmed(ridge, ROWS, over=("learning_rate",), learning_rate=0.3)
    assert {checked.point.multiplier for checked in found.profiles["learning_rate"]} == {1.0}
    assert found.default.point == Point(1.0, 0.3)


def test_the_difference_is_what_the_default_costs_more() -> None:
    found, _ = confirmed(ridge, ROWS)
    expected = ridge(found.default.point, 0) - ridge(found.best.point, 0)
    assert expected > 0.5
    assert found.difference == pytest.approx((expected, expected))
    assert found.paid


@pytest.mark.parametrize(
    ("difference", "paid"), [((0.0, 1.0), False), ((5e-324, 1.0), True), ((-1.0, -0.5), False), ((-0.1, 2.0), False)]
)
def test_it_paid_where_nothing_is_left_of_zero(difference: tuple[float, float], paid: bool) -> None:
    place = Checked(Point(1.0, 0.1), np.zeros(2), True)
    other = Checked(Point(2.0, 0.1), np.zeros(2), True)
    assert Confirmation(place, other, place, difference, {"multiplier": [place]}).paid is paid
    assert not Confirmation(other, other, place, difference, {"multiplier": [place]}).paid  # the formula is named


def test_as_good_is_what_the_seeds_cannot_call_worse_for_losses_and_scores() -> None:
    low, high = np.array([1.0, 1.1, 1.2, 1.3]), np.array([2.0, 2.1, 2.2, 2.3])
    mixed = np.array([0.5, 0.6, 2.2, 2.3])
    assert [as_good(MINIMIZE, values, low) for values in (low, high, mixed)] == [True, False, True]
    assert [as_good(MAXIMIZE, values, high) for values in (low, high, mixed)] == [False, True, True]
    assert as_good(MINIMIZE, low, high)  # what is better is as good
    assert as_good(MAXIMIZE, high, low)
    assert not as_good(MINIMIZE, np.full(4, np.nan), low)
    assert not as_good(MAXIMIZE, np.full(4, np.nan), low)


def test_seeds_pair_the_values() -> None:
    # each seed of one is 0.1 worse than the same seed of the other: pairs see it, the two lists apart do not
    best = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert not as_good(MINIMIZE, best + 0.1, best)
    assert as_good(MINIMIZE, best[::-1] + 0.1, best)


def test_the_formula_is_named_where_the_fresh_seeds_do_not_prefer_what_was_found() -> None:
    def by_fresh(gain: float) -> Loss:
        return lambda point, seed: ridge(point, 0) if seed < 4 else 1 - gain * math.log2(point.multiplier)

    for gain, named in ((0.1, "found"), (0.0, "default"), (-0.1, "default")):
        found, _ = confirmed(by_fresh(gain), ROWS)
        assert found.found.point.multiplier == pytest.approx(4, rel=0.2)
        assert found.best == (found.found if named == "found" else found.default)
        assert found.paid is (gain > 0)
        low, high = found.interval("multiplier")
        assert low <= found.best.point.multiplier <= high


@given(st.integers(0, 10**6))
def test_what_is_named_is_never_worse_than_the_formula_on_the_seeds_that_judge_both(number: int) -> None:
    def luck(point: Point, seed: int) -> float:
        return float(np.random.default_rng([number, seed, int(1e6 * point.multiplier)]).normal())

    found, _ = confirmed(luck, ROWS, over=("multiplier",))
    assert np.median(found.best.values) <= np.median(found.default.values)


# --- the profile ----------------------------------------------------------------------------------------------------


def test_the_profile_is_a_log_grid_with_the_top_and_the_formula_and_finer_around_the_top() -> None:
    found, _ = confirmed(ridge, ROWS)
    places = [checked.point.multiplier for checked in found.profiles["multiplier"]]
    step = 64 ** (1 / 6)  # seven places from 0.125 to 8: a factor of two
    assert step == pytest.approx(2)
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0.125, 8.0)
    assert {1.0, 3.7} <= set(places)
    assert {5.65685, 2.82843} <= set(places)  # the grid's places nearest to 3.7 times and by the root of 2
    assert all(b / a > step**0.25 for a, b in itertools.pairwise(places))  # none all but falls on another
    for grid_point in 0.125 * 2.0 ** np.arange(7):
        assert any(abs(math.log(place / grid_point)) <= math.log(step) / 4 + 1e-5 for place in places)
    assert 4.0 not in places  # 3.7 stands for it


def test_rates_have_a_profile_at_the_best_multiplier() -> None:
    found, _ = confirmed(ridge, ROWS)
    line = found.profiles["learning_rate"]
    assert {checked.point.multiplier for checked in line} == {found.best.point.multiplier}
    rates = [checked.point.learning_rate for checked in line]
    assert found.best.point.learning_rate in rates
    assert rates == sorted(rates)
    assert (rates[0], rates[-1]) == (1e-3, 10.0)
    assert found.interval("learning_rate") == (found.best.point.learning_rate,) * 2  # each other rate is worse for sure


@pytest.mark.parametrize(
    ("rows", "top"),
    [
        ([trial(0, 0.3, 0.1, 2.0), trial(1, 5.0, 0.1, 1.0), trial(2, 0.2, 0.1, None)], 5.0),  # the lowest, not pruned
        ([trial(0, 0.3, 0.1, 1.0), trial(1, 2.2, 0.1, 1.0)], 2.2),  # of equals the nearest to 1, as a factor
        ([trial(0, 0.3, 0.1, 1.0), trial(1, 5.0, 0.1, math.nan)], 0.3),
    ],
)
def test_the_top_is_the_best_complete_trial(rows: list[dict[str, Any]], top: float) -> None:
    found, _ = confirmed(ridge, rows)
    places = [checked.point.multiplier for checked in found.profiles["multiplier"]]
    others = {row["multiplier"] for row in rows} - {top}
    assert top in places
    assert not others & set(places)


def test_the_top_of_scores_is_the_highest() -> None:
    rows = [trial(0, 0.3, 0.1, 2.0), trial(1, 5.1, 0.1, 1.0)]
    found, _ = confirmed(lambda point, seed: -ridge(point, seed), rows, direction="maximize")
    places = [checked.point.multiplier for checked in found.profiles["multiplier"]]
    assert 0.3 in places
    assert 5.1 not in places
    assert found.best.point.multiplier == pytest.approx(4, rel=0.2)
    assert found.paid


def test_of_equally_good_places_the_one_nearest_to_the_usual_is_the_best() -> None:
    found, _ = confirmed(lambda point, seed: 1.0, ROWS)
    assert found.best.point == found.default.point
    assert found.interval("multiplier") == (0.125, 8.0)
    found, _ = confirmed(lambda point, seed: 1.0, ROWS, over=("learning_rate",), learning_rate=0.3)
    assert found.best.point == Point(1.0, 0.3)

    def two_valleys(point: Point, seed: int) -> float:
        return 0.0 if point.multiplier <= 0.25 or 2 <= point.multiplier <= 4 else 1.0

    found, _ = confirmed(two_valleys, [trial(0, 1.0, 0.1)], over=("multiplier",), profile=13)
    assert 2 <= found.best.point.multiplier <= 4  # a factor of 2 away, the other is 4


def test_a_place_better_than_both_its_neighbours_by_luck_is_not_the_best() -> None:
    def spike(point: Point, seed: int) -> float:
        if point.multiplier == 0.5:
            return 0.0 if seed % 2 else 3.0  # a median of 1.5, but neighbours of 5
        return 1.6 if 1.9 < point.multiplier < 8.1 else 5.0

    found, _ = confirmed(spike, [trial(0, 1.0, 0.1)], over=("multiplier",))
    assert found.best.point.multiplier > 1.9


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=2, max_size=6))
def test_a_place_is_smoothed_by_its_neighbours_and_an_end_by_its_one_neighbour_twice(costs: list[list[int]]) -> None:
    found = smoothed([np.array(values, np.float64) for values in costs])
    for place, value in enumerate(found):
        before = costs[place - 1] if place else costs[1]
        after = costs[place + 1] if place + 1 < len(costs) else costs[-2]
        assert value == np.median(np.array([*before, *costs[place] * 3, *after]))


def test_the_interval_is_in_the_axis_it_is_asked_for() -> None:
    found, _ = confirmed(ridge, ROWS)
    low, high = found.interval("multiplier")
    assert low <= found.best.point.multiplier <= high
    line = [Checked(Point(3.0, rate), np.zeros(2), rate != 0.1) for rate in (0.1, 0.2, 0.4, 0.8)]
    both = Confirmation(line[2], line[0], line[2], (0.0, 0.0), {"learning_rate": line})
    assert both.interval("learning_rate") == (0.2, 0.8)


def line(good: str, best: int, default: int) -> Confirmation:
    """A profile of multipliers 1, 2, 3, ...: `+` as good as the best, `-` worse."""
    places = [Checked(Point(float(k + 1), 0.1), np.zeros(2), mark == "+") for k, mark in enumerate(good)]
    return Confirmation(places[best], places[default], places[best], (0.0, 0.0), {"multiplier": places})


@pytest.mark.parametrize(
    ("good", "best", "default", "interval"),
    [
        ("--+++--", 3, 3, (3, 5)),
        ("+-+++-+", 3, 3, (1, 7)),  # one worse place between good ones is bridged
        ("+--++--", 4, 4, (4, 5)),  # two are an end
        ("+-+++--", 3, 1, (3, 5)),  # the default, if worse, is one too
        ("-+", 1, 0, (2, 2)),
        ("+", 0, 0, (1, 1)),
    ],
)
def test_how_far_the_interval_reaches(good: str, best: int, default: int, interval: tuple[float, float]) -> None:
    assert line(good, best, default).interval("multiplier") == interval


# --- the whole ------------------------------------------------------------------------------------------------------


def test_to_maximize_is_to_minimize_the_negative() -> None:
    def loss(multiplier: float, learning_rate: float, seed: int) -> float:
        luck = np.random.default_rng([seed, int(1e6 * multiplier), int(1e6 * learning_rate)]).normal()
        return 0.2 * luck + ridge(Point(multiplier, learning_rate), seed)

    def score(multiplier: float, learning_rate: float, seed: int) -> float:
        return -loss(multiplier, learning_rate, seed)

    asked: dict[str, Any] = {"trials": 25, "seeds": 4, "profile": 7}
    low = hs.tune("he", objective=loss, **asked).winner
    high = hs.tune("he", objective=score, direction="maximize", **asked).winner
    strip = ("number", "state", "multiplier", "learning_rate", "reason")
    assert [{k: row[k] for k in strip} for row in high.trials] == [{k: row[k] for k in strip} for row in low.trials]
    assert {"pruned", "complete"} == {row["state"] for row in high.trials}
    assert (high.paid, high.interval, high.reaches_end) == (low.paid, low.interval, low.reaches_end)
    assert high.confirmation.difference == pytest.approx(low.confirmation.difference)
    for one, other in zip(high.profile["multiplier"], low.profile["multiplier"], strict=True):
        assert one["as_good"] == other["as_good"]
        mirrored = {"median": -other["objective"]["median"], "low": -other["objective"]["high"],
                    "high": -other["objective"]["low"]}  # fmt: skip
        assert one["objective"] == pytest.approx(mirrored)
