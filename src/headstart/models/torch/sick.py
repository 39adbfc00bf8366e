"""Tiny sick models, one for each rule of an audit, each with a healthy twin: what `headstart explain` points to.

headstart audit headstart.models.torch.sick:dead_pair --example 4,8
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def drawn(model: nn.Module, gain: float = math.sqrt(2), seed: int = 0) -> nn.Module:
    """Every weight N(0, gain²/fan_in) from its own generator, every bias zero; norms as they are."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.copy_(
                    gain / math.sqrt(parameter[0].numel()) * torch.randn(parameter.shape, generator=generator)
                )
            elif name.endswith("bias"):
                parameter.zero_()
    return model


def mlp(*sizes: int, activation: Callable[[], nn.Module] = nn.ReLU, gain: float = math.sqrt(2)) -> nn.Sequential:
    layers: list[nn.Module] = []
    for narrow, wide in itertools.pairwise(sizes):
        layers += [nn.Linear(narrow, wide), activation()]
    model = nn.Sequential(*layers[:-1])
    drawn(model, gain)
    return model


def _normal(*shape: int, std: float, seed: int = 1) -> Tensor:
    return std * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _weight(model: nn.Module, place: int) -> Tensor:
    layer = model[place]  # type: ignore[index]
    assert isinstance(layer.weight, Tensor)
    return layer.weight.data


def not_finite(healthy: bool = False) -> nn.Module:
    """One NaN in a weight."""
    model = mlp(8, 16, 4)
    if not healthy:
        _weight(model, 0)[3, 5] = math.nan
    return model


def uninitialized(healthy: bool = False) -> nn.Module:
    """A parameter of whole numbers read as floating-point ones, as torch.empty may find them."""
    model = mlp(8, 16, 4)
    if not healthy:
        bits = torch.randint(-(2**31), 2**31 - 1, (4, 16), generator=torch.Generator().manual_seed(3))
        _weight(model, 2).copy_(bits.to(torch.int32).view(torch.float32))
    return model


def no_values(healthy: bool = False) -> nn.Module:
    """A lazy layer that has seen no batch."""
    last = nn.Linear(16, 4) if healthy else nn.LazyLinear(4)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), last)


def zero_layer(healthy: bool = False) -> nn.Module:
    """Zeros in the middle."""
    model = mlp(8, 16, 16, 4)
    if not healthy:
        _weight(model, 2).zero_()
    return model


class _Adapted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.base, self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 2, bias=False), nn.Linear(2, 8, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.base(x) + self.b(self.a(x))
        return found


def dead_pair(healthy: bool = False) -> nn.Module:
    """Both factors of an adapter zero; its twin has B alone at zero."""
    model = drawn(_Adapted(), 1.0)
    assert isinstance(model, _Adapted)
    model.b.weight.data.zero_()
    if not healthy:
        model.a.weight.data.zero_()
    return model


class _Two(nn.Module):
    def __init__(self, copied: bool) -> None:
        super().__init__()
        self.first = mlp(8, 16, 1)
        self.second = copy.deepcopy(self.first) if copied else drawn(mlp(8, 16, 1), seed=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.first(x), self.second(x)], 1)


def identical(healthy: bool = False) -> nn.Module:
    """Two critics, one a copy of the other."""
    return _Two(copied=not healthy)


def identical_units(healthy: bool = False) -> nn.Module:
    """A constant weight."""
    model = mlp(8, 16, 4)
    if not healthy:
        _weight(model, 0).fill_(0.1)
    return model


def norm_scale(healthy: bool = False) -> nn.Module:
    """The scale of a norm drawn like a weight."""
    model = nn.Sequential(nn.Linear(8, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 4))
    if not healthy:
        _weight(model, 1).copy_(_normal(32, std=0.02))
    return model


class _Conditioned(nn.Module):
    def __init__(self, one: float) -> None:
        super().__init__()
        self.enter, self.scale, self.out, self.one = nn.Linear(8, 16), nn.Linear(8, 16), nn.Linear(16, 4), one

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.out(F.gelu(F.layer_norm(self.enter(x), (16,)) * (self.one + self.scale(x))))
        return found


def input_lost(healthy: bool = False) -> nn.Module:
    """A conditional scale that starts at zero, without 1 + before it."""
    model = drawn(_Conditioned(float(healthy)), 1.0)
    assert isinstance(model, _Conditioned)
    model.scale.weight.data.zero_()
    return model


class _Residual(nn.Module):
    def __init__(self, depth: int, end: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(32), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32)) for _ in range(depth)
        )
        drawn(self)
        for block in self.blocks:
            _weight(block, 3).mul_(end)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = x + block(x)
        return x


def residual_scale(healthy: bool = False) -> nn.Module:
    """Sixteen branches with norms, whose ends are not scaled."""
    return _Residual(16, 1 / math.sqrt(16) if healthy else 1.0)


