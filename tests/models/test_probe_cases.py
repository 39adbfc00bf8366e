"""Public reports of models that did not train, each with a healthy twin: what a probe has to say of both.

The threads are named; models that an audit finds too stand in `test_audit_cases`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
from test_audit_cases import CASES as AUDITED
from test_audit_cases import he, randn, seeded
from torch import Tensor, nn

import headstart as hs
from headstart.errors import InputError

# the sickness that a thread reported -> the findings of which one has to be told
KINDS: dict[str, tuple[str, ...]] = {
    "zero_layer": ("HS604",), "dead_pair": ("HS605",), "norm_scale": ("HS608",),
    "input_independent": ("HS204", "HS609"),
    "vanishing_forward": ("HS201",), "vanishing_gradient": ("HS301",), "exploding_forward": ("HS202",),
    "first_loss": ("HS402",), "saturation": ("HS203",), "dead_units": ("HS205",), "wrong_scale": ("HS622", "HS623"),
}  # fmt: skip


class Case(NamedTuple):
    """A sick model, its healthy twin, the inputs of both, a loss, and modules or parameters of which one is named."""

    kind: str
    guilty: tuple[str, ...]
    sick: nn.Module
    healthy: nn.Module
    inputs: tuple[Tensor, ...]
    loss: Any = None
    target: Tensor | None = None
    severity: str = "fault"


def plain(depth: int, width: int, std: float, activation: Callable[[], nn.Module] = nn.ReLU) -> nn.Module:
    layers: list[nn.Module] = []
    for place in range(depth):
        layer = nn.Linear(width, width)
        layer.weight.data.copy_(randn(width, width, seed=place, std=std))
        layer.bias.data.zero_()
        layers += [layer, activation()]
    last = nn.Linear(width, 3)
    last.weight.data.copy_(randn(3, width, seed=depth, std=1 / math.sqrt(width)))
    last.bias.data.zero_()
    return nn.Sequential(*layers, last)


def he_without_its_two() -> Case:
    """LBANN/lbann#316, jw1912/bullet#363: LeCun's variance under He's name."""
    guilty = tuple(str(2 * place) for place in range(14))
    sick, healthy = plain(14, 128, math.sqrt(1 / 128)), plain(14, 128, math.sqrt(2 / 128))
    return Case("vanishing_forward", guilty, sick, healthy, (randn(64, 128),), "mse", randn(64, 3, seed=2))


def sixteen_sigmoid_layers() -> Case:
    """torch/torch7#1092: weights that do not change beyond twelve sigmoid layers."""
    widths = (28, 56, 58, 112, 114, 224, 226, 448, 450, 224, 112, 56, 28, 14, 7, 3, 1)

    def build(activation: Callable[[], nn.Module], glorot: bool) -> nn.Module:
        layers: list[nn.Module] = []
        for a, b in itertools.pairwise(widths):
            layer = nn.Linear(a, b)
            if glorot:
                nn.init.xavier_normal_(layer.weight)
                nn.init.zeros_(layer.bias)
            layers += [layer, activation()]
        return nn.Sequential(*layers[:-1])

    sick, healthy = seeded(19, lambda: build(nn.Sigmoid, False)), seeded(19, lambda: build(nn.Tanh, True))
    return Case("vanishing_gradient", ("0", "2", "4"), sick, healthy, (randn(64, 28),), "mse", randn(64, 1, seed=3))


class Residual(nn.Module):
    def __init__(self, end: float) -> None:
        super().__init__()
        self.first = nn.ModuleList(he(nn.Linear(64, 64)) for _ in range(50))
        self.second = nn.ModuleList(he(nn.Linear(64, 64)) for _ in range(50))
        self.head = nn.Linear(64, 3)
        for layer in self.second:
            layer.weight.data.mul_(end)

    def forward(self, x: Tensor) -> Tensor:
        for a, b in zip(self.first, self.second, strict=True):
            x = x + b(F.relu(a(x)))
        return self.head(x)


def residual_network_without_norm() -> Case:
    """huangleiBuaa/ONI#1, gcr/torch-residual-networks#10: a ResNet with its norms taken out."""
    sick, healthy = (seeded(22, lambda end=end: Residual(end)) for end in (1.0, 0.1))
    guilty = tuple(f"second.{place}" for place in range(50))
    return Case("exploding_forward", guilty, sick, healthy, (randn(32, 64),), "mse", randn(32, 3, seed=3))


