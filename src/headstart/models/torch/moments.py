"""What a prediction needs of a PyTorch model: the moments of its parameters' values, and its inputs' own numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from headstart.graph.graph import Graph
from headstart.graph.predict import InputMoments, WeightMoments
from headstart.models.torch.values import missing, sample_of

_LARGEST = 1 << 22  # elements of an input that are looked at


def weights_of(parameters: Mapping[str, Tensor], graph: Graph | None = None) -> dict[str, WeightMoments]:
    """The moments of every parameter that has values, by name.

    Args:
        graph: of a pass, which shows what is a table; None to look at no rows.
    """
    found = {}
    tables = {use.parameter for use in graph.uses if use.slot in ("lookup", "table", "token")} if graph else set()
    for name, tensor in parameters.items():
        sample = None if tensor.numel() == 0 else sample_of(tensor)
        if sample is None or not tensor.is_floating_point():
            continue
        values = tensor.detach()
        size = values.numel()
        second = float(torch.linalg.vector_norm(values, dtype=_wide(values))) ** 2 / size
        mean = float(values.sum(dtype=_wide(values))) / size
        rows = _rows(values, second) if name in tables else 0.0
        found[name] = WeightMoments(second, mean, sample, rows)
    return found


def _rows(values: Tensor, second: float) -> float:
    """The mean product of two rows' entries in one column."""
    if values.dim() < 2 or values.shape[-1] < 2:
        return 0.0
    table = values.reshape(-1, values.shape[-1])
    count = table.shape[0]
    if count < 2:
        return 0.0
    columns = float(table.mean(0, dtype=_wide(values)).square().mean())
    return (count * columns - second) / (count - 1)


def inputs_of(graph: Graph, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[int, InputMoments]:
    """What is known of each input, by value number."""
    given = [x for x in pytree.tree_leaves((tuple(args), dict(kwargs))) if isinstance(x, Tensor)]
    found = {}
    for value in graph.values:
        if not value.source.startswith("input") or value.kind != "data":
            continue
        tensor = given[int(value.source.split()[1])]
        whole = not tensor.is_floating_point()
        if missing(tensor) or tensor.is_complex() or tensor.numel() > _LARGEST:
            found[value.number] = InputMoments(whole=whole)
            continue
        values = tensor.detach().cpu()
        values = values.double() if values.is_floating_point() else values
        found[value.number] = InputMoments(whole=whole, array=values.numpy())
    return found


def _wide(values: Tensor) -> torch.dtype:
    return torch.float32 if values.dtype in (torch.float16, torch.bfloat16) else torch.float64
