"""Models as their papers and libraries start them, with inputs and a loss: a probe has no fault to tell of any."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import healthy_models as made
import sick_corpus as corpus
import torch
import torch.nn.functional as F
import torch_zoo as zoo
from torch import Tensor, nn


class Well(NamedTuple):
    """One model, how it is made, and what it is probed with."""

    make: Callable[[], nn.Module]
    inputs: tuple[Tensor, ...]
    loss: Any = None
    target: Tensor | None = None


def classes(*shape: int, of: int) -> Tensor:
    return torch.randint(0, of, shape, generator=torch.Generator().manual_seed(3))


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(4))


IMAGES, TOKENS, LABELS = normal(8, 3, 32, 32), classes(8, 12, of=60), classes(8, of=10)
CE = "cross_entropy"


def seen(make: Callable[[], nn.Module]) -> Well:
    return Well(make, (IMAGES,), CE, LABELS)


def read(make: Callable[[], nn.Module]) -> Well:
    return Well(make, (TOKENS,), CE, TOKENS)


def given(make: Callable[[], nn.Module], *shape: int) -> Well:
    return Well(make, (normal(*shape),))


def lenet() -> nn.Module:
    body = (
        nn.Conv2d(3, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
    )
    return nn.Sequential(*body, nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def alexnet() -> nn.Module:
    sizes = ((3, 32, 2, True), (32, 96, 1, True), (96, 192, 1, False), (192, 128, 1, False), (128, 128, 1, True))
    layers: list[nn.Module] = []
    for a, b, stride, pools in sizes:
        layers += [nn.Conv2d(a, b, 3, stride, 1), nn.ReLU(), *([nn.MaxPool2d(2)] if pools else [])]
    head = (
        nn.Dropout(),
        nn.Linear(512, 256),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(256, 256),
        nn.ReLU(),
        nn.Linear(256, 10),
    )
    return nn.Sequential(*layers, nn.Flatten(), *head)


class Variational(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.enter, self.mean, self.spread = nn.Linear(196, 100), nn.Linear(100, 10), nn.Linear(100, 10)
        self.decoder = nn.Sequential(nn.Linear(10, 100), nn.ReLU(), nn.Linear(100, 196), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.enter(x))
        mean = self.mean(h)
        return self.decoder(mean + torch.randn_like(mean) * (self.spread(h) / 2).exp())


class Field(nn.Module):
    """A radiance field: encoded coordinates, eight layers, the input again in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.ModuleList([nn.Linear(39, 96), *(nn.Linear(96, 96) for _ in range(3))])
        self.two = nn.ModuleList([nn.Linear(135, 96), *(nn.Linear(96, 96) for _ in range(3))])
        self.out = nn.Linear(96, 4)

    def forward(self, x: Tensor) -> Tensor:
        h = encoded = torch.cat([x, *(f(2**i * x) for i in range(6) for f in (torch.sin, torch.cos))], -1)
        for layer in self.one:
            h = F.relu(layer(h))
        h = torch.cat([h, encoded], -1)
        for layer in self.two:
            h = F.relu(layer(h))
        return self.out(h)


