"""Architectures as their papers and libraries start them, small: none of them is sick."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def drawn(model: nn.Module, gain: float, seed: int = 0) -> nn.Module:
    """Every matrix N(0, gain²/fan_in), every bias zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                std = gain / math.sqrt(parameter[0].numel())
                parameter.copy_(std * torch.randn(parameter.shape, generator=generator))
            elif name.endswith("bias"):
                parameter.zero_()
    return model


def mlp(activation: Callable[[], nn.Module] = nn.ReLU) -> nn.Module:
    return nn.Sequential(nn.Linear(20, 64), activation(), nn.Linear(64, 64), activation(), nn.Linear(64, 10))


def vgg() -> nn.Module:
    """With batch norm, as torchvision starts it: He by fan_out, heads of N(0, 0.01)."""
    layers: list[nn.Module] = []
    for narrow, wide in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(narrow, wide, 3, padding=1), nn.BatchNorm2d(wide), nn.ReLU(), nn.MaxPool2d(2)]
    head = (nn.Linear(128, 128), nn.ReLU(), nn.Dropout(), nn.Linear(128, 10))
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), *head)
    for layer in model:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0, 0.01)
    return model


class Bottle(nn.Module):
    def __init__(self, narrow: int, wide: int, stride: int, zero: bool) -> None:
        super().__init__()
        self.one, self.first = nn.Conv2d(narrow, wide, 3, stride, 1, bias=False), nn.BatchNorm2d(wide)
        self.two, self.second = nn.Conv2d(wide, wide, 3, 1, 1, bias=False), nn.BatchNorm2d(wide)
        skip = nn.Sequential(nn.Conv2d(narrow, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))
        self.skip: nn.Module = skip if narrow != wide else nn.Identity()
        if zero:
            nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.second(self.two(F.relu(self.first(self.one(x))))) + self.skip(x))


class ResNet(nn.Module):
    """He by fan_out; the last norm of each branch may start at zero, as torchvision's and timm's may."""

    def __init__(self, zero: bool = False) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 16, 7, 2, 3, bias=False), nn.BatchNorm2d(16)
        sizes = ((16, 16, 1), (16, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1))
        self.blocks = nn.Sequential(*(Bottle(*size, zero) for size in sizes))
        self.head = nn.Linear(64, 10)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.norm(self.stem(x))), 3, 2, 1)
        return self.head(self.blocks(x).mean((2, 3)))


class DenseNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(16 + 8 * i), nn.ReLU(), nn.Conv2d(16 + 8 * i, 8, 3, padding=1, bias=False))
            for i in range(6)
        )
        self.norm, self.head = nn.BatchNorm2d(64), nn.Linear(64, 10)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return self.head(F.relu(self.norm(x)).mean((2, 3)))


class UNet(nn.Module):
    """PyTorch's defaults, batch norms."""

    def __init__(self) -> None:
        super().__init__()

        def double(narrow: int, wide: int) -> nn.Module:
            one = (nn.Conv2d(narrow, wide, 3, padding=1), nn.BatchNorm2d(wide), nn.ReLU())
            return nn.Sequential(*one, nn.Conv2d(wide, wide, 3, padding=1), nn.BatchNorm2d(wide), nn.ReLU())

        self.down, self.bottom, self.up = double(3, 8), double(8, 16), double(16, 8)
        self.grow, self.out = nn.ConvTranspose2d(16, 8, 2, 2), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        wide = self.down(x)
        return self.out(self.up(torch.cat([self.grow(self.bottom(F.max_pool2d(wide, 2))), wide], 1)))


