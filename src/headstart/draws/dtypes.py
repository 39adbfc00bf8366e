"""The types a result can have: float32, float64, float16 and bfloat16, by name, NumPy dtype, torch or JAX dtype."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError, unknown


class Format(NamedTuple):
    """A floating-point format: its largest and its smallest normal number, and the bytes of one."""

    largest: float
    smallest: float
    bytes: int


FORMATS = {
    "float32": Format((2 - 2.0**-23) * 2.0**127, 2.0**-126, 4),
    "float64": Format((2 - 2.0**-52) * 2.0**1023, 2.0**-1022, 8),
    "float16": Format(65504.0, 2.0**-14, 2),
    "bfloat16": Format((2 - 2.0**-7) * 2.0**127, 2.0**-126, 2),
}


def dtype_name(dtype: Any) -> str:
    """The name of a dtype given as a string, a NumPy, torch or JAX dtype, or a Python type.

    >>> dtype_name("float32"), dtype_name(np.float64)
    ('float32', 'float64')
    >>> dtype_name("int8")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: unknown dtype 'int8'. Known: float32, float64, float16, bfloat16.
    """
    name = str(dtype).removeprefix("torch.")
    if name not in FORMATS:
        try:
            if dtype is None:
                raise TypeError
            found = np.dtype(dtype)
        except (TypeError, ValueError):
            raise unknown("dtype", str(dtype), FORMATS) from None
        if not found.isnative:
            raise InputError(f"a dtype must be in the machine's byte order, got {dtype!r}. Write '{found.name}'.")
        name = found.name
    if name not in FORMATS:
        raise unknown("dtype", name, FORMATS)
    return name


@functools.cache
def numpy_dtype(name: str) -> np.dtype[Any]:
    """NumPy's dtype of that name; bfloat16 is the one that ml_dtypes (JAX's) adds to NumPy."""
    if name != "bfloat16":
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        raise InputError(
            "NumPy has no bfloat16 of its own, and the package ml_dtypes, which adds it, is not installed. "
            "Install ml_dtypes, or pass backend='torch'."
        ) from None
    found: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return found


def convert(values: NDArray[np.float64], name: str) -> NDArray[Any]:
    """float64 numbers in another format; 16-bit formats round the float32 result, as all draws do."""
    if name == "float64":
        return values
    single = values.astype(np.float32)
    return single if name == "float32" else single.astype(numpy_dtype(name))
