"""Plans as programs: short where layers repeat, for other libraries too, and what is left out is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from headstart.draws.weights import draw_entry
from headstart.errors import InputError
from headstart.layout import LAYOUTS, Layout
from headstart.plans import Parameter, Plan, keyed, plan_parameters
from headstart.schemes.distributions import (
    Constant,
    DeltaOrthogonal,
    Identity,
    Normal,
    Orthogonal,
    Sparse,
    TruncatedNormal,
    Uniform,
)
from headstart.schemes.scheme import scheme
from headstart.show.code import program
from headstart.show.code.specs import spec_of

IN_OUT, STACKED = Layout((1,), (0,)), Layout((2,), (1,), stack_axes=(0,))


def arrays(plan: Plan, library: str = "numpy", seed: int = 0) -> dict[str, Any]:
    """What the program's generator gives, whatever the library."""
    text = program(plan, library)
    lines = [line for line in text.splitlines() if not line.startswith(("import ", "from "))]
    names: dict[str, Any] = {}
    exec("import numpy as np\nimport headstart as hs\n" + "\n".join(lines), names)  # without the library itself
    return dict(names["weights"](seed, "float32"))


def check(plan: Plan) -> None:
    made = arrays(plan)
    assert set(made) == {entry.name for entry in plan}
    for entry in plan:
        expected = draw_entry(entry, 0)
        assert made[entry.name].dtype == expected.dtype
        assert np.array_equal(made[entry.name], expected), entry.name


@pytest.mark.parametrize(
    "draw",
    [
        Constant(0.0), Constant(1.0), Constant(-0.3), Normal(0.1), Normal(1 / 3), Uniform(-0.7, 0.7),
        TruncatedNormal(0.02, 2.0), TruncatedNormal(1 / 7, 3.5), Orthogonal(1.0), Orthogonal(2**0.5),
        DeltaOrthogonal(0.3), Identity(1.0), Identity(0.1), Sparse(0.9, 0.01), Sparse(1 / 3, 1 / 7), Normal(1e-30),
    ],
    ids=str,
)  # fmt: skip
def test_every_draw_can_be_said(draw: Any) -> None:
    assert scheme(spec_of(draw)).draw() == draw


def test_a_uniform_draw_not_about_zero_has_no_scheme() -> None:
    with pytest.raises(InputError, match="a uniform scheme is about zero"):
        spec_of(Uniform(0.0, 1.0))


def layers(count: int, wider: tuple[int, ...] = ()) -> list[Parameter]:
    found = [Parameter("embed.weight", (11, 6), "lookup", LAYOUTS["rows_out"])]
    for i in range(count):
        width = 9 if i in wider else 8
        found += [
            Parameter(f"blocks.{i}.attn.in_proj_weight", (18, 6), layout=Layout((0,), (1,), blocks=(0, 3))),
            Parameter(f"blocks.{i}.fc1.weight", (width, 6)), Parameter(f"blocks.{i}.fc1.bias", (width,), "bias"),
            *(Parameter(f"blocks.{i}.experts.{j}.weight", (4, 6)) for j in range(5)),
        ]  # fmt: skip
    return found


@pytest.mark.parametrize("asked", ["he", "orthogonal"])
def test_layers_that_repeat_are_told_once(asked: str) -> None:
    plan = plan_parameters(layers(48), asked, bias="normal(0.1)")
    text = program(plan, "numpy")
    assert len(text.splitlines()) < 30 < len(plan)
    assert "for i in range(48):" in text
    assert "for j in range(5):" in text
    check(plan)
    one_other = plan_parameters(layers(48, wider=(0, 3, 4)), asked)
    text = program(one_other, "numpy")
    assert "for i in (0, 3, 4):" in text
    assert len(text.splitlines()) < 40
    check(one_other)


def test_indices_that_keys_do_not_share_are_no_loop() -> None:
    crossed = [Parameter(f"l.{i}.weight", (4, 6), key=f"l.{1 - i}.weight") for i in range(2)]
    plan = plan_parameters(crossed, "he")
    assert "for i" not in program(plan, "numpy")
    check(plan)
    check(plan_parameters([Parameter("l.0.weight", (4, 6), key="a"), Parameter("l.1.weight", (4, 6), key="b")], "he"))
    check(plan_parameters([Parameter(f"l.{i}.weight", (4, 6)) for i in ("0", "00", "1")], "he"))
    check(plan_parameters([Parameter(f"l_{i}.w_{j}", (4, 6)) for i in (1, 2) for j in (3, 4, 6)], "he"))


@pytest.mark.parametrize("asked", ["he", "orthogonal", "sparse(0.5)", "glorot(distribution=uniform)"])
def test_parts_stacks_blocks_and_mirrors(asked: str) -> None:
    check(
        plan_parameters(
            [
                Parameter("gate", (5, 6), layout=IN_OUT, key="w", picks=(2,), of=4),
                Parameter("rest", (5, 18), layout=IN_OUT, key="w", picks=(3, 0, 1), of=4),
                Parameter("heads", (6, 2, 3), layout=Layout((1, 2), (0,)), key="qkv", picks=(1,), of=3),
                Parameter("stack", (3, 6, 8), layout=STACKED, key="l.*.w"),
                Parameter("parts", (3, 6, 8), layout=STACKED, key="k.*.w", picks=(1, 0), of=3),
                Parameter("uneven", (9, 6), layout=Layout((0,), (1,), blocks=(0, (2, 4, 3)))),
                Parameter("inputs", (6, 9), layout=Layout((0,), (1,), blocks=(1, (2, 4, 3)))),
                Parameter("conv", (4, 3, 2, 8), layout=Layout((-1,), (-2,), groups=2, stride=2)),
                Parameter("up", (4, 3, 2, 8), layout=Layout((3,), (2,), transposed=True), flip=True),
                Parameter("table", (7, 6), "lookup", LAYOUTS["rows_out"]),
                Parameter("bias", (24,), "forget bias", Layout((0,), blocks=(0, 4))),
                Parameter("some", (18,), "forget bias", key="b", picks=(1, 0, 3), of=4),
            ],
            asked,
            bias="zeros",
        )
    )  # fmt: skip


