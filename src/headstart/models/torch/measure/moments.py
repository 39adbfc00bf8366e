"""The moments of one array in two passes over it: scale, mean, and what differs between the inputs of a batch.

With the batch as rows, y is (inputs, rest). The norms of the rows are one pass; the product of the two rows 1/B and
1/|y_i| with y is the other. From them follow the second moment, the deviation across the batch, and the mean cosine
between pairs of inputs, (|sum_i y_i/|y_i||^2 - B) / (B (B - 1)), without the matrix of all pairs.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from headstart.signals.measure.moments import RANKED
from headstart.signals.measure.seen import Batch, Moments

CHUNK = 1 << 18  # elements that are looked at together: what bounds the memory
FEW = 1 << 15  # elements
_CLOSE = 0.01  # below this share of the second moment a difference of squares has lost its digits
_SMALL, _LARGE = 1e-16, 1e17  # whose squares leave the range of float32


def root_mean_square(y: Tensor) -> tuple[float, int]:
    """The root of the second moment of all elements, and how many of them are not finite.

    >>> scale, not_finite = root_mean_square(torch.tensor([3e30, -4e30, 0.0, 0.0]))
    >>> f"{scale:.4g}", not_finite
    ('2.5e+30', 0)
    """
    count = y.numel()
    if count == 0:
        return 0.0, 0
    if count <= FEW and y.dtype is torch.float32 and y.is_contiguous() and y.device.type == "cpu":
        flat = y.detach().numpy().reshape(-1)
        with np.errstate(all="ignore"):
            scale = math.sqrt(float(flat @ flat) / count)
        if _SMALL < scale < _LARGE:
            return scale, 0
        wide = flat.astype(np.float64)
        with np.errstate(all="ignore"):
            scale = math.sqrt(float(wide @ wide) / count)
        return scale, 0 if math.isfinite(scale) else count - int(np.count_nonzero(np.isfinite(flat)))
    norm = float(torch.linalg.vector_norm(_plain(y), dtype=_wide(y.dtype)))
    scale = norm / math.sqrt(count)
    if _SMALL < scale < _LARGE or y.dtype == torch.float64:
        return scale, 0
    most = max(abs(float(end)) for end in torch.aminmax(_plain(y)))
    if most == 0:
        return 0.0, 0
    if 1e-37 < most < math.inf:  # squares of what is left lie in the range
        total = sum(float(torch.linalg.vector_norm(piece / most)) ** 2 for piece in _pieces(_plain(y).reshape(-1)))
        return most * math.sqrt(total / count), 0
    bad, square = 0, 0.0
    for piece in _pieces(_plain(y).reshape(-1)):
        bad += int(piece.numel() - piece.isfinite().sum())
        square += float(piece.double().square().sum())
    return math.sqrt(square / count) if not math.isnan(square) else math.nan, bad


def moments(y: Tensor, batch: Batch | None, silent: bool = False) -> Moments:
    """The moments of an array.

    Args:
        batch: where its inputs lie; None where that is not known.
        silent: whether to look for units that are zero for every input.
    """
    if batch is None or batch.inputs < 2:
        scale, bad = root_mean_square(y)
        return Moments(scale, _mean(_plain(y)), bad)
    with np.errstate(all="ignore"), as_written(y):
        found = _few(y, batch, silent)
        if found is not None:
            return found
        y = _plain(y)
        found = _batched(y, batch, silent, _wide(y.dtype))
        if found is None:
            scale, bad = root_mean_square(y)
            found = _batched(y, batch, silent, torch.float64) if not bad else None
            return found or Moments(scale, _mean(y), bad)
        return found


def as_written(y: Tensor) -> contextlib.AbstractContextManager[Any]:
    """Outside autocast, which would take products of float32 in half precision."""
    device = y.device.type
    cast = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
    return torch.autocast(device, enabled=False) if cast else contextlib.nullcontext()


def products(y: Tensor, batch: Batch | None, most: int = RANKED) -> NDArray[np.float64] | None:
    """The inner products of pairs of inputs, of the first so many; None where the inputs are not known."""
    if batch is None or batch.inputs < 2 or y.numel() == 0:
        return None
    rows = rows_of(_plain(y), batch).narrow(-2, 0, min(most, batch.inputs))
    found = torch.zeros(rows.shape[-2], rows.shape[-2], dtype=torch.float64, device=y.device)
    for piece in _columns(rows):
        wide = piece.to(_wide(y.dtype))
        with as_written(wide):
            pairs = wide @ wide.transpose(-1, -2)
        found += (pairs if pairs.dim() == 2 else pairs.sum(0)).double()
    return found.cpu().numpy()


def rows_of(y: Tensor, batch: Batch) -> Tensor:
    """An array as (inputs, rest) or (outer, inputs, inner): a view in its own order in memory, where it is dense."""
    if batch.axis == 0 and batch.outer == 1 and y.is_contiguous():
        return y.view(batch.inputs, -1)
    order = memory_order(y)
    place = order.index(batch.axis)
    sizes = [y.shape[axis] for axis in order]
    outer, inner = math.prod(sizes[:place]) * batch.outer, batch.inner * math.prod(sizes[place + 1 :])
    rows = y.permute(order).reshape(outer, batch.inputs, inner)
    return rows[0] if outer == 1 else rows


def memory_order(y: Tensor) -> list[int]:
    """The axes as they lie in memory, the one with the longest step first."""
    strides = y.stride()
    return sorted(range(y.dim()), key=lambda axis: -strides[axis])


def _few(y: Tensor, batch: Batch, silent: bool) -> Moments | None:
    """Of few numbers, by NumPy, each of whose calls costs less; None where the other way has to be gone."""
    if y.numel() > FEW or y.dtype is not torch.float32 or y.device.type != "cpu":
        return None
    rows = rows_of(y.detach(), batch)
    if rows.dim() != 2:
        return None
    values, (inputs, units) = rows.numpy(), rows.shape
    squares = np.einsum("ij,ij->i", values, values)
    scale = math.sqrt(float(squares.sum()) / values.size)
    if not _SMALL < scale < _LARGE:
        return None
    weights = np.empty((2, inputs), np.float32)
    weights[0] = 1 / inputs
    alive = int(np.count_nonzero(squares))
    weights[1] = 1 / np.sqrt(squares) if alive == inputs else _inverse(squares)
    sums = weights @ values
    away = (values - sums[0]).reshape(-1)
    across = float(away @ away) / values.size
    together = float(sums[1] @ sums[1])
    return Moments(
        scale,
        float(sums[0].sum()) / units,
        0,
        math.sqrt(across),
        _cosine(together, alive),
        sums[0] == 0 if silent else None,
    )


def _cosine(together: float, inputs: int) -> float | None:
    """The mean over pairs, from the square of the sum of directions."""
    if inputs < 2:
        return None
    return min(1.0, max(-1.0, (together - inputs) / (inputs * (inputs - 1))))


def _batched(y: Tensor, batch: Batch, silent: bool, dtype: torch.dtype) -> Moments | None:
    """In the precision asked for; None where squares leave its range, or something is not finite."""
    rows = rows_of(y, batch)
    inputs, count = batch.inputs, y.numel() // batch.inputs
    pieces = list(_columns(rows)) if y.numel() > CHUNK else [rows]
    lengths = [_array(torch.linalg.vector_norm(piece, dim=_REST[piece.dim()], dtype=dtype)) for piece in pieces]
    squares = [np.square(length, dtype=np.float64) for length in lengths]
    whole = np.sum(squares, 0) if len(squares) > 1 else squares[0]
    scale = math.sqrt(float(whole.sum()) / y.numel())
    if dtype is torch.float32:
        if not scale < _LARGE or 0 < scale < _SMALL or (scale == 0 and bool(y.any())):
            return None
    elif not math.isfinite(scale):
        return None
    weights = np.full((2, inputs), 1 / inputs)
    alive = int(np.count_nonzero(whole))
    weights[1] = 1 / np.sqrt(whole) if alive == inputs else _inverse(whole)
    factors = torch.from_numpy(weights).to(y.device, dtype)
    mean = across = together = 0.0
    quiet = []
    for piece, square in zip(pieces, squares, strict=True):
        wide = piece if piece.dtype is dtype else piece.to(dtype)
        sums = torch.matmul(factors, wide)  # (2, units), or (outer, 2, inner)
        both = _array(sums)
        middle, directions = (both[0], both[1]) if both.ndim == 2 else (both[:, 0], both[:, 1])
        mean += float(middle.sum(dtype=np.float64))
        together += _square(directions)
        own = float(square.sum()) / inputs
        left = own - _square(middle)
        if left < _CLOSE * own:  # too much of it is shared to be told from a difference
            away = wide - sums.narrow(-2, 0, 1)
            left = float(torch.linalg.vector_norm(away, dtype=dtype)) ** 2 / inputs
        across += left
        if silent:
            quiet.append(middle == 0)
    units = np.concatenate(quiet, -1 if rows.dim() == 2 else 0) if silent else None
    return Moments(scale, mean / count, 0, math.sqrt(max(across, 0.0) / count), _cosine(together, alive), units)


_REST = {2: (1,), 3: (0, 2)}  # all axes but that of the inputs


def _inverse(squares: NDArray[Any]) -> NDArray[Any]:
    """1/|y_i|; 0 for an input that is all zeros, whose direction is none."""
    found: NDArray[Any] = np.divide(1, np.sqrt(squares), out=np.zeros_like(squares), where=squares > 0)
    return found


def _square(values: NDArray[Any]) -> float:
    """The sum of squares, in double precision."""
    if values.size < 4096 and values.flags.c_contiguous:  # where single precision is near enough
        flat = values.ravel()
        return float(flat @ flat)
    return float(np.square(values, dtype=np.float64).sum())


def _array(values: Tensor) -> NDArray[Any]:
    """As an array of NumPy's, whose small sums cost less."""
    found: NDArray[Any] = values.cpu().numpy()
    return found


def _columns(rows: Tensor) -> Iterator[Tensor]:
    """Parts that hold all inputs of some units."""
    if rows.dim() == 2:
        yield from torch.split(rows, max(1, CHUNK // rows.shape[0]), 1)
    else:
        yield from torch.split(rows, max(1, CHUNK // (rows.shape[1] * rows.shape[2])), 0)


def _pieces(flat: Tensor) -> Iterator[Tensor]:
    yield from torch.split(flat, CHUNK)


def _mean(y: Tensor) -> float:
    return float(y.mean(dtype=_wide(y.dtype))) if y.numel() else 0.0


def _plain(y: Tensor) -> Tensor:
    """Without a gradient; complex numbers as pairs of real ones."""
    y = y.detach()
    return torch.view_as_real(y) if y.is_complex() else y


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype in (torch.float64, torch.complex128) else torch.float32
