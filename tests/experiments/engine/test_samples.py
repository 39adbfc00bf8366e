"""Data as the engine reads it: transposed, padded with zeros, on a cache line; and what fits a network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart import InputError
from headstart.experiments.engine import Samples
from headstart.experiments.engine.samples import aligned, check_fit, zeros
from headstart.experiments.network import network_for

CLASSES = network_for(2, 3, "classes", (4,), "relu")


@given(st.integers(1, 5), st.integers(1, 3), st.integers(1, 70), st.sampled_from(["float32", "float64"]))
def test_samples_are_columns_and_the_padding_is_zero(inputs: int, outputs: int, count: int, dtype: str) -> None:
    rng = np.random.default_rng(count)
    x, y = rng.normal(size=(count, inputs)), rng.normal(size=(count, outputs))
    samples = Samples.of(x, y, dtype)
    lanes = 64 // np.dtype(dtype).itemsize
    assert samples.count == count
    for array, given_rows in ((samples.x, x), (samples.targets, y)):
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert array.ctypes.data % 64 == 0
        assert array.shape == (given_rows.shape[1], count + -count % lanes)
        np.testing.assert_array_equal(array[:, :count], given_rows.T.astype(dtype))
        assert not array[:, count:].any()


def test_a_list_of_numbers_is_one_column() -> None:
    samples = Samples.of([1.0, 2.0], [0, 1], "float64")
    assert samples.x[:, :2].tolist() == [[1.0, 2.0]]
    assert samples.targets[:, :2].tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("size", [0, 1, 7, 100])
def test_arrays_start_on_a_cache_line_and_are_as_long_as_asked(size: int) -> None:
    for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        array = aligned(size, dtype)
        assert (array.size, array.dtype) == (size, dtype)
        assert size == 0 or array.ctypes.data % 64 == 0
    assert not zeros(3, size, np.dtype(np.float32)).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_not_finite_is_named_for_where_it_is(bad: float) -> None:
    x, y = np.zeros((3, 2)), np.zeros((3, 1))
    with_bad_x, with_bad_y = x.copy(), y.copy()
    with_bad_x[2, 1], with_bad_y[1] = bad, bad
    with pytest.raises(InputError, match=r"^data must be finite"):
        Samples.of(with_bad_x, y, "float32")
    with pytest.raises(InputError, match=r"^targets must be finite"):
        Samples.of(x, with_bad_y, "float32")
    with pytest.raises(InputError, match="at least one; got 0 and 0"):
        Samples.of(x[:0], y[:0], "float32")


def fit(targets: object, batch_size: int | None = None, **shapes: object) -> None:
    samples = Samples.of(np.zeros((4, 2)), np.array(targets, float), "float64")
    check_fit(CLASSES, samples, np.zeros(shapes.get("weights", (1, CLASSES.parameter_count))), batch_size)


def test_each_sample_has_exactly_one_class() -> None:
    one_hot = np.eye(3)[[0, 1, 2, 2]]
    fit(one_hot)
    for wrong in ([1.0, 1.0, 0.0], [0.0, 0.0, 0.0]):
        with pytest.raises(InputError, match="exactly one class"):
            fit([*one_hot[:3], wrong])
    with pytest.raises(InputError, match=r"labels must be 0 or 1 .* values like 1"):
        fit([*one_hot[:3], [0.5, 0.5, 0.0]])


@pytest.mark.parametrize("size", [1, 3, 4])
def test_a_batch_may_hold_all_samples(size: int) -> None:
    fit(np.eye(3)[[0, 1, 2, 2]], size)


def test_a_batch_of_one_more_is_refused() -> None:
    with pytest.raises(InputError, match="at most all 4 samples, got batch_size=5"):
        fit(np.eye(3)[[0, 1, 2, 2]], 5)


@pytest.mark.parametrize("shape", [(CLASSES.parameter_count,), (1, CLASSES.parameter_count + 1)])
def test_weights_have_a_row_per_network(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="starting weights have shape"):
        fit(np.eye(3)[[0, 1, 2, 2]], weights=shape)


def test_a_regression_takes_any_numbers() -> None:
    network = network_for(2, 1, "regression", (4,), "relu")
    samples = Samples.of(np.zeros((3, 2)), [[-7.5], [0.0], [1e30]], "float32")
    check_fit(network, samples, np.zeros((1, network.parameter_count), np.float32), 3)
