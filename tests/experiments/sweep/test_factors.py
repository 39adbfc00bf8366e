"""Factors: what each notation means, and one clear sentence for each broken rule."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart import InputError
from headstart.experiments.sweep.factors import read_factor
from headstart.experiments.sweep.settings import FACTORS


def read(factor: str, given: Any) -> tuple[Any, ...]:
    return read_factor(factor, given, FACTORS[factor])


@pytest.mark.parametrize(
    ("factor", "given", "values"),
    [
        ("depth", 3, (3,)),
        ("depth", [2, 5], (2, 5)),
        ("depth", {"range": [1, 4]}, (1, 2, 3)),
        ("depth", {"range": [10, 101, 30]}, (10, 40, 70, 100)),
        ("depth", {"linear": [10, 100], "count": 4}, (10, 40, 70, 100)),
        ("seed", {"range": [0, 10]}, tuple(range(10))),
        ("width", {"log": [8, 128], "count": 5}, (8, 16, 32, 64, 128)),
        ("multiplier", {"log": [0.25, 4.0], "count": 5}, (0.25, 0.5, 1.0, 2.0, 4.0)),
        ("multiplier", {"linear": [1, 2], "count": 3}, (1.0, 1.5, 2.0)),
        ("multiplier", 2, (2.0,)),
        ("sigma_b", [0, 0.1], (0.0, 0.1)),
        ("hidden", [10, 5], ((10, 5),)),
        ("hidden", [[10, 5], [32, 32]], ((10, 5), (32, 32))),
        ("hidden", [], ((),)),
        ("scheme", ["he", "NORMAL(10.0)"], ("he", "normal(10)")),
        ("batch_size", ["all", 32], ("all", 32)),
    ],
)
def test_what_is_written_is_what_is_run(factor: str, given: Any, values: tuple[Any, ...]) -> None:
    assert read(factor, given) == values


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.integers(2, 40))
def test_a_log_range_has_its_ends_and_equal_ratios(first: float, last: float, count: int) -> None:
    first, last = float(f"{first:.6g}"), float(f"{last:.6g}")
    if abs(last / first - 1) < 1e-3:
        return
    values = read("multiplier", {"log": [first, last], "count": count})
    assert (values[0], values[-1], len(values)) == (first, last, count)
    ratios = [b / a for a, b in pairwise(values)]
    assert max(ratios) / min(ratios) == pytest.approx(1, abs=1e-9)


def test_a_log_range_has_exactly_one_in_its_middle() -> None:
    for count in (3, 9, 33):  # else the formula's own value would be another run
        assert 1.0 in read("multiplier", {"log": [0.25, 4.0], "count": count})


@pytest.mark.parametrize(
    ("factor", "given", "words"),
    [
        ("depth", "five", r"depth must be a whole number of hidden layers, at least 1, got 'five'. Write"),
        ("depth", [2, 0], r"depth\[1\] must be a whole number of hidden layers, at least 1, got 0"),
        ("depth", 2.5, "depth must be a whole number"),
        ("depth", True, "depth must be a whole number"),
        ("depth", [], "depth is empty: a factor needs at least one value. Write, for example, .2, 5."),
        ("depth", [2, 2], "depth has the value 2 twice"),
        ("depth", {"linear": [1, 2], "count": 4}, r"depth\[1\] must be a whole number .* got 1.33333333333"),
        ("scheme", ["he", "he*1"], "scheme has the value 'he' twice"),
        ("scheme", ["he", "hee"], r"scheme\[1\]: unknown scheme 'hee'. Did you mean 'he'"),
        ("scheme", {"range": [0, 2]}, "scheme holds no numbers, so it takes no range"),
        ("activation", "rellu", "activation: unknown activation 'rellu'. Did you mean 'relu'"),
        ("data", "circle", "data: unknown data set 'circle'. Did you mean 'circles'"),
        ("data", 3, "data must be a data set or the path of a CSV file, got 3"),
        ("multiplier", 0, "multiplier must be a positive number, got 0"),
        ("multiplier", [1.0, float("nan")], r"multiplier\[1\] must be a positive number, got nan"),
        ("multiplier", {"range": [1, 4]}, "multiplier takes no range of whole numbers"),
        ("multiplier", {"log": [0, 4], "count": 3}, r"multiplier.log needs positive ends, got \[0, 4\]"),
        ("multiplier", {"log": [1, 1], "count": 3}, "needs two different ends"),
        ("multiplier", {"log": [1, 4]}, "multiplier.count must be a whole number from 2 to 1,000,000, got None"),
        ("multiplier", {"log": [1, 4], "count": 1}, "multiplier.count .* got 1"),
        ("multiplier", {"log": [1], "count": 3}, "multiplier.log must be two numbers"),
        ("multiplier", {"logg": [1, 4], "count": 3}, "unknown form of factor multiplier 'logg'. Did you mean 'log'"),
        ("multiplier", {"log": [1, 4], "cuont": 3}, "unknown key of multiplier.log 'cuont'. Did you mean 'count'"),
        ("seed", {"range": [0]}, "seed.range must be two whole numbers"),
        ("seed", {"range": [3, 3]}, "seed.range holds 0 values"),
        ("seed", {"range": [0, 10**9]}, "seed.range holds 1,000,000,000 values"),
        ("seed", {"range": [0, 10, 0]}, "seed.range must be two whole numbers"),
        ("seed", -1, "seed must be a whole number from 0"),
        ("sigma_b", -0.1, "sigma_b must be a number that is not negative, got -0.1"),
        ("hidden", 10, "hidden must be a list of layer sizes of at least 1, got 10. Write, for example, .10, 5."),
        ("hidden", [[10, 0]], r"hidden\[0\] must be a list of layer sizes of at least 1, got \[10, 0\]"),
        ("batch_size", "some", "batch_size must be a whole number of at least 1, or \"all\", got 'some'"),
    ],
)
def test_broken_rules(factor: str, given: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(factor, given)
