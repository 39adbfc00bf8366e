"""hs.plan and hs.init: what a caller can say, what a plan says back, and what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
import torch_zoo as zoo
from torch import nn

import headstart as hs

TOKENS = torch.randint(0, 11, (2, 6))


def test_the_gain_is_for_what_really_follows() -> None:
    plan = hs.plan(zoo.Decoder(), "gain", TOKENS)
    gelu = hs.gain("gelu_tanh")
    assert plan["blocks.0.mlp.0.weight"].std == pytest.approx(gelu / math.sqrt(8))
    assert plan["blocks.0.mlp.0.weight"].reason == "gain: 1.534 for gelu_tanh, fan_in 8"
    assert plan["blocks.0.mlp.2.weight"].std == pytest.approx(1 / 4)
    unknown = hs.plan(zoo.Decoder(), "gain")["blocks.0.mlp.0.weight"]
    assert (unknown.std, unknown.activation) == (pytest.approx(1 / math.sqrt(8)), None)
    assert "what follows is not known" in unknown.reason


def test_the_gain_of_a_function_that_has_no_name() -> None:
    model = nn.Sequential(nn.Linear(4, 6), zoo.Function(lambda x: 0.1 * torch.tanh(x)), nn.Linear(6, 2))
    entry = hs.plan(model, "gain*2", torch.randn(2, 4))["0.weight"]
    assert entry.activation is None
    assert entry.std == pytest.approx(2 * 10 * hs.gain("tanh") / math.sqrt(4), rel=1e-6)
    assert "for the function that follows" in entry.reason


@pytest.mark.parametrize("scale", ["1/sqrt(2L)", lambda sums: 1 / math.sqrt(sums), 0.5])
def test_residual_ends_are_scaled_by_their_number_and_nothing_else_is(scale: object) -> None:
    plain = hs.plan(zoo.Decoder(), "normal(0.02)", TOKENS)
    scaled = hs.plan(zoo.Decoder(), "normal(0.02)", TOKENS, residual_scale=scale)
    ends = [entry.name for entry in scaled if entry.ends_residual]
    assert len(ends) == 4
    for entry in scaled:  # two blocks have four sums: GPT-2 scales by 1/sqrt(4)
        factor = 0.5 if entry.name in ends else 1.0
        assert entry.std == pytest.approx(factor * plain[entry.name].std)
        assert ("end of a residual branch" in entry.reason) == (entry.name in ends)


def test_residual_ends_can_start_at_zero() -> None:
    model = zoo.resnet()
    hs.init(model, "he", 0, torch.randn(2, 3, 16, 16), residual_scale=0)
    assert model[3].c2.weight.abs().max() == 0 < model[3].c1.weight.abs().max()


def test_rules_by_name_class_and_role() -> None:
    rules = {
        "lookup": "normal(0.1)", "Linear": "xavier", "blocks.*.mlp.*.weight": "normal(0.3)",
        "blocks.1.mlp.up.*": "keep", "blocks.0.mlp.2.weight": {"scheme": "glorot", "blocks": [0, 2]},
    }  # fmt: skip
    plan = hs.plan(zoo.Decoder(), "he", TOKENS, rules=rules)
    assert plan["places.weight"].std == 0.1
    assert str(plan["blocks.0.attention.qkv.weight"].reason).startswith("weight by rule 'Linear': xavier")
    assert plan["blocks.0.mlp.0.weight"].std == 0.3
    assert plan["blocks.0.mlp.2.weight"].blocks == 2
    assert plan["blocks.0.mlp.2.weight"].std == pytest.approx(math.sqrt(2 / (16 + 4)))
    left = {left.name: left.reason for left in plan.left_alone}
    assert left["blocks.1.mlp.up.weight"] == "rule 'blocks.1.mlp.up.*'"


def test_a_rule_may_say_what_nobody_can_read() -> None:
    model = nn.Module()
    model.strange = nn.Parameter(torch.zeros(3, 4, 5))
    assert hs.plan(model).left_alone[0].role == "unknown"
    told = {"strange": {"scheme": "he", "layout": {"stack_axes": [0], "out_axes": [2], "in_axes": [1]}}}
    assert hs.plan(model, rules=told)["strange"].fan_in == 4
    with pytest.raises(hs.InputError, match="nobody knows what 'strange' is for"):
        hs.plan(model, strict=True)


def test_only_frozen_and_bias() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 2))
    model[2].weight.requires_grad_(False)
    assert [entry.name for entry in hs.plan(model)] == ["0.weight", "0.bias", "2.bias"]
    assert [entry.name for entry in hs.plan(model, frozen=True, only="*.weight")] == ["0.weight", "2.weight"]
    assert [entry.name for entry in hs.plan(model, only=["bias"], bias="normal(0.1)")] == ["0.bias", "2.bias"]
    assert hs.plan(model, bias="normal(0.1)")["0.bias"].std == 0.1
    assert [entry.name for entry in hs.plan(model, bias="keep")] == ["0.weight"]
    left = {left.name: left.reason for left in hs.plan(model).left_alone}
    assert "training does not change it" in left["2.weight"]


def test_defaults_of_roles_give_way_to_a_scheme_without_fans() -> None:
    model = nn.Sequential(nn.Embedding(9, 4), nn.GRU(4, 5))
    assert hs.plan(model, "he")["0.weight"].std == 1
    assert hs.plan(model, "he")["1.weight_hh_l0"].reason.startswith("a recurrence keeps lengths")
    assert hs.plan(model, "normal(0.02)")["0.weight"].std == 0.02
    assert hs.plan(model, "normal(0.02)")["1.weight_hh_l0"].std == 0.02


WRONG = [
    ({"rules": {"block.*": "he"}}, r"rule 'block\.\*' fits no parameter of the model, nor a role"),
    ({"rules": {"0.weigth": "he"}}, r"Did you mean '0.weight'"),
    ({"rules": {"Linaer": "he"}}, r"Did you mean 'Linear'"),
    ({"rules": {"0.weight": {"scheem": "he"}}}, r"unknown key of rule '0.weight' 'scheem'. Did you mean 'scheme'"),
    ({"rules": {"0.weight": 3}}, "must be a scheme, 'keep' or a table, got 3"),
    ({"rules": {"0.weight": {"blocks": (0, 5)}}}, "0.weight: "),
    (
        {"rules": {"2.weight": "he", "*.weight": "xavier"}},
        r"contradict each other: '2\.weight' is decided by '\*\.weight'",
    ),
    ({"rules": {"0.weight": {"scheme": "keep", "blocks": (0, 2)}}}, "contradicts itself: what is kept needs no blocks"),
    ({"scheme": "hee"}, "unknown scheme 'hee'"),
    ({"only": "nothing.*"}, r"only='nothing\.\*' fits no parameter"),
    ({"residual_scale": 0.5}, "needs to know where residual branches end. Pass an example"),
    ({"residual_scale": 0.5, "example": torch.zeros(1, 4)}, "the model has no residual sum"),
    ({"bias": "he"}, "0.bias: scheme 'he' needs fan_in"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[words[:24] for _, words in WRONG])
def test_what_is_refused(given: dict, words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        hs.plan(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)), **given)


@pytest.mark.parametrize(("scale", "words"), [
    ("1/L^2", "unknown residual scale '1/L\\^2'"), (-1.0, "residual_scale must be a positive"),
    (lambda sums: 0.0, r"residual_scale\(4\) must be a positive"), ([1], "a number, 1/sqrt"),
])  # fmt: skip
def test_residual_scales_that_are_refused(scale: object, words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        hs.plan(zoo.Decoder(), "he", TOKENS, residual_scale=scale)


# --- what a plan says -----------------------------------------------------------------------------------------------


def test_json_and_back_and_differences(tmp_path: Path) -> None:
    plan = hs.plan(zoo.Decoder(), "he", TOKENS)
    plan.save(tmp_path / "plan.json")
    again = hs.Plan.from_json(json.loads((tmp_path / "plan.json").read_text()))
    assert again == plan
    assert isinstance(again, hs.Plan)
    other = hs.plan(zoo.Decoder(), "he", TOKENS, rules={"blocks.0.mlp.0.weight": "xavier"})
    assert [str(each) for each in plan.diff(other)] == [
        "blocks.0.mlp.0.weight: draw Normal(sigma=0.5) -> Normal(sigma=0.3535533905932738)"
    ]
    model = zoo.Decoder()
    again.apply(model, seed=2)
    same = zoo.Decoder()
    hs.init(same, "he", 2)
    assert torch.equal(model.blocks[0].mlp[0].weight, same.blocks[0].mlp[0].weight)


def test_repeated_layers_are_told_once() -> None:
    model = nn.Sequential(*[nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8)) for _ in range(12)], nn.Linear(8, 3))
    text = str(hs.plan(model))
    assert text.count("8×8") == 1
    assert "0–11" in text
    assert "(12 ×)" in text
    assert "3×8" in text
    assert "left alone: 0–11.1.weight (12 ×): a norm's scale" in text
    for width in (40, 60, 80, 200):
        from headstart.show.console import text as printed

        shown = printed(hs.plan(model).print_to, width)
        assert "…" not in shown
        assert "8×8" in shown


def test_every_form(tmp_path: Path) -> None:
    plan = hs.plan(zoo.resnet(), "he", torch.randn(1, 3, 16, 16))
    assert repr(plan) == "<Plan: 11 parameters with 9,653 numbers drawn, 16 left alone>"
    assert plan._repr_html_().startswith("<h2>11 parameters")
    files = plan.save(tmp_path / "all")
    assert sorted(files) == ["csv", "json"]
    rows = plan.rows()
    assert len(rows) == 11
    assert rows[0]["activation"] == "relu"
    for suffix in ("png", "svg", "html"):
        plan.save(tmp_path / f"plan.{suffix}")
        assert (tmp_path / f"plan.{suffix}").stat().st_size > 2000
    assert hs.plan(nn.LayerNorm(3)).entries == ()
    assert "nothing" not in str(hs.plan(nn.LayerNorm(3)))
