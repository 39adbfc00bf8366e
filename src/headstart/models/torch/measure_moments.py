"""The moments of one array in two passes over it: scale, mean, and what differs between the inputs of a batch.

With the batch as rows, y is (inputs, rest). The norms of the rows are one pass; the product of the two rows 1/B and
1/|y_i| with y is the other. From them follow the second moment, the deviation across the batch, and the mean cosine
between pairs of inputs, (|sum_i y_i/|y_i||^2 - B) / (B (B - 1)), without the matrix of all pairs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

CHUNK = 1 << 20  # elements that are looked at together: what bounds the memory
RANKED = 32  # inputs whose rank is taken
_CLOSE = 0.01  # below this share of the second moment a difference of squares has lost its digits
_SMALL, _LARGE = 1e-16, 1e17  # whose squares leave the range of float32


class Batch(NamedTuple):
    """Where the inputs of a batch lie: an axis is (outer, inputs, inner)."""

    axis: int
    outer: int
    inputs: int
    inner: int

    @property
    def per_input(self) -> int:
        return self.outer * self.inner


class Moments(NamedTuple):
    """What one array is like; None where that needs a batch.

    Args:
        silent: (outer, inner) whether each unit is zero for every input, if asked for.
    """

    rms: float
    mean: float
    nonfinite: int
    batch_std: float | None = None
    cosine: float | None = None
    silent: Tensor | None = None


def root_mean_square(y: Tensor) -> tuple[float, int]:
    """The root of the second moment of all elements, and how many of them are not finite.

    >>> root_mean_square(torch.tensor([3e30, -4e30, 0.0, 0.0]))
    (2.5e+30, 0)
    """
    count = y.numel()
    if count == 0:
        return 0.0, 0
    norm = float(torch.linalg.vector_norm(_plain(y), dtype=_wide(y.dtype)))
    scale = norm / math.sqrt(count)
    if _SMALL < scale < _LARGE or y.dtype == torch.float64:
        return scale, 0
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
    y = _plain(y)
    if batch is None or batch.inputs < 2:
        scale, bad = root_mean_square(y)
        return Moments(scale, _mean(y), bad)
    found = _batched(y, batch, silent, torch.float32)
    if found is None:
        scale, bad = root_mean_square(y)
        found = _batched(y, batch, silent, torch.float64) if not bad else None
        return found or Moments(scale, _mean(y), bad)
    return found


def products(y: Tensor, batch: Batch | None, most: int = RANKED) -> Tensor | None:
    """The inner products of pairs of inputs, of the first so many; None where the inputs are not known."""
    if batch is None or batch.inputs < 2 or y.numel() == 0:
        return None
    rows = rows_of(_plain(y), batch)[:, :most]
    found = torch.zeros(rows.shape[1], rows.shape[1], dtype=torch.float64, device=y.device)
    for piece in _columns(rows):
        wide = piece.to(_wide(y.dtype))
        found += (wide @ wide.transpose(-1, -2)).sum(0).double()
    return found


def effective_rank(pairs: Tensor) -> float | None:
    """exp of the entropy of the eigenvalues' shares: 1 where all inputs are alike up to a factor.

    >>> round(effective_rank(torch.eye(4)), 6), round(effective_rank(torch.ones(4, 4)), 6)
    (4.0, 1.0)
    """
    if not bool(pairs.isfinite().all()) or float(pairs.trace()) <= 0:
        return None
    shares = torch.linalg.eigvalsh(pairs.double() / pairs.trace()).clamp_min(0)
    shares = shares[shares > 0] / shares.sum()
    return float((-(shares * shares.log()).sum()).exp())


def rows_of(y: Tensor, batch: Batch) -> Tensor:
    """An array as (outer, inputs, inner): a view in its own order in memory, where it is dense."""
    order = memory_order(y)
    place = order.index(batch.axis)
    sizes = [y.shape[axis] for axis in order]
    outer, inner = math.prod(sizes[:place]) * batch.outer, batch.inner * math.prod(sizes[place + 1 :])
    return y.permute(order).reshape(outer, batch.inputs, inner)


def memory_order(y: Tensor) -> list[int]:
    """The axes as they lie in memory, the one with the longest step first."""
    strides = y.stride()
    return sorted(range(y.dim()), key=lambda axis: -strides[axis])


def _batched(y: Tensor, batch: Batch, silent: bool, dtype: torch.dtype) -> Moments | None:
    """In the precision asked for; None where squares leave its range, or something is not finite."""
    rows = rows_of(y, batch)
    outer, inputs, inner = rows.shape
    pieces = list(_columns(rows))
    squares = [torch.linalg.vector_norm(piece, dim=(0, 2), dtype=dtype).double().square() for piece in pieces]
    whole = torch.stack(squares).sum(0) if len(squares) > 1 else squares[0]
    total, least = float(whole.sum()), float(whole.min())
    count = outer * inner
    scale = math.sqrt(total / (inputs * count)) if total >= 0 else math.nan
    if dtype is torch.float32 and y.dtype != torch.float64:
        if not scale < _LARGE or (0 < scale < _SMALL) or (scale == 0 and bool(y.any())):
            return None
    elif not math.isfinite(scale):
        return None
    work = torch.float64 if y.dtype is torch.float64 else dtype
    weights = torch.empty(2, inputs, dtype=work, device=y.device)
    weights[0] = 1 / inputs
    norms = whole.sqrt()
    weights[1] = torch.where(norms > 0, 1 / norms, 0) if least == 0 else 1 / norms
    alive = inputs if least > 0 else int((whole > 0).sum())
    mean = across = together = 0.0
    quiet = []
    for piece, square in zip(pieces, squares, strict=True):
        sums = torch.matmul(weights, piece.to(work))  # (outer, 2, inner)
        middle, directions = sums[:, 0].double(), sums[:, 1].double()
        mean += float(middle.sum())
        together += float(directions.square().sum())
        own = float(square.sum()) / inputs
        left = own - float(middle.square().sum())
        if left < _CLOSE * own:  # too much of it is shared to be told from a difference
            away = piece.to(work) - sums[:, :1]
            left = float(torch.linalg.vector_norm(away, dtype=_wide(work))) ** 2 / inputs
        across += left
        if silent:
            quiet.append(sums[:, 0] == 0)
    cosine = (together - alive) / (alive * (alive - 1)) if alive > 1 else None
    if cosine is not None:
        cosine = min(1.0, max(-1.0, cosine))
    return Moments(scale, mean / count, 0, math.sqrt(max(across, 0.0) / count), cosine,
                   torch.cat(quiet, -1 if len(quiet) > 1 and outer == 1 else 0) if silent else None)  # fmt: skip


def _columns(rows: Tensor) -> Iterator[Tensor]:
    """Parts of (outer, inputs, inner) that hold all inputs of some units."""
    outer, inputs, inner = rows.shape
    if rows.numel() <= CHUNK:
        yield rows
    elif outer > 1:
        yield from rows.split(max(1, CHUNK // (inputs * inner)), 0)
    else:
        yield from rows.split(max(1, CHUNK // inputs), 2)


def _pieces(flat: Tensor) -> Iterator[Tensor]:
    yield from flat.split(CHUNK)


def _mean(y: Tensor) -> float:
    return float(y.mean(dtype=_wide(y.dtype))) if y.numel() else 0.0


def _plain(y: Tensor) -> Tensor:
    """Without a gradient; complex numbers as pairs of real ones."""
    y = y.detach()
    return torch.view_as_real(y) if y.is_complex() else y


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype in (torch.float64, torch.complex128) else torch.float32
