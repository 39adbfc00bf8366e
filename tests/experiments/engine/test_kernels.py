"""The compiled matrix products against NumPy at every edge of their register tiles.

A tile is 4 or 1 rows by 4, 2 or 1 vectors, so shapes run over every remainder. The numbers are small whole ones, whose
products and sums are exact in any order: one missing or doubled term shows to the bit, and so does one number written
outside the result.
"""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.experiments.engine.kernels import product_functions
from headstart.experiments.engine.samples import aligned
from headstart.experiments.engine.simd import VECTOR_BYTES

DTYPES = ("float32", "float64")
UNTOUCHED = 99.0
GUARD = 3  # numbers kept before, after and between the rows of a result


def c_call(address: int, *arguments: object) -> None:
    """Call a compiled function; arrays are passed by their addresses."""
    numbers = [value.ctypes.data if isinstance(value, np.ndarray) else value for value in arguments]
    ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * len(numbers))(address)(*numbers)


def whole(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-9, 10, size=shape).astype(np.float64)


def laid_out(values: np.ndarray, row: int, dtype: str) -> np.ndarray:
    """The values in rows that are `row` apart, the rest of each row filled."""
    array = aligned(values.shape[0] * row, np.dtype(dtype)).reshape(values.shape[0], row)
    array[:] = UNTOUCHED
    array[:, : values.shape[1]] = values
    return array


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    rows=st.integers(1, 11), count=st.integers(1, 9), vectors=st.integers(1, 11), transposed=st.booleans(),
    biased=st.booleans(), gap=st.integers(0, 2), seed=st.integers(0, 99),
)  # fmt: skip
def test_product_is_numpys(
    dtype: str, rows: int, count: int, vectors: int, transposed: bool, biased: bool, gap: int, seed: int
) -> None:
    rng, lanes = np.random.default_rng(seed), VECTOR_BYTES // np.dtype(dtype).itemsize
    columns = vectors * lanes
    w, a, b = whole(rng, rows, count), whole(rng, count, columns), whole(rng, rows) if biased else whole(rng, 1)
    stored = np.ascontiguousarray(w.T if transposed else w).astype(dtype)
    inputs = laid_out(a, columns + gap * lanes, dtype)
    outputs = laid_out(np.full((rows, columns), UNTOUCHED), columns + (gap + 1) * lanes, dtype)
    c_call(
        product_functions(np.dtype(dtype))[0], stored, *((1, rows) if transposed else (count, 1)), rows, count,
        inputs, inputs.shape[1], columns, outputs, outputs.shape[1], b.astype(dtype), int(biased),
    )  # fmt: skip
    np.testing.assert_array_equal(outputs[:, :columns], w @ a + (b[:, None] if biased else b[0]))
    np.testing.assert_array_equal(outputs[:, columns:], UNTOUCHED)


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    rows=st.integers(1, 11), columns=st.integers(1, 11), vectors=st.integers(1, 4), gap=st.integers(0, 2),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_weight_gradient_adds_numpys(dtype: str, rows: int, columns: int, vectors: int, gap: int, seed: int) -> None:
    rng, lanes = np.random.default_rng(seed), VECTOR_BYTES // np.dtype(dtype).itemsize
    samples = vectors * lanes
    d, a, before = whole(rng, rows, samples), whole(rng, columns, samples), whole(rng, rows * columns + GUARD + rows)
    errors, inputs = laid_out(d, samples + gap * lanes, dtype), laid_out(a, samples + (gap + 1) * lanes, dtype)
    gradient = np.concatenate([before, np.full(GUARD, UNTOUCHED)]).astype(dtype)
    sums_at = rows * columns + GUARD  # the biases' gradient, apart from the weights'
    c_call(
        product_functions(np.dtype(dtype))[1], errors, errors.shape[1], rows, inputs, inputs.shape[1], columns, samples,
        gradient, sums_at,
    )  # fmt: skip
    expected = before.copy()
    expected[: rows * columns] += (d @ a.T).reshape(-1)
    expected[sums_at:] += d.sum(axis=1)
    np.testing.assert_array_equal(gradient, [*expected, *[UNTOUCHED] * GUARD])


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_units_get_equal_bits_wherever_their_tile_lies(dtype: str) -> None:
    """Symmetric weights stay symmetric only if the order of a sum does not depend on the row or column it is for."""
    rng, lanes = np.random.default_rng(0), VECTOR_BYTES // np.dtype(dtype).itemsize
    rows, columns, samples = 7, 6, 7 * lanes
    d, a, w = (np.tile(rng.normal(size=n), (m, 1)).astype(dtype) for m, n in
               ((rows, samples), (columns, samples), (rows, columns)))  # fmt: skip
    gradient, outputs = np.zeros(rows * columns + rows, dtype), np.zeros((rows, samples), dtype)
    product, weight_gradient = product_functions(np.dtype(dtype))
    c_call(weight_gradient, d, samples, rows, a, samples, columns, samples, gradient, rows * columns)
    c_call(product, w, columns, 1, rows, columns, a, samples, samples, outputs, samples, np.zeros(1, dtype), 0)
    assert len(np.unique(gradient[: rows * columns])) == 1
    assert len(np.unique(gradient[rows * columns :])) == 1
    assert len(np.unique(outputs, axis=0)) == 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_samples_get_equal_bits_in_every_vector(dtype: str) -> None:
    rng, lanes = np.random.default_rng(1), VECTOR_BYTES // np.dtype(dtype).itemsize
    for rows in (1, 4):
        columns = 7 * lanes  # vectors 0 to 3, 4 and 5, and 6: one tile of each width
        a = np.tile(rng.normal(size=(5, 1)), columns).astype(dtype)
        w, b, outputs = rng.normal(size=(rows, 5)).astype(dtype), np.ones(rows, dtype), np.zeros((rows, columns), dtype)
        c_call(product_functions(np.dtype(dtype))[0], w, 5, 1, rows, 5, a, columns, columns, outputs, columns, b, 1)
        assert (outputs == outputs[:, :1]).all()
