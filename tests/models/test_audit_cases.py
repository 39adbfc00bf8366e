"""Public reports of models that started wrongly, each with a healthy twin: what an audit has to say of both.

The threads are named. `kind` is the sickness in one word, and `KINDS` says which rules find it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import headstart as hs
from headstart.audits.kinds import KINDS
from headstart.signals.parameters import BY_CODE


class Case(NamedTuple):
    """A sick model, its healthy twin, the inputs of both, and the parameters to be named."""

    kind: str
    guilty: tuple[str, ...]
    sick: nn.Module
    healthy: nn.Module
    inputs: tuple[Tensor, ...]
    twin_inputs: tuple[Tensor, ...] | None = None
    severity: str = "fault"


def randn(*shape: int, seed: int = 0, std: float = 1.0) -> Tensor:
    return std * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def seeded(seed: int, build: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def he(layer: nn.Module) -> nn.Module:
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


class WithBackground(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.project, self.classes = nn.Linear(32, 64), nn.Parameter(randn(5, 64, seed=1, std=0.02))
        self.background = nn.Parameter(randn(1, 64, seed=4, std=0.02))

    def forward(self, x: Tensor) -> Tensor:
        return self.project(x) @ torch.cat([self.classes, self.background]).T


def background_left_empty() -> Case:
    """sauradip/STALE#16: torch.empty, never filled; here as mapped memory held it, whole numbers read as floats."""
    sick, healthy = seeded(0, WithBackground), seeded(0, WithBackground)
    bits = torch.randint(-(2**31), 2**31 - 1, (1, 64), generator=torch.Generator().manual_seed(3))
    sick.background.data.copy_(bits.to(torch.int32).view(torch.float32))
    return Case("uninitialized", ("background",), sick, healthy, (randn(16, 32),))


class CosineHead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.weight = nn.Sequential(nn.Linear(20, 32), nn.ReLU()), nn.Parameter(torch.zeros(10, 32))

    def forward(self, x: Tensor) -> Tensor:
        h = self.body(x)
        return h @ self.weight.T / (h.norm(dim=1, keepdim=True) * self.weight.norm(dim=1))


def cosine_head_of_zeros() -> Case:
    """amirhfarzaneh/lsoftmax-pytorch#7: nobody calls its reset: zeros divided by their norm."""
    sick, healthy = seeded(2, CosineHead), seeded(2, CosineHead)
    nn.init.xavier_uniform_(healthy.weight.data, generator=torch.Generator().manual_seed(9))
    return Case("zero_layer", ("weight",), sick, healthy, (randn(16, 20),))


def lazy_layer_became_zeros() -> Case:
    """pytorch/pytorch#149691: a lazy layer materialized as zeros."""

    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 3))

    sick = seeded(3, build)
    for parameter in sick[2].parameters():
        parameter.data.zero_()
    return Case("zero_layer", ("2.weight",), sick, seeded(3, build), (randn(32, 12),))


def lazy_not_materialized() -> Case:
    """pytorch/pytorch#125861."""
    sick = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.LazyLinear(3))
    healthy = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 3))
    return Case("lazy", ("2.weight", "2.bias"), sick, healthy, (randn(8, 12),), severity="remark")


class Generator(nn.Module):
    def __init__(self, std: float) -> None:
        super().__init__()
        self.hidden, self.out = nn.Linear(16, 64), nn.Linear(64, 49)
        for seed, layer in enumerate((self.hidden, self.out), 1):
            layer.weight.data.copy_(randn(*layer.weight.shape, seed=seed, std=std))
            layer.bias.data.zero_()

    def forward(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.out(F.relu(self.hidden(z))))


