"""Names of Flax, Equinox, Haiku, Keras and transformers become PyTorch's keys; what collides or is wrong is refused."""

from __future__ import annotations

from typing import Any

import pytest

from headstart.errors import InputError
from headstart.layout import LAYOUTS, Layout
from headstart.plans import Key, Parameter, Plan, keyed, plan_parameters

IN_OUT = Layout((1,), (0,))


def parameter(name: str, shape: tuple[int, ...], layout: Layout | None = None, **more: Any) -> Parameter:
    """A parameter as an adapter would read it, by its own name and shape."""
    leaf = name.replace("/", ".").rpartition(".")[2]
    if leaf in ("bias", "b", "beta", "offset", "bias_n"):
        return Parameter(name, shape, "bias", **more)
    if leaf in ("scale", "gamma"):
        return Parameter(name, shape, "norm scale", **more)
    found = layout or (LAYOUTS["out_in"] if leaf.startswith("weight") else LAYOUTS["in_out"])
    return Parameter(name, shape, layout=found, **more)


def keys(names: Any, **shapes: tuple[int, ...]) -> dict[str, str]:
    """Name -> key; names are given with __ for dots."""
    found = keyed([parameter(name.replace("__", "."), shape) for name, shape in shapes.items()], names)
    return {each.name: each.key for each in found}


def test_leaves_have_pytorchs_names() -> None:
    assert list(keys("flax", fc1__kernel=(8, 5), fc1__bias=(5,), norm__scale=(5,), e__embedding=(7, 5)).values()) == [
        "fc1.weight", "fc1.bias", "norm.weight", "e.weight",
    ]  # fmt: skip
    assert list(keys("flax", params__fc1__kernel=(8, 5)).values()) == ["fc1.weight"]
    assert list(keys("keras", n__gamma=(5,), n__beta=(5,), e__embeddings=(7, 5)).values()) == [
        "n.weight", "n.bias", "e.weight",
    ]  # fmt: skip
    assert list(keys("haiku", l__w=(8, 5), l__b=(5,), n__offset=(5,)).values()) == ["l.weight", "l.bias", "n.bias"]
    assert keys("flax", a__kernel=(8, 5), a__scale=(5,)) == {"a.kernel": "a.weight", "a.scale": "a.scale"}
    assert keys("flax", kernel=(8, 5)) == {"kernel": "weight"}


def test_paths_with_slashes() -> None:
    found = keyed([parameter("sequential/fc1/kernel", (8, 5)), parameter("sequential/fc1/bias", (5,))], "keras")
    assert [each.key for each in found] == ["fc1.weight", "fc1.bias"]
    found = keyed([parameter("fc1/kernel", (8, 5)), parameter("fc1/bias", (5,))], "keras")
    assert [each.key for each in found] == ["fc1.weight", "fc1.bias"]
    found = keyed([parameter("mlp/~/linear_0/w", (8, 5)), parameter("mlp/~/linear_1/w", (8, 5))], "haiku")
    assert [each.key for each in found] == ["mlp.linear.0.weight", "mlp.linear.1.weight"]


class Called:
    name = "other"


def test_a_model_that_is_called_otherwise_keeps_its_first_step() -> None:
    only = [parameter("encoder/fc/kernel", (8, 5))]
    assert keyed(only, "keras", Called())[0].key == "encoder.fc.weight"
    assert keyed([parameter("other/fc/kernel", (8, 5))], "keras", Called())[0].key == "fc.weight"


def test_numbered_layers_are_lists() -> None:
    found = keys(
        "flax", layers_0__kernel=(8, 5), layers_2__kernel=(5, 5), Dense_0__kernel=(5, 5), conv_1__kernel=(5, 5)
    )
    assert list(found.values()) == ["layers.0.weight", "layers.2.weight", "Dense.0.weight", "conv_1.weight"]
    assert keys("flax(lists=false)", conv_0__kernel=(8, 5)) == {"conv_0.kernel": "conv_0.weight"}
    assert list(keys("flax", layers__0__kernel=(8, 5)).values()) == ["layers.0.weight"]
    found = keys("haiku", linear__w=(8, 5), linear_1__w=(5, 5))
    assert list(found.values()) == ["linear.weight", "linear_1.weight"]


def test_scanned_layers_are_the_loops() -> None:
    stack = parameter("layers.kernel", (3, 8, 5), Layout((2,), (1,), stack_axes=(0,)), key="layers.*.kernel")
    assert keyed([stack], "flax")[0].key == "layers.*.weight"
    loop = [parameter(f"layers_{i}.kernel", (8, 5)) for i in range(3)]
    assert [each.key for each in keyed(loop, "flax")] == [f"layers.{i}.weight" for i in range(3)]


def heads(
    prefix: str, sizes: tuple[int, int, int] = (6, 6, 6), outs: tuple[int, int, int] = (2, 2, 2)
) -> list[Parameter]:
    layers = list(zip(("query", "key", "value"), sizes, outs, strict=True))
    return [
        *(parameter(f"{prefix}{n}.kernel", (s, o, 3), Layout((1, 2), (0,))) for n, s, o in layers),
        *(parameter(f"{prefix}{n}.bias", (o, 3)) for n, _, o in layers),
        parameter(f"{prefix}out.kernel", (2, 3, 6), Layout((2,), (0, 1))), parameter(f"{prefix}out.bias", (6,)),
    ]  # fmt: skip


