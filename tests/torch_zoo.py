"""Small models of every kind that is read, in PyTorch."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """As transformers writes it: with casts, in its own operations."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        h = x.to(torch.float32)
        h = h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + 1e-6)
        return self.weight * h.to(x.dtype)


class NewGELU(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Gated(nn.Module):
    """SwiGLU with two projections."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate, self.up, self.down = nn.Linear(width, hidden), nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))


class PackedGated(nn.Module):
    """SwiGLU with one projection for both halves."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.both, self.down = nn.Linear(width, 2 * hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self.both(x).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Attention(nn.Module):
    """Packed q, k and v; attention by one call or by hand."""

    def __init__(self, width: int, by_hand: bool) -> None:
        super().__init__()
        self.qkv, self.out, self.by_hand = nn.Linear(width, 3 * width), nn.Linear(width, width), by_hand

    def forward(self, x: Tensor) -> Tensor:
        batch, time, width = x.shape
        q, k, v = self.qkv(x).view(batch, time, 3, 2, width // 2).permute(2, 0, 3, 1, 4)
        if self.by_hand:
            y = ((q @ k.transpose(-1, -2)) / math.sqrt(width // 2)).softmax(-1) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(batch, time, width))


class Block(nn.Module):
    def __init__(self, width: int, mlp: nn.Module, by_hand: bool) -> None:
        super().__init__()
        self.before, self.between = RMSNorm(width), nn.LayerNorm(width)
        self.attention, self.mlp = Attention(width, by_hand), mlp

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.before(x))
        return x + self.mlp(self.between(x))


class Decoder(nn.Module):
    """A small GPT with a tied head, one block with a GELU written out and one gated."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(11, width), nn.Embedding(6, width)
        plain = nn.Sequential(nn.Linear(width, 16), NewGELU(), nn.Linear(16, width))
        self.blocks = nn.ModuleList([Block(width, plain, False), Block(width, Gated(width, 16), True)])
        self.final, self.head = RMSNorm(width), nn.Linear(width, 11, bias=False)
        self.head.weight = self.words.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.final(x))


class ResidualBlock(nn.Module):
    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.c2, self.b2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        projected = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        self.skip = projected if stride > 1 or out != channels else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.skip(x) + self.b2(self.c2(F.relu(self.b1(self.c1(x))))))


def resnet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace=True), ResidualBlock(8, 8), ResidualBlock(8, 16, 2),
        ResidualBlock(16, 16), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5),
    )  # fmt: skip


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.enter, self.down = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, 2, 1)
        self.up, self.leave = nn.ConvTranspose2d(16, 8, 2, 2), nn.Conv2d(16, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = F.relu(self.enter(x))
        return self.leave(torch.cat([a, F.relu(self.up(F.leaky_relu(self.down(a), 0.2)))], 1))


class Experts(nn.Module):
    """A mixture by einsum over all experts."""

    def __init__(self, experts: int = 4, width: int = 6, hidden: int = 10) -> None:
        super().__init__()
        self.router = nn.Linear(width, experts)
        self.up = nn.Parameter(torch.randn(experts, width, hidden))
        self.down = nn.Parameter(torch.randn(experts, hidden, width))

    def forward(self, x: Tensor) -> Tensor:
        share = self.router(x).softmax(-1)
        hidden = F.gelu(torch.einsum("bd,edh->beh", x, self.up))
        return x + torch.einsum("be,bed->bd", share, torch.einsum("beh,ehd->bed", hidden, self.down))


class LoopedExperts(nn.Module):
    """A mixture that calls one slice of the stack after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.randn(3, 5, 6))  # (experts, out, in)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([F.relu(F.linear(x, self.weights[e])) for e in range(3)]).sum(0)


class HandLSTM(nn.Module):
    def __init__(self, inputs: int = 3, hidden: int = 4) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(inputs, 4 * hidden))
        self.u = nn.Parameter(torch.randn(hidden, 4 * hidden))
        self.b = nn.Parameter(torch.zeros(4 * hidden))

    def forward(self, x: Tensor) -> Tensor:
        h = c = torch.zeros(x.shape[0], 4)
        for t in range(x.shape[1]):
            i, f, g, o = (x[:, t] @ self.w + h @ self.u + self.b).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return h


class Adapter(nn.Module):
    """A weight plus a product of two: W + B A."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 8)
        self.a, self.b = nn.Parameter(torch.randn(2, 6)), nn.Parameter(torch.zeros(8, 2))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(F.linear(x, self.layer.weight + self.b @ self.a, self.layer.bias))


class Bare(nn.Module):
    """Parameters that no layer owns: an embedding, positions, a token, a weight with heads, a gain."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(20, 6))
        self.places, self.token = nn.Parameter(torch.zeros(10, 6)), nn.Parameter(torch.zeros(1, 1, 6))
        self.heads, self.gain = nn.Parameter(torch.randn(6, 2, 5)), nn.Parameter(torch.ones(5))
        self.never = nn.Parameter(torch.ones(3))

    def forward(self, tokens: Tensor) -> Tensor:
        x = F.embedding(tokens, self.table) + self.places[: tokens.shape[1]]
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1)
        return torch.einsum("btd,dhk->bhtk", x, self.heads).tanh() * self.gain


class HandNorm(nn.Module):
    """Standardizes its hidden layer in plain operations, in a class whose name says nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.leave, self.gain = nn.Linear(6, 8), nn.Linear(8, 4), nn.Parameter(torch.ones(8))

    def forward(self, x: Tensor) -> Tensor:
        h = self.enter(x)
        h = (h - h.mean(-1, keepdim=True)) / (h.var(-1, keepdim=True) + 1e-5).sqrt() * self.gain
        return self.leave(F.relu(h))