def integer_division_made_the_std_zero() -> Case:
    """nlintz/TensorFlow-Tutorials#83: 1 // 16."""
    return Case("dead_pair", ("hidden.weight", "out.weight"), Generator(1 // 16), Generator(0.25), (randn(32, 16),))


class PreNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm1(x)
        x = x + self.attention(h, h, h, need_weights=False)[0]
        return x + self.down(F.gelu(self.up(self.norm2(x))))


def norm_scales_drawn_like_weights() -> Case:
    """huggingface/transformers#143: the general rule drew scales and shifts too."""

    def build() -> nn.Module:
        return nn.Sequential(nn.Linear(8, 32), *(PreNorm(32) for _ in range(3)), nn.LayerNorm(32), nn.Linear(32, 10))

    healthy = seeded(6, build)
    sick = copy.deepcopy(healthy)
    guilty = [name for name, p in sick.named_parameters() if "norm" in name or name.startswith("4.")]
    for seed, name in enumerate(guilty):
        sick.get_parameter(name).data.copy_(randn(32, seed=seed, std=0.02))
    named = tuple(name for name in guilty if name.endswith("weight"))
    return Case("norm_scale", named, sick, healthy, (randn(16, 6, 8),))


def norm_scale_and_shift_swapped() -> Case:
    """google/objax#94."""
    healthy = seeded(7, lambda: nn.Sequential(nn.Linear(10, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 4)))
    sick = copy.deepcopy(healthy)
    sick[1].weight.data.zero_()
    sick[1].bias.data.fill_(1.0)
    return Case("norm_scale", ("1.weight",), sick, healthy, (randn(64, 10),))


class ConditionalNorm(nn.Module):
    def __init__(self, width: int, plus_one: bool) -> None:
        super().__init__()
        self.scale, self.shift, self.plus_one = nn.Linear(6, width), nn.Linear(6, width), plus_one
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:]) * (self.plus_one + self.scale(condition)) + self.shift(condition)


class Conditioned(nn.Module):
    def __init__(self, plus_one: bool) -> None:
        super().__init__()
        self.enter, self.norm, self.out = nn.Linear(10, 32), ConditionalNorm(32, plus_one), nn.Linear(32, 3)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return self.out(F.gelu(self.norm(self.enter(x), condition)))


def conditional_scale_of_zero() -> Case:
    """ecmwf/anemoi-core#633: scale and shift began at zero; with 1 + scale the same zeros are right."""
    guilty = ("norm.scale.weight", "norm.scale.bias")
    inputs = (randn(32, 10), randn(32, 6, seed=3))
    sick, healthy = (seeded(9, lambda one=one: Conditioned(one)) for one in (False, True))
    return Case("input_independent", guilty, sick, healthy, inputs)


class Critics(nn.Module):
    def __init__(self, copied: bool) -> None:
        super().__init__()

        def build() -> nn.Module:
            return nn.Sequential(nn.Linear(7, 32), nn.ReLU(), nn.Linear(32, 1))

        self.first = build()
        self.second = copy.deepcopy(self.first) if copied else build()
        self.target = copy.deepcopy(self.first).requires_grad_(False)  # meant to be equal

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.first(x), self.second(x)], 1)


def critics_are_copies() -> Case:
    """EdanToledo/Stoix#72: both critics got one seed."""
    sick, healthy = (seeded(10, lambda copied=copied: Critics(copied)) for copied in (True, False))
    return Case("identical_tensors", ("second.0.weight", "second.2.weight"), sick, healthy, (randn(64, 7),))


