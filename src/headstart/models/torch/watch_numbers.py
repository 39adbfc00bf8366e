"""The numbers of a watched pass at small cost: few operations on each array, and no answer waited for before the end.

Arrays of the size that they have in small networks are looked at in double precision, whose range no square leaves; a
large one is worth the passes of a probe. All numbers are asked for together, when the gradients have come.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from headstart.models.torch.measure_activation import flat_share
from headstart.models.torch.measure_meter import dead_share
from headstart.models.torch.measure_moments import Batch, moments, root_mean_square, rows_of
from headstart.models.torch.watch_learn import Looked

Numbers = dict[str, float | None]
SMALL = 1 << 16  # elements up to which an array is looked at in double precision
Told = NDArray[np.float64]


class _Due(NamedTuple):
    numbers: Numbers
    parts: tuple[Tensor, ...]  # each of one axis
    put: Callable[..., None]  # takes the numbers, and each part


class Later:
    """Numbers that are still on their way."""

    def __init__(self) -> None:
        self._due: list[_Due] = []

    def output(self, tensor: Tensor, place: Looked, numbers: Numbers) -> None:
        """Measure an output."""
        batch, shape = place.batch, place.shape
        if batch is not None:
            inputs, rest = divmod(tensor.shape[batch.axis], batch.per_input)
            batch = None if rest or inputs < 2 else batch._replace(inputs=inputs)
        count = tensor.numel()
        if count == 0:
            return
        silent: Tensor | None = None
        if count > SMALL:
            with _plain(tensor):
                found = moments(tensor, batch, shape is not None and shape.silent)
            numbers |= {"rms": found.rms, "batch_std": found.batch_std, "cosine": found.cosine}
            silent = found.silent
        elif batch is None:
            self.size(tensor, numbers, "rms")
        else:
            middle = self._small(tensor.detach(), batch, numbers)
            if shape is not None and shape.silent:
                silent = middle == 0
        if silent is not None and batch is not None:
            numbers["dead"] = dead_share(tensor, batch, silent, place.units)
        if shape is not None and not shape.affine and (share := flat_share(tensor, shape)) is not None:
            numbers["saturated"] = share

    def _small(self, tensor: Tensor, batch: Batch, numbers: Numbers) -> Tensor:
        """Size, deviation across the batch and mean cosine; the means over the batch are given back."""
        count = tensor.numel()
        if batch.axis == 0 and batch.outer == 1 and tensor.is_contiguous():
            rows = tensor.reshape(batch.inputs, -1).double()
            norms = torch.linalg.vector_norm(rows, dim=1)
            middle = rows.mean(0)
            away = rows - middle
        else:
            rows = rows_of(tensor, batch).double()  # (outer, inputs, inner)
            norms = torch.linalg.vector_norm(rows, dim=(0, 2))
            middle = rows.mean(1)
            away = rows - middle.unsqueeze(1)
        together = torch.linalg.vector_norm(torch.matmul(norms.reciprocal(), rows))
        spread = torch.linalg.vector_norm(away)

        def put(numbers: Numbers, norms: Told, spread: Told, together: Told) -> None:
            numbers["rms"] = math.sqrt(float(norms @ norms) / count)
            numbers["batch_std"] = float(spread[0]) / math.sqrt(count)
            numbers["cosine"] = _cosine(float(together[0]), norms.size)

        self._due.append(_Due(numbers, (norms, spread.reshape(1), together.reshape(1)), put))
        return middle

    def size(self, tensor: Tensor, numbers: Numbers, field: str) -> None:
        """Measure the root mean square of an array."""
        plain = tensor.detach()
        plain = plain.to_dense() if plain.layout != torch.strided else plain
        count = plain.numel()
        if 0 < count <= SMALL and plain.is_floating_point():
            norm = torch.linalg.vector_norm(plain, dtype=torch.float64)
            self._norm(norm, count, numbers, field)
        else:
            with _plain(plain):
                numbers[field] = root_mean_square(plain)[0]

    def sizes(self, tensors: Sequence[Tensor], numbers: Sequence[Numbers], field: str) -> None:
        """Measure those of many arrays, with one call for all that are of a kind."""
        kinds: dict[Any, list[int]] = {}
        for place, tensor in enumerate(tensors):
            common = type(tensor) in (Tensor, torch.nn.Parameter) and tensor.layout == torch.strided
            if common and tensor.is_floating_point() and tensor.numel():
                kinds.setdefault((tensor.device, tensor.dtype), []).append(place)
            elif tensor.is_floating_point():
                self.size(tensor, numbers[place], field)
        for (_, dtype), places in kinds.items():
            wide = torch.float64 if dtype == torch.float64 else torch.float32
            norms = torch._foreach_norm([tensors[place].detach() for place in places], dtype=wide)
            for place, norm in zip(places, norms, strict=True):
                self._norm(norm, tensors[place].numel(), numbers[place], field)

    def _norm(self, norm: Tensor, count: int, numbers: Numbers, field: str) -> None:
        def put(numbers: Numbers, norm: Told) -> None:
            numbers[field] = float(norm[0]) / math.sqrt(count)

        self._due.append(_Due(numbers, (norm.reshape(1),), put))

    def settle(self) -> None:
        """Wait for all numbers, and put them in their places."""
        due, self._due = self._due, []
        parts = [part for each in due for part in each.parts]
        told: dict[int, Told] = {}
        for kind in {(part.device, part.dtype) for part in parts}:
            there = [part for part in parts if (part.device, part.dtype) == kind]
            ends = np.cumsum([part.numel() for part in there])
            values = np.split(torch.cat(there).double().cpu().numpy(), ends[:-1])
            told |= {id(part): value for part, value in zip(there, values, strict=True)}
        for each in due:
            each.put(each.numbers, *(told[id(part)] for part in each.parts))


def _cosine(together: float, inputs: int) -> float | None:
    """From the norm of the sum of all directions; None where an input has no direction."""
    if not math.isfinite(together):
        return None
    return min(1.0, max(-1.0, (together * together - inputs) / (inputs * (inputs - 1))))

