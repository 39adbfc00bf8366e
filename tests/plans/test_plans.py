"""Plans: every parameter once, by its role or a rule; plain data that JSON keeps; roles that change no bit."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.draws import draw_array
from headstart.layout import LAYOUTS, Fans, Layout
from headstart.plans import KEEP, ROLES, Parameter, Plan, plan_parameters
from headstart.schemes import Constant, Normal

QKV = Layout((0,), (1,), blocks=(0, 3))
UNEQUAL = Layout((0,), (1,), blocks=(0, (8, 16)))
EXPERTS = Layout((1,), (2,), stack_axes=(0,))
MODEL = [
    Parameter("embedding", (50, 8), "lookup", LAYOUTS["rows_out"]),
    Parameter("attention.qkv", (24, 8), layout=QKV),
    Parameter("experts", (4, 6, 8), layout=EXPERTS),
    Parameter("conv", (6, 4, 3, 5), layout=Layout((0,), (1,), groups=2), activation="relu"),
    Parameter("conv.bias", (6,), "bias"),
    Parameter("norm.scale", (6,), "norm scale"),
    Parameter("norm.shift", (6,), "norm shift"),
    Parameter("head", (50, 8), tied_to="embedding"),
    Parameter("what", (2, 3), "unknown"),
]


def test_each_parameter_gets_what_its_role_says() -> None:
    plan = plan_parameters(MODEL, "he")
    assert [entry.name for entry in plan] == ["embedding", "attention.qkv", "experts", "conv", "conv.bias"]
    assert [left.name for left in plan.left_alone] == ["norm.scale", "norm.shift", "head", "what"]
    assert [entry.fan_in for entry in plan] == [1.0, 8.0, 8.0, 60.0, None]
    assert [entry.blocks for entry in plan] == [1, 3, 1, 1, 1]
    assert plan["conv"].std == pytest.approx(math.sqrt(2 / 60), rel=1e-15)
    assert plan["attention.qkv"].std == pytest.approx(0.5, rel=1e-15)
    assert plan["conv.bias"].draw == Constant(0.0)
    assert "the same array as embedding" in str(plan)
    assert "fan_in 60" in plan["conv"].reason
    assert "in 3 blocks" in plan["attention.qkv"].reason


# all fans differ: 3 groups of 2 outputs, fan_in 4 * 15 = 60, fan_out 6 * 15 / 3 = 30
GROUPED = Parameter("conv.weight", (6, 4, 3, 5), layout=Layout((0,), (1,), groups=3), activation="tanh")
BIAS = Parameter("conv.bias", (6,), "bias")


@pytest.mark.parametrize("sigma_b", [0.3, 1.5])
def test_biases_have_the_standard_deviation_asked_for(sigma_b: float) -> None:
    (entry,) = plan_parameters([BIAS], hs.he, {"bias": hs.normal(sigma_b)})
    assert entry.draw == Normal(sigma_b)
    assert entry.reason == f"bias by rule 'bias': normal({sigma_b:g}): N(0, std²)"


def test_biases_start_at_zero_unless_asked() -> None:
    (entry,) = plan_parameters([BIAS], hs.normal(10))
    assert entry.draw == Constant(0.0)
    assert entry.reason == "biases start at zero"


def test_a_rule_for_biases_leaves_weights_alone() -> None:
    assert plan_parameters([GROUPED], hs.he, {"bias": "normal(0.3)"}) == plan_parameters([GROUPED], hs.he)


def test_weights_use_their_own_axes_and_groups() -> None:
    assert plan_parameters([BIAS], hs.he)["conv.bias"].fans is None
    for scheme, variance in ((hs.he, 2 / 60), (hs.he(mode="fan_out"), 2 / 30), (hs.glorot, 2 / 90)):
        (entry,) = plan_parameters([GROUPED], scheme)
        assert entry.fans == Fans(60, 30)
        assert isinstance(entry.draw, Normal)
        assert entry.draw.sigma**2 == pytest.approx(variance, rel=1e-14)
        fan = {"he": "fan_in 60", "he(mode=fan_out)": "fan_out 30", "glorot": "fan_avg 45"}[str(scheme)]
        assert entry.reason == f"{scheme}: {scheme.family.formula}, {fan}"


def test_entries_keep_the_order_of_the_parameters() -> None:
    later = Parameter("head.weight", (3, 7))
    plan = plan_parameters(iter([GROUPED, BIAS, later]), hs.xavier, {"bias": "normal(0.1)"})
    given = [(p.name, p.key, p.shape, p.role, p.layout, p.activation) for p in (GROUPED, BIAS, later)]
    assert [(e.name, e.key, e.shape, e.role, e.layout, e.activation) for e in plan] == given
    assert plan["head.weight"].draw == Normal(1 / math.sqrt(7))


def test_schemes_without_fans_do_not_speak_of_them() -> None:
    (entry,) = plan_parameters([GROUPED], hs.normal(0.5))
    assert entry.reason == "normal(0.5): N(0, std²)"


def test_the_reason_names_the_activation_that_the_draw_is_for() -> None:
    (entry,) = plan_parameters([GROUPED], hs.scheme("gain"))
    assert entry.reason == "gain: 1.593 for tanh, fan_in 60"
    assert entry.draw == Normal(hs.gain("tanh") / math.sqrt(60))
    (entry,) = plan_parameters([GROUPED], hs.he)
    assert "for tanh" not in entry.reason


def test_a_scheme_that_names_its_activation_is_not_said_to_be_for_another() -> None:
    (entry,) = plan_parameters([GROUPED], hs.scheme("gain(relu)"))
    assert entry.draw == Normal(math.sqrt(2) / math.sqrt(60))
    assert "tanh" not in entry.reason


def test_the_activation_that_follows_reaches_the_scheme() -> None:
    plan = plan_parameters([MODEL[3]], "gain")
    assert plan["conv"].std == pytest.approx(math.sqrt(2 / 60), rel=1e-12)
    assert "for relu" in plan["conv"].reason


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, "zeros"),
        ({"bias": "normal(0.1)"}, "normal(0.1)"),
        ({"bias": "normal(0.1)", "conv.*": "normal(0.2)"}, "normal(0.2)"),  # a pattern goes before a role
        ({"conv.*": "normal(0.2)", "*bias": "normal(0.3)"}, "normal(0.3)"),  # a later pattern before an earlier one
        ({"conv.*": KEEP}, KEEP),
    ],
)
def test_rules_go_before_roles(rules: dict[str, str], expected: str) -> None:
    plan = plan_parameters(MODEL, "he", rules)
    if expected == KEEP:
        assert [left.reason for left in plan.left_alone if left.name == "conv.bias"] == ["rule 'conv.*'"]
        return
    assert plan["conv.bias"].draw == hs.scheme(expected).draw()
    assert (next(reversed(rules), "zero") in plan["conv.bias"].reason) or not rules


def test_a_rule_can_draw_what_is_left_alone_otherwise() -> None:
    assert plan_parameters(MODEL, "he", {"norm scale": "ones"})["norm.scale"].draw == Constant(1.0)


@pytest.mark.parametrize(
    ("parameters", "scheme", "rules", "words"),
    [
        ([MODEL[0], MODEL[0]], "he", {}, "two parameters are called 'embedding'"),
        ([MODEL[7]], "he", {}, "'head' is tied to 'embedding', which is no parameter"),
        (MODEL, "he", {"decoder.*": "zeros"}, r"rule 'decoder\.\*' fits no parameter of the model, nor a role"),
        ([Parameter("v", (3,))], "he", {}, "v: scheme 'he' needs fan_in"),
        ([Parameter("w", (3, 4))], "hee", {}, "Did you mean 'he'"),
        ([Parameter("w", (3, 4), layout=Layout((0,), (5,)))], "he", {}, "w: a weight needs separate axes"),
    ],
)
def test_what_cannot_be_planned(parameters: list[Parameter], scheme: str, rules: dict[str, str], words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        plan_parameters(parameters, scheme, rules)


def test_an_unknown_role_and_a_nameless_parameter_are_refused() -> None:
    with pytest.raises(hs.InputError, match=r"unknown role 'wieght'. Did you mean 'weight'"):
        Parameter("w", (2, 2), "wieght")
    with pytest.raises(hs.InputError, match="a parameter needs a name"):
        Parameter("", (2, 2))


@pytest.mark.parametrize("role", ROLES)
def test_streams_know_weight_and_bias_alone(role: str) -> None:
    assert ROLES[role].stream in ("weight", "bias")
    assert ROLES[role].reason or ROLES[role].rule == "scheme"


def test_a_role_changes_no_bit() -> None:
    shape = (5, 8)
    plain = plan_parameters([Parameter("w", shape)], "normal(0.5)")["w"]
    lookup = plan_parameters([Parameter("w", shape, "lookup", LAYOUTS["rows_out"])], "normal(0.5)")["w"]
    slope = plan_parameters([Parameter("w", shape, "slope")], "he", {"slope": "normal(0.5)"})["w"]
    drawn = [draw_array(entry.draw, shape, 3, entry.key, entry.stream_role) for entry in (plain, lookup, slope)]
    np.testing.assert_array_equal(drawn[0], drawn[2])
    np.testing.assert_array_equal(drawn[0], drawn[1])


def test_the_key_names_the_stream_and_is_the_name_unless_given() -> None:
    assert Parameter("a.b", (2, 2)).key == "a.b"
    assert plan_parameters([Parameter("_orig_mod.a", (2, 2), key="a")], "he").entries[0].key == "a"


@pytest.mark.parametrize("parameter", MODEL[:4], ids=lambda parameter: parameter.name)
@pytest.mark.parametrize("spec", ["he", "glorot(distribution=uniform)", "orthogonal*2", "sparse(0.4, nonzero_std=3)"])
def test_the_std_is_that_of_the_numbers(parameter: Parameter, spec: str) -> None:
    # 192 to 400 numbers: the standard error of their rms is at most 5.5 %, four of them 22 %; exact draws are exact
    entry = plan_parameters([parameter], spec).entries[0]
    drawn = draw_array(
        entry.draws if entry.blocks > 1 else entry.draw, entry.shape, 1, entry.key, layout=entry.layout, dtype="float64"
    )
    exact = spec.startswith("orthogonal")
    assert np.sqrt(np.mean(drawn**2)) == pytest.approx(entry.std, rel=1e-12 if exact else 0.22)
    assert abs(np.sqrt(np.mean(drawn**2)) - 2 * entry.std) > 0.22 * entry.std  # the twin: twice the std is seen


def test_unequal_blocks_have_their_own_fans_and_one_std() -> None:
    entry = plan_parameters([Parameter("w", (24, 8), layout=UNEQUAL)], "glorot").entries[0]
    assert entry.draws == (Normal(math.sqrt(2 / 16)), Normal(math.sqrt(2 / 24)))
    assert entry.std == pytest.approx(math.sqrt((8 * 2 / 16 + 16 * 2 / 24) / 24), rel=1e-15)


SPECS = st.sampled_from(["he", "xavier*0.5", "orthogonal", "normal(0.02)", "truncated_normal(0.02)", "uniform(0.1)",
                         "sparse(0.5)", "identity", "constant(2)", "zeros"])  # fmt: skip


@given(SPECS, st.lists(st.sampled_from(MODEL[:7]), unique_by=lambda parameter: parameter.name, min_size=1))
def test_a_plan_comes_back_from_json(spec: str, parameters: list[Parameter]) -> None:
    plan = plan_parameters(parameters, spec)
    text = json.dumps(plan.to_json(), allow_nan=False)
    back = Plan.from_json(json.loads(text))
    assert back == plan
    assert back.diff(plan) == []
    assert str(back) == str(plan)


@pytest.mark.parametrize(
    "document", [{}, {"schema": 2, "entries": []}, {"schema": 1}, {"schema": 1, "entries": [{}], "left_alone": []}, []]
)
def test_what_is_no_plan_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(hs.InputError, match=r"a plan has schema 1|this is no plan"):
        Plan.from_json(document)


def test_the_difference_of_two_plans() -> None:
    before = plan_parameters(MODEL[:5], "he")
    after = plan_parameters([*MODEL[1:4], Parameter("new", (2, 2))], "he", {"conv": "zeros", "experts": KEEP})
    found = [str(difference) for difference in before.diff(after)]
    assert found[0] == "embedding: is there True -> False"
    assert "conv: draw Normal(sigma=0.18257418583505536) -> Constant(value=0.0)" in found
    assert any(line.startswith("experts: left alone") for line in found)
    assert found[-1] == "new: is there False -> True"
    assert before.diff(before) == []


def test_entries_by_name() -> None:
    plan = plan_parameters(MODEL, "he")
    with pytest.raises(hs.InputError, match=r"leaves 'norm\.scale' alone: a norm's scale"):
        plan["norm.scale"]
    with pytest.raises(hs.InputError, match=r"unknown parameter 'con'. Did you mean 'conv'"):
        plan["con"]


def test_rows_are_flat_data() -> None:
    row = plan_parameters(MODEL, "he").rows()[1]
    assert row == {
        "name": "attention.qkv", "key": "attention.qkv", "shape": [24, 8], "role": "weight", "fan_in": 8.0,
        "fan_out": 8.0, "activation": None, "blocks": 3, "ends_residual": False, "draw": "Normal(sigma=0.5)",
        "std": 0.5,
        "reason": "he: variance 2/n_in, fan_in 8, in 3 blocks",
    }  # fmt: skip


def test_with_starts_gives_norms_what_their_layers_start_them_with() -> None:
    parameters = [
        Parameter("weight", (5, 8)), Parameter("norm.weight", (5,), "norm scale", start=1.0),
        Parameter("norm.bias", (5,), "norm shift", start=0.0), Parameter("scale", (5,), "layer scale"),
        Parameter("tied", (5,), "norm scale", start=1.0, tied_to="norm.weight"),
    ]  # fmt: skip
    plan = plan_parameters(parameters, "he")
    found = plan.with_starts()
    assert {entry.name: str(entry.draw) for entry in found if entry.name != "weight"} == {
        "norm.weight": "Constant(value=1.0)", "norm.bias": "Constant(value=0.0)",
    }  # fmt: skip
    assert [left.name for left in found.left_alone] == ["scale", "tied"]
    assert type(found).from_json(found.to_json()) == found
    assert found.with_starts() == found
    assert len(plan.left_alone) == 4
