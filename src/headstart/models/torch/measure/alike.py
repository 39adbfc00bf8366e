"""What is alike that should differ: positions of one input behind attention, and rows of one weight."""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.graph.graph import Graph
from headstart.signals.measure.alike import COLUMNS, FEW, FEWEST, INPUTS, POSITIONS, axis_of_units, near_rows
from headstart.signals.measure.seen import Batch

_PART = 1 << 18  # elements whose bits are summed together: what bounds the memory
_ODD = 0x9E3779B97F4A7C15 - (1 << 64)  # the golden ratio in 64 bits: neighbours get distant multiples


def token_cosine(y: Tensor, batch: Batch | None) -> float | None:
    """The mean cosine between two positions of one input of a (batch, positions, width) or (positions, batch, width).

    >>> round(token_cosine(torch.ones(2, 5, 3), Batch(0, 1, 2, 1)), 4)
    1.0
    """
    if batch is None or y.dim() != 3 or batch.axis > 1 or batch.per_input != 1:
        return None
    y = y.detach().movedim(batch.axis, 0)[:INPUTS]
    step = -(-y.shape[1] // POSITIONS)
    y = y[:, ::step].float()
    count = y.shape[1]
    if count < FEWEST or y.shape[2] < 2:
        return None
    together = torch.nn.functional.normalize(y, dim=-1).sum(1).square().sum(-1)
    return float(((together - count) / (count * (count - 1))).mean())


def distinct_units(tensor: Tensor, name: str, graph: Graph) -> int | None:
    """How many of a weight's units differ by what comes into them, bit for bit; None where its axes are not known."""
    axis = axis_of_units(graph, name)
    if axis is None or tensor.is_meta:
        return None
    if not tensor.is_floating_point() or tensor.layout != torch.strided:
        return None
    rows = tensor.detach().movedim(axis, 0).flatten(1)
    if rows.shape[1] == 0:
        return None
    near = near_rows(rows[:, :: -(-rows.shape[1] // FEW)].float().cpu().numpy())
    return len(rows) - len(near) + (_distinct(rows[torch.from_numpy(near).to(rows.device)]) if len(near) else 0)


def _distinct(rows: Tensor) -> int:
    """How many rows differ in a bit, by integer sums, which are exact."""
    rows = rows[:, :: -(-rows.shape[1] // COLUMNS)].contiguous()
    bits = rows.view({1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[rows.element_size()])
    factors = torch.arange(1, bits.shape[1] + 1, device=bits.device) * _ODD
    factors = (factors ^ (factors >> 29)) | 1
    sums = [(part.long() * factors).sum(1) for part in torch.split(bits, max(1, _PART // bits.shape[1]))]
    return int(torch.unique(torch.cat(sums)).numel())
