"""Numbers in the type that is trained in: what float32 makes of them is checked, not what the caller wrote.

1e300 is a finite number and no float32; 1e-50 is positive and 0 there; 0.99999999999 is below 1 and 1 there.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from headstart.check import told
from headstart.errors import InputError


def real_array(values: Any, what: str) -> np.ndarray:
    """An array of real numbers; what has an imaginary part, or is text, is refused.

    >>> real_array([1, 2], "data").dtype.name
    'int64'
    """
    try:
        array = np.asarray(values)
    except (ValueError, TypeError):  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype.kind == "O" and array.size:
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            array = array.astype(np.float64)
    if array.dtype.kind not in "fiub":
        kind, remedy = f"{array.dtype}", "Pass an array of float64."
        if array.dtype.kind == "c":
            kind, remedy = "complex numbers", "Pass their real and imaginary parts as columns of their own."
        raise InputError(f"{what} must be real numbers, got {kind}. {remedy}")
    return array


def cast_array(values: np.ndarray, dtype: str, what: str) -> np.ndarray:
    """The numbers in float32 or float64, finite there.

    Raises:
        InputError: one is not finite, or the type cannot hold it.
    """
    with np.errstate(over="ignore"):
        cast = values.astype(dtype)
    if not np.isfinite(cast).all():
        wrong = values[~np.isfinite(cast)].flat[0]
        if not np.isfinite(wrong):
            raise InputError(f"{what} must be finite numbers, got NaN or infinity. Remove or replace those samples.")
        raise InputError(
            f"{what} must be finite in {dtype}, got {told(float(wrong))}. Scale the numbers down, or train in float64."
        )
    return cast


def cast_number(value: float, dtype: Any, what: str, below: float = np.inf) -> float:
    """A number that the type holds: finite, not 0 unless it is 0, and below `below` there too.

    >>> cast_number(0.1, "float32", "the learning rate")
    0.1
    """
    with np.errstate(over="ignore", under="ignore"):
        cast = np.dtype(dtype).type(value)
    smallest = float(np.finfo(dtype).tiny)
    if not np.isfinite(cast) or 0 < abs(value) < smallest or not cast < below:
        limit = f"0 or from {smallest:.3g} to {np.finfo(dtype).max:.3g}"
        if np.isfinite(cast) and cast >= below:
            limit = f"below {below:g}"
        name = np.dtype(dtype).name
        raise InputError(f"{what} must be {limit} in {name}, got {value!r}. Train in float64, or write another number.")
    return value