def relu_behind_the_only_output() -> Case:
    """jvargasmu/population_estimation#68: a density must not be negative, so a relu ends the model."""

    def build(last: nn.Module) -> nn.Module:
        model = nn.Sequential(he(nn.Linear(6, 32)), nn.ReLU(), he(nn.Linear(32, 32)), nn.ReLU(), nn.Linear(32, 1), last)
        model[4].weight.data.copy_(-model[4].weight.abs())
        model[4].bias.data.zero_()
        return model

    sick, healthy = seeded(17, lambda: build(nn.ReLU())), seeded(17, lambda: build(nn.Softplus()))
    return Case("dead_units", ("4", "5"), sick, healthy, (randn(64, 6),), "mse", randn(64, 1, seed=3).abs() + 1)


def head_of_unit_variance() -> Case:
    """huggingface/transformers#26441: an untied head N(0, 1) behind a norm. The loss is a function of the caller's."""

    def build(std: float) -> nn.Module:
        model = nn.Sequential(
            nn.Embedding(1000, 128), nn.Linear(128, 128), nn.LayerNorm(128), nn.Linear(128, 1000, bias=False)
        )
        model[3].weight.data.copy_(randn(1000, 128, seed=2, std=std))
        return model

    def words(seed: int) -> Tensor:
        return torch.randint(0, 1000, (16, 8), generator=torch.Generator().manual_seed(seed))

    def loss(out: Tensor) -> Tensor:
        return F.cross_entropy(out.flatten(0, 1), words(4).flatten())

    sick, healthy = seeded(14, lambda: build(1.0)), seeded(14, lambda: build(1 / math.sqrt(128)))
    return Case("first_loss", ("3",), sick, healthy, (words(3),), loss)


CASES = (
    he_without_its_two, sixteen_sigmoid_layers, residual_network_without_norm, relu_behind_the_only_output,
    head_of_unit_variance,
)  # fmt: skip
# cases of the audit whose sickness a pass shows too, and the kind by which a probe tells it where that is another one
BOTH = {
    "cosine_head_of_zeros": "zero_layer", "lazy_layer_became_zeros": "zero_layer",
    "integer_division_made_the_std_zero": "dead_pair", "norm_scale_and_shift_swapped": "norm_scale",
    "conditional_scale_of_zero": "input_independent", "an_init_that_asked_for_another_class": "vanishing_gradient",
    "variance_passed_as_std": "vanishing_forward", "gain_with_a_nested_root": "exploding_forward",
    "fan_out_where_fan_in_was_meant": "saturation", "bias_that_kills_its_relu": "dead_units",
    "siren_first_layer_like_the_others": "wrong_scale", "discriminator_of_small_weights": "vanishing_forward",
    "both_factors_of_an_adapter_zero": "dead_pair", "embedding_thirty_times_too_wide": "wrong_scale",
}  # fmt: skip


def audited(name: str) -> Case:
    case = next(make for make in AUDITED if make.__name__ == name)()
    return Case(BOTH[name], case.guilty, case.sick, case.healthy, case.inputs, severity=case.severity)


@pytest.mark.parametrize("make", [*CASES, *BOTH], ids=lambda make: make if isinstance(make, str) else make.__name__)
def test_the_sick_one_is_named_and_its_twin_is_not(make: Any) -> None:
    case = audited(make) if isinstance(make, str) else make()
    before = {name: tensor.clone() for name, tensor in case.sick.state_dict().items()}
    found = hs.probe(case.sick, *case.inputs, loss=case.loss, target=case.target)
    told = [each for each in found.findings if each.code in KINDS[case.kind] and each.severity == case.severity]
    assert any(_same(each.layer or "", name) for each in told for name in case.guilty), found.findings
    assert found.healthy == (case.severity == "remark")
    twin = hs.probe(case.healthy, *case.inputs, loss=case.loss, target=case.target)
    assert twin.healthy, twin.findings[0]
    assert not [each for each in twin.findings if each.code in KINDS[case.kind] and each.severity == case.severity]
    assert all(torch.equal(before[name], tensor) for name, tensor in case.sick.state_dict().items())


def _same(layer: str, guilty: str) -> bool:
    """Whether a layer is the module of a parameter, or the parameter itself."""
    return guilty in (layer, f"{layer}.weight", f"{layer}.bias")


def test_one_sample_before_a_batch_norm_is_refused_with_the_reason() -> None:
    """pytorch/pytorch#4534, VinAIResearch/ISBNet#12: the last batch of an epoch has one sample."""
    model = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
    with pytest.raises(InputError, match="at least 2 inputs, got 1"):
        hs.probe(model, randn(1, 6))
    assert int(model[1].num_batches_tracked) == 0
    assert hs.probe(model, randn(16, 6)).healthy
