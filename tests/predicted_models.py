"""Architectures that predictions are measured against, each as its authors start it, small enough for one core."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def started(model: nn.Module, std: float | None = None) -> nn.Module:
    """He's start, or N(0, std^2) truncated, for every weight; biases zero."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear, nn.Embedding)):
            if std is None:
                nn.init.kaiming_normal_(module.weight)
            else:
                nn.init.trunc_normal_(module.weight, std=std)
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)
    return model


def mlp(activation: Callable[[], nn.Module], gain: float | None, width: int = 256, depth: int = 20) -> nn.Module:
    """gain None: PyTorch's default."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(width, width), activation()]
    for module in layers[::2] if gain is not None else ():
        nn.init.normal_(module.weight, 0, gain / math.sqrt(width))
        nn.init.zeros_(module.bias)
    return nn.Sequential(*layers[:-1])


def vgg(width: int = 32) -> nn.Module:
    layers: list[nn.Module] = []
    channels = 3
    for wide, count in ((width, 1), (2 * width, 1), (4 * width, 2), (4 * width, 2)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, wide, 3, padding=1), nn.ReLU()]
            channels = wide
        layers.append(nn.MaxPool2d(2))
    return started(nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * channels, 256), nn.ReLU(), nn.Linear(256, 10)))


class Block(nn.Module):
    """A residual block of two convolutions, with the norms behind them or before."""

    def __init__(self, channels: int, out: int, stride: int, before: bool) -> None:
        super().__init__()
        self.before = before
        self.c1, self.b1 = (
            nn.Conv2d(channels, out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(channels if before else out),
        )
        self.c2, self.b2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        projection = nn.Conv2d(channels, out, 1, stride, bias=False)
        projected = projection if before else nn.Sequential(projection, nn.BatchNorm2d(out))
        self.skip = projected if stride > 1 or channels != out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        if self.before:
            return self.skip(x) + self.c2(F.relu(self.b2(self.c1(F.relu(self.b1(x))))))
        return F.relu(self.skip(x) + self.b2(self.c2(F.relu(self.b1(self.c1(x))))))


def resnet(before: bool = False, width: int = 16, blocks: int = 3) -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(3, width, 3, 1, 1, bias=False)]
    layers += [] if before else [nn.BatchNorm2d(width), nn.ReLU()]
    channels = width
    for stage, place in itertools.product(range(3), range(blocks)):
        out = width * 2**stage
        layers.append(Block(channels, out, 2 if stage and not place else 1, before))
        channels = out
    layers += [nn.BatchNorm2d(channels), nn.ReLU()] if before else []
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


class Dense(nn.Module):
    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.b1, self.c1 = nn.BatchNorm2d(channels), nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.b2, self.c2 = nn.BatchNorm2d(4 * growth), nn.Conv2d(4 * growth, growth, 3, 1, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.c2(F.relu(self.b2(self.c1(F.relu(self.b1(x))))))], 1)


def densenet(growth: int = 12, count: int = 4) -> nn.Module:
    channels = 2 * growth
    layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, 1, 1, bias=False)]
    for stage in range(3):
        for _ in range(count):
            layers.append(Dense(channels, growth))
            channels += growth
        if stage < 2:
            halved = nn.Conv2d(channels, channels // 2, 1, bias=False)
            layers += [nn.BatchNorm2d(channels), nn.ReLU(), halved, nn.AvgPool2d(2)]
            channels //= 2
    last = (nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
    return nn.Sequential(*layers, *last)


class UNet(nn.Module):
    def __init__(self, width: int = 16) -> None:
        super().__init__()

        def two(a: int, b: int) -> nn.Module:
            return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.Conv2d(b, b, 3, padding=1), nn.ReLU())

        self.d1, self.d2, self.d3 = two(3, width), two(width, 2 * width), two(2 * width, 4 * width)
        self.u2, self.u1 = nn.ConvTranspose2d(4 * width, 2 * width, 2, 2), nn.ConvTranspose2d(2 * width, width, 2, 2)
        self.c2, self.c1, self.out = two(4 * width, 2 * width), two(2 * width, width), nn.Conv2d(width, 2, 1)
        started(self)

    def forward(self, x: Tensor) -> Tensor:
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        y = self.c2(torch.cat([self.u2(self.d3(F.max_pool2d(b, 2))), b], 1))
        return self.out(self.c1(torch.cat([self.u1(y), a], 1)))


class Squeeze(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(channels, channels // 4, 1), nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.b(F.relu(self.a(F.adaptive_avg_pool2d(x, 1)))))


class Inverted(nn.Module):
    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__()
        wide = 4 * channels
        self.branch = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.Hardswish(),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.Hardswish(),
            Squeeze(wide), nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out),
        )  # fmt: skip
        self.skips = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        return x + self.branch(x) if self.skips else self.branch(x)


def mobilenet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.Hardswish(), Inverted(16, 16),
        Inverted(16, 24, 2), Inverted(24, 24), Inverted(24, 40, 2), Inverted(40, 40),
        nn.Conv2d(40, 160, 1, bias=False), nn.BatchNorm2d(160), nn.Hardswish(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(160, 10),
    )  # fmt: skip


class Attention(nn.Module):
    def __init__(self, width: int, causal: bool, by_hand: bool) -> None:
        super().__init__()
        self.qkv, self.out, self.causal, self.by_hand = (
            nn.Linear(width, 3 * width),
            nn.Linear(width, width),
            causal,
            by_hand,
        )

    def forward(self, x: Tensor) -> Tensor:
        batch, time, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, time, 3, 4, width // 4).permute(2, 0, 3, 1, 4).unbind(0)
        if self.by_hand:
            logits = q @ k.transpose(-2, -1) / math.sqrt(width // 4)
            if self.causal:
                logits = logits.masked_fill(torch.ones(time, time, dtype=torch.bool).triu(1), -math.inf)
            y = logits.softmax(-1) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(y.transpose(1, 2).reshape(batch, time, width))


class Layer(nn.Module):
    def __init__(self, width: int, causal: bool = False, by_hand: bool = False) -> None:
        super().__init__()
        self.n1, self.attention, self.n2 = nn.LayerNorm(width), Attention(width, causal, by_hand), nn.LayerNorm(width)
        self.inner = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.n1(x))
        return x + self.inner(self.n2(x))


class ViT(nn.Module):
    """zero: the token and the positions start at zero, as torchvision's token does."""

    def __init__(self, zero: bool = False, width: int = 128, depth: int = 4) -> None:
        super().__init__()
        size = 0.0 if zero else 0.02
        self.patches, self.token = nn.Conv2d(3, width, 8, 8), nn.Parameter(size * torch.randn(1, 1, width))
        self.places = nn.Parameter(size * torch.randn(1, 17, width))
        self.layers, self.norm = nn.Sequential(*(Layer(width) for _ in range(depth))), nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)
        started(self, 0.02)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        return self.head(self.norm(self.layers(x))[:, 0])


