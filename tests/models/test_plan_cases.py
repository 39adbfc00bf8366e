"""Public reports of models that were initialized wrongly, and what a plan has to say of each. The threads are named."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import headstart as hs


@pytest.mark.parametrize("example", [None, torch.randn(2, 12)])
def test_a_lazy_layer_is_told_and_left_as_it_is(example: torch.Tensor | None) -> None:
    """pytorch/pytorch#125861: the shape is known after the first batch only."""
    model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.LazyLinear(3))
    left = {left.name: left.reason for left in hs.plan(model, "he", example).left_alone}
    assert left.keys() == {"2.weight", "2.bias"}
    assert "run one batch" in left["2.weight"]
    assert isinstance(model[2].weight, nn.UninitializedParameter)
    model(torch.zeros(1, 12))
    assert hs.init(model, "he")["2.weight"].fan_in == 24


def test_every_lstm_of_a_stack_gets_its_forget_bias() -> None:
    """google-research/flood-forecasting#289: the configured bias reached the first layer's forward half alone."""
    model = nn.LSTM(6, 20, num_layers=3, bidirectional=True)
    plan = hs.init(model, "he")
    for layer in range(3):
        for way in ("", "_reverse"):
            total = model.get_parameter(f"bias_ih_l{layer}{way}") + model.get_parameter(f"bias_hh_l{layer}{way}")
            assert total[20:40].tolist() == [1.0] * 20
            assert total[:20].tolist() == [0.0] * 20
            assert "blocks input, forget, cell, output" in plan[f"weight_hh_l{layer}{way}"].reason


def test_fans_of_a_strided_transposed_convolution() -> None:
    """ClementPinard/FlowNetPytorch#19: one output is reached by a quarter of the taps."""
    entry = hs.plan(nn.Sequential(nn.ConvTranspose2d(24, 10, 4, stride=2, padding=1)))["0.weight"]
    assert (entry.fan_in, entry.fan_out) == (96, 160)


def test_fans_of_a_grouped_convolution() -> None:
    """tracel-ai/burn#574: a group sees a quarter of the channels."""
    entry = hs.plan(nn.Sequential(nn.Conv1d(12, 36, 5, groups=4)))["0.weight"]
    assert (entry.fan_in, entry.fan_out) == (15, 45)


def test_a_padding_row_stays_zero() -> None:
    """microsoft/LoRA#114: it never gets a gradient, so it would stay wrong."""
    model = nn.Embedding(30, 8, padding_idx=0)
    hs.init(model, "normal(0.1)")
    assert model.weight[0].abs().max() == 0 < model.weight[1:].abs().min()


class Bag(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.mix = nn.Embedding(50, 16), nn.Linear(16, 16)
        self.weights = nn.ParameterDict({"near": nn.Parameter(torch.ones(3)), "far": nn.Parameter(torch.ones(3))})
        self.head = nn.Linear(16, 50, bias=False)
        self.head.weight = self.table.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        near, far = self.weights["near"].sum(), self.weights["far"].sum()
        return self.head(torch.tanh(self.mix(self.table(tokens))) * near * far)


def test_everything_on_meta() -> None:
    """meta-pytorch/torchrec#1463: parameters in a dict were missed, shared ones made twice."""
    with torch.device("meta"):
        model = Bag()
        plan = hs.plan(model, "he", torch.zeros(2, 4, dtype=torch.long))
    assert [entry.name for entry in plan] == ["table.weight", "mix.weight", "mix.bias"]
    assert plan["table.weight"].std == pytest.approx(0.25)  # it is the head's weight too
    left = {left.name: left.reason for left in plan.left_alone}
    assert left["head.weight"] == "the same array as table.weight"
    assert {"weights.near", "weights.far"} <= left.keys()
    with pytest.raises(hs.InputError, match="to_empty"):
        plan.apply(model)
    model.to_empty(device="cpu")
    model.head.weight = model.table.weight
    plan.apply(model, seed=1)
    assert model.head.weight.std().item() == pytest.approx(0.25, rel=0.1)


def test_fused_query_key_value_of_unequal_heads() -> None:
    """pytorch/torchtitan#2878: three equal thirds are the wrong guess and raise no error."""
    model = nn.Sequential(nn.Linear(128, 192, bias=False))
    entry = hs.init(model, "glorot", rules={"0.weight": {"scheme": "glorot", "blocks": (0, (128, 32, 32))}})["0.weight"]
    for part, rows in zip(model[0].weight.detach().split([128, 32, 32]), (128, 32, 32), strict=True):
        # 4,096 numbers or more: the standard error of their std is 1.1 % at most
        assert part.std().item() == pytest.approx(math.sqrt(2 / (128 + rows)), rel=0.045)
    assert entry.blocks == 3
