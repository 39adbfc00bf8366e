"""Targets and scores, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from headstart.experiments.data.dataset import Dataset
from headstart.experiments.network import Task


def made(task: Task, y: np.ndarray, classes: int = 0) -> Dataset:
    x = np.zeros((len(y), 2))
    return Dataset("made", task, x, y, x, y, tuple(str(k) for k in range(classes)))


def test_r2_is_scikit_learns_on_the_few_rows_of_a_small_test_part() -> None:
    rng = np.random.default_rng(0)
    y, guess = rng.normal(3, 2, size=7), rng.normal(3, 2, size=7)  # far from standardized, as test data may be
    data = made("regression", y)
    assert data.score(guess[:, None], y) == pytest.approx(metrics.r2_score(y, guess), rel=1e-12)
    assert data.score(np.full((7, 1), y.mean()), y) == pytest.approx(0, abs=1e-12)
    assert data.score(y[:, None], y) == 1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e200])
def test_one_output_without_a_finite_error_makes_r2_minus_infinity(bad: float) -> None:
    y = np.arange(5.0)
    with np.errstate(over="ignore"):
        assert made("regression", y).score(np.array([[0.0], [1.0], [bad], [3.0], [4.0]]), y) == -np.inf


def test_accuracy_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    y, logits = rng.integers(0, 4, size=40), rng.normal(size=(40, 4))
    assert made("classes", y, 4).score(logits, y) == metrics.accuracy_score(y, logits.argmax(axis=1))
    y = rng.integers(0, 2, size=40)
    assert made("binary", y, 2).score(logits[:, :1], y) == metrics.accuracy_score(y, logits[:, 0] > 0)


def test_one_output_that_is_not_a_number_makes_its_row_wrong_and_no_other() -> None:
    y = np.array([0, 1, 1, 0])
    assert made("binary", y, 2).score(np.array([[-1.0], [np.inf], [2.0], [np.nan]]), y) == 0.5
    logits = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, np.nan], [0.0, 5.0, 0.0], [9.0, -np.inf, 0.0]])
    assert made("classes", y, 3).score(logits, y) == 0.5
    assert made("binary", y, 2).score(np.zeros((4, 1)), y) == 0.5  # a logit of zero is class 0


def test_targets_are_one_hot_or_a_column() -> None:
    y = np.array([2, 0, 1])
    data = made("classes", y, 3)
    np.testing.assert_array_equal(data.targets(y), [[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    assert data.outputs == 3
    np.testing.assert_array_equal(made("binary", y[1:], 2).targets(y[1:]), [[0.0], [1.0]])
    assert made("binary", y[1:], 2).outputs == made("regression", y / 2).outputs == 1
    np.testing.assert_array_equal(made("regression", y / 2).targets(y / 2), [[1.0], [0.0], [0.5]])
