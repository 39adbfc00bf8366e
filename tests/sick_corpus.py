"""Sick models of many architectures, each with one sickness, a healthy twin, what has to be said and of which layer.

A row is a function that gives a `Sick`. `codes` are the findings of which one has to be a fault (or the severity that
is asked for) at one of the `guilty` modules; nothing that is a fault may be said of the twin.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Sick(NamedTuple):
    """One model, its twin, and the expectation."""

    model: nn.Module
    healthy: nn.Module
    inputs: tuple[Tensor, ...]
    codes: tuple[str, ...]
    guilty: tuple[str, ...]
    loss: Any = None
    target: Tensor | None = None
    severity: str = "fault"


ROWS: dict[str, Callable[[], Sick]] = {}


def row(make: Callable[[], Sick]) -> Callable[[], Sick]:
    ROWS[make.__name__] = make
    return make


def randn(*shape: int, seed: int = 0, std: float = 1.0) -> Tensor:
    return std * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def words(*shape: int, of: int, seed: int = 0) -> Tensor:
    return torch.randint(0, of, shape, generator=torch.Generator().manual_seed(seed))


def seeded(build: Callable[..., nn.Module], *args: Any, seed: int = 0, **kwargs: Any) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(*args, **kwargs)


def twin(build: Callable[..., nn.Module], change: Callable[[Any], object], *args: Any, **kwargs: Any) -> Any:
    """(sick, healthy): the same build, one of them changed."""
    healthy = seeded(build, *args, **kwargs)
    sick = copy.deepcopy(healthy)
    with torch.no_grad():
        change(sick)
    return sick, healthy


WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d)


def he(model: nn.Module, gain: float = math.sqrt(2)) -> nn.Module:
    """Every layer's weight N(0, gain² / fan_in), every bias zero."""
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, WEIGHTED):
                fan = layer.weight[0].numel()
                if isinstance(layer, nn.ConvTranspose2d):
                    fan = layer.in_channels * math.prod(
                        k / s for k, s in zip(layer.kernel_size, layer.stride, strict=True)
                    )
                layer.weight.normal_(0, gain / math.sqrt(fan))
                if layer.bias is not None:
                    layer.bias.zero_()
    return model


def default(model: nn.Module) -> nn.Module:
    return model


def scale(*places: Any, by: float) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        for place in places:
            layer = model[place] if isinstance(place, int) else model.get_submodule(place)
            layer.weight.mul_(by)

    return change


def everything(by: float) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        for layer in model.modules():
            if isinstance(layer, WEIGHTED):
                layer.weight.mul_(by)

    return change


def named(model: nn.Module, *kinds: type) -> tuple[str, ...]:
    return tuple(name for name, module in model.named_modules() if isinstance(module, kinds or WEIGHTED))


# --- architectures --------------------------------------------------------------------------------------------------


def mlp(sizes: Any, activation: Callable[[], nn.Module] = nn.ReLU, gain: float | None = math.sqrt(2)) -> nn.Module:
    layers: list[nn.Module] = []
    for a, b in itertools.pairwise(sizes):
        layers += [nn.Linear(a, b), activation()]
    model = nn.Sequential(*layers[:-1])
    return model if gain is None else he(model, gain)


def vgg(
    depth: int = 8, width: int = 24, activation: Callable[[], nn.Module] = nn.ReLU, gain: float | None = math.sqrt(2)
) -> nn.Module:
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Conv2d(3 if i == 0 else width, width, 3, padding=1, padding_mode="circular"), activation()]
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))
    return model if gain is None else he(model, gain)