class Experts(nn.Module):
    def __init__(self, equal: bool) -> None:
        super().__init__()
        drawn = 1 if equal else 4
        self.up = nn.Parameter(randn(drawn, 16, 24, seed=1, std=0.25).repeat(4 // drawn, 1, 1))
        self.down = nn.Parameter(randn(drawn, 24, 16, seed=2, std=0.2).repeat(4 // drawn, 1, 1))
        self.router = nn.Linear(16, 4, bias=False)
        nn.init.zeros_(self.router.weight)

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.relu(torch.einsum("bd,edh->beh", x, self.up))
        return torch.einsum("be,bed->bd", self.router(x).softmax(-1), torch.einsum("beh,ehd->bed", hidden, self.down))


def experts_are_copies() -> Case:
    """PaddlePaddle/PaddleRec#721: slices of one stack."""
    return Case("identical_tensors", ("up", "down"), Experts(True), Experts(False), (randn(64, 16),))


class Temporal(nn.Module):
    def __init__(self, matched: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv1d(16, 16, 3, padding=1) for _ in range(20))
        self.head = nn.Conv1d(16, 3, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv1d if matched else nn.Conv2d):
                he(module)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.head(x)


def an_init_that_asked_for_another_class() -> Case:
    """wzmsltw/BSN-boundary-sensitive-network.pytorch#16: isinstance(m, nn.Conv2d) in a network of Conv1d."""
    guilty = tuple(f"layers.{i}.weight" for i in range(20))
    sick, healthy = (seeded(12, lambda matched=matched: Temporal(matched)) for matched in (False, True))
    return Case("vanishing_gradient", guilty, sick, healthy, (randn(16, 16, 20),))


class SmallT5(nn.Module):
    def __init__(self, head_std: float) -> None:
        super().__init__()
        self.embed, self.norm, self.mlp = nn.Embedding(1000, 128), nn.LayerNorm(128), nn.Linear(128, 128)
        self.lm_head = nn.Linear(128, 1000, bias=False)
        self.lm_head.weight.data.copy_(randn(1000, 128, seed=2, std=head_std))

    def forward(self, tokens: Tensor) -> Tensor:
        return self.lm_head(self.norm(self.mlp(self.embed(tokens))))


def head_of_unit_variance() -> Case:
    """huggingface/transformers#26441: logits of variance d."""
    sick, healthy = (seeded(14, lambda std=std: SmallT5(std)) for std in (1.0, 128**-0.5))
    tokens = torch.randint(0, 1000, (16, 8), generator=torch.Generator().manual_seed(3))
    return Case("first_loss", ("lm_head.weight",), sick, healthy, (tokens,))


def plain(depth: int, width: int, std: float, activation: type[nn.Module]) -> nn.Module:
    layers: list[nn.Module] = []
    for i in range(depth):
        linear = nn.Linear(width, width)
        linear.weight.data.copy_(randn(width, width, seed=i, std=std))
        linear.bias.data.zero_()
        layers += [linear, activation()]
    last = nn.Linear(width, 3)
    last.weight.data.copy_(randn(3, width, seed=depth, std=width**-0.5))
    return nn.Sequential(*layers, last)


def variance_passed_as_std() -> Case:
    """brain-research/mean-field-cnns#2: 2/n where sqrt(2/n) was meant."""
    guilty = tuple(f"{2 * i}.weight" for i in range(8))
    sick, healthy = plain(8, 64, 2 / 64, nn.ReLU), plain(8, 64, math.sqrt(2 / 64), nn.ReLU)
    return Case("vanishing_forward", guilty, sick, healthy, (randn(64, 64),))


def gain_with_a_nested_root() -> Case:
    """dreamquark-ai/tabnet#63: variance 1/sqrt(n) where 1/n was meant."""
    guilty = tuple(f"{2 * i}.weight" for i in range(8))
    sick, healthy = plain(8, 256, 256**-0.25, nn.Identity), plain(8, 256, 256**-0.5, nn.Identity)
    return Case("exploding_forward", guilty, sick, healthy, (randn(64, 256),))


class Digits(nn.Module):
    def __init__(self, std: float) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(784, 30), nn.Linear(30, 10)
        self.fc1.weight.data.copy_(randn(30, 784, seed=1, std=std))
        self.fc1.bias.data.zero_()

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(torch.sigmoid(self.fc1(x)))


def fan_out_where_fan_in_was_meant() -> Case:
    """mnielsen/neural-networks-and-deep-learning#30: sqrt(1/n_out) in the code, sqrt(1/n_in) in the book."""
    return Case("saturation", ("fc1.weight",), Digits(30**-0.5), Digits(784**-0.5), (randn(64, 784),))


def bias_that_kills_its_relu() -> Case:
    """facebookresearch/dlrm#358."""

    def build(bias: float) -> nn.Module:
        model = nn.Sequential(he(nn.Linear(13, 64)), nn.ReLU(), he(nn.Linear(64, 16)), nn.ReLU(), nn.Linear(16, 1))
        model[2].bias.data.fill_(bias)
        return model

    sick, healthy = (seeded(16, lambda bias=bias: build(bias)) for bias in (-8.0, 0.0))
    return Case("dead_units", ("2.bias",), sick, healthy, (randn(128, 13),))


class Sine(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(30 * x)


def siren_first_layer_like_the_others() -> Case:
    """lucidrains/siren-pytorch#1: the hidden layers' bound."""

    def build(first: float) -> nn.Module:
        model = nn.Sequential(nn.Linear(2, 64), Sine(), nn.Linear(64, 64), Sine(), nn.Linear(64, 1))
        for place, bound in ((0, first), (2, math.sqrt(6 / 64) / 30), (4, math.sqrt(6 / 64) / 30)):
            nn.init.uniform_(model[place].weight, -bound, bound)
        return model

    sick, healthy = (seeded(21, lambda first=first: build(first)) for first in (math.sqrt(6 / 2) / 30, 0.5))
    return Case("wrong_scale", ("0.weight",), sick, healthy, (randn(64, 2),))


def discriminator_of_small_weights() -> Case:
    """aladdinpersson/Machine-Learning-Collection#149: DCGAN's N(0, 0.02), its norms commented out."""

    def build(norm: bool) -> nn.Module:
        layers: list[nn.Module] = []
        for a, b in ((3, 16), (16, 32), (32, 64)):
            norms = [nn.BatchNorm2d(b)] if norm else []
            layers += [nn.Conv2d(a, b, 4, 2, 1, bias=False), *norms, nn.LeakyReLU(0.2)]
        model = nn.Sequential(*layers, nn.Conv2d(64, 1, 4, bias=False))
        for module in model:
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
        return model

    guilty = ("0.weight", "2.weight", "4.weight")
    sick, healthy = (seeded(25, lambda norm=norm: build(norm)) for norm in (False, True))
    return Case("vanishing_forward", guilty, sick, healthy, (randn(16, 3, 32, 32),))


class LowRank(nn.Module):
    def __init__(self, a: float) -> None:
        super().__init__()
        self.base = nn.Linear(16, 16).requires_grad_(False)
        self.lora_a, self.lora_b = nn.Linear(16, 4, bias=False), nn.Linear(4, 16, bias=False)
        self.lora_a.weight.data.copy_(randn(4, 16, seed=1, std=a))
        self.lora_b.weight.data.zero_()

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.lora_b(self.lora_a(x))


def both_factors_of_an_adapter_zero() -> Case:
    """Guitaricet/relora#18: A zeroed by a later hook. B alone at zero is the design."""
    sick, healthy = (seeded(26, lambda a=a: LowRank(a)) for a in (0.0, 0.25))
    return Case("dead_pair", ("lora_a.weight", "lora_b.weight"), sick, healthy, (randn(32, 16),))


def forget_bias_in_one_layer_of_three() -> Case:
    """google-research/flood-forecasting#289: bias_hh_l0 alone."""

    def build(everywhere: bool) -> nn.Module:
        model = nn.LSTM(6, 20, num_layers=3, bidirectional=True, batch_first=True)
        for name, parameter in model.named_parameters():
            if "bias" in name:
                parameter.data.zero_()
            if name.startswith("bias_hh") and (everywhere or name == "bias_hh_l0"):
                parameter.data[20:40] = 3.0
        return model

    places = [(layer, way) for layer in range(3) for way in ("", "_reverse") if (layer, way) != (0, "")]
    guilty = tuple(f"bias_hh_l{layer}{way}" for layer, way in places)
    return Case("overwritten", guilty, build(False), build(True), (randn(8, 30, 6),), severity="remark")


class Bag(nn.Module):
    def __init__(self, keep: bool) -> None:
        super().__init__()
        self.table, self.out = nn.Embedding(30, 8, padding_idx=0), nn.Linear(8, 1)
        self.table.weight.data.copy_(randn(30, 8, seed=1, std=0.1))
        if keep:
            self.table.weight.data[0] = 0

    def forward(self, tokens: Tensor) -> Tensor:
        return self.out(self.table(tokens).sum(1))


def padding_row_drawn_too() -> Case:
    """microsoft/LoRA#114."""
    tokens = torch.randint(1, 30, (16, 6), generator=torch.Generator().manual_seed(2))
    return Case("overwritten", ("table.weight",), Bag(False), Bag(True), (tokens,))


def embedding_thirty_times_too_wide() -> Case:
    """lmsdss/LayerNorm-Scaling#6: 0.6 beside weights of 0.02."""

    def build(std: float) -> nn.Module:
        model = nn.Sequential(nn.Embedding(300, 64), *(PreNorm(64) for _ in range(3)))
        for seed, parameter in enumerate(model.parameters()):
            if parameter.dim() == 2:
                parameter.data.copy_(randn(*parameter.shape, seed=seed, std=0.02 if seed else std))
        return model

    tokens = torch.randint(0, 300, (16, 8), generator=torch.Generator().manual_seed(2))
    return Case("wrong_scale", ("0.weight",), build(0.6), build(0.02), (tokens,), severity="remark")


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.mix, self.head = nn.Embedding(50, 16), nn.Linear(16, 16), nn.Linear(16, 50, bias=False)
        self.weights = nn.ParameterDict({"near": nn.Parameter(torch.ones(3)), "far": nn.Parameter(torch.ones(3))})
        self.head.weight = self.table.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(
            torch.tanh(self.mix(self.table(tokens))) * self.weights["near"].sum() * self.weights["far"].sum()
        )


def everything_on_meta() -> Case:
    """meta-pytorch/torchrec#1463: parameters in a dict were missed, shared ones made twice."""
    with torch.device("meta"):
        sick, tokens = Tied(), torch.zeros(2, 4, dtype=torch.long)
    guilty = ("table.weight", "mix.weight", "mix.bias", "weights.near", "weights.far")
    own = (torch.zeros(2, 4, dtype=torch.long),)
    return Case("meta", guilty, sick, seeded(32, Tied), (tokens,), own, severity="remark")


def shards_of_one_seed() -> Case:
    """Two halves of one layer, each drawn by its own process from the same seed."""
    healthy = seeded(1, lambda: nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 4)))
    sick = copy.deepcopy(healthy)
    sick[0].weight.data[8:] = sick[0].weight.data[:8]
    return Case("symmetric_units", ("0.weight",), sick, healthy, (randn(4, 32),))


CASES = (
    background_left_empty, cosine_head_of_zeros, lazy_layer_became_zeros, lazy_not_materialized,
    integer_division_made_the_std_zero, norm_scales_drawn_like_weights, norm_scale_and_shift_swapped,
    conditional_scale_of_zero, critics_are_copies, experts_are_copies, an_init_that_asked_for_another_class,
    head_of_unit_variance, variance_passed_as_std, gain_with_a_nested_root, fan_out_where_fan_in_was_meant,
    bias_that_kills_its_relu, siren_first_layer_like_the_others, discriminator_of_small_weights,
    both_factors_of_an_adapter_zero, forget_bias_in_one_layer_of_three, padding_row_drawn_too,
    embedding_thirty_times_too_wide, everything_on_meta, shards_of_one_seed,
)  # fmt: skip


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_the_sick_one_is_named_and_its_twin_is_not(make: Callable[[], Case]) -> None:
    case = make()
    codes = KINDS[case.kind]
    before = {name: tensor.clone() for name, tensor in case.healthy.state_dict().items()}
    found = [finding for finding in hs.audit(case.sick, case.inputs).findings if finding.code in codes]
    assert set(case.guilty) <= {finding.layer for finding in found}
    assert {finding.severity for finding in found if finding.layer in case.guilty} == {case.severity}
    assert all(finding.message and finding.remedy for finding in found)
    twin = hs.audit(case.healthy, case.twin_inputs or case.inputs)
    assert not [finding for finding in twin.findings if finding.code in codes]
    assert twin.healthy
    assert all(torch.equal(before[name], tensor) for name, tensor in case.healthy.state_dict().items())


def test_the_lazy_layer_is_lazy_still() -> None:
    case = lazy_not_materialized()
    hs.audit(case.sick, case.inputs)
    assert isinstance(case.sick[2].weight, nn.UninitializedParameter)


def test_every_kind_has_rules() -> None:
    assert {code for codes in KINDS.values() for code in codes} == set(BY_CODE)
