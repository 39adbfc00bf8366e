"""The predicted signal against what a forward pass measures, and against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from healthy_models import Attended, DenseNet, Gpt, Llama, ResNet, drawn
from torch import Tensor, nn

from headstart.audits.flow import Flow, links
from headstart.audits.scale import cross_entropy
from headstart.models.torch.audit import evidence_of


def flow_of(model: nn.Module, example: Tensor) -> Flow:
    found = evidence_of(model, example).flow
    assert found is not None
    return found


def measured(model: nn.Module, example: Tensor) -> float:
    with torch.no_grad():
        return float(model(example).pow(2).mean().sqrt())


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.GELU, nn.Sigmoid])
@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_a_plain_network_keeps_its_predicted_size(activation: type[nn.Module], gain: float) -> None:
    """Six layers of 256: the relative spread of the measured size is about 6 sqrt(5/256)/2 = 0.15 in the worst case."""
    layers = [module for _ in range(6) for module in (nn.Linear(256, 256), activation())]
    model = drawn(nn.Sequential(*layers[:-1]), gain * math.sqrt(2), seed=1)
    x = torch.randn(256, 256, generator=torch.Generator().manual_seed(0))
    flow = flow_of(model, x)
    assert flow.size(flow.graph.outputs[0]) == pytest.approx(measured(model, x), rel=0.3)


@pytest.mark.parametrize("seed", [0, 1])
def test_models_with_norms_skips_and_attention(seed: int) -> None:
    torch.manual_seed(seed)
    tokens = torch.randint(0, 60, (4, 12))
    images = torch.randn(4, 3, 32, 32)
    stream = torch.randn(4, 9, 32)
    pairs = ((Gpt(60), tokens), (Llama(60), tokens), (ResNet(), images), (DenseNet(), images), (Attended(), stream))
    for model, example in pairs:
        flow = flow_of(model.train(), example)
        predicted = flow.size(flow.graph.outputs[0])
        assert predicted is not None
        assert 0.6 < predicted / measured(model, example) < 1.7, type(model).__name__


def test_what_depends_on_the_input_is_told_apart_from_the_bias() -> None:
    """PyTorch's default in a deep ReLU network: the plain size stays, what depends on the input dies."""
    torch.manual_seed(0)
    layers = [module for _ in range(12) for module in (nn.Linear(200, 200), nn.ReLU())]
    model, x = nn.Sequential(*layers[:-1]), torch.randn(500, 200)
    flow = flow_of(model, x)
    out = flow.graph.outputs[0]
    with torch.no_grad():
        real = float(model(x).std(0).mean())
    assert 0.3 < (flow.across(out) or 0) / real < 3
    assert (flow.size(out) or 0) > 100 * (flow.across(out) or 0)


def test_zero_stays_exactly_zero_and_a_constant_the_same_for_every_input() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 4))
    nn.init.zeros_(model[2].weight)
    nn.init.zeros_(model[2].bias)
    flow = flow_of(model, torch.randn(2, 8))
    zero, last = flow.graph.ops[3].outputs[0], flow.graph.outputs[0]
    assert flow.is_zero(zero)
    assert flow.is_dead(last)
    assert not flow.is_zero(last)  # its bias is drawn


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.LayerNorm])
def test_a_norm_of_what_is_lost_is_lost(norm: type[nn.Module]) -> None:
    model = nn.Sequential(nn.Linear(8, 8), norm(8), nn.Linear(8, 4))
    nn.init.zeros_(model[0].weight)
    flow = flow_of(model, torch.randn(4, 8))
    assert flow.is_dead(flow.graph.outputs[0])
    nn.init.normal_(model[0].weight)
    flow = flow_of(model, torch.randn(4, 8))
    assert not flow.is_dead(flow.graph.outputs[0])


def test_a_chain_ends_at_a_norm() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(16, 16), nn.ReLU(), nn.LayerNorm(16), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 4)
    )
    flow = flow_of(model, torch.randn(2, 16))
    names = [name for link in links(flow.chains[flow.graph.outputs[0]]) for name in link.names]
    assert names == ["3.weight", "5.weight"]


@pytest.mark.parametrize("classes", [10, 1000])
@pytest.mark.parametrize("std", [0.5, 1.0, 2.0, 10.0, 30.0])
def test_the_first_cross_entropy(std: float, classes: int) -> None:
    """By simulation, for Gaussian scores; the closed form is that of many classes."""
    scores = std * np.random.default_rng(0).normal(size=(4000, classes))
    loss = np.mean(np.logaddexp.reduce(scores, axis=1) - scores[:, 0])
    assert cross_entropy(std, classes) == pytest.approx(loss, rel=0.4 if classes == 10 else 0.2)
