"""More sick models with twins, written after the limits were set: models that the rules were not made for."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from sick_corpus import (
    Block,
    Function,
    Sick,
    Words,
    he,
    mlp,
    named,
    randn,
    seeded,
    twin,
    words,
)  # fmt: skip
from torch import Tensor, nn

ROWS: dict[str, Any] = {}


def row(make: Any) -> Any:
    ROWS[make.__name__] = make
    return make


class VisionTransformer(nn.Module):
    def __init__(self, width: int = 48, depth: int = 4, root: bool = True) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, width, 4, 4)
        self.token, self.place = (
            nn.Parameter(randn(1, 1, width, std=0.02)),
            nn.Parameter(randn(1, 17, width, seed=1, std=0.02)),
        )
        self.blocks = nn.Sequential(*(Block(width, 3, root=root) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.place
        return self.head(self.norm(self.blocks(x))[:, 0])


class Mixer(nn.Module):
    """Mixes positions, then channels."""

    def __init__(self, tokens: int = 16, width: int = 32, depth: int = 4) -> None:
        super().__init__()
        self.enter = nn.Linear(12, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * depth))
        self.mixers = nn.ModuleList(
            mlp([size, 2 * size, size], nn.GELU, 1.4) for _ in range(depth) for size in (tokens, width)
        )
        self.head = nn.Linear(width, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        for place, (norm, mixer) in enumerate(zip(self.norms, self.mixers, strict=True)):
            y = norm(x)
            x = x + (mixer(y) if place % 2 else mixer(y.transpose(1, 2)).transpose(1, 2))
        return self.head(x.mean(1))


class Highway(nn.Module):
    def __init__(self, depth: int, width: int = 40, carry: float = -2.0) -> None:
        super().__init__()
        self.enter = nn.Linear(16, width)
        self.plain, self.gates = (nn.ModuleList(nn.Linear(width, width) for _ in range(depth)) for _ in range(2))
        for gate in self.gates:
            nn.init.constant_(gate.bias, carry)
        self.head = nn.Linear(width, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        for plain, gate in zip(self.plain, self.gates, strict=True):
            share = torch.sigmoid(gate(x))
            x = share * F.relu(plain(x)) + (1 - share) * x
        return self.head(x)


class Experts(nn.Module):
    def __init__(self, width: int = 24, count: int = 4) -> None:
        super().__init__()
        self.router = nn.Linear(width, count)
        self.experts = nn.ModuleList(mlp([width, 48, width]) for _ in range(count))
        self.head = nn.Linear(width, 3)

    def forward(self, x: Tensor) -> Tensor:
        share = self.router(x).softmax(-1)
        return self.head(sum(share[:, place : place + 1] * expert(x) for place, expert in enumerate(self.experts)))


class Lstm(nn.Module):
    def __init__(self, norm: bool = False) -> None:
        super().__init__()
        self.words, self.norm = nn.Embedding(80, 24), nn.LayerNorm(1 if norm else 32)
        self.lstm, self.squeeze, self.head = (
            nn.LSTM(24, 32, 2, batch_first=True),
            nn.Linear(32, 1 if norm else 32),
            nn.Linear(1 if norm else 32, 80),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.norm(self.squeeze(self.lstm(self.words(tokens))[0]))).transpose(1, 2)


class Densenet(nn.Module):
    def __init__(self, norm: bool = True) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(16 + 8 * i) if norm else nn.Identity(), nn.ReLU(), nn.Conv2d(16 + 8 * i, 8, 3, padding=1)
            )
            for i in range(8)
        )
        self.head = nn.Linear(80, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return self.head(F.relu(x).mean((2, 3)))


class Autoencoder(nn.Module):
    """With a bottleneck and a learned variance."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.mean, self.spread = mlp([64, 96, 96], nn.SiLU, 1.6), nn.Linear(96, 8), nn.Linear(96, 8)
        self.decoder = mlp([8, 96, 96, 64], nn.SiLU, 1.6)

    def forward(self, x: Tensor) -> Tensor:
        h = F.silu(self.encoder(x))
        return self.decoder(self.mean(h) + torch.exp(self.spread(h)) * 0.1)


VECTORS, PLAIN, IMAGES, LABELS = (
    randn(48, 16, seed=9),
    randn(48, 3, seed=8),
    randn(16, 3, 16, 16, seed=7),
    words(16, of=10, seed=6),
)
TOKENS = words(16, 10, of=80, seed=5)


def vectors(model: nn.Module, healthy: nn.Module, codes: Any, guilty: Any, **rest: Any) -> Sick:
    return Sick(model, healthy, (VECTORS,), codes, guilty, "mse", PLAIN, **rest)


def images(model: nn.Module, healthy: nn.Module, codes: Any, guilty: Any, **rest: Any) -> Sick:
    return Sick(model, healthy, (IMAGES,), codes, guilty, "cross_entropy", LABELS, **rest)


@row
def vit_head_of_wide_weights() -> Sick:
    model, healthy = twin(VisionTransformer, lambda m: m.head.weight.mul_(60))
    return images(model, healthy, ("HS402",), ("head",))


