"""Factors: values in order, what varies, weight variances, and filters."""

from __future__ import annotations

import pytest
from sweep_rows import run, study

from headstart import InputError
from headstart.experiments.analysis.factors import (
    is_log_spaced,
    is_random,
    shown,
    sigma_w2,
    value,
    values,
    varying,
    where,
)


def nothing(_: dict[str, object]) -> dict[str, object]:
    return {}


ROWS = study(nothing, scheme=["xavier", "he"], multiplier=[2.0, 0.5, 0.70710678], depth=[5, 2], width=[32], seed=[0, 1])


def test_numbers_ascend_and_words_keep_their_order() -> None:
    assert values(ROWS, "multiplier") == [0.5, 0.70710678, 2.0]
    assert values(ROWS, "scheme") == ["xavier", "he"]
    assert values([run(batch_size=None), run(batch_size=64), run(batch_size=8)], "batch_size") == [8, 64, None]


def test_what_varies_leaves_out_the_seed_and_what_is_derived() -> None:
    assert varying(ROWS) == ["depth", "scheme", "multiplier"]
    assert varying([run(hidden=[10, 5]), run(hidden=[8, 8])]) == ["hidden"]


@pytest.mark.parametrize(
    ("scheme", "activation", "expected"),
    [("xavier", "tanh", 1.0), ("he", "relu", 2.0), ("orthogonal", "tanh", 1.0), ("normal(0.5)", "tanh", 8.0),
     ("gain", "relu", 2.0), ("zeros", "relu", 0.0), ("glorot", "tanh", 1.0)],
)  # fmt: skip
def test_weight_variance_times_fan_in_of_a_hidden_layer(scheme: str, activation: str, expected: float) -> None:
    assert sigma_w2(scheme, 1.0, 32, activation) == pytest.approx(expected)
    assert sigma_w2(scheme, 3.0, 32, activation) == pytest.approx(9 * expected)


def test_two_ways_to_the_same_weight_variance_are_one_value() -> None:
    rows = [run(scheme="he", multiplier=2**-0.5, width=32), run(scheme="xavier", multiplier=1.0, width=32)]
    assert values(rows, "sigma_w2") == [1.0]
    assert value(run(hidden=[10, 5]), "sigma_w2") is None


def test_constant_weights_are_not_random() -> None:
    names = ("he", "orthogonal", "uniform(1)", "zeros", "identity", "constant(0.5)")
    assert [is_random(name, "relu") for name in names] == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [([0.25, 0.5, 1, 2, 4], True), ([1, 2, 3, 4], False), ([0, 1, 10], False), ([0.001, 0.01], True), ([1, 2], False),
     ([10, 20, 30, 40, 50, 60, 80], False), ([0.01, 0.03, 0.1, 0.3], True)],
)  # fmt: skip
def test_which_axis_numbers_want(numbers: list[float], expected: bool) -> None:
    assert is_log_spaced(numbers) is expected


def test_values_as_text() -> None:
    assert shown("hidden", (10, 5)) == "10,5"
    assert shown("hidden", ()) == "none"
    assert shown("width", None) == "mixed"
    assert shown("multiplier", 1.0) == "1"


def test_filters_on_one_axis_add_up_and_on_two_narrow() -> None:
    assert len(where(ROWS, ["multiplier=0.7071"])) == 8
    assert len(where(ROWS, ["multiplier=0.7071", "multiplier=2"])) == 16
    assert len(where(ROWS, ["multiplier=0.7071", "depth = 5", "scheme=he"])) == 2
    assert where(ROWS, []) == ROWS
    words = [run(scheme="he(mode=fan_out, distribution=uniform)"), run(hidden=[32, 32, 32]), run(batch_size=None)]
    assert where(words, ["scheme=he(mode=fan_out,distribution=uniform)"]) == words[:1]
    assert where(words, ["hidden=32,32,32"]) == where(words, ["hidden=32×3"]) == words[1:2]
    assert where(words, ["batch_size=all"]) == words


@pytest.mark.parametrize(
    ("condition", "message"),
    [("multiplier", "written factor=value"), ("multiplyer=1", "Did you mean 'multiplier'"),
     ("multiplier=3", "values: 0.5, 0.7071, 2"), ("scheme=hee", "no run has scheme=hee")],
)  # fmt: skip
def test_bad_filters(condition: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        where(ROWS, [condition])
