"""Numbers are checked as what is trained in makes of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from headstart.errors import InputError
from headstart.experiments.engine import Samples, Schedule, train_networks
from headstart.experiments.engine.casts import cast_number, real_array
from headstart.experiments.network import Network
from headstart.experiments.problem import problem_for
from headstart.schemes import scheme

X, Y = np.ones((4, 2)), np.ones((4, 1))


def test_data_that_float32_cannot_hold_is_refused() -> None:
    for x, y, what in ((X * 1e300, Y, "data"), (X, Y * -1e39, "targets")):
        with pytest.raises(InputError, match=rf"{what} must be finite in float32, got -?1e\+.*Scale the numbers down"):
            Samples.of(x, y, "float32")
        assert Samples.of(x, y, "float64").count == 4


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_not_finite_is_refused_as_before(value: float, dtype: str) -> None:
    with pytest.raises(InputError, match="data must be finite numbers, got NaN or infinity"):
        Samples.of(X * value, Y, dtype)


@pytest.mark.parametrize(
    "array",
    [X * 1j, X + 0j, np.full((4, 2), "1"), np.full((4, 2), "x", object), np.zeros((4, 2), "M8[s]"), [[1], [1, 2]]],
)
def test_only_real_numbers_are_data(array: Any) -> None:
    with pytest.raises(InputError, match="data must be real numbers, got"):
        Samples.of(array, Y, "float64")
    with pytest.raises(InputError, match="targets must be real numbers, got"):
        Samples.of(X, array, "float64")


@pytest.mark.parametrize("array", [[[1, 2]] * 4, X.astype(int), X.astype(bool), X.astype(object), X.astype(np.float16)])
def test_real_numbers_of_any_type_are_data(array: Any) -> None:
    assert Samples.of(array, Y, "float32").x.dtype == np.float32


def test_a_single_number_is_no_sample() -> None:
    with pytest.raises(InputError, match="an axis of samples"):
        Samples.of(1.0, Y, "float32")


@pytest.mark.parametrize(
    ("value", "below", "words"),
    [
        (1e39, math.inf, "0 or from 1.18e-38 to 3.4e\\+38 in float32, got 1e\\+39"),
        (-1e39, math.inf, "0 or from"),
        (1e-39, math.inf, "0 or from"),
        (0.999999999, 1, "below 1 in float32, got 0.999999999"),
    ],
)
def test_numbers_that_float32_changes_into_others_are_refused(value: float, below: float, words: str) -> None:
    with pytest.raises(InputError, match=f"it must be {words}"):
        cast_number(value, np.dtype("float32"), "it", below)
    assert cast_number(value, np.dtype("float64"), "it", below) == value
    assert cast_number(0.0, "float32", "it") == 0


def test_real_array_takes_lists() -> None:
    assert real_array([1, 2], "it").tolist() == [1, 2]


CIRCLES = problem_for("circles")


@pytest.mark.parametrize(
    ("schedule", "how", "words"),
    [
        ({}, {"learning_rates": [1e300]}, "the learning rate must be 0 or from .* in float32"),
        ({}, {"learning_rates": [1e-300]}, "the learning rate must be 0 or from .* in float32"),
        ({}, {"learning_rates": [1j]}, "learning_rates must be real numbers"),
        ({}, {"learning_rates": ["0.1"]}, "learning_rates must be real numbers"),
        ({}, {"batch_seeds": [-1]}, "a batch's seed must be a whole number from 0"),
        ({}, {"batch_seeds": [0.5]}, "a batch's seed must be a whole number from 0"),
        ({}, {"threads": 0}, "threads must be a whole number"),
        ({}, {"memory_limit": "1"}, "memory_limit must be a whole number"),
        ({"weight_decay": 1e300}, {}, "weight_decay must be"),
        ({"optimizer": "momentum(0.9999999999)"}, {}, "momentum of .* must be below 1 in float32"),
        ({"optimizer": "adam(0.9, 0.9999999999)"}, {}, "beta2 of .* must be below 1 in float32"),
        ({"optimizer": "adam(0.9, 0.99, 1e300)"}, {}, "epsilon of .* must be 0 or from"),
    ],
)
def test_settings_that_float32_changes_are_refused(schedule: dict[str, Any], how: dict[str, Any], words: str) -> None:
    start = CIRCLES.starts([scheme("he")], [0])
    with pytest.raises(InputError, match=words):
        train_networks(CIRCLES.network, CIRCLES.training, start, Schedule(3, 0.1, 1, **schedule), **how)


def test_parameters_of_an_activation_too() -> None:
    problem = problem_for("circles", activation="leaky_relu(1e39)")
    with pytest.raises(InputError, match="a parameter of leaky_relu"):
        train_networks(problem.network, problem.training, problem.starts([scheme("he")], [0]), Schedule(3, 0.1, 1))


def test_memory_is_asked_about_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    start = CIRCLES.starts([scheme("he")], [0])
    monkeypatch.setenv("HEADSTART_MEMORY_LIMIT", "100k")
    with pytest.raises(InputError, match=r"training needs .* more than the limit of "):
        train_networks(CIRCLES.network, CIRCLES.training, start, Schedule(2**31 - 1, 0.1, 1))
    wide = Network((2, 300, 300, 1), CIRCLES.network.activation, "binary")
    with pytest.raises(InputError, match="the start of 1 network of 91,501 parameters needs"):
        wide.starts([scheme("he")], [0])
    monkeypatch.setenv("HEADSTART_MEMORY_LIMIT", "1k")
    with pytest.raises(InputError, match="measuring a network of 2-10-5-1 needs"):
        CIRCLES.check_measuring()


def test_records_are_counted_without_listing_them() -> None:
    assert Schedule(2**31 - 1, 0.1, 1).records == 2**31
    for steps, every, last in ((10, 3, True), (10, 3, False), (9, 3, True), (1, 5, False)):
        schedule = Schedule(steps, 0.1, every, record_last=last)
        assert schedule.records == len(schedule.recorded_steps)