class Gpt(nn.Module):
    def __init__(self, by_hand: bool = False, words: int = 512, width: int = 128, depth: int = 4) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, width), nn.Embedding(64, width)
        self.layers = nn.Sequential(*(Layer(width, True, by_hand) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words, bias=False)
        started(self, 0.02)
        self.head.weight = self.words.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.norm(self.layers(self.words(tokens) + self.places(torch.arange(tokens.shape[1])))))


def generator(noise: int = 64, width: int = 32) -> nn.Module:
    layers: list[nn.Module] = []
    sizes = (noise, 4 * width, 2 * width, width)
    for place, (narrow, wide) in enumerate(itertools.pairwise(sizes)):
        stride = (4, 2, 1) if place else (4, 1, 0)
        layers += [nn.ConvTranspose2d(narrow, wide, *stride, bias=False), nn.BatchNorm2d(wide), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh())


class Sine(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(30 * x)


def siren(width: int = 256, depth: int = 4) -> nn.Module:
    layers: list[nn.Module] = [nn.Linear(2, width), Sine()]
    for _ in range(depth):
        layers += [nn.Linear(width, width), Sine()]
    model = nn.Sequential(*layers, nn.Linear(width, 1))
    for place, module in enumerate(model):
        if isinstance(module, nn.Linear):
            bound = math.sqrt(6 / width) / 30 if place else 0.5
            nn.init.uniform_(module.weight, -bound, bound)
    return model


class ConvNeXtLayer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.deep, self.norm = nn.Conv2d(width, width, 7, padding=3, groups=width), nn.LayerNorm(width)
        self.a, self.b, self.scale = (
            nn.Linear(width, 4 * width),
            nn.Linear(4 * width, width),
            nn.Parameter(1e-6 * torch.ones(width)),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.b(F.gelu(self.a(self.norm(self.deep(x).permute(0, 2, 3, 1)))))
        return x + (self.scale * y).permute(0, 3, 1, 2)


def convnext(width: int = 32) -> nn.Module:
    layers = (
        nn.Conv2d(3, width, 4, 4), ConvNeXtLayer(width), ConvNeXtLayer(width), nn.Conv2d(width, 2 * width, 2, 2),
        ConvNeXtLayer(2 * width), ConvNeXtLayer(2 * width), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.LayerNorm(2 * width), nn.Linear(2 * width, 10),
    )  # fmt: skip
    return started(nn.Sequential(*layers), 0.02)


class MixerLayer(nn.Module):
    def __init__(self, width: int, places: int) -> None:
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.over_places = nn.Sequential(nn.Linear(places, 2 * places), nn.GELU(), nn.Linear(2 * places, places))
        self.over_units = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.over_places(self.n1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.over_units(self.n2(x))


class Mixer(nn.Module):
    def __init__(self, width: int = 64, depth: int = 4) -> None:
        super().__init__()
        self.patches, self.norm, self.head = nn.Conv2d(3, width, 4, 4), nn.LayerNorm(width), nn.Linear(width, 10)
        self.layers = nn.Sequential(*(MixerLayer(width, 64) for _ in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.layers(self.patches(x).flatten(2).transpose(1, 2))).mean(1))