@row
def vit_patches_of_zeros() -> Sick:
    model, healthy = twin(VisionTransformer, lambda m: m.patch.weight.zero_())
    return images(model, healthy, ("HS604", "HS204"), ("patch",))


@row
def vit_dead_mlp() -> Sick:
    model, healthy = twin(lambda: VisionTransformer(), lambda m: [b.up.bias.fill_(-20) for b in m.blocks[1:2]])
    for each in (model, healthy):
        for block in each.blocks:
            block.activation = F.relu
    return images(model, healthy, ("HS205",), ("blocks.1",))


@row
def vit_without_root() -> Sick:
    model, healthy = (seeded(lambda root=root: he(VisionTransformer(192, 2, root), 1.0)) for root in (False, True))
    return images(model, healthy, ("HS209",), ("blocks.0", "blocks.1"))


@row
def vit_nan_in_a_norm() -> Sick:
    model, healthy = twin(VisionTransformer, lambda m: m.blocks[2].norm1.weight[3:4].fill_(math.nan))
    return images(model, healthy, ("HS206",), ("blocks.2.norm1",))


@row
def mixer_of_constant_rows() -> Sick:
    model, healthy = twin(Mixer, lambda m: m.mixers[3][0].weight.fill_(0.1))
    return Sick(model, healthy, (randn(32, 16, 12),), ("HS101",), ("mixers.3.0",), "mse", randn(32, 5))


@row
def mixer_with_a_dead_pair() -> Sick:
    model, healthy = twin(Mixer, lambda m: (m.mixers[2][0].weight.zero_(), m.mixers[2][2].weight.zero_()))
    return Sick(model, healthy, (randn(32, 16, 12),), ("HS605",), ("mixers.2.0", "mixers.2.2"), "mse", randn(32, 5))


@row
def highway_with_open_gates() -> Sick:
    model, healthy = seeded(Highway, 30, carry=6.0), seeded(Highway, 30)
    return vectors(model, healthy, ("HS201", "HS204", "HS301"), ("plain", "gates"))


@row
def experts_with_a_sharp_router() -> Sick:
    model, healthy = twin(Experts, lambda m: m.router.weight.mul_(200))
    return Sick(model, healthy, (randn(48, 24),), ("HS203",), ("router",), "mse", PLAIN)


@row
def lstm_behind_a_norm_of_one() -> Sick:
    return Sick(
        seeded(Lstm, True), seeded(Lstm), (TOKENS,), ("HS208",), ("norm",), "cross_entropy", words(16, 10, of=80)
    )


@row
def lstm_of_huge_words() -> Sick:
    model, healthy = twin(Lstm, lambda m: m.head.weight.mul_(400))
    return Sick(model, healthy, (TOKENS,), ("HS402",), ("head",), "cross_entropy", words(16, 10, of=80))


@row
def densenet_with_a_huge_stem() -> Sick:
    model, healthy = twin(lambda: he(Densenet(False), 1.0), lambda m: m.layers[2][2].weight.mul_(3000))
    return images(model, healthy, ("HS202",), ("layers.2.2",))


@row
def densenet_below_zero() -> Sick:
    model, healthy = twin(Densenet, lambda m: m.layers[5][0].bias.fill_(-8))
    return images(model, healthy, ("HS205",), ("layers.5",))


@row
def autoencoder_that_overflows() -> Sick:
    model, healthy = twin(Autoencoder, lambda m: m.spread.weight.mul_(3000))
    return Sick(model, healthy, (randn(32, 64),), ("HS206",), ("exp", "", "spread"), "mse", randn(32, 64, seed=1))


@row
def autoencoder_whose_decoder_hears_nothing() -> Sick:
    model, healthy = twin(Autoencoder, lambda m: m.decoder[2].weight.mul_(1e-4))
    return Sick(model, healthy, (randn(32, 64),), ("HS201",), ("decoder.2",), "mse", randn(32, 64, seed=1))


@row
def deep_elu_of_large_weights() -> Sick:
    model, healthy = seeded(mlp, [16] + [80] * 12 + [3], nn.ELU, 2.6), seeded(mlp, [16] + [80] * 12 + [3], nn.ELU, 1.2)
    return vectors(model, healthy, ("HS202", "HS302"), named(model))


@row
def deep_prelu_of_small_weights() -> Sick:
    model, healthy = (
        seeded(mlp, [16] + [80] * 16 + [3], nn.PReLU, 0.7),
        seeded(mlp, [16] + [80] * 16 + [3], nn.PReLU, 1.37),
    )
    return vectors(model, healthy, ("HS201",), named(model))


@row
def default_gelu_thirty_deep() -> Sick:
    model, healthy = (
        seeded(mlp, [16] + [80] * 30 + [3], nn.GELU, None),
        seeded(mlp, [16] + [80] * 12 + [3], nn.GELU, 1.45),
    )
    return vectors(model, healthy, ("HS204", "HS301"), named(model))


