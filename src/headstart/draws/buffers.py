"""Buffers that a caller gives to be filled: refused before anything is written, then filled in place, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headstart.draws.dtypes import FORMATS
from headstart.errors import InputError


def check_array(out: Any, shape: tuple[int, ...], dtype: str) -> None:
    """Refuse an `out` that is not a writable NumPy array of this shape and dtype; any strides will do."""
    if not isinstance(out, np.ndarray):
        raise InputError(f"out must be a NumPy array, got {type(out).__name__}. Pass an array, or a torch tensor.")
    if not out.flags.writeable:
        raise InputError("out must be writable, got a read-only array. Pass a copy of it.")
    check_layout(out.shape, out.strides, out.itemsize, str(out.dtype), shape, dtype)


def check_layout(
    found: Sequence[int], strides: Sequence[int], itemsize: int, holds: str, shape: tuple[int, ...], dtype: str
) -> None:
    """The checks that NumPy arrays and torch tensors share."""
    if tuple(found) != shape:
        raise InputError(f"out must have the shape of the result, {shape}, got {tuple(found)}.")
    name = holds.removeprefix("torch.")
    if name != dtype:
        remedy = f"Pass dtype={name!r}." if name in FORMATS else f"Pass an array of {dtype}."
        raise InputError(f"out must hold {dtype}, got {holds}. {remedy}")
    if overlaps(found, strides, itemsize):
        raise InputError(f"out must not overlap itself, got shape {tuple(found)} with strides {tuple(strides)}.")


def overlaps(shape: Sequence[int], strides: Sequence[int], itemsize: int) -> bool:
    """Whether two elements may share memory: some axis steps less far than the axes inside it reach."""
    reach = itemsize
    for stride, size in sorted((abs(stride), size) for stride, size in zip(strides, shape, strict=True) if size > 1):
        if stride < reach:
            return 0 not in shape
        reach += stride * (size - 1)
    return False