class MobileBlock(nn.Module):
    """Depthwise, with squeeze and excitation."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        inner = 4 * narrow
        self.expand = nn.Sequential(nn.Conv2d(narrow, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU6())
        depthwise = nn.Conv2d(inner, inner, 3, padding=1, groups=inner, bias=False)
        self.mix = nn.Sequential(depthwise, nn.BatchNorm2d(inner), nn.ReLU6())
        self.squeeze, self.excite = nn.Conv2d(inner, inner // 4, 1), nn.Conv2d(inner // 4, inner, 1)
        self.project = nn.Sequential(nn.Conv2d(inner, wide, 1, bias=False), nn.BatchNorm2d(wide))

    def forward(self, x: Tensor) -> Tensor:
        y = self.mix(self.expand(x))
        y = y * torch.sigmoid(self.excite(F.relu(self.squeeze(y.mean((2, 3), keepdim=True)))))
        y = self.project(y)
        return x + y if x.shape == y.shape else y


def mobilenet() -> nn.Module:
    stem = (nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6())
    blocks = (MobileBlock(16, 16), MobileBlock(16, 24), MobileBlock(24, 24))
    model = nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
    return model


class ConvNextBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix, self.norm = nn.Conv2d(width, width, 7, padding=3, groups=width), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.gamma = nn.Parameter(1e-6 * torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        y = self.gamma * self.down(F.gelu(self.up(self.norm(self.mix(x).permute(0, 2, 3, 1)))))
        return x + y.permute(0, 3, 1, 2)


def convnext() -> nn.Module:
    """Truncated N(0, 0.02) everywhere, layer scales of 1e-6."""
    stem, head = nn.Conv2d(3, 32, 4, 4), (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(32), nn.Linear(32, 10))
    model = nn.Sequential(stem, *(ConvNextBlock(32) for _ in range(3)), *head)
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.trunc_normal_(module.weight, std=0.02)
    return model


class Attended(nn.Module):
    """A pre-norm block with packed projections."""

    def __init__(self, width: int = 32, heads: int = 4, causal: bool = False) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down, self.heads, self.causal = (
            nn.Linear(width, 4 * width),
            nn.Linear(4 * width, width),
            heads,
            causal,
        )

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        parts = self.qkv(self.norm1(x)).chunk(3, -1)
        q, k, v = (part.view(batch, tokens, self.heads, -1).transpose(1, 2) for part in parts)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class ViT(nn.Module):
    """As timm starts it: truncated N(0, 0.02), a head of zeros."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 8, 8)
        self.token, self.places = nn.Parameter(torch.zeros(1, 1, width)), nn.Parameter(0.02 * torch.randn(1, 17, width))
        self.blocks = nn.Sequential(*(Attended(width) for _ in range(3)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(self.head.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        return self.head(self.norm(self.blocks(x))[:, 0])


class Gpt(nn.Module):
    """GPT-2's start: N(0, 0.02), residual ends by 1/sqrt(2L), a tied head; or an embedding of N(0, 1)."""

    def __init__(self, words: int = 60, width: int = 32, depth: int = 3, embedding: float = 0.02) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, width), nn.Embedding(32, width)
        self.blocks = nn.ModuleList(Attended(width, causal=True) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                ends = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(parameter, 0, 0.02 / math.sqrt(2 * depth) if ends else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
        nn.init.normal_(self.words.weight, 0, embedding)
        self.head.weight = self.words.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class RMSNorm(nn.Module):
    """By hand; Gemma's has 1 + weight."""

    def __init__(self, width: int, plus_one: bool = False) -> None:
        super().__init__()
        self.weight, self.plus_one = nn.Parameter(torch.zeros(width) if plus_one else torch.ones(width)), plus_one

    def forward(self, x: Tensor) -> Tensor:
        scale = 1 + self.weight if self.plus_one else self.weight
        return scale * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))


class Llama(nn.Module):
    """SwiGLU, norms by hand, attention by hand, N(0, 0.02)."""

    def __init__(self, words: int = 60, width: int = 32, plus_one: bool = False) -> None:
        super().__init__()
        self.words, self.layers = nn.Embedding(words, width), nn.ModuleList()
        for _ in range(2):
            layer = nn.Module()
            layer.norm1, layer.norm2 = RMSNorm(width, plus_one), RMSNorm(width, plus_one)
            for name, sizes in {"q": (width, width), "k": (width, width), "v": (width, width), "o": (width, width),
                                "gate": (width, 80), "up": (width, 80), "down": (80, width)}.items():  # fmt: skip
                layer.add_module(name, nn.Linear(*sizes, bias=False))
            self.layers.append(layer)
        self.norm, self.head = RMSNorm(width, plus_one), nn.Linear(width, words, bias=False)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, 0, 0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.words(tokens)
        for layer in self.layers:
            h = layer.norm1(x)
            shares = (layer.q(h) @ layer.k(h).transpose(-1, -2) / 6).softmax(-1)
            x = x + layer.o(shares @ layer.v(h))
            h = layer.norm2(x)
            x = x + layer.down(F.silu(layer.gate(h)) * layer.up(h))
        return self.head(self.norm(x))


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.Module]) -> None:
        super().__init__()
        self.words, self.layer, self.head = (
            nn.Embedding(60, 16),
            kind(16, 24, num_layers=2, batch_first=True),
            nn.Linear(24, 60),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.layer(self.words(tokens))[0])


class Encoder(nn.Module):
    """torch's own layers, deep copies of one another."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.words, self.head = nn.Embedding(60, 32), nn.Linear(32, 60)
        self.layers = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.layers(self.words(tokens)))


class Translator(nn.Module):
    """Encoder and decoder, which torch draws by Glorot."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.head = nn.Embedding(60, 32), nn.Linear(32, 60)
        self.both = nn.Transformer(32, 4, 2, 2, 64, batch_first=True)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.both(self.words(tokens), self.words(tokens)))


class Selective(nn.Module):
    """A selective state space: tables of A_log that are equal on purpose, D of ones."""

    def __init__(self, width: int = 32, states: int = 8) -> None:
        super().__init__()
        table = torch.log(torch.arange(1, states + 1).float()).repeat(width, 1)
        self.enter, self.mix, self.leave = (
            nn.Linear(width, 2 * width),
            nn.Linear(width, 2 * states),
            nn.Linear(width, width),
        )
        self.A_log, self.B_log = nn.Parameter(table), nn.Parameter(table.clone())
        self.D = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        u, z = self.enter(x).chunk(2, -1)
        b, c = self.mix(u).chunk(2, -1)
        state = torch.exp(-torch.exp(self.A_log) - torch.exp(self.B_log)) * u.unsqueeze(-1) + b.unsqueeze(-2)
        return x + self.leave(((state * c.unsqueeze(-2)).sum(-1) + self.D * u) * F.silu(z))


class Adapted(nn.Module):
    """LoRA: a frozen base, A drawn, B zero."""

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Linear(16, 16).requires_grad_(False)
        self.a, self.b = nn.Linear(16, 4, bias=False), nn.Linear(4, 16, bias=False)
        nn.init.zeros_(self.b.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.b(self.a(x))