def test_attention_is_in_proj() -> None:
    found = keyed(heads("a."), "flax")
    told = [(each.key, each.picks, each.of) for each in found]
    assert told[:3] == [("a.in_proj_weight", (at,), 3) for at in range(3)]
    assert told[3:6] == [("a.in_proj_bias", (at,), 3) for at in range(3)]
    assert [key for key, _, _ in told[6:]] == ["a.out_proj.weight", "a.out_proj.bias"]
    apart = keyed(heads("a.", sizes=(6, 7, 8)), "flax")
    assert [each.key for each in apart[:3]] == ["a.q_proj_weight", "a.k_proj_weight", "a.v_proj_weight"]
    fewer = keyed(heads("a.", outs=(4, 2, 2)), "flax")  # fewer heads of keys: no weight of PyTorch's
    assert [each.key for each in fewer[:3]] == ["a.query.weight", "a.key.weight", "a.value.weight"]
    flat = keyed([parameter(f"a.{n}.kernel", (6, 6)) for n in ("query", "key", "value", "out")], "flax")
    assert [each.key for each in flat][:2] == ["a.query.weight", "a.key.weight"]  # layers of a user's own
    assert keyed(heads(""), "flax")[0].key == "in_proj_weight"


def test_gates_are_blocks_of_the_lstm() -> None:
    names = [f"rnn.cell.{side}{gate}.kernel" for side in "ih" for gate in "ifgo"]
    found = keyed([parameter(name, (5 if ".i" in name else 6, 6)) for name in names], "flax")
    assert {each.key for each in found[:4]} == {"rnn.weight_ih_l0"}
    assert {each.key for each in found[4:]} == {"rnn.weight_hh_l0"}
    assert [each.picks for each in found] == [(0,), (1,), (2,), (3,)] * 2
    cell = keyed([parameter(name, (5 if ".i" in name else 6, 6)) for name in names], "flax(recurrent=cell)")
    assert cell[0].key == "rnn.weight_ih"
    beside = keyed([*(parameter(name, (6, 6)) for name in names), parameter("rnn.head.kernel", (6, 2))], "flax")
    assert beside[0].key == "rnn.cell.weight_ih_l0"  # a module with more than a cell is no wrapper of one


def test_directions_and_stacks_of_cells() -> None:
    def cell(path: str, n: int, gates: int = 4) -> list[Parameter]:
        return [parameter(f"{path}/kernel", (5, gates * n)), parameter(f"{path}/recurrent_kernel", (n, gates * n))]

    both = keyed([*cell("bi/forward_lstm/lstm_cell", 3), *cell("bi/backward_lstm/lstm_cell", 3)], "keras")
    assert [each.key for each in both] == [
        "bi.weight_ih_l0", "bi.weight_hh_l0", "bi.weight_ih_l0_reverse", "bi.weight_hh_l0_reverse",
    ]  # fmt: skip
    deep = "rnn/stacked_rnn_cells/lstm_cell"
    stacked = keyed([*cell(deep, 3), *cell(f"{deep}_1", 3), parameter("fc/kernel", (3, 1))], "keras")
    assert [each.key for each in stacked[:4]] == [
        "rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.weight_ih_l1", "rnn.weight_hh_l1",
    ]  # fmt: skip
    gru = keyed([*cell("gru/gru_cell", 3, 3), parameter("fc/kernel", (3, 1))], "keras")
    assert [(each.key, each.picks, each.of) for each in gru[:2]] == [
        ("gru.weight_ih_l0", (1, 0, 2), 3), ("gru.weight_hh_l0", (1, 0, 2), 3),
    ]  # fmt: skip


def test_biases_of_heads_count_as_they_are_stored() -> None:
    bias = Parameter("a.query.bias", (2, 3), "bias", LAYOUTS["in_out"])
    [found] = keyed([bias], "flax")
    assert found.layout.out_axes == (0, 1)


def test_the_forget_gates_bias_is_told_apart() -> None:
    names = [f"{side}{gate}.kernel" for side in "ih" for gate in "ifgo"]
    found = [*(parameter(name, (6, 6)) for name in names), *(parameter(f"h{gate}.bias", (6,)) for gate in "ifgo")]
    made = plan_parameters(keyed(found, "flax"), "he")
    assert [made[f"h{gate}.bias"].draws[0].value for gate in "ifgo"] == [0, 1, 0, 0]  # type: ignore[union-attr]
    keras = [
        parameter("lstm/lstm_cell/kernel", (5, 12)), parameter("lstm/lstm_cell/recurrent_kernel", (3, 12)),
        parameter("lstm/lstm_cell/bias", (12,)),
    ]  # fmt: skip
    whole = plan_parameters(keyed(keras, "keras"), "he")["lstm/lstm_cell/bias"]
    assert [draw.value for draw in whole.draws] == [0, 1, 0, 0]  # type: ignore[union-attr]