class Modulated(nn.Module):
    """A block whose norms and gates are made by a condition, from zeros (adaLN-Zero)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.attention, self.mlp = (
            nn.LayerNorm(width, elementwise_affine=False),
            corpus.Attention(width, 2),
            made.mlp(),
        )
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.made = nn.Linear(width, 6 * width)
        nn.init.zeros_(self.made.weight)
        nn.init.zeros_(self.made.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        a, b, c, d, e, f = self.made(F.silu(condition))[:, None].chunk(6, -1)
        x = x + c * self.attention(self.norm(x) * (1 + a) + b)
        return x + f * self.mlp(self.norm(x) * (1 + d) + e)


class Diffusion(nn.Module):
    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.patch, self.out = nn.Linear(12, width), nn.Linear(width, 12)
        self.time = nn.Sequential(nn.Linear(16, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(Modulated(width) for _ in range(3))
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        x, condition = self.patch(x), self.time(time)
        for block in self.blocks:
            x = block(x, condition)
        return self.out(F.layer_norm(x, x.shape[-1:]))


class Translating(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.head = nn.Embedding(60, 32), nn.Linear(48, 60)
        self.encoder, self.decoder = nn.GRU(32, 48, batch_first=True), nn.GRU(32, 48, batch_first=True)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        _, state = self.encoder(self.words(source))
        return self.head(self.decoder(self.words(target), state)[0])


class Inverted(nn.Module):
    """EfficientNet's block."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        h = 4 * a
        self.mix = nn.Sequential(
            nn.Conv2d(a, h, 1, bias=False),
            nn.BatchNorm2d(h),
            nn.SiLU(),
            nn.Conv2d(h, h, 3, 1, 1, groups=h, bias=False),
            nn.BatchNorm2d(h),
            nn.SiLU(),
        )
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(h, a // 4, 1), nn.SiLU(), nn.Conv2d(a // 4, h, 1), nn.Sigmoid()
        )
        self.project = nn.Sequential(nn.Conv2d(h, b, 1, bias=False), nn.BatchNorm2d(b))

    def forward(self, x: Tensor) -> Tensor:
        y = self.mix(x)
        y = self.project(y * self.gate(y))
        return x + y if x.shape == y.shape else y


def efficientnet() -> nn.Module:
    blocks = (Inverted(16, 16), Inverted(16, 24), Inverted(24, 24), Inverted(24, 32))
    stem = (nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.SiLU())
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(32, 10))


class Points(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.each = nn.Sequential(
            nn.Conv1d(3, 64, 1), nn.BatchNorm1d(64), nn.ReLU(), nn.Conv1d(64, 96, 1), nn.BatchNorm1d(96), nn.ReLU()
        )
        self.head = nn.Sequential(nn.Linear(96, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 10))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.each(x).amax(-1))


class Critic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value = corpus.mlp([12, 64, 64, 1], gain=None)

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        return self.value(torch.cat([state, action], -1))


class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = corpus.mlp([20, 64, 32], gain=None)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return F.cosine_similarity(self.body(a), self.body(b))


def policy() -> nn.Module:
    model = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 4))
    nn.init.orthogonal_(model[4].weight, 0.01)
    return model


def detector() -> nn.Module:
    """RetinaNet's head: a prior of one in a hundred in the bias."""
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 4, 3, padding=1),
    )
    nn.init.normal_(model[4].weight, 0, 0.01)
    nn.init.constant_(model[4].bias, -4.6)
    return model


def plain_discriminator() -> nn.Module:
    layers = [part for a, b in ((3, 16), (16, 32), (32, 64)) for part in (nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(0.2))]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(1024, 1))


def autoencoder() -> nn.Module:
    sizes = (196, 64, 32, 12, 32, 64, 196)
    layers = [
        part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU() if b > 12 else nn.Identity())
    ]
    return nn.Sequential(*layers[:-1], nn.Sigmoid())


def encoder(before: bool, depth: int = 4, batch_first: bool = True) -> nn.Module:
    layer = nn.TransformerEncoderLayer(48, 4, 96, batch_first=batch_first, norm_first=before)
    return nn.TransformerEncoder(copy.deepcopy(layer), depth, enable_nested_tensor=False)


def deep(activation: Any, depth: int, gain: float | None) -> Well:
    return given(lambda: corpus.mlp([64] + [128] * depth + [10], activation, gain), 64, 64)


