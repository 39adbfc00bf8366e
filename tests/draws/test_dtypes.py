"""Formats, names of dtypes, and the one way in which 16-bit numbers are rounded."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import torch
from draws_bits import bits

import headstart as hs
from headstart.draws import BACKENDS, draw_array
from headstart.draws.dtypes import FORMATS, convert, dtype_name, numpy_dtype
from headstart.draws.recipes import check_finite
from headstart.schemes import Constant, Identity

DTYPES = ("float32", "float64", "float16", "bfloat16")


@pytest.mark.parametrize("name", DTYPES)
def test_limits_are_the_formats_own(name: str) -> None:
    found = ml_dtypes.finfo(numpy_dtype(name))
    assert FORMATS[name].largest == float(found.max) == torch.finfo(getattr(torch, name)).max
    assert FORMATS[name].smallest == float(found.smallest_normal) == torch.finfo(getattr(torch, name)).smallest_normal
    assert tuple(FORMATS) == DTYPES


@pytest.mark.parametrize("name", DTYPES)
def test_every_librarys_spelling(name: str) -> None:
    for spelling in (name, f"torch.{name}", getattr(torch, name), getattr(jnp, name), jnp.dtype(name),
                     numpy_dtype(name)):  # fmt: skip
        assert dtype_name(spelling) == name
    assert dtype_name(float) == "float64"
    assert dtype_name("f4") == dtype_name("<f4") == "float32"


@pytest.mark.parametrize("wrong", ["float8", int, np.int64, np.complex64, "", torch.int32, np.bool_])
def test_other_dtypes_are_unknown(wrong: object) -> None:
    with pytest.raises(hs.InputError, match="unknown dtype"):
        dtype_name(wrong)


@pytest.mark.parametrize("name", DTYPES)
def test_constants_up_to_the_largest_number(name: str) -> None:
    largest = FORMATS[name].largest
    for value in (largest, -largest, 0.0):
        assert check_finite(value, name) == value
    for value in (np.inf, -np.inf, np.nan):
        with pytest.raises(hs.InputError, match=f"a constant must be a finite number, got {value}"):
            check_finite(float(value), name)
    outside = [] if name == "float64" else [np.nextafter(largest, np.inf), -np.nextafter(largest, np.inf)]
    for value in outside:
        with pytest.raises(hs.InputError, match=f"constant must be finite in {name}"):
            check_finite(float(value), name)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("dtype", "step"), [("float16", 2.0**-10), ("bfloat16", 2.0**-7)])
@pytest.mark.parametrize("odd", [0, 1])
def test_sixteen_bits_round_the_float32_number(dtype: str, step: float, odd: int, backend: str) -> None:
    """A number a hair above the middle of two: float32 makes it the middle, which goes to the even neighbour.

    Rounded from float64 at once it would go up; the twin says so.
    """
    low = 1 + odd * step
    value = low + step / 2 + 2.0**-40
    even = low + odd * step
    for draw, shape in ((Constant(value), (5, 3)), (Identity(value), (1, 1))):
        found = draw_array(draw, shape, 0, "w", dtype=dtype, backend=backend)
        assert np.unique(np.array(found.tolist() if backend == "torch" else np.asarray(found, np.float64))) == even
    at_once = np.array(value, np.float64).astype(numpy_dtype("float16")) if dtype == "float16" else None
    assert at_once is None or float(at_once) == low + step
    assert float(convert(np.array(value), dtype)) == even


def test_float64_constants_are_not_rounded() -> None:
    with jax.enable_x64(True):
        for backend in BACKENDS:
            found = draw_array(Constant(0.1), (3, 2), 0, "w", dtype="float64", backend=backend)
            assert np.unique(np.asarray(found)).tolist() == [0.1]
            assert bits(found).dtype == np.uint64
