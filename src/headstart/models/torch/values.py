"""The values of tensors for an audit: samples, parts and extremes, on any device and of any floating-point type."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from headstart.audits.values import MOST, Array, Extremes
from headstart.models.torch import names
from headstart.signals.measure.moments import stride

_CHUNK = 1 << 20
LOOKED_AT = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


class TensorValues:
    """A tensor that holds numbers; nothing of it is copied but what is looked at."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor.detach()

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.tensor.shape)

    @property
    def dtype(self) -> str:
        return str(self.tensor.dtype).removeprefix("torch.")

    def sample(self, most: int = MOST) -> Array:
        step = stride(self.tensor.numel(), self.shape, most)
        if self.tensor.is_contiguous():
            return _numbers(self.tensor.view(-1)[::step][:most])
        places = torch.arange(0, self.tensor.numel(), step, device=self.tensor.device)[:most]
        return _numbers(self.tensor[torch.unravel_index(places, self.tensor.shape)])

    def part(self, index: tuple[Any, ...]) -> Array:
        return _numbers(self.tensor[index])

    def extremes(self) -> Extremes:
        low, high = (float(end) for end in torch.aminmax(self.tensor))
        if math.isfinite(low) and math.isfinite(high):
            return Extremes(low, high)
        low, high, bad = math.inf, -math.inf, 0
        for piece in torch.split(self.tensor.reshape(-1), _CHUNK):  # never a mask of the whole
            finite = piece[torch.isfinite(piece)]
            bad += piece.numel() - finite.numel()
            if finite.numel():
                least, most = (float(end) for end in torch.aminmax(finite))
                low, high = min(low, least), max(high, most)
        return Extremes(low, high, bad)

    def stored(self) -> NDArray[Any]:
        values = self.tensor.cpu().contiguous()
        found = values.view(torch.int16) if values.dtype == torch.bfloat16 else values
        made: NDArray[Any] = found.numpy()
        return made

    def same(self, other: Any) -> bool:
        alike = self.tensor.dtype == other.tensor.dtype and self.tensor.device == other.tensor.device
        return alike and torch.equal(self.tensor, other.tensor)


def missing(tensor: Tensor) -> str:
    """Why a tensor has no values; "" if it has, or if its kind of numbers is not looked at."""
    if names.is_lazy(tensor):
        return "it has no shape before the first batch"
    if tensor.is_meta:
        return "it is on the meta device, which has no memory"
    if type(tensor).__name__ == "FakeTensor":
        return "it is a fake tensor, which has no memory"
    return ""


def values_of(tensor: Tensor) -> TensorValues | None:
    """A tensor's values; None where there are none, or none that are looked at: whole, quantized, complex, sparse."""
    if missing(tensor) or tensor.layout != torch.strided or tensor.is_quantized or tensor.dtype not in LOOKED_AT:
        return None
    if hasattr(tensor, "to_local"):  # of a sharded one, this process's own part
        tensor = tensor.to_local()
    return TensorValues(tensor)


def sample_of(tensor: Tensor, most: int = 4096) -> NDArray[Any] | None:
    """Evenly spread numbers of any tensor, whole ones and truth values too; None where it has none."""
    if missing(tensor) or tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex():
        return None
    flat = tensor.detach().reshape(-1)[:: stride(tensor.numel(), tuple(tensor.shape), most)][:most].cpu()
    found: NDArray[Any] = (flat if flat.dtype == torch.bool else flat.double()).numpy()
    return found.copy()


def _numbers(tensor: Tensor) -> Array:
    found = tensor.detach().cpu()
    found = found.float() if found.dtype in (torch.float16, torch.bfloat16) else found
    return np.ascontiguousarray(found.numpy(), dtype=np.float64)
