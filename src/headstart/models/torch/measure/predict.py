"""What a prediction of a PyTorch model starts from: the moments of its weights, and its inputs' own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from headstart.graph.graph import Graph
from headstart.graph.predict import InputMoments, WeightMoments
from headstart.models.torch.measure.moments import root_mean_square
from headstart.models.torch.values import missing, sample_of
from headstart.signals.measure.predict import LARGEST, SAMPLE, TABLE, mean_product


def weight_moments(tensor: Tensor, role: str, rms: float) -> WeightMoments | None:
    """The moments of a weight's values, and some of them where they are not only summed over; None without any."""
    if tensor.numel() == 0 or not tensor.is_floating_point() or missing(tensor) or tensor.layout != torch.strided:
        return None
    summed = role in ("weight", "recurrent")
    sample = None if summed else sample_of(tensor, SAMPLE)
    mean = float(tensor.detach().mean(dtype=torch.float64 if tensor.dtype is torch.float64 else torch.float32))
    return WeightMoments(rms**2, mean, sample, 0.0 if summed else _rows(tensor.detach(), rms**2))


def _rows(table: Tensor, second: float) -> float:
    """The mean product of two rows' entries in one column: not zero in a table of sines."""
    if table.dim() not in (2, 3) or not 1 < table.numel() <= TABLE or table.shape[-1] < 2:
        return 0.0
    flat = table.reshape(-1, table.shape[-1])
    return mean_product(float(flat.mean(0, dtype=torch.float32).square().mean()), flat.shape[0], second)


def input_moments(graph: Graph, tensors: Sequence[Tensor]) -> dict[int, InputMoments]:
    """What is known of each input, by value number; copies, for the prediction may come late."""
    found: dict[int, InputMoments] = {}
    for value in graph.values:
        if value.kind == "data" and value.source.startswith("input"):
            found[value.number] = _input(tensors[int(value.source.split()[1])])
    return found


def _input(tensor: Tensor) -> InputMoments:
    whole = not (tensor.is_floating_point() or tensor.is_complex())
    if missing(tensor) or tensor.is_complex() or tensor.layout != torch.strided:
        return InputMoments(whole=whole)
    if tensor.numel() > LARGEST:
        rms = root_mean_square(tensor)[0] if not whole else 0.0
        return (
            InputMoments(whole=whole)
            if whole
            else InputMoments(rms**2, float(tensor.detach().mean(dtype=torch.float32)))
        )
    values: Any = tensor.detach().cpu()
    values = (values if whole else values.float()).numpy()
    return InputMoments(whole=whole, array=values.copy())
