"""What layers fill the parameters with that a plan leaves alone: read where there are values, else known or tried."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

import headstart as hs


class ScaleNorm(nn.Module):
    """A norm of nobody's library; `offset` says whether it multiplies by 1 + scale."""

    def __init__(self, offset: bool, size: int = 6) -> None:
        super().__init__()
        self.offset = offset
        self.weight = nn.Parameter(torch.zeros(size) if offset else torch.ones(size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
        return x * (1 + self.weight if self.offset else self.weight)


class OddNorm(ScaleNorm):
    """One that takes no plain tensor."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise TypeError("a norm of pairs")


def starts(model: nn.Module) -> dict[str, float | None]:
    return {left.name: left.start for left in hs.plan(model).left_alone}


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_norms_start_as_their_layers_have_them(device: str) -> None:
    with torch.device(device):
        model = nn.ModuleDict(
            {"layer": nn.LayerNorm(4), "group": nn.GroupNorm(2, 4), "rms": nn.RMSNorm(4), "one": ScaleNorm(False),
             "plus": ScaleNorm(True), "slope": nn.PReLU(2, init=0.5)}
        )  # fmt: skip
    assert starts(model) == {
        "layer.weight": 1.0, "layer.bias": 0.0, "group.weight": 1.0, "group.bias": 0.0, "rms.weight": 1.0,
        "one.weight": 1.0, "plus.weight": 0.0, "slope.weight": 0.5,
    }  # fmt: skip


def test_what_the_values_say_goes_before_what_is_usual() -> None:
    model = nn.ModuleDict({"norm": nn.LayerNorm(4), "trained": nn.LayerNorm(4)})
    nn.init.constant_(model["norm"].weight, 0.25)
    model["trained"].weight.data[2] = 3.0
    assert starts(model)["norm.weight"] == 0.25
    assert starts(model)["trained.weight"] is None


def test_a_norm_that_cannot_be_tried_is_not_guessed() -> None:
    with torch.device("meta"):
        model = nn.ModuleDict({"odd": OddNorm(False)})
    assert starts(model) == {"odd.weight": None}


def test_the_model_is_left_as_it_is() -> None:
    with torch.device("meta"):
        model = ScaleNorm(True).train()
    hs.plan(model)
    assert model.weight.is_meta
    assert model.training


def test_ties_shapes_and_padding_stand_in_the_plan_and_its_json() -> None:
    model = nn.ModuleDict({"table": nn.Embedding(7, 4, padding_idx=-1), "head": nn.Linear(4, 7, bias=False)})
    model["head"].weight = model["table"].weight
    plan = hs.plan(model)
    assert plan["table.weight"].zero_row == 6
    left = plan.left_alone[0]
    assert (left.name, left.shape, left.start, left.tied_to) == ("head.weight", (7, 4), None, "table.weight")
    again = hs.Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert again == plan
    assert "start" not in plan.to_json()["left_alone"][0]
    before = {"schema": 1, "entries": [], "left_alone": [{"name": "n", "role": "norm scale", "reason": "it is kept"}]}
    assert hs.Plan.from_json(before).left_alone[0].shape is None
