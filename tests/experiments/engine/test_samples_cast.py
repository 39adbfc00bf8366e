"""Data is cast before it is checked: what float32 cannot hold is refused, and what is no real number too."""

from __future__ import annotations

import numpy as np
import pytest

from headstart import InputError
from headstart.experiments.data.dataset import Dataset
from headstart.experiments.engine import Samples
from headstart.experiments.problem import problem_for

X, Y = np.array([[1.0], [2.0]]), np.array([[0.0], [1.0]])


@pytest.mark.parametrize("size", [1e39, 1e300, -1e300])
def test_numbers_beyond_float32_are_refused_there_and_trained_on_in_float64(size: float) -> None:
    for name, x, y in (("data", size * X, Y), ("targets", X, size * X)):
        with pytest.raises(InputError, match=rf"{name} must be finite in float32, got -?\d"):
            Samples.of(x, y, "float32")
        assert np.isfinite(Samples.of(x, y, "float64").x).all()
    assert np.isfinite(Samples.of(1e38 * X, Y, "float32").x).all()


@pytest.mark.parametrize("x", [X + 1j, X.astype(str), np.array([["a"], ["b"]]), X.astype("M8[s]")])
def test_what_is_no_real_number_is_refused(x: np.ndarray) -> None:
    with pytest.raises(InputError, match="data must be real numbers, got"):
        Samples.of(x, Y, "float32")


@pytest.mark.parametrize("x", [np.array([[True], [False]]), np.array([[1], [2]], np.uint8), X.astype(np.float16)])
def test_every_real_dtype_is_data(x: np.ndarray) -> None:
    np.testing.assert_array_equal(Samples.of(x, Y, "float32").x[0, :2], x[:, 0].astype(np.float32))


def test_a_test_sample_far_out_is_refused_before_training() -> None:
    data = Dataset("far", "binary", X, np.array([0, 1]), 1e200 * X, np.array([0, 1]), ("0", "1"), ("a",))
    with pytest.raises(InputError, match="data must be finite in float32"):
        problem_for(data)
    assert problem_for(data, dtype="float64").testing.count == 2
