"""Intervals over seeds cover what they should, and the check sees intervals that are too narrow."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.lab.statistics import beats, difference_interval, median, median_interval

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
