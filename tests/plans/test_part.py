"""A plan for a part of its model: names decide, keys stay, ties across parts stay equal."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

import headstart as hs
from headstart.plans.replicas import together, unequal
from headstart.plans.verified import ELSEWHERE, Checked


class Layered(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(9, 4)
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 9, bias=False)


def tied() -> Layered:
    model = Layered()
    model.head.weight = model.embed.weight
    return model


def test_stages_have_the_numbers_of_the_whole_model_whatever_their_layers_are_called() -> None:
    whole = Layered()
    plan = hs.init(whole, "he", seed=3)
    stages = [
        (nn.ModuleDict({"layers": nn.ModuleDict({"2": nn.Linear(4, 4)})}), None),
        (nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)), {"0": "layers.2", "1": "norm"}),
        (nn.Sequential(nn.Linear(4, 4)), {"0.weight": "layers.2.weight", "0.bias": "layers.2.bias"}),
        (nn.Linear(4, 4), "layers.2"),
        (nn.ModuleList([nn.Linear(4, 4)]), lambda name: re.sub(r"^(\d+)", lambda at: f"layers.{int(at[0]) + 2}", name)),
    ]
    for stage, names in stages:
        part = plan.part(stage, names)
        part.apply(stage, seed=3)
        weight = next(value for name, value in stage.named_parameters() if name.endswith("weight"))
        assert torch.equal(weight, whole.layers[2].weight)
        assert part.verify(stage, 3).healthy
        assert hs.Plan.from_json(part.to_json()) == part
        assert part.lock(stage, 3).parameters[0].digest == plan.lock(whole, 3).parameters[5].digest
    assert [left.name for left in plan.part(*stages[1]).left_alone] == ["1.weight", "1.bias"]


def test_the_whole_plan_is_no_plan_of_a_stage() -> None:
    plan = hs.plan(Layered(), "he")
    with pytest.raises(hs.InputError, match=r"unknown parameter 'embed\.weight'.*apply plan\.part\(model\)"):
        plan.apply(nn.Sequential(nn.Linear(4, 4)))


def test_tied_weights_on_different_stages_start_equal() -> None:
    whole = tied()
    plan = hs.init(whole, "he", seed=1)
    last = nn.ModuleDict({"head": nn.Linear(4, 9, bias=False)})
    part = plan.part(last)
    assert [(entry.name, entry.key) for entry in part] == [("head.weight", "embed.weight")]
    part.apply(last, seed=1)
    assert torch.equal(last["head"].weight, whole.embed.weight)
    both = tied()
    both.norm = None
    part = plan.part(both)
    assert "head.weight" in [left.name for left in part.left_alone]
    part.apply(both, seed=1)
    assert torch.equal(both.head.weight, whole.embed.weight)
    apart = Layered()  # what was one array has to be one still
    with pytest.raises(hs.InputError, match=r"head\.weight was the same array as embed\.weight"):
        plan.part(apart).apply(apart)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (None, r"'0\.weight' is no parameter of the plan. Say with names="),
        (
            {"0": "layers.7"},
            r"'0\.weight' of the part, which is 'layers\.7\.weight' of the whole model, is no parameter",
        ),
        (lambda name: "layers.0.weight", r"'0\.weight' and '0\.bias' are both 'layers\.0\.weight' of the plan"),
    ],
    ids=["none", "other", "twice"],
)
def test_names_that_fit_nothing_are_refused(names: object, words: str) -> None:
    plan = hs.plan(Layered(), "he")
    with pytest.raises(hs.InputError, match=words):
        plan.part(nn.Sequential(nn.Linear(4, 4)), names)


# --- what several processes found -----------------------------------------------------------------------------------


def test_rows_of_several_ranks_become_one_with_the_worst_of_them() -> None:
    def row(verdict: str, different: int = 0, note: str = "") -> Checked:
        return Checked("w", (4,), "float32", verdict, 2, 2, different, "there" if different else "", note)

    (one,) = together({0: [row("as planned")], 1: [row("other values", 1)], 2: [row("as planned")]}, {})
    assert (one.verdict, one.checked, one.different, one.ranks, one.example) == ("other values", 6, 1, (1,), "there")
    (one,) = together({0: [row("as planned", note=ELSEWHERE)], 1: [row("as planned")]}, {})
    assert (one.verdict, one.note, one.ranks) == ("as planned", "", ())
    (one,) = together({0: [row("not there")], 1: [row("as planned")]}, {})  # a pipeline
    assert one.good
    (one,) = together({0: [row("not there")], 1: [row("not there")]}, {})
    assert (one.verdict, one.ranks) == ("not there", ())
    span = ((0, 4),)
    digests = {0: {"w": [(span, "a")]}, 1: {"w": [(span, "a")]}, 2: {"w": [(span, "b")]}}
    (one,) = together({rank: [row("as planned")] for rank in range(3)}, digests)
    assert (one.verdict, one.ranks) == ("unlike replicas", (2,))


def test_only_equal_rectangles_are_replicas() -> None:
    upper, lower = ((0, 2), (0, 3)), ((2, 4), (0, 3))
    assert unequal({0: {"w": [(upper, "a")]}, 1: {"w": [(lower, "b")]}}) == {}
    assert unequal({0: {"w": [(upper, "a")]}, 1: {"w": [(upper, "b")]}}) == {"w": (1,)}
