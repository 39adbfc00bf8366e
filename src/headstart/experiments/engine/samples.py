"""Data as the engine reads it, and the checks that it fits the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.errors import InputError
from headstart.experiments.engine.casts import cast_array, real_array
from headstart.experiments.engine.simd import VECTOR_BYTES
from headstart.experiments.network import Network


@dataclass(frozen=True)
class Samples:
    """Training data: x (inputs, padded samples) and targets (outputs, padded samples), padding zero."""

    x: np.ndarray
    targets: np.ndarray
    count: int

    @classmethod
    def of(cls, x, targets, dtype: str) -> Samples:
        """From (samples, inputs) and (samples, outputs); targets are 0 or 1, one-hot, or numbers.

        Raises:
            InputError: no samples, different counts, or numbers that are not finite.
        """
        x, targets = real_array(x, "data"), real_array(targets, "targets")
        if x.ndim == 0 or targets.ndim == 0:
            raise InputError("data and targets have an axis of samples, got a single number. Write [number].")
        if len(x) == 0 or len(x) != len(targets):
            raise InputError(
                f"data needs as many targets as samples, and at least one; got {len(x)} and {len(targets)}."
            )
        x, targets = (array.reshape(len(array), -1) for array in (x, targets))
        x, targets = cast_array(x, dtype, "data"), cast_array(targets, dtype, "targets")
        return cls(padded(x, dtype), padded(targets, dtype), len(x))


def check_fit(network: Network, samples: Samples, weights: np.ndarray, batch_size: int | None) -> None:
    """Raise InputError where network, data and weights do not fit one another."""
    if weights.ndim != 2 or weights.shape[1] != network.parameter_count:
        raise InputError(
            f"starting weights have shape (networks, {network.parameter_count}) for layers {network.sizes}, "
            f"got {weights.shape}."
        )
    if weights.dtype not in (np.float32, np.float64) or weights.dtype != samples.x.dtype:
        raise InputError(
            f"weights and data are both float32 or both float64, got {weights.dtype} and {samples.x.dtype}."
        )
    for name, found, needed in (
        ("inputs", samples.x.shape[0], network.sizes[0]),
        ("outputs", samples.targets.shape[0], network.sizes[-1]),
    ):
        if found != needed:
            raise InputError(f"the data has {found} {name}, the network {needed}. Make the sizes agree.")
    targets = samples.targets[:, : samples.count]
    if network.task != "regression" and not np.isin(targets, (0, 1)).all():
        raise InputError(f"labels must be 0 or 1 (one-hot for several classes), got values like {targets.max():g}.")
    if network.task == "classes" and not (targets.sum(axis=0) == 1).all():
        raise InputError("every sample needs exactly one class: one-hot targets that sum to 1.")
    if batch_size is not None and batch_size > samples.count:
        raise InputError(f"a batch holds at most all {samples.count} samples, got batch_size={batch_size}.")


def padded(columns, dtype: str) -> np.ndarray:
    """(samples, features) -> (features, padded samples), contiguous, zeros after the last sample."""
    array = zeros(columns.shape[1], len(columns), np.dtype(dtype))
    array[:, : len(columns)] = columns.T
    return array


def zeros(features: int, count: int, dtype: np.dtype) -> np.ndarray:
    """Zeros of shape (features, count rounded up to whole vectors), on a cache line."""
    width = VECTOR_BYTES // dtype.itemsize
    padded_count = -(-count // width) * width
    array = aligned(features * padded_count, dtype).reshape(features, padded_count)
    array[:] = 0
    return array


def aligned(size: int, dtype: np.dtype) -> np.ndarray:
    """An array that starts on a cache line: a vector that straddles two costs two loads."""
    raw = np.empty(size * dtype.itemsize + VECTOR_BYTES, np.uint8)
    start = -raw.ctypes.data % VECTOR_BYTES
    return raw[start : start + size * dtype.itemsize].view(dtype)
