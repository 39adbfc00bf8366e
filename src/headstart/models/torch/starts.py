"""The number that a layer fills a parameter with, where it is one: what stays as it is must be told to be written.

Of a parameter with values it is read. On the meta device torch's own norms are known, and a norm of another library is
asked: a copy of it normalizes a few numbers, and of 0 and 1 the scale is the one that leaves them their size (some
libraries multiply by 1 + scale).
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from headstart.models.torch.layers import Kind
from headstart.plans.starts import LARGEST, UNKNOWN, is_kept

_OWN = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


def start_of(module: nn.Module, attribute: str, tensor: Tensor, kind: Kind) -> float | None:
    """The number; nan where nobody knows it, None where the role says enough."""
    if not is_kept(kind.role):
        return UNKNOWN
    if type(tensor) not in (Tensor, nn.Parameter) or tensor.layout != torch.strided or tensor.is_quantized:
        return None if isinstance(module, _OWN) else UNKNOWN  # of a sharded one no process sees all
    if tensor.is_meta:
        return _of_meta(module, attribute, kind)
    if not 0 < tensor.numel() <= LARGEST or not tensor.is_floating_point():
        return UNKNOWN
    values = tensor.detach()
    first = values.reshape(-1)[0]
    return float(first) if bool((values == first).all()) else UNKNOWN


def _of_meta(module: nn.Module, attribute: str, kind: Kind) -> float | None:
    if isinstance(module, _OWN):
        return None
    if isinstance(module, nn.PReLU):
        return float(getattr(module, "init", 0.25))
    if kind.role == "norm shift":  # of a layer that is called a norm
        return 0.0
    if kind.role == "norm scale":
        return _of_norm(module, attribute)
    return UNKNOWN


def _of_norm(module: nn.Module, attribute: str) -> float:
    """The scale at which a norm's output has the size of its input."""
    scale = getattr(module, attribute)
    if scale.dim() != 1:
        return UNKNOWN
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((2, 3, scale.shape[0]), generator=generator, device="cpu")
    for start in (1.0, 0.0):
        try:
            size = _size(module, attribute, start, x)
        except Exception:  # whatever another library's layer does not like about three axes
            return UNKNOWN
        if abs(size - 1) < 0.1:
            return start
    return UNKNOWN


def _size(module: nn.Module, attribute: str, start: float, x: Tensor) -> float:
    """The root mean square of a norm's output, its scale being this, and what else it has zero."""
    with torch.no_grad():
        own: Any = copy.deepcopy(module).to_empty(device="cpu").float().eval()
        for name, parameter in own.named_parameters():
            parameter.fill_(start if name == attribute else 0.0)
        for buffer in own.buffers():
            buffer.zero_()
        return float(own(x).square().mean().sqrt())
