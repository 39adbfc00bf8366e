"""Remedies tried on a copy: which helps, what is told of it, and that nothing else changes."""

from __future__ import annotations

import pytest
import sick_corpus as corpus
import torch
from torch import Tensor, nn

import headstart as hs
from headstart.errors import InputError
from headstart.models.torch.fix import try_fix
from headstart.models.torch.measure import trace_of
from headstart.signals.probe.fix import Fix
from headstart.signals.probe.judge import judge_trace


def fixed(name: str) -> tuple[nn.Module, Fix | None, corpus.Sick]:
    sick = corpus.ROWS[name]()
    trace = trace_of(sick.model, sick.inputs, loss=sick.loss, target=sick.target)
    found = try_fix(
        sick.model, sick.inputs, trace=trace, verdict=judge_trace(trace), loss=sick.loss, target=sick.target
    )
    return sick.model, found, sick


CURES = {
    "halved_relu_layers": 'hs.init(model, "gain", example=x)',
    "one_layer_far_too_small": 'hs.init(model, "gain", example=x, only="6.*")',
    "residual_layers_without_norm": 'hs.init(model, "gain", example=x, residual_scale="1/sqrt(2L)")',
    "a_bias_far_below_zero": 'model.get_parameter("4.bias").data.fill_(0)',
    "scale_and_shift_swapped": 'model.get_parameter("4.weight").data.fill_(1)\n'
    'model.get_parameter("4.bias").data.fill_(0)',
    "a_head_of_unit_normals": 'hs.init(model, "gain", example=x, only="head.weight")',
    "a_sine_that_hardly_oscillates": 'hs.init(model, "siren", example=x, rules={"0.weight": "siren(first=true)"})',
}


@pytest.mark.parametrize("name", CURES)
def test_the_smallest_change_that_cures_is_the_one_that_is_offered(name: str) -> None:
    model, found, sick = fixed(name)
    before = {name: tensor.clone() for name, tensor in sick.model.state_dict().items()}
    assert found is not None
    assert found.code == CURES[name]
    assert found.cures
    assert found.after.word == "healthy"
    assert all(line.endswith("-> gone") for line in found.told())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("name", ["halved_relu_layers", "one_layer_far_too_small", "a_bias_far_below_zero"])
def test_the_code_that_is_offered_does_what_was_tried(name: str) -> None:
    model, found, sick = fixed(name)
    assert found is not None
    exec(found.code, {"hs": hs, "model": model, "x": sick.inputs[0]})
    assert judge_trace(trace_of(model, sick.inputs, loss=sick.loss, target=sick.target)).word == "healthy"


@pytest.mark.parametrize("name", ["sigmoid_convolutions", "a_norm_of_one_number", "a_logarithm_of_zero"])
def test_what_no_weights_cure_is_offered_nothing(name: str) -> None:
    assert fixed(name)[1] is None


def test_the_remedy_says_so_where_theory_knows_that_nothing_helps() -> None:
    sick = corpus.ROWS["softplus_that_keeps_the_second_moment"]()
    verdict = judge_trace(trace_of(sick.model, sick.inputs, loss=sick.loss, target=sick.target))
    gradient = next(each for each in verdict.findings if each.code == "HS301")
    assert "no initialization cures" in gradient.remedy
    assert "softplus" in gradient.remedy
    tanh = corpus.seeded(corpus.mlp, [32] + [64] * 12 + [4], nn.Tanh, 0.3)
    shrinks = next(each for each in judge_trace(trace_of(tanh, (corpus.VECTORS,))).findings if each.code == "HS201")
    assert shrinks.remedy == 'hs.init(model, "gain", example=x)'


def test_a_healthy_model_needs_nothing() -> None:
    model = corpus.seeded(corpus.mlp, [32, 64, 4])
    trace = trace_of(model, (corpus.VECTORS,))
    assert try_fix(model, (corpus.VECTORS,), trace=trace, verdict=judge_trace(trace)) is None


class Locked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = corpus.seeded(corpus.mlp, [32] + [64] * 12 + [4], nn.ReLU, 0.3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)

    def __deepcopy__(self, memo: object) -> nn.Module:
        raise RuntimeError("there is only one of me")


def test_a_model_that_cannot_be_copied_is_refused_with_the_reason() -> None:
    model = Locked()
    trace = trace_of(model, (corpus.VECTORS,))
    with pytest.raises(InputError, match="cannot be copied: RuntimeError: there is only one of me"):
        try_fix(model, (corpus.VECTORS,), trace=trace, verdict=judge_trace(trace))