MODELS: dict[str, Well] = {
    "MLP": Well(made.mlp, (normal(32, 20),), CE, classes(32, of=10)),
    "MLP of tanh": given(lambda: made.mlp(nn.Tanh), 32, 20),
    "MLP of GELU": given(lambda: made.mlp(nn.GELU), 32, 20),
    "VGG": seen(made.vgg),
    "ResNet": seen(made.ResNet),
    "ResNet of zero gains": seen(lambda: made.ResNet(zero=True)),
    "DenseNet": seen(made.DenseNet),
    "U-Net": Well(made.UNet, (IMAGES,)),
    "MobileNet": seen(made.mobilenet),
    "ConvNeXt": seen(made.convnext),
    "ViT": seen(made.ViT),
    "GPT": read(made.Gpt),
    "Llama": read(made.Llama),
    "Gemma": read(lambda: made.Llama(plus_one=True)),
    "LSTM": read(lambda: made.Recurrent(nn.LSTM)),
    "GRU": read(lambda: made.Recurrent(nn.GRU)),
    "encoder": read(made.Encoder),
    "translator": read(made.Translator),
    "state space": given(made.Selective, 8, 5, 32),
    "LoRA": given(made.Adapted, 16, 16),
    "residual": given(zoo.resnet, 8, 3, 16, 16),
    "experts": given(lambda: zoo.Experts(4, 8, 12), 16, 8),
    "LSTM by hand": given(zoo.HandLSTM, 8, 5, 3),
    "decoder": Well(zoo.Decoder, (classes(8, 6, of=11),)),
    "plain U-Net": given(zoo.UNet, 8, 3, 16, 16),
    "norm by hand": given(zoo.HandNorm, 16, 6),
    "gated": given(lambda: zoo.PackedGated(8, 16), 16, 5, 8),
    "bare": Well(zoo.Bare, (classes(8, 6, of=20),)),
    "LeNet": seen(lenet),
    "AlexNet": seen(alexnet),
    "variational": Well(Variational, (normal(32, 196).sigmoid(),), "mse", normal(32, 196).sigmoid()),
    "field": given(Field, 64, 3),
    "diffusion": Well(Diffusion, (normal(16, 9, 12), normal(16, 16)), "mse", normal(16, 9, 12)),
    "translating": Well(Translating, (TOKENS, TOKENS)),
    "recurrence": given(corpus.HandRnn, 16, 30, 6),
    "EfficientNet": seen(efficientnet),
    "points": given(Points, 16, 3, 40),
    "critic": Well(Critic, (normal(32, 8), normal(32, 4)), "mse", normal(32, 1)),
    "siamese": Well(Siamese, (normal(32, 20), normal(32, 20) + 1)),
    "SIREN": Well(lambda: corpus.siren(0.5), (corpus.GRID,)),
    "policy": given(policy, 64, 8),
    "detector": Well(detector, (IMAGES,)),
    "discriminator": Well(plain_discriminator, (IMAGES,)),
    "DCGAN's": Well(lambda: corpus.discriminator(True), (IMAGES,)),
    "generator": given(corpus.Generator, 16, 32),
    "autoencoder": Well(autoencoder, (normal(32, 196).sigmoid(),), "mse", normal(32, 196).sigmoid()),
    "pre-norm": given(lambda: encoder(True), 8, 12, 48),
    "post-norm": given(lambda: encoder(False), 8, 12, 48),
    "sequence first": given(lambda: encoder(False, 2, False), 12, 8, 48),
    "24 blocks": given(lambda: encoder(True, 24), 8, 12, 48),
    "both ways": given(lambda: nn.LSTM(8, 16, 2, bidirectional=True, batch_first=True), 8, 20, 8),
    "60 relus by He": deep(nn.ReLU, 60, 2**0.5),
    "default relus": deep(nn.ReLU, 4, None),
    "default GELUs": deep(nn.GELU, 3, None),
    "50 tanhs": deep(nn.Tanh, 50, 1.0),
    "SELU": deep(nn.SELU, 30, 1.0),
    "two sigmoids": deep(nn.Sigmoid, 2, None),
    "words": Well(lambda: corpus.Words(6), (corpus.TOKENS,), CE, corpus.TOKENS),
    "attention and skips": given(lambda: corpus.OnlyAttention(6, True), 8, 12, 8),
}
