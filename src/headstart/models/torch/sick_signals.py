"""Tiny models that are sick in what passes through them, one for each rule that only a probe sees, with healthy twins.

headstart probe headstart.models.torch.sick_signals:deaf --input 64,32
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from headstart.models.torch.sick import drawn, mlp


def deaf(healthy: bool = False) -> nn.Module:
    """Tanh layers; the third has weights of nothing and a bias that keeps its size up."""
    model = mlp(32, 64, 64, 64, 64, 4, activation=nn.Tanh, gain=1.0)
    layer = model[4]
    assert isinstance(layer, nn.Linear)
    if not healthy:
        layer.weight.data.mul_(1e-5)
        layer.bias.data.normal_(0, 1, generator=torch.Generator().manual_seed(1))
    return model


class _Function(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def log_of_zero(healthy: bool = False) -> nn.Module:
    """The logarithm of a relu, which is zero for every second unit."""
    small = 1.0 if healthy else 0.0
    hidden, out = nn.Linear(13, 32), nn.Linear(32, 4)
    return drawn(nn.Sequential(hidden, nn.ReLU(), _Function(lambda x: torch.log(x + small)), out))


class _Attention(nn.Module):
    def __init__(self, width: int, root: bool = True) -> None:
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.scale = math.sqrt(width) if root else 1.0

    def forward(self, x: Tensor) -> Tensor:
        shares = (self.q(x) @ self.k(x).transpose(-1, -2) / self.scale).softmax(-1)
        found: Tensor = self.out(shares @ self.v(x))
        return found


class _Blocks(nn.Module):
    def __init__(self, width: int, depth: int, skip: bool, root: bool = True) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        self.layers = nn.ModuleList(_Attention(width, root) for _ in range(depth))
        self.skip = skip

    def forward(self, x: Tensor) -> Tensor:
        for norm, layer in zip(self.norms, self.layers, strict=True):
            x = x + layer(norm(x)) if self.skip else layer(norm(x))
        return x


def attention_alone(healthy: bool = False) -> nn.Module:
    """Six layers of attention without a skip."""
    return drawn(_Blocks(16, 6, skip=healthy), 1.0)


def rootless(healthy: bool = False) -> nn.Module:
    """Attention whose logits are not divided by the root of the width."""
    return drawn(_Blocks(64, 2, skip=True, root=healthy), 1.0)


def norm_of_one(healthy: bool = False) -> nn.Module:
    """A group norm with a group for each channel of a vector."""
    return drawn(nn.Sequential(nn.Linear(16, 32), nn.GroupNorm(4 if healthy else 32, 32), nn.ReLU(), nn.Linear(32, 4)))


def alike(healthy: bool = False) -> nn.Module:
    """Thirty layers of relu with He's weights; two of them in the twin."""
    return mlp(64, *[64] * (2 if healthy else 30), 4)


def unbalanced(healthy: bool = False) -> nn.Module:
    """A layer of a ten-thousandth of the usual weights, before a norm that brings its output back to one."""
    model = drawn(
        nn.Sequential(nn.Linear(32, 64), nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
    )
    layer, norm = model.get_submodule("0"), model.get_submodule("1")
    assert isinstance(layer, nn.Linear)
    assert isinstance(norm, nn.LayerNorm)
    norm.eps = 1e-12
    if not healthy:
        layer.weight.data.mul_(1e-4)
    return model


class _Tokened(nn.Module):
    """A class token before the positions of an input, and a norm."""

    def __init__(self, std: float) -> None:
        super().__init__()
        self.token = nn.Parameter(std * torch.randn(1, 1, 16, generator=torch.Generator().manual_seed(2)))
        self.norm, self.attention, self.head = nn.LayerNorm(16), _Attention(16), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1)
        x = F.relu(x + self.attention(self.norm(x)))
        found: Tensor = self.head(x[:, 0])
        return found


def zero_token(healthy: bool = False) -> nn.Module:
    """A class token that starts at zero, and so does its place."""
    model = _Tokened(1.0 if healthy else 0.0)
    token = model.token.data.clone()
    drawn(model, 1.0)
    model.token.data.copy_(token)
    return model
