"""Intervals over seeds cover what they should, and the check sees intervals that are too narrow."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.experiments.analysis.statistics import (
    beats,
    clustered_interval,
    difference_interval,
    median,
    median_interval,
    median_intervals,
)

COSTS = st.lists(st.floats(-1e6, 1e6) | st.just(math.inf) | st.just(math.nan), min_size=1, max_size=12)


def coverage(level: float, trials: int = 400, seeds: int = 16) -> float:
    """How often the interval holds the true median (0) of a standard normal."""
    rng = np.random.default_rng(1)
    intervals = [median_interval(rng.normal(size=seeds), level) for _ in range(trials)]
    return float(np.mean([low <= 0 <= high for low, high in intervals]))


def test_the_intervals_cover_the_true_median() -> None:
    # n = 400 trials: standard error 1.1 points, so 90 % to 99 % is 95 % within 4 of them; it sees errors of 5 points.
    assert 0.90 < coverage(0.95) < 0.99


def test_the_check_sees_intervals_that_are_too_narrow() -> None:
    assert not 0.90 < coverage(0.80) < 0.99


@given(COSTS)
def test_the_interval_holds_the_median(values: list[float]) -> None:
    low, high = median_interval(values)
    assert low <= median(values) <= high


@given(COSTS)
def test_a_choice_does_not_differ_from_itself(values: list[float]) -> None:
    assert difference_interval(values, values) == (0, 0)
    found = beats(values, values)
    assert found.probability == 0.5
    assert not found.told_apart


@given(COSTS, COSTS)
def test_beating_is_the_opposite_of_being_beaten(first: list[float], second: list[float]) -> None:
    count = min(len(first), len(second))
    one, other = beats(first[:count], second[:count]), beats(second[:count], first[:count])
    assert one.probability == pytest.approx(1 - other.probability, abs=1e-9)
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-9)


def test_a_diverged_run_counts_against_its_choice() -> None:
    assert median([1.0, math.nan, math.nan]) == math.inf
    assert beats([1.0] * 8, [math.nan] * 8).told_apart
    assert difference_interval([math.nan] * 8, [1.0] * 8) == (math.inf, math.inf)


def test_the_same_numbers_give_the_same_interval() -> None:
    values = np.random.default_rng(0).normal(size=9)
    assert median_interval(values) == median_interval(values.copy())


def test_unpaired_values_are_refused() -> None:
    with pytest.raises(ValueError, match="same seeds"):
        beats([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="same seeds"):
        difference_interval([1.0], [1.0, 2.0])


@given(st.lists(COSTS, min_size=1, max_size=6))
def test_many_intervals_at_once_are_the_intervals_one_by_one(samples: list[list[float]]) -> None:
    one_by_one = [median_interval(sorted(values, key=lambda v: math.inf if math.isnan(v) else v)) for values in samples]
    assert median_intervals(samples) == one_by_one


def clustered_coverage(interval: Callable[[np.ndarray, np.ndarray], tuple[float, float]], trials: int = 200) -> float:
    """How often an interval holds the true median (0) of 12 seeds, each with 8 runs that differ little."""
    rng = np.random.default_rng(2)
    seeds = np.repeat(np.arange(12), 8)
    hits = 0
    for _ in range(trials):
        values = rng.normal(size=12)[seeds] + 0.1 * rng.normal(size=seeds.size)
        low, high = interval(values, seeds)
        hits += low <= 0 <= high
    return hits / trials


def test_intervals_over_clusters_cover_the_true_median() -> None:
    # n = 200 trials: standard error 1.6 points at 95 %; it sees errors of 7 points.
    assert 0.88 < clustered_coverage(clustered_interval) <= 1


def test_the_check_sees_runs_of_a_seed_taken_for_independent() -> None:
    assert not 0.88 < clustered_coverage(lambda values, _: median_interval(values)) <= 1


def test_the_names_and_the_order_of_clusters_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    values, seeds = rng.normal(size=40), np.repeat(np.arange(5), 8)
    shuffled = rng.permutation(40)
    expected = clustered_interval(values, seeds.tolist())
    assert clustered_interval(values[shuffled], seeds[shuffled].tolist()) == expected
    assert clustered_interval(values, (7 * seeds + 3).tolist()) == expected


def test_clusters_of_one_are_a_sample() -> None:
    values = [5.0, 1.0, 3.0, 2.0, math.nan]
    assert clustered_interval(values, [1, 2, 3, 4, 5]) == pytest.approx(median_interval(values))


def test_the_interval_of_wins_is_clopper_and_pearsons() -> None:
    # 8 of 10: 0.4439 to 0.9748, as printed in tables of the exact interval
    found = beats([0.0] * 8 + [2.0] * 2, [1.0] * 10)
    assert (found.low, found.high) == pytest.approx((0.4439, 0.9748), abs=5e-5)