@row
def softsign_of_huge_weights() -> Sick:
    model, healthy = twin(mlp, lambda m: m[4].weight.mul_(60), [16, 80, 80, 80, 80, 3], nn.Softsign, 1.5)
    return vectors(model, healthy, ("HS203", "HS302"), ("4", "5"))


@row
def relu6_beyond_six() -> Sick:
    model, healthy = twin(mlp, lambda m: m[2].bias.fill_(30.0), [16, 80, 80, 80, 3], nn.ReLU6)
    return vectors(model, healthy, ("HS203", "HS204", "HS301"), ("2", "3"))


@row
def one_dimensional_residual_without_norm() -> Sick:
    class Net(nn.Module):
        def __init__(self, end: float) -> None:
            super().__init__()
            self.enter, self.head = nn.Conv1d(4, 24, 1), nn.Conv1d(24, 2, 1)
            self.blocks = nn.ModuleList(
                nn.Sequential(nn.Conv1d(24, 48, 3, padding=1), nn.SiLU(), nn.Conv1d(48, 24, 3, padding=1))
                for _ in range(26)
            )
            he(self, 1.6)
            for block in self.blocks:
                block[2].weight.data.mul_(end)

        def forward(self, x: Tensor) -> Tensor:
            x = self.enter(x)
            for block in self.blocks:
                x = x + block(x)
            return self.head(x)

    return Sick(
        seeded(Net, 1.0), seeded(Net, 0.12), (randn(16, 4, 24),), ("HS202",), tuple(f"blocks.{i}.2" for i in range(26))
    )


@row
def decoder_head_tied_to_unit_words() -> Sick:
    model, healthy = twin(Words, lambda m: m.words.weight.normal_(0, 1), 2, 192, 80, tied=True)
    return Sick(model, healthy, (TOKENS,), ("HS402",), ("words", "head"), "cross_entropy", words(16, 10, of=80))


@row
def post_norm_without_scale() -> Sick:
    model, healthy = twin(
        lambda: Words(3, norm="post"), lambda m: (m.blocks[1].norm2.weight.zero_(), m.blocks[1].norm2.bias.fill_(0.5))
    )
    return Sick(
        model,
        healthy,
        (words(12, 16, of=200),),
        ("HS608", "HS204"),
        ("blocks.1.norm2",),
        "cross_entropy",
        words(12, 16, of=200, seed=2),
    )


@row
def policy_that_saturates() -> Sick:
    def build() -> nn.Module:
        return nn.Sequential(*mlp([16, 64, 64, 3], nn.ReLU), nn.Tanh())

    model, healthy = twin(build, lambda m: m[4].weight.mul_(25))
    return vectors(model, healthy, ("HS203",), ("4", "5"))


@row
def three_d_convolutions_of_tiny_weights() -> Sick:
    def build() -> nn.Module:
        layers: list[nn.Module] = []
        for i in range(5):
            layers += [nn.Conv3d(1 if i == 0 else 8, 8, 3, padding=1), nn.ReLU()]
        model = nn.Sequential(*layers, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(8, 4))
        for layer in model.modules():
            if isinstance(layer, (nn.Conv3d, nn.Linear)):
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.bias)
        return model

    def change(model: Any) -> None:
        for place in range(0, 10, 2):
            model[place].weight.mul_(0.2)

    model, healthy = twin(build, change)
    return Sick(model, healthy, (randn(8, 1, 6, 6, 6),), ("HS201",), tuple(str(i) for i in range(0, 10, 2)))


@row
def graph_layers_that_smooth() -> Sick:
    """Not mended by weights: averages over neighbours, with no self loop, sixteen times."""

    class Net(nn.Module):
        def __init__(self, skip: bool) -> None:
            super().__init__()
            ring = torch.roll(torch.eye(12), 1, 0) + torch.roll(torch.eye(12), -1, 0) + torch.eye(12)
            self.register_buffer("near", ring / 3)
            self.enter, self.head, self.skip = nn.Linear(6, 32), nn.Linear(32, 3), skip
            self.layers = nn.ModuleList(nn.Linear(32, 32) for _ in range(16))

        def forward(self, x: Tensor) -> Tensor:
            x = self.enter(x)
            for layer in self.layers:
                y = F.relu(layer(self.near @ x))
                x = x + 0.1 * y if self.skip else y
            return self.head(x.mean(1))

    return Sick(
        seeded(Net, False),
        seeded(Net, True),
        (randn(32, 12, 6),),
        ("HS204", "HS301", "HS201"),
        ("layers", "enter"),
    )


@row
def spiking_slope() -> Sick:
    """A hard threshold lets no gradient through."""

    def build(hard: bool) -> nn.Module:
        return nn.Sequential(
            nn.Linear(16, 64),
            Function(lambda x: (x > 0).float() + 0 * x if hard else torch.sigmoid(4 * x)),
            nn.Linear(64, 3),
        )

    return vectors(seeded(build, True), seeded(build, False), ("HS301", "HS303", "HS604"), ("0", "1"))