def wrong_fan(healthy: bool = False) -> nn.Module:
    """A transposed convolution, and a fan counted without its stride."""
    model = nn.Sequential(nn.ConvTranspose2d(64, 16, 6, stride=3), nn.ReLU(), nn.Conv2d(16, 3, 1))
    fan = 64 * 36 / 9 if healthy else 64 * 36
    _weight(model, 0).copy_(_normal(64, 16, 6, 6, std=math.sqrt(2 / fan)))
    return model


def variance_for_std(healthy: bool = False) -> nn.Module:
    """2/n where sqrt(2/n) was meant."""
    model = mlp(64, 128, 64, 4)
    if not healthy:
        for place, fan in ((0, 64), (2, 128)):
            _weight(model, place).mul_(math.sqrt(2 / fan))
    return model


def other_fan(healthy: bool = False) -> nn.Module:
    """sqrt(1/n_out) where sqrt(1/n_in) was meant."""
    model = mlp(784, 30, 10, activation=nn.ReLU, gain=1.0)
    if not healthy:
        _weight(model, 0).mul_(math.sqrt(784 / 30))
    return model


def vanishing_weights(healthy: bool = False) -> nn.Module:
    """Twelve layers of weights that are half as large as relu needs."""
    return mlp(*[64] * 12, 4, gain=math.sqrt(2) * (1.0 if healthy else 0.5))


def exploding_weights(healthy: bool = False) -> nn.Module:
    """Twelve layers of weights that are twice as large as relu needs."""
    return mlp(*[64] * 12, 4, gain=math.sqrt(2) * (1.0 if healthy else 2.0))


def first_loss(healthy: bool = False) -> nn.Module:
    """A head of N(0, 1) behind a norm."""
    model = nn.Sequential(nn.LayerNorm(128), nn.Linear(128, 1000, bias=False))
    _weight(model, 1).copy_(_normal(1000, 128, std=1 / math.sqrt(128) if healthy else 1.0))
    return model


def saturating(healthy: bool = False) -> nn.Module:
    """Sigmoids behind weights that are five times too large."""
    model = mlp(784, 30, 10, activation=nn.Sigmoid, gain=1.0)
    if not healthy:
        _weight(model, 0).mul_(6.0)
    return model


def dead_units(healthy: bool = False) -> nn.Module:
    """A bias far below zero in front of a relu."""
    model = mlp(13, 32, 16, 4)
    if not healthy:
        bias = model[2].bias
        assert isinstance(bias, Tensor)
        bias.data.fill_(-8.0)
    return model


def ignored(healthy: bool = False) -> nn.Module:
    """Numbers drawn into the place where weight norm puts what it computes."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the hook is deprecated, and checkpoints of years have it
        layer = nn.utils.weight_norm(nn.Linear(8, 16))
    if not healthy:
        layer.weight.data.copy_(_normal(16, 8, std=0.02))
    return nn.Sequential(layer, nn.ReLU(), nn.Linear(16, 4))


def padding_row(healthy: bool = False) -> nn.Module:
    """A table drawn without sparing its padding row."""
    table = nn.Embedding(50, 8, padding_idx=0)
    with torch.no_grad():
        table.weight.copy_(_normal(50, 8, std=0.1))
        if healthy:
            table.weight[0].zero_()
    return nn.Sequential(table, nn.Linear(8, 4))


def forget_bias(healthy: bool = False) -> nn.Module:
    """A forget bias that reached the first layer of two."""
    layer = nn.LSTM(8, 16, num_layers=2)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if name.startswith("bias"):
                parameter.zero_()
            if name == "bias_hh_l0" or (healthy and name == "bias_hh_l1"):
                parameter[16:32] = 1.0
    return layer


class _Stream(nn.Module):
    def __init__(self, std: float) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 32)
        self.blocks = _Residual(4, 1.0)
        for parameter in self.blocks.parameters():
            if parameter.dim() > 1:
                parameter.data.mul_(0.02 / float(parameter.data.std()))
        self.table.weight.data.copy_(_normal(50, 32, std=std))

    def forward(self, tokens: Tensor) -> Tensor:
        found: Tensor = self.blocks(self.table(tokens))
        return found


def wide_embedding(healthy: bool = False) -> nn.Module:
    """An embedding of 0.6 beside weights of 0.02."""
    return _Stream(0.02 if healthy else 0.6)


class _Sine(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(30 * x)


def slow_sine(healthy: bool = False) -> nn.Module:
    """A network of sines whose first layer has the hidden layers' bound."""
    model = nn.Sequential(nn.Linear(2, 64), _Sine(), nn.Linear(64, 64), _Sine(), nn.Linear(64, 1))
    bound, generator = math.sqrt(6 / 64) / 30, torch.Generator().manual_seed(0)
    for place, width in ((0, 0.5 if healthy else math.sqrt(6 / 2) / 30), (2, bound), (4, bound)):
        nn.init.uniform_(_weight(model, place), -width, width, generator=generator)
    return model
