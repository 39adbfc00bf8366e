"""Columns of any size come out with mean 0 and deviation 1; what is constant up to rounding comes out as 0."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.experiments.data.datasets import load
from headstart.experiments.data.scaling import standardized

RANDOM = np.random.default_rng(0)
PLAIN = RANDOM.normal(3, 2, size=(40, 1))
WITHOUT = np.empty((0, 1))


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e-150, 1e-101, 1e-99, 1e-12, 1.0, 1e99, 1e101, 1e200, 1e300, 1e307])
def test_the_unit_of_a_column_does_not_matter(size: float) -> None:
    train, test, constant = standardized(size * PLAIN[:30], size * PLAIN[30:])
    expected = standardized(PLAIN[:30], PLAIN[30:])
    np.testing.assert_allclose(train, expected[0], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(test, expected[1], rtol=1e-11, atol=1e-13)
    assert constant == []


@pytest.mark.parametrize("offset", [1e5, 1e8, 1e12])
def test_a_small_spread_around_a_large_value_is_kept(offset: float) -> None:
    values = offset + np.arange(40.0)[:, None]  # exact
    train, _, constant = standardized(values, WITHOUT)
    assert constant == []
    np.testing.assert_allclose(train[:, 0], (np.arange(40) - 19.5) / np.arange(40).std(), rtol=1e-12)


def test_whole_numbers_of_sixteen_digits_differ_by_more_than_rounding() -> None:
    values = 2.0**53 - 1 - np.arange(4.0)[:, None]
    train, _, constant = standardized(values, WITHOUT)
    assert constant == []
    np.testing.assert_allclose(train[:, 0], (1.5 - np.arange(4)) / np.arange(4).std(), rtol=1e-12)


@pytest.mark.parametrize(
    "column",
    [[0.1] * 30, [1e300] * 30, [1e-300] * 30, [0.0] * 30, [5e-324] * 30, [1 / 3] * 30, [0.3, 0.1 + 0.2] * 15,
     [1e17 / 3 * (1 + k * 2**-52) for k in range(30)], [-0.0, 0.0] * 15],
)  # fmt: skip
def test_what_is_constant_up_to_rounding_is_nothing_in_both_parts(column: list[float]) -> None:
    """A twin that must fail: the plain formula makes 1e15 of 0.1 in every row, or of 0.3 beside 0.1 + 0.2."""
    train, test, constant = standardized(np.array([column]).T, np.array([[7.0], [-1e300]]))
    assert constant == [0]
    assert not train.any()
    assert not test.any()


def test_the_plain_formula_fails_where_this_one_is_needed() -> None:
    column = np.array([0.3, 0.1 + 0.2] * 15)
    assert np.abs((column - column.mean()) / column.std()).max() > 0.5  # noise as large as a signal
    constant = np.full(30, 0.1)
    assert constant.std() > 0  # and so a plain test for 0 does not find it


def test_the_whole_range_of_floats() -> None:
    top = np.finfo(np.float64).max
    train, test, constant = standardized(np.array([[top], [-top]]), np.array([[0.0], [top]]))
    assert (train.tolist(), test.tolist(), constant) == ([[1.0], [-1.0]], [[0.0], [1.0]], [])
    tiny = np.array([[0.0], [5e-324]])
    assert standardized(tiny, tiny)[0].tolist() == [[-1.0], [1.0]]


def test_a_test_value_far_outside_stays_far_outside() -> None:
    _, test, _ = standardized(np.array([[1e-300], [2e-300]]), np.array([[1e300], [-1e300], [1.5e-300]]))
    assert np.isfinite(test).all()
    assert test[0, 0] > 1e90
    assert test[1, 0] < -1e90
    assert test[2, 0] == pytest.approx(0)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=12))
def test_any_numbers_come_out_finite_and_of_mean_0_and_deviation_1_or_as_0(numbers: list[float]) -> None:
    train, _, constant = standardized(np.array([numbers]).T, WITHOUT)
    assert np.isfinite(train).all()
    if constant:
        assert not train.any()
    else:
        assert train.mean() == pytest.approx(0, abs=1e-6)
        assert train.std() == pytest.approx(1, rel=1e-6)


def test_columns_do_not_disturb_one_another(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("c,big,small,x,y\n" + "".join(f"0.1,{i % 7}e300,{i % 5}e-200,{i % 3},{'ab'[i % 2]}\n"
                                                   for i in range(40)))  # fmt: skip
    data = load(str(path))
    assert data.notes == ("column c constant in the training part, and so without use",)
    np.testing.assert_allclose(data.train_x.std(axis=0), [0, 1, 1, 1])


def test_labels_of_any_size_are_scaled_too(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    for power in (-250, 0, 300):
        path.write_text("a,y\n" + "".join(f"{i * i % 7},{i % 25 + 0.5}e{power}\n" for i in range(60)))
        data = load(str(path))
        assert data.task == "regression"
        assert data.train_y.std() == pytest.approx(1)
