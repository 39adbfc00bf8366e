"""What is alike that should differ: positions of one input behind attention, and rows of one weight."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from headstart.graph.graph import Graph
from headstart.models.torch.measure.moments import Batch

_INPUTS, _POSITIONS, _FEWEST = 4, 64, 4
_COLUMNS = 4096  # of a row that are compared
_CLOSE = 1e-5  # of the largest: what the order of a sum may change, and more
_FEW = 32
_NUMBERS = np.random.default_rng(0).normal(size=_FEW).astype(np.float32)
_PART = 1 << 18  # elements whose bits are summed together: what bounds the memory
_ODD = 0x9E3779B97F4A7C15 - (1 << 64)  # the golden ratio in 64 bits: neighbours get distant multiples


def token_cosine(y: Tensor, batch: Batch | None) -> float | None:
    """The mean cosine between two positions of one input of a (batch, positions, width) or (positions, batch, width).

    >>> round(token_cosine(torch.ones(2, 5, 3), Batch(0, 1, 2, 1)), 4)
    1.0
    """
    if batch is None or y.dim() != 3 or batch.axis > 1 or batch.per_input != 1:
        return None
    y = y.detach().movedim(batch.axis, 0)[:_INPUTS]
    step = -(-y.shape[1] // _POSITIONS)
    y = y[:, ::step].float()
    count = y.shape[1]
    if count < _FEWEST or y.shape[2] < 2:
        return None
    together = torch.nn.functional.normalize(y, dim=-1).sum(1).square().sum(-1)
    return float(((together - count) / (count * (count - 1))).mean())


def distinct_units(tensor: Tensor, name: str, graph: Graph) -> int | None:
    """How many of a weight's units differ by what comes into them, bit for bit; None where its axes are not known."""
    layouts = [use.layout for use in graph.used.get(name, ()) if use.slot in ("weight", "recurrent")]
    layout = next((layout for layout in layouts if layout is not None), None)
    if layout is None or len(layout.out_axes) != 1 or layout.stack_axes or tensor.is_meta:
        return None
    if not tensor.is_floating_point() or tensor.layout != torch.strided:
        return None
    rows = tensor.detach().movedim(layout.out_axes[0], 0).flatten(1)
    if rows.shape[1] == 0:
        return None
    near = _near(rows)
    return len(rows) - len(near) + (_distinct(rows[torch.from_numpy(near).to(rows.device)]) if len(near) else 0)


def _near(rows: Tensor) -> NDArray[np.int64]:
    """The rows whose product with one vector is near another's, by a few columns: all that are alike are among them."""
    few = rows[:, :: -(-rows.shape[1] // _FEW)].float().cpu().numpy()
    with np.errstate(all="ignore"):
        products = few @ _NUMBERS[: few.shape[1]]
    if not np.isfinite(products).all():
        return np.arange(len(rows))
    order = np.argsort(products)
    close = np.diff(products[order]) <= _CLOSE * np.abs(products).max()
    near: NDArray[np.int64] = order[np.append(close, False) | np.append(False, close)]
    return near


def _distinct(rows: Tensor) -> int:
    """How many rows differ in a bit, by integer sums, which are exact."""
    rows = rows[:, :: -(-rows.shape[1] // _COLUMNS)].contiguous()
    bits = rows.view({1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[rows.element_size()])
    factors = torch.arange(1, bits.shape[1] + 1, device=bits.device) * _ODD
    factors = (factors ^ (factors >> 29)) | 1
    sums = [(part.long() * factors).sum(1) for part in torch.split(bits, max(1, _PART // bits.shape[1]))]
    return int(torch.unique(torch.cat(sums)).numel())