def torch_plan(asked: str = "he") -> Plan:
    return plan_parameters(
        [
            Parameter("fc.0.weight", (7, 5)), Parameter("fc.0.bias", (7,), "bias"), Parameter("fc.1.weight", (7, 7)),
            Parameter("conv.weight", (8, 3, 5, 4), layout=Layout((0,), (1,), stride=2)),
            Parameter("conv.bias", (8,), "bias"),
            Parameter("up.weight", (8, 4, 2, 3), layout=Layout((1,), (0,), groups_on="in", transposed=True)),
            Parameter("embed.weight", (9, 6), "lookup", LAYOUTS["rows_out"]),
            Parameter("attn.in_proj_weight", (18, 6), layout=Layout((0,), (1,), blocks=(0, 3))),
            Parameter("attn.out_proj.weight", (6, 6)),
            Parameter("rnn.weight_ih_l0", (24, 6), "gate weight", Layout((0,), (1,), blocks=(0, 4))),
        ],
        asked, bias="normal(0.1)",
    )  # fmt: skip


def test_a_plan_of_pytorchs_in_other_libraries_words() -> None:
    plan = torch_plan()
    held = {entry.name: draw_entry(entry, 0) for entry in plan}
    flax, keras, equinox = arrays(plan, "flax"), arrays(plan, "keras"), arrays(plan, "equinox")
    assert (flax["fc.0.kernel"] == held["fc.0.weight"].T).all()
    assert (flax["conv.kernel"] == held["conv.weight"].transpose(2, 3, 1, 0)).all()
    assert (flax["up.kernel"] == held["up.weight"].transpose(2, 3, 0, 1)).all()
    assert (flax["embed.embedding"] == held["embed.weight"]).all()
    assert (flax["fc.0.bias"] == held["fc.0.bias"]).all()
    assert (keras["fc_0/kernel"] == held["fc.0.weight"].T).all()
    assert (keras["up/kernel"] == held["up.weight"].transpose(2, 3, 1, 0)).all()
    assert (keras["embed/embeddings"] == held["embed.weight"]).all()
    assert (equinox["attn.key_proj.weight"] == held["attn.in_proj_weight"][6:12]).all()
    assert (equinox["up.weight"] == held["up.weight"].transpose(1, 0, 2, 3)).all()
    assert (equinox["conv.bias"] == held["conv.bias"][:, None, None]).all()
    text = program(plan, "flax")
    assert "# not here: attn.in_proj_weight, attn.out_proj.weight: flax splits it by heads, whose number" in text
    assert "# not here: rnn.weight_ih_l0: it belongs to a recurrent cell, which flax keeps otherwise" in text
    assert "rnn.weight_ih_l0" in program(plan, "equinox")


@pytest.mark.parametrize("asked", ["he", "orthogonal"])
def test_a_plan_of_another_library_in_pytorchs_words(asked: str) -> None:
    found = [
        Parameter("fc.kernel", (5, 7), layout=IN_OUT), Parameter("fc.bias", (7,), "bias"),
        *(
            Parameter(f"rnn.cell.{side}{gate}.kernel", (6, 6), "gate weight", IN_OUT)
            for gate in "gifo" for side in "hi"
        ),
        *(Parameter(f"attn.{n}.kernel", (6, 2, 3), layout=Layout((1, 2), (0,))) for n in ("value", "key", "query")),
        Parameter("attn.out.kernel", (2, 3, 6), layout=Layout((2,), (0, 1))),
        Parameter("up.kernel", (2, 3, 8, 4), layout=Layout((3,), (2,), transposed=True)),
    ]  # fmt: skip
    mapped = plan_parameters(keyed(found, "flax"), asked)
    made = arrays(mapped, "torch")
    assert made["attn.in_proj_weight"].shape == (18, 6)
    for at, name in enumerate(("query", "key", "value")):
        part = draw_entry(mapped[f"attn.{name}.kernel"], 0).reshape(6, 6).T
        assert (made["attn.in_proj_weight"][6 * at : 6 * at + 6] == part).all()
    for at, gate in enumerate("ifgo"):
        part = draw_entry(mapped[f"rnn.cell.h{gate}.kernel"], 0).T
        assert (made["rnn.weight_hh_l0"][6 * at : 6 * at + 6] == part).all()
    assert (made["fc.weight"] == draw_entry(mapped["fc.kernel"], 0).T).all()
    assert (made["up.weight"] == draw_entry(mapped["up.kernel"], 0).transpose(2, 3, 0, 1)).all()
    assert (made["attn.out_proj.weight"] == draw_entry(mapped["attn.out.kernel"], 0).reshape(6, 6).T).all()
    own = plan_parameters(found, asked)  # under names of its own, a part is no part of PyTorch's weight
    assert "drawn under a name of its own" in program(own, "torch")
    assert (arrays(own, "torch")["fc.weight"] == draw_entry(own["fc.kernel"], 0).T).all()


def test_an_unknown_library_and_an_empty_plan() -> None:
    with pytest.raises(InputError, match="unknown library 'jax'"):
        program(torch_plan(), "jax")
    with pytest.raises(InputError, match="seed"):
        program(torch_plan(), "numpy", -1)
    assert arrays(Plan(())) == {}