class Residual(nn.Module):
    """Branches of two layers, without norms."""

    def __init__(self, depth: int, width: int, end: float, conv: bool = False) -> None:
        super().__init__()

        def layer() -> nn.Module:
            return nn.Conv2d(width, width, 3, padding=1) if conv else nn.Linear(width, width)

        self.enter = nn.Conv2d(3, width, 3, padding=1) if conv else nn.Linear(10, width)
        self.one = nn.ModuleList(layer() for _ in range(depth))
        self.two = nn.ModuleList(layer() for _ in range(depth))
        self.head = nn.Linear(width, 5)
        he(self)
        he(self.head, 1.0)
        for each in self.two:
            each.weight.data.mul_(end)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        for one, two in zip(self.one, self.two, strict=True):
            x = x + two(F.relu(one(x)))
        return self.head(x.mean((2, 3)) if x.dim() == 4 else x)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, root: bool = True) -> None:
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.heads, self.root = heads, root

    def forward(self, x: Tensor) -> Tensor:
        batch, time, width = x.shape
        q, k, v = (f(x).view(batch, time, self.heads, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        logits = q @ k.transpose(-1, -2)
        if self.root:
            logits = logits / math.sqrt(width // self.heads)
        return self.out((logits.softmax(-1) @ v).transpose(1, 2).reshape(batch, time, width))


class Block(nn.Module):
    def __init__(
        self, width: int, heads: int = 2, norm: str = "pre", root: bool = True, activation: Any = F.gelu
    ) -> None:
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(width) if norm != "none" else nn.Identity() for _ in range(2))
        self.attention = Attention(width, heads, root)
        self.up, self.down, self.activation, self.norm = (
            nn.Linear(width, 4 * width),
            nn.Linear(4 * width, width),
            activation,
            norm,
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.norm == "post":
            x = self.norm1(x + self.attention(x))
            return self.norm2(x + self.down(self.activation(self.up(x))))
        x = x + self.attention(self.norm1(x))
        return x + self.down(self.activation(self.up(self.norm2(x))))


class Words(nn.Module):
    """A language model of blocks."""

    def __init__(
        self,
        depth: int = 4,
        width: int = 64,
        vocabulary: int = 200,
        tied: bool = False,
        gain: float | None = None,
        **kinds: Any,
    ) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(vocabulary, width), nn.Embedding(64, width)
        self.blocks = nn.ModuleList(Block(width, **kinds) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        if gain is not None:
            he(self, gain)
        nn.init.normal_(self.words.weight, 0, 0.02 if tied else 1.0)
        nn.init.normal_(self.places.weight, 0, 0.02)
        if tied:
            self.head.weight = self.words.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)).transpose(1, 2)  # (batch, words, time), as cross_entropy wants it


class BasicBlock(nn.Module):
    def __init__(self, a: int, b: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
        self.conv2, self.bn2 = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
        self.skip = (
            nn.Identity() if a == b else nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.skip(x))


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.bn = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.blocks = nn.Sequential(
            BasicBlock(16, 16, 1), BasicBlock(16, 32, 2), BasicBlock(32, 32, 1), BasicBlock(32, 64, 2)
        )
        self.head = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(F.relu(self.bn(self.stem(x)))).mean((2, 3)))


class Generator(nn.Module):
    """DCGAN's."""

    def __init__(self, norm: bool = True) -> None:
        super().__init__()
        sizes, layers = ((32, 64, 1, 0), (64, 32, 2, 1), (32, 16, 2, 1)), []
        for a, b, stride, pad in sizes:
            layers += [
                nn.ConvTranspose2d(a, b, 4, stride, pad, bias=False),
                nn.BatchNorm2d(b) if norm else nn.Identity(),
                nn.ReLU(),
            ]
        self.body, self.last = nn.Sequential(*layers), nn.ConvTranspose2d(16, 3, 4, 2, 1)
        for layer in self.modules():
            if isinstance(layer, nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, 0, 0.02)

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.last(self.body(z[:, :, None, None])))


def discriminator(norm: bool, depth: int = 4) -> nn.Module:
    layers: list[nn.Module] = []
    for i in range(depth):
        a, b = (3 if i == 0 else 8 * 2**i), 16 * 2**i
        layers += [nn.Conv2d(a, b, 4, 2, 1), *([nn.BatchNorm2d(b)] if norm and i else []), nn.LeakyReLU(0.2)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 2 ** (depth - 1) * (32 // 2**depth) ** 2, 1))
    for layer in model:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(layer.weight, 0, 0.02)
            nn.init.zeros_(layer.bias)
    return model


class HandRnn(nn.Module):
    def __init__(self, width: int = 48, steps_gain: float = 1.0, activation: Any = torch.tanh) -> None:
        super().__init__()
        self.enter, self.again, self.head = (
            nn.Linear(6, width),
            nn.Linear(width, width, bias=False),
            nn.Linear(width, 3),
        )
        self.activation = activation
        nn.init.orthogonal_(self.again.weight, steps_gain)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.zeros(len(x), self.again.in_features)
        for t in range(x.shape[1]):
            h = self.activation(self.enter(x[:, t]) + self.again(h))
        return self.head(h)


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.d1, self.d2, self.d3 = (nn.Conv2d(a, b, 3, s, 1) for a, b, s in ((3, 16, 1), (16, 32, 2), (32, 64, 2)))
        self.u2, self.m2 = nn.ConvTranspose2d(64, 32, 2, 2), nn.Conv2d(64, 32, 3, 1, 1)
        self.u1, self.m1 = nn.ConvTranspose2d(32, 16, 2, 2), nn.Conv2d(32, 16, 3, 1, 1)
        self.out = nn.Conv2d(16, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = F.relu(self.d1(x))
        b = F.relu(self.d2(a))
        c = F.relu(self.d3(b))
        b = F.relu(self.m2(torch.cat([self.u2(c), b], 1)))
        return self.out(F.relu(self.m1(torch.cat([self.u1(b), a], 1))))


class Towers(nn.Module):
    """Two inputs, a tower each, and the product of what they say."""

    def __init__(self, gain: float = math.sqrt(2)) -> None:
        super().__init__()
        self.left, self.right = mlp([20] + [64] * 8, gain=gain), mlp([30] + [64] * 8, gain=gain)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return (self.left(a) * self.right(b)).sum(-1, keepdim=True) / 8


class GatedNet(nn.Module):
    """tanh times sigmoid, one behind the other, as WaveNet's without its skips."""

    def __init__(self, depth: int, width: int = 32, skip: bool = False) -> None:
        super().__init__()
        self.enter = nn.Conv1d(4, width, 1)
        self.layers = nn.ModuleList(nn.Conv1d(width, 2 * width, 3, padding=1) for _ in range(depth))
        self.head, self.skip = nn.Conv1d(width, 3, 1), skip

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        for layer in self.layers:
            a, b = layer(x).chunk(2, 1)
            y = torch.tanh(a) * torch.sigmoid(b)
            x = x + y if self.skip else y
        return self.head(x)


class Adapted(nn.Module):
    """A frozen layer and an adapter beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Linear(24, 24).requires_grad_(False)
        self.a, self.b = nn.Linear(24, 4, bias=False), nn.Linear(4, 24, bias=False)
        nn.init.zeros_(self.b.weight)
        self.head = nn.Linear(24, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.base(x) + self.b(self.a(x))))


class Sine(nn.Module):
    def __init__(self, omega: float = 30.0) -> None:
        super().__init__()
        self.omega = omega

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(self.omega * x)


def siren(first: float, width: int = 64, depth: int = 3, hidden: float = 1.0) -> nn.Module:
    layers: list[nn.Module] = [nn.Linear(2, width), Sine()]
    for _ in range(depth):
        layers += [nn.Linear(width, width), Sine()]
    model = nn.Sequential(*layers, nn.Linear(width, 1))
    for place in range(0, len(model), 2):
        bound = first if place == 0 else hidden * math.sqrt(6 / width) / 30
        nn.init.uniform_(model[place].weight, -bound, bound)
    return model


class Function(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


GRID = torch.stack(torch.meshgrid(torch.linspace(-1, 1, 16), torch.linspace(-1, 1, 16), indexing="ij"), -1).reshape(
    -1, 2
)
IMAGES, VECTORS, TOKENS = randn(16, 3, 12, 12), randn(64, 32), words(12, 16, of=200)
LABELS, PLAIN = words(16, of=10, seed=1), randn(64, 4, seed=1)


def _vectors(
    model: nn.Module, healthy: nn.Module, codes: tuple[str, ...], guilty: tuple[str, ...], **rest: Any
) -> Sick:
    return Sick(model, healthy, (VECTORS,), codes, guilty, "mse", PLAIN, **rest)


def _images(model: nn.Module, healthy: nn.Module, codes: tuple[str, ...], guilty: tuple[str, ...], **rest: Any) -> Sick:
    return Sick(model, healthy, (IMAGES,), codes, guilty, "cross_entropy", LABELS, **rest)


def _tokens(model: nn.Module, healthy: nn.Module, codes: tuple[str, ...], guilty: tuple[str, ...], **rest: Any) -> Sick:
    return Sick(model, healthy, (TOKENS,), codes, guilty, "cross_entropy", words(12, 16, of=200, seed=5), **rest)


# --- the signal vanishes --------------------------------------------------------------------------------------------


@row
def halved_relu_layers() -> Sick:
    model, healthy = twin(mlp, everything(0.5), [32] + [128] * 10 + [4])
    return _vectors(model, healthy, ("HS201",), named(model)[:-1])


@row
def tanh_of_small_normals() -> Sick:
    healthy = seeded(mlp, [32] + [64] * 8 + [4], nn.Tanh, 1.0)
    model = seeded(mlp, [32] + [64] * 8 + [4], nn.Tanh, 0.01 * 8)
    return _vectors(model, healthy, ("HS201",), named(model)[:-1])


@row
def convolutions_of_one_hundredth() -> Sick:
    def change(model: Any) -> None:
        for place in range(0, 16, 2):
            model[place].weight.normal_(0, 0.01)

    model, healthy = twin(vgg, change)
    return _images(model, healthy, ("HS201",), named(model)[:-1])


@row
def one_layer_far_too_small() -> Sick:
    model, healthy = twin(mlp, scale(6, by=1e-4), [32] + [96] * 6 + [4], nn.GELU, 1.5)
    return _vectors(model, healthy, ("HS201",), ("6",))


@row
def one_convolution_far_too_small() -> Sick:
    model, healthy = twin(vgg, scale(8, by=1e-3))
    return _images(model, healthy, ("HS201",), ("8",))


@row
def the_first_layer_far_too_small() -> Sick:
    model, healthy = twin(mlp, scale(0, by=1e-4), [32] + [96] * 5 + [4])
    return _vectors(model, healthy, ("HS201",), ("0",))


@row
def discriminator_without_its_norms() -> Sick:
    model, healthy = seeded(discriminator, False), seeded(discriminator, True)
    return Sick(model, healthy, (randn(16, 3, 32, 32),), ("HS201",), named(model), lambda out: F.softplus(-out).mean())


@row
def generator_without_its_norms() -> Sick:
    model, healthy = seeded(Generator, False), seeded(Generator)
    return Sick(model, healthy, (randn(32, 32),), ("HS201",), named(model))


@row
def a_tower_of_small_weights() -> Sick:
    model, healthy = twin(Towers, lambda model: everything(0.4)(model.right))
    return Sick(
        model,
        healthy,
        (randn(64, 20), randn(64, 30, seed=2)),
        ("HS201",),
        tuple(f"right.{name}" for name in named(model.right)),
    )


@row
def gates_one_behind_the_other() -> Sick:
    model, healthy = seeded(GatedNet, 14), seeded(GatedNet, 14, skip=True)
    return Sick(
        model, healthy, (randn(16, 4, 20),), ("HS201", "HS204", "HS301"), tuple(f"layers.{i}" for i in range(14))
    )


@row
def decoder_of_an_autoencoder() -> Sick:
    def build() -> nn.Module:
        encoder = [nn.Conv2d(3, 24, 4, 2, 1), nn.ReLU(), nn.Conv2d(24, 48, 4, 2, 1), nn.ReLU()]
        decoder = [
            nn.ConvTranspose2d(48, 24, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(24, 24, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(24, 3, 3, 1, 1),
        ]
        return he(nn.Sequential(*encoder, *decoder))

    model, healthy = twin(build, scale(4, by=1e-3))
    return Sick(model, healthy, (randn(16, 3, 16, 16),), ("HS201",), ("4",), "mse", randn(16, 3, 16, 16))


# --- the signal explodes --------------------------------------------------------------------------------------------


@row
def doubled_relu_layers() -> Sick:
    model, healthy = twin(mlp, everything(2.0), [32] + [96] * 10 + [4])
    return _vectors(model, healthy, ("HS202",), named(model))


@row
def tripled_convolutions() -> Sick:
    model, healthy = twin(vgg, everything(3.0))
    return _images(model, healthy, ("HS202",), named(model))


@row
def residual_layers_without_norm() -> Sick:
    model, healthy = seeded(Residual, 30, 48, 1.0), seeded(Residual, 30, 48, 1 / math.sqrt(60))
    return Sick(model, healthy, (randn(32, 10),), ("HS202",), tuple(f"two.{i}" for i in range(30)), "mse", randn(32, 5))


@row
def residual_convolutions_without_norm() -> Sick:
    model, healthy = seeded(Residual, 24, 16, 1.0, True), seeded(Residual, 24, 16, 1 / math.sqrt(48), True)
    return Sick(
        model,
        healthy,
        (randn(8, 3, 8, 8),),
        ("HS202",),
        tuple(f"two.{i}" for i in range(24)),
        "cross_entropy",
        words(8, of=5),
    )


@row
def one_layer_far_too_large() -> Sick:
    model, healthy = twin(mlp, scale(4, by=1e3), [32] + [96] * 6 + [4], lambda: nn.LeakyReLU(0.1))
    return _vectors(model, healthy, ("HS202",), ("4",))


@row
def unit_normals_in_a_linear_net() -> Sick:
    model, healthy = (
        seeded(mlp, [32] + [64] * 5 + [4], nn.Identity, 8.0),
        seeded(mlp, [32] + [64] * 5 + [4], nn.Identity, 1.0),
    )
    return _vectors(model, healthy, ("HS202",), named(model))


@row
def a_u_net_of_large_weights() -> Sick:
    healthy = seeded(lambda: he(UNet()))
    model = seeded(lambda: he(UNet(), 6.0))
    return Sick(model, healthy, (randn(8, 3, 16, 16),), ("HS202",), named(model), "mse", randn(8, 2, 16, 16, seed=3))


@row
def a_transformer_without_norms() -> Sick:
    model = seeded(Words, 16, gain=1.4, norm="none")
    model.norm = nn.Identity()
    healthy = seeded(Words, 16)
    return _tokens(model, healthy, ("HS202", "HS209"), tuple(f"blocks.{i}" for i in range(16)))


@row
def one_end_of_a_branch_too_large() -> Sick:
    model, healthy = twin(Residual, lambda m: m.two[3].weight.mul_(3000), 8, 48, 0.25)
    return Sick(model, healthy, (randn(32, 10),), ("HS202",), ("two.3",), "mse", randn(32, 5))


# --- the gradient ---------------------------------------------------------------------------------------------------


@row
def twenty_sigmoids() -> Sick:
    healthy = seeded(mlp, [32] + [64] * 20 + [4], nn.Tanh, 1.0)
    model = seeded(mlp, [32] + [64] * 20 + [4], nn.Sigmoid, None)
    return _vectors(model, healthy, ("HS301",), named(model))


@row
def sigmoid_convolutions() -> Sick:
    model = seeded(vgg, 10, 24, nn.Sigmoid, 1.0)
    healthy = seeded(vgg, 10, 24, nn.Tanh, 1.0)
    return _images(model, healthy, ("HS301",), named(model))


@row
def softplus_that_keeps_the_second_moment() -> Sick:
    def build() -> nn.Module:  # E softplus(z)² = 0.921 at variance 1, so gain 1.042
        return mlp([64] + [256] * 20 + [4], nn.Softplus, 1.042)

    healthy = seeded(mlp, [64] + [256] * 20 + [4], nn.ReLU)
    return Sick(seeded(build), healthy, (randn(64, 64),), ("HS301",), named(healthy), "mse", PLAIN)


@row
def forty_default_relu_layers() -> Sick:
    model, healthy = seeded(mlp, [32] + [128] * 40 + [4], gain=None), seeded(mlp, [32] + [128] * 40 + [4])
    return _vectors(model, healthy, ("HS204",), named(model))


@row
def gradient_of_forty_default_relu_layers() -> Sick:
    return forty_default_relu_layers()._replace(codes=("HS301",))


@row
def default_convolutions_without_norm() -> Sick:
    model, healthy = seeded(vgg, 20, gain=None), seeded(vgg, 20)
    return _images(model, healthy, ("HS301", "HS204"), named(model))


@row
def chaotic_tanh() -> Sick:
    model, healthy = (
        seeded(mlp, [32] + [128] * 30 + [4], nn.Tanh, 2.5),
        seeded(mlp, [32] + [128] * 30 + [4], nn.Tanh, 1.0),
    )
    return _vectors(model, healthy, ("HS302",), named(model))


@row
def a_plain_net_of_batch_norms() -> Sick:
    def build(depth: int) -> nn.Module:
        layers: list[nn.Module] = [nn.Linear(32, 96)]
        for _ in range(depth):
            layers += [nn.BatchNorm1d(96), nn.ReLU(), nn.Linear(96, 96)]
        return nn.Sequential(*layers, nn.BatchNorm1d(96), nn.Linear(96, 4))

    model = seeded(build, 40)
    return _vectors(model, seeded(build, 5), ("HS302",), named(model))


@row
def sines_of_large_weights() -> Sick:
    model, healthy = seeded(siren, 0.5, 64, 6, 4.0), seeded(siren, 0.5, 64, 6)
    return Sick(model, healthy, (GRID,), ("HS302",), named(model), "mse", GRID[:, :1].sin())


@row
def a_recurrence_that_grows() -> Sick:
    model, healthy = seeded(HandRnn, 48, 2.2, F.relu), seeded(HandRnn, 48, 1.0)
    return Sick(model, healthy, (randn(32, 40, 6),), ("HS202", "HS302"), ("again", "enter"), "mse", randn(32, 3))


@row
def hard_sigmoids() -> Sick:
    healthy = seeded(mlp, [32] + [64] * 12 + [4], nn.Hardtanh, 1.2)
    model = seeded(mlp, [32] + [64] * 12 + [4], nn.Hardsigmoid, None)
    return _vectors(model, healthy, ("HS301",), named(model))


# --- the input is lost ----------------------------------------------------------------------------------------------


@row
def a_norm_of_one_number() -> Sick:
    def build(width: int) -> nn.Module:
        return nn.Sequential(
            nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, width), nn.LayerNorm(width), nn.Linear(width, 4)
        )

    return _vectors(seeded(build, 1), seeded(build, 16), ("HS208",), ("3",))


@row
def a_group_for_each_channel() -> Sick:
    def build(groups: int) -> nn.Module:
        return nn.Sequential(nn.Linear(32, 32), nn.GroupNorm(groups, 32), nn.ReLU(), nn.Linear(32, 4))

    return _vectors(seeded(build, 32), seeded(build, 4), ("HS208",), ("1",))


@row
def an_instance_norm_of_one_pixel() -> Sick:
    def build(pool: bool) -> nn.Module:
        layers = [nn.Conv2d(3, 16, 3), *([nn.AdaptiveAvgPool2d(1)] if pool else []), nn.GroupNorm(16, 16), nn.ReLU()]
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))

    return _images(seeded(build, True), seeded(build, False), ("HS208",), ("2",))


@row
def scale_and_shift_swapped() -> Sick:
    def build() -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(3, 16, 3),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 16, 3),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(16 * 64, 10),
        )

    def change(model: Any) -> None:
        model[4].weight.zero_()
        model[4].bias.fill_(1.0)

    model, healthy = twin(build, change)
    return _images(model, healthy, ("HS204", "HS608"), ("4",))


@row
def an_embedding_of_zeros() -> Sick:
    model, healthy = twin(Words, lambda m: m.words.weight.zero_())
    return _tokens(model, healthy, ("HS204", "HS604"), ("words",))


@row
def a_bias_that_hides_a_dead_layer() -> Sick:
    def change(model: Any) -> None:
        model[4].weight.mul_(1e-5)
        model[4].bias.normal_(0, 1)

    model, healthy = twin(mlp, change, [32] + [64] * 5 + [4], nn.Tanh, 1.0)
    return _vectors(model, healthy, ("HS204",), ("4",))


class Film(nn.Module):
    def __init__(self, one: float) -> None:
        super().__init__()
        self.enter, self.film, self.out, self.one = nn.Linear(32, 48), nn.Linear(8, 96), nn.Linear(48, 4), one
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.film(condition).chunk(2, -1)
        return self.out(F.silu(F.layer_norm(self.enter(x), (48,)) * (self.one + scale) + shift))


@row
def a_conditional_scale_of_zero() -> Sick:
    return Sick(
        seeded(Film, 0.0), seeded(Film, 1.0), (VECTORS, randn(64, 8)), ("HS204", "HS609"), ("film", ""), "mse", PLAIN
    )


# --- dead and saturated units ---------------------------------------------------------------------------------------


@row
def a_bias_far_below_zero() -> Sick:
    model, healthy = twin(mlp, lambda m: m[4].bias.fill_(-9.0), [32, 64, 64, 64, 4])
    return _vectors(model, healthy, ("HS205",), ("4", "5"))


@row
def convolutions_below_zero() -> Sick:
    model, healthy = twin(vgg, lambda m: m[6].bias.fill_(-12.0))
    return _images(model, healthy, ("HS205",), ("6", "7"))


@row
def three_quarters_of_the_units_dead() -> Sick:
    model, healthy = twin(mlp, lambda m: m[2].bias[:80].fill_(-9.0), [32, 96, 96, 4])
    return _vectors(model, healthy, ("HS205",), ("2", "3"))


@row
def a_shift_of_a_batch_norm_below_zero() -> Sick:
    model, healthy = twin(ResNet, lambda m: m.blocks[1].bn1.bias.fill_(-7.0))
    return _images(model, healthy, ("HS205",), ("blocks.1",))


@row
def dead_units_inside_a_transformer() -> Sick:
    model, healthy = twin(Words, lambda m: m.blocks[2].up.bias.fill_(-12.0), activation=F.relu)
    return _tokens(model, healthy, ("HS205",), ("blocks.2",))


@row
def negative_weights_behind_a_relu() -> Sick:
    model, healthy = twin(mlp, lambda m: m[2].weight.copy_(-m[2].weight.abs()), [32, 64, 64, 4])
    return _vectors(model, healthy, ("HS205",), ("2", "3"))


@row
def a_relu_behind_the_output() -> Sick:
    def build(last: nn.Module) -> nn.Module:
        model = nn.Sequential(*mlp([32, 64, 64, 4]), last)
        model[4].weight.data.copy_(-model[4].weight.abs())
        return model

    return _vectors(seeded(build, nn.ReLU()), seeded(build, nn.Softplus()), ("HS205", "HS303"), ("4", "5"))


@row
def sigmoids_of_wide_weights() -> Sick:
    model, healthy = twin(mlp, scale(0, by=8.0), [32, 48, 48, 4], nn.Sigmoid, 1.0)
    return _vectors(model, healthy, ("HS203",), ("0", "1"))


@row
def tanh_convolutions_of_wide_weights() -> Sick:
    model, healthy = twin(vgg, scale(4, by=15.0), 5, 24, nn.Tanh, 1.0)
    return _images(model, healthy, ("HS203",), ("4", "5"))


@row
def a_large_bias_before_tanh() -> Sick:
    model, healthy = twin(mlp, lambda m: m[2].bias.fill_(6.0), [32, 64, 64, 4], nn.Tanh, 1.0)
    return _vectors(model, healthy, ("HS203",), ("2", "3"))


@row
def a_recurrence_that_saturates() -> Sick:
    model, healthy = twin(HandRnn, lambda m: (m.enter.weight.mul_(30), m.again.weight.mul_(10)))
    return Sick(model, healthy, (randn(32, 12, 6),), ("HS203", "HS302"), ("enter", "again", ""), "mse", randn(32, 3))


@row
def hidden_hard_tanh() -> Sick:
    model, healthy = twin(mlp, scale(2, by=20.0), [32, 64, 64, 4], nn.Hardtanh, 1.0)
    return _vectors(model, healthy, ("HS203",), ("2", "3"))


# --- attention ------------------------------------------------------------------------------------------------------


@row
def attention_without_its_root() -> Sick:
    model, healthy = (seeded(Words, 3, 128, gain=1.0, root=root) for root in (False, True))
    return _tokens(model, healthy, ("HS209",), tuple(f"blocks.{i}" for i in range(3)))


@row
def queries_ten_times_too_large() -> Sick:
    model, healthy = twin(Words, lambda m: m.blocks[1].attention.q.weight.mul_(25), 3)
    return _tokens(model, healthy, ("HS209",), ("blocks.1",))


class OnlyAttention(nn.Module):
    def __init__(self, depth: int, skip: bool, width: int = 48) -> None:
        super().__init__()
        self.enter, self.head, self.skip = nn.Linear(8, width), nn.Linear(width, 5), skip
        self.layers = nn.ModuleList(Attention(width, 2) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        he(self, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            y = layer(norm(x))
            x = x + y if self.skip else y
        return self.head(x)


@row
def attention_alone_makes_tokens_alike() -> Sick:
    model, healthy = seeded(OnlyAttention, 8, False), seeded(OnlyAttention, 8, True)
    return Sick(
        model, healthy, (randn(12, 16, 8),), ("HS207",), tuple(f"layers.{i}" for i in range(8)), "mse", randn(12, 16, 5)
    )


# --- the first loss -------------------------------------------------------------------------------------------------


@row
def a_head_of_unit_normals() -> Sick:
    model, healthy = twin(Words, lambda m: m.head.weight.normal_(0, 1), 3, 96)
    return _tokens(model, healthy, ("HS402",), ("head",))


@row
def a_tied_table_of_unit_normals() -> Sick:
    model, healthy = twin(Words, lambda m: m.words.weight.mul_(50), 3, 128, tied=True)
    return _tokens(model, healthy, ("HS402",), ("head", "words"))


@row
def a_classifier_a_hundred_times_too_large() -> Sick:
    model, healthy = twin(ResNet, lambda m: m.head.weight.mul_(100))
    return _images(model, healthy, ("HS402", "HS401"), ("head",))


@row
def a_regression_far_from_its_targets() -> Sick:
    model, healthy = twin(mlp, scale(4, by=40.0), [32, 64, 64, 4])
    return _vectors(model, healthy, ("HS402",), ("4",))


# --- symmetry, zeros ------------------------------------------------------------------------------------------------


@row
def a_constant_layer() -> Sick:
    model, healthy = twin(mlp, lambda m: m[2].weight.fill_(0.05), [32, 64, 64, 64, 4])
    return _vectors(model, healthy, ("HS101",), ("2",))


@row
def a_constant_kernel() -> Sick:
    model, healthy = twin(vgg, lambda m: m[4].weight.fill_(0.02))
    return _images(model, healthy, ("HS101",), ("4",))


@row
def rows_that_are_copies() -> Sick:
    model, healthy = twin(
        mlp, lambda m: m[2].weight.copy_(m[2].weight[:4].repeat(16, 1)), [32, 64, 64, 4], nn.Tanh, 1.0
    )
    return _vectors(model, healthy, ("HS101",), ("2",))


@row
def both_factors_of_an_adapter() -> Sick:
    model, healthy = twin(Adapted, lambda m: m.a.weight.zero_())
    return Sick(model, healthy, (randn(64, 24),), ("HS605",), ("a", "b"), "mse", PLAIN)


@row
def zeros_in_the_middle() -> Sick:
    model, healthy = twin(mlp, lambda m: m[4].weight.zero_(), [32, 64, 64, 64, 64, 4])
    return _vectors(model, healthy, ("HS604", "HS204"), ("4",))


@row
def a_convolution_of_zeros() -> Sick:
    model, healthy = twin(vgg, lambda m: m[6].weight.zero_(), activation=nn.Tanh, gain=1.0)
    return _images(model, healthy, ("HS604", "HS204"), ("6",))


@row
def two_layers_of_zeros() -> Sick:
    model, healthy = twin(mlp, lambda m: (m[2].weight.zero_(), m[4].weight.zero_()), [32, 64, 64, 4])
    return _vectors(model, healthy, ("HS605", "HS604", "HS204", "HS303"), ("2", "4"))


@row
def a_branch_of_zeros() -> Sick:
    model, healthy = twin(
        Words, lambda m: (m.blocks[1].up.weight.zero_(), m.blocks[1].down.weight.zero_(), m.blocks[1].up.bias.zero_())
    )
    return _tokens(model, healthy, ("HS605",), ("blocks.1.up", "blocks.1.down"))


# --- not finite -----------------------------------------------------------------------------------------------------


@row
def one_nan_in_a_kernel() -> Sick:
    model, healthy = twin(vgg, lambda m: m[4].weight.view(-1)[7].fill_(math.nan))
    return _images(model, healthy, ("HS206",), ("4",))


@row
def exponentials_that_overflow() -> Sick:
    def build(gain: float) -> nn.Module:
        return nn.Sequential(
            he(nn.Linear(32, 64), gain), Function(torch.exp), he(nn.Linear(64, 64), 1.0), nn.Tanh(), nn.Linear(64, 4)
        )

    return _vectors(seeded(build, 60.0), seeded(build, 0.5), ("HS206",), ("1", "0"))


@row
def a_logarithm_of_zero() -> Sick:
    def build(small: float) -> nn.Module:
        return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), Function(lambda x: torch.log(x + small)), nn.Linear(64, 4))

    return _vectors(seeded(build, 0.0), seeded(build, 1.0), ("HS206",), ("2",))


@row
def a_root_at_zero() -> Sick:
    def build(small: float) -> nn.Module:
        return nn.Sequential(
            nn.Linear(32, 64),
            nn.ReLU(),
            Function(lambda x: torch.sqrt(x - x.amin(-1, keepdim=True) + small)),
            nn.Linear(64, 4),
        )

    return _vectors(seeded(build, 0.0), seeded(build, 0.1), ("HS206",), ("2", "1"))


class Cosine(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.weight = nn.Sequential(nn.Linear(32, 48), nn.ReLU()), nn.Parameter(torch.randn(4, 48))

    def forward(self, x: Tensor) -> Tensor:
        h = self.body(x)
        return 8 * h @ self.weight.T / (h.norm(dim=1, keepdim=True) * self.weight.norm(dim=1))


@row
def a_cosine_of_zeros() -> Sick:
    model, healthy = twin(Cosine, lambda m: m.weight.zero_())
    return _vectors(model, healthy, ("HS206", "HS604"), ("weight", ""))


# --- others ---------------------------------------------------------------------------------------------------------


@row
def a_sine_that_hardly_oscillates() -> Sick:
    return Sick(
        seeded(siren, math.sqrt(6 / 2) / 30),
        seeded(siren, 0.5),
        (GRID,),
        ("HS623",),
        ("0", "1"),
        "mse",
        (3 * GRID[:, :1]).sin(),
    )


@row
def a_wide_table() -> Sick:
    def build(std: float) -> nn.Module:
        model = Words(3)
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, 0, std if name == "words.weight" else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
        return model

    return _tokens(seeded(build, 0.6), seeded(build, 0.02), ("HS622",), ("words",), severity="remark")