def test_base_models_of_transformers() -> None:
    base = {"layers__0__q__weight": (6, 6), "embed__weight": (9, 6)}
    head = {f"model__{name}": shape for name, shape in base.items()} | {"lm_head__weight": (9, 6)}
    assert list(keys("transformers", **base).values()) == list(keys("transformers", **head).values())[:2]
    assert keys("transformers", **head)["lm_head.weight"] == "lm_head.weight"
    assert list(keys("transformers", n__gamma=(6,), n__beta=(6,)).values()) == ["n.weight", "n.bias"]


def test_mappings_and_functions() -> None:
    assert keys({"Dense_0": "fc"}, Dense_0__kernel=(8, 5)) == {"Dense_0.kernel": "fc.kernel"}
    assert keys(["flax", {"Dense.0": "fc"}], Dense_0__kernel=(8, 5)) == {"Dense_0.kernel": "fc.weight"}
    assert keys({"a.kernel": "b"}, a__kernel=(8, 5), c__kernel=(5, 2))["c.kernel"] == "c.kernel"
    assert keys(str.upper, a__kernel=(8, 5)) == {"a.kernel": "A.KERNEL"}
    [found] = keyed([parameter("q.kernel", (6, 4))], lambda name: Key("qkv.weight", (1,), 3))
    assert (found.key, found.picks, found.of) == ("qkv.weight", (1,), 3)


@pytest.mark.parametrize(
    ("names", "match"),
    [
        ("flux", r"unknown map of names 'flux'. Did you mean 'flax'"),
        ("flax(same=values)", "unknown same of map of names 'flax'"),
        (lambda name: "", "a key is a string that is not empty"),
        (lambda name: None, "gave None for 'a.kernel'"),
        (lambda name: {}[name], r"names\(...\) raised KeyError: 'a.kernel'"),
        ({"a.kernle": "b"}, r"no parameter is called 'a.kernle', nor begins so. Did you mean 'a.kernel'"),
        ({"a": Key("b", (0,), 2)}, "a part of a weight is for a whole name"),
        (3, "names are a function, a mapping or a ready map"),
    ],
)
def test_maps_that_are_none_are_refused(names: Any, match: str) -> None:
    with pytest.raises(InputError, match=match):
        keyed([parameter("a.kernel", (8, 5))], names)


def planned(*parameters: Parameter) -> Plan:
    return plan_parameters(parameters, "he")


def test_keys_that_collide_are_refused() -> None:
    def part(name: str, picks: tuple[int, ...], of: int = 3, key: str = "k") -> Parameter:
        return Parameter(name, (5, 4 * max(len(picks), 1)), layout=IN_OUT, key=key, picks=picks, of=of)

    with pytest.raises(InputError, match="'a' and 'b' are both the whole of 'k'"):
        planned(part("a", (), 1), part("b", (), 1))
    with pytest.raises(InputError, match="'a' and 'b' are both block 2 of 3 of 'k'"):
        planned(part("a", (0, 1)), part("b", (1,)))
    with pytest.raises(InputError, match="'a' and 'b' both have the key 'k', of 3 and 4 blocks"):
        planned(part("a", (0,)), part("b", (1,), 4))
    with pytest.raises(InputError, match="both have the key 'k', of 1 and 3 blocks"):
        planned(part("a", (), 1), part("b", (1,)))
    assert len(planned(part("a", (0,)), part("b", (2, 1)))) == 2
    stack = Parameter("s", (3, 8, 5), layout=Layout((2,), (1,), stack_axes=(0,)), key="l.*.w")
    with pytest.raises(InputError, match=r"'a' has the key 'l.2.w', and so has a slice of 's'"):
        planned(stack, part("a", (), 1, "l.2.w"))
    assert len(planned(stack, part("a", (), 1, "l.3.w"), part("b", (), 1, "l.2.v"))) == 3


def test_a_plan_with_parts_is_read_back_and_told() -> None:
    part = Parameter("q", (6, 4), layout=IN_OUT, key="a.in_proj_weight", picks=(2,), of=3)
    mirrored = Parameter("t", (3, 4, 5), layout=LAYOUTS["in_out"], flip=True)
    made = planned(part, mirrored)
    document = made.to_json()
    assert document["schema"] == 2
    assert Plan.from_json(document) == made
    assert made["q"].reason.endswith("; block 3 of 3 of a.in_proj_weight")
    assert "mirrored along its receptive field" in str(made)
    plain = planned(
        Parameter("q", (6, 4), layout=IN_OUT, key="a.in_proj_weight"),
        Parameter("t", (3, 4, 5), layout=LAYOUTS["in_out"]),
    )
    assert plain.to_json()["schema"] == 1
    assert "picks" not in plain.to_json()["entries"][0]
    assert [(each.name, each.what) for each in plain.diff(made)] == [("q", "picks"), ("q", "of"), ("t", "flip")]
    document["entries"][0]["picks"] = [3]
    with pytest.raises(InputError, match="from 0 to 2 of 3"):
        Plan.from_json(document)
