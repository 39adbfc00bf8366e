"""Factors: values in order, what varies, weight variances, and filters."""

from __future__ import annotations

import numpy as np
import pytest
from sweep_rows import run, study

from headstart import InputError, sample
from headstart import scheme as hs_scheme
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
from headstart.experiments.columns import FACTORS


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


def test_a_factor_of_each_kind() -> None:
    numbers = {"data_seed", "depth", "width", "multiplier", "sigma_w2", "sigma_b", "learning_rate", "batch_size",
               "steps", "target", "seed"}  # fmt: skip
    assert {name for name, factor in FACTORS.items() if factor.numeric} == numbers
    assert set(FACTORS) - numbers == {"data", "label", "hidden", "activation", "scheme", "optimizer", "dtype"}
    assert all(factor.name == name for name, factor in FACTORS.items())


def test_zero_is_a_number_and_none_is_last() -> None:
    assert values([run(sigma_b=0.5), run(sigma_b=0.0), run(sigma_b=0.1)], "sigma_b") == [0.0, 0.1, 0.5]
    rows = [run(target=None), run(target=0.2), run(target=0.1)]
    assert values(rows, "target") == [0.1, 0.2, None]
    labels = [run(label=None), run(label="b"), run(label="a")]
    assert values(labels, "label") == ["b", "a", None]


def test_networks_without_one_width_or_without_layers_have_no_weight_variance() -> None:
    assert value(run(hidden=[]), "sigma_w2") is None
    assert value(run(width=8, depth=0), "sigma_w2") is None
    assert value(run(width=8, depth=1), "sigma_w2") == 2.0


@pytest.mark.parametrize("width", [8, 50])
@pytest.mark.parametrize("scheme", ["he", "xavier", "lecun", "normal(0.3)", "uniform(0.3)"])
def test_weight_variance_is_that_of_drawn_weights_times_fan_in(scheme: str, width: int) -> None:
    # n = 300 widths of 8 or 50: of 19,200 weights or more; the variance's standard error is below 1.1 %, five are 5.5 %
    found = sigma_w2(scheme, 1.5, width, "relu")
    drawn = np.concatenate([sample(hs_scheme(scheme) * 1.5, (width, width), seed=seed).ravel() for seed in range(300)])
    assert found == pytest.approx(width * float(np.var(drawn)), rel=0.055)


def test_layers_of_one_width_are_told_by_depth_and_width_and_others_by_their_sizes() -> None:
    assert varying([run(width=8, depth=2), run(width=8, depth=3)]) == ["depth"]
    assert varying([run(width=8, depth=2), run(width=9, depth=2)]) == ["width"]
    assert varying([run(width=8, depth=2), run(hidden=[10, 5])]) == ["hidden"]
    assert varying([run(width=8, depth=2), run(hidden=[])]) == ["depth", "width"]


@pytest.mark.parametrize(("ratio", "expected"), [(7.99, False), (8.0, True)])
def test_two_numbers_want_a_log_axis_from_a_factor_of_eight_on(ratio: float, expected: bool) -> None:
    assert is_log_spaced([0.5, 0.5 * ratio]) is expected


def test_values_are_written_with_four_digits_and_three_equal_sizes_are_counted() -> None:
    assert [shown("multiplier", item) for item in (0.123456, 12345.6, 1e-7)] == ["0.1235", "1.235e+04", "1e-07"]
    assert [shown("hidden", item) for item in ((8,), (8, 8), (8, 8, 8), (8, 8, 9))] == ["8", "8,8", "8×3", "8,8,9"]
    assert [shown(name, None) for name in ("batch_size", "width", "target")] == ["all", "mixed", "none"]


def test_a_filter_finds_a_number_by_its_digits_or_in_full_and_nothing_else() -> None:
    rows = [run(multiplier=0.70710678), run(multiplier=0.7071), run(multiplier=7.0), run(multiplier=70.0)]
    assert where(rows, ["multiplier=0.70710678"]) == rows[:1]
    assert where(rows, ["multiplier=0.7071"]) == rows[:2]
    assert where(rows, ["multiplier=7"]) == rows[2:3]
    assert where(rows, ["multiplier=7e0"]) == rows[2:3]
    with pytest.raises(InputError, match=r"no run has multiplier=0.707\."):
        where(rows, ["multiplier=0.707"])
    assert where([run(scheme="he*2=x")], ["scheme=he*2=x"])  # only the first equals sign divides


@pytest.mark.parametrize(("count", "more"), [(12, False), (13, True)])
def test_a_filter_that_no_run_meets_lists_a_dozen_values(count: int, more: bool) -> None:
    rows = [run(steps=100 + k) for k in range(count)]
    with pytest.raises(InputError) as refused:
        where(rows, ["steps=1"])
    assert ("111, ..." in str(refused.value)) is more
    assert "112" not in str(refused.value)


@pytest.mark.parametrize("condition", ["x" * 5000, f"scheme={'x' * 5000}"])
def test_what_was_typed_is_told_from_its_beginning(condition: str) -> None:
    with pytest.raises(InputError) as said:
        where([{"scheme": "he"}], [condition])
    assert len(str(said.value)) < 300
