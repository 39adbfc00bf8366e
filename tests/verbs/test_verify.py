"""Verify: what is not as planned is found, named and counted, at the cost of a sample; what is as planned passes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import headstart as hs
from headstart.draws.compared import DENSE, LEAST, compared, rounded
from headstart.draws.sampled import draw_places
from headstart.draws.weights import draw_entry
from headstart.layout import LAYOUTS, Layout
from headstart.plans import Entry, Parameter, plan_parameters
from headstart.plans.verified import Held, Piece, Spans


def entry_of(scheme: str, shape: tuple[int, ...], layout: Layout = LAYOUTS["out_in"], **part: Any) -> Entry:
    return plan_parameters([Parameter("w", shape, layout=layout, **part)], scheme)["w"]


def held_of(values: np.ndarray, shape: tuple[int, ...] | None = None, spans: Spans | None = None) -> Held:
    shape = values.shape if shape is None else shape
    spans = tuple((0, size) for size in shape) if spans is None else spans
    return Held(shape, str(values.dtype), (Piece(spans, values.__getitem__),))


SCHEMES = [
    "he",
    "orthogonal",
    "glorot(distribution=uniform)",
    "truncated_normal(0.02)",
    "zeros",
    "sparse(0.6)",
    "dirac",
]
LAYOUTS_TRIED = [
    ((6, 4), LAYOUTS["out_in"], {}),
    ((3, 5, 4, 8), LAYOUTS["in_out"], {}),
    ((3, 5, 4, 8), LAYOUTS["in_out"], {"flip": True}),
    ((5, 6, 4), Layout((1,), (2,), stack_axes=(0,)), {}),
    ((12, 5), Layout((0,), (1,), blocks=(0, (2, 4, 6))), {}),
    ((5, 12), Layout((1,), (0,)), {"picks": (3, 0, 1), "of": 4}),
    ((5, 12, 3), Layout((1,), (0,), stack_axes=(2,), blocks=(1, 3)), {}),
]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("shape", "layout", "part"), LAYOUTS_TRIED, ids=str)
def test_chosen_elements_have_the_bits_of_the_whole(
    scheme: str, shape: tuple[int, ...], layout: Layout, part: dict[str, Any]
) -> None:
    entry = entry_of(scheme, shape, layout, **part)
    places = np.random.default_rng(0).integers(0, shape, (60, len(shape)))
    for dtype in ("float32", "float64"):
        whole = draw_entry(entry, 3, dtype)
        np.testing.assert_array_equal(draw_places(entry, 3, places, dtype), whole[tuple(places.T)])
        assert compared(entry, held_of(whole), 3).verdict == "as planned"
    if scheme not in ("zeros", "dirac"):
        assert compared(entry, held_of(whole), 4).verdict == "other values"


def test_numbers_of_16_bits_are_the_rounded_ones() -> None:
    values = np.random.default_rng(1).standard_normal(5000).astype(np.float32)
    values[:4] = [np.inf, 3.3895e38, 1e-40, -0.0]
    expected = torch.from_numpy(values).bfloat16().view(torch.int16).numpy().view(np.uint16)
    np.testing.assert_array_equal(rounded(values, "bfloat16"), expected)


def test_a_sample_finds_a_part_that_was_not_drawn_and_costs_its_share() -> None:
    """512 numbers miss 1 % of wrong ones in (0.99)^512 = 0.6 % of all checks; the places are fixed by their seed."""
    entry = entry_of("he", (1500, 1000))
    whole = draw_entry(entry, 0)
    found = compared(entry, held_of(whole), 0)
    assert (found.verdict, found.checked, found.size) == ("as planned", LEAST, whole.size)
    assert compared(entry, held_of(whole), 0, sample=1e-2).checked == 15_000
    whole[500:530] = 0
    found = compared(entry, held_of(whole), 0, sample=1e-2)
    assert found.verdict == "other values"
    assert 200 < found.different < 400  # of 15,000 in 2 %: 300, five standard deviations are 86
    assert compared(entry, held_of(whole), 0, sample=1e-2) == found
    assert compared(entry, held_of(whole), 0, sample=1e-2, places_seed=1).different != found.different
    every = compared(entry, held_of(whole), 0, sample=1)
    assert (every.checked, every.different) == (whole.size, 30_000)
    assert every.example.startswith("[500, 0] holds 0, planned ")


def test_of_a_shard_only_its_own_part_is_drawn() -> None:
    entry = entry_of("he", (9, 5, 7))
    whole = draw_entry(entry, 0)
    spans = ((3, 6), (0, 5), (2, 7))
    shard = np.ascontiguousarray(whole[3:6, :, 2:7])
    found = compared(entry, held_of(shard, entry.shape, spans), 0)
    assert (found.verdict, found.checked) == ("as planned", shard.size)
    shifted = ((2, 5), (0, 5), (2, 7))  # the twin that must fail: a shard of the wrong rows
    assert compared(entry, held_of(shard, entry.shape, shifted), 0).different > 0.9 * shard.size
    shard[1, 2, 3] += 1
    assert compared(entry, held_of(shard, entry.shape, spans), 0).example.startswith("[4, 2, 5] holds")


def test_of_a_large_stack_of_matrices_a_few_slices_are_made() -> None:
    entry = entry_of("orthogonal", (40, 40, 40), Layout((1,), (2,), stack_axes=(0,)))
    whole = draw_entry(entry, 0)
    assert whole.size > LEAST * DENSE
    read: list[set[int]] = []

    def reading(index: tuple) -> np.ndarray:
        read.append(set(index[0].tolist()))
        return whole[index]

    held = Held(whole.shape, "float32", (Piece(tuple((0, size) for size in whole.shape), reading),))
    found = compared(entry, held, 0)
    assert (found.verdict, found.checked) == ("as planned", LEAST)
    assert [len(slices) for slices in read] == [1]
    changed = whole.copy()
    changed[39, 39, 39] += 1  # a sample of a tenth is compared whole
    assert compared(entry, held_of(changed), 0, sample=0.1).different == 1


def test_orthogonal_weights_may_differ_by_rounding_and_no_more() -> None:
    entry = entry_of("orthogonal", (20, 30))
    whole = draw_entry(entry, 0)
    assert compared(entry, held_of(np.nextafter(whole, np.float32(1))), 0).verdict == "as planned"
    assert compared(entry, held_of(whole * np.float32(1 + 1e-5)), 0).verdict == "other values"
    assert compared(entry, held_of(np.full_like(whole, np.nan)), 0).different == whole.size


def test_what_cannot_be_compared_is_told() -> None:
    entry = entry_of("he", (4, 3))
    values = draw_entry(entry, 0)
    spans = ((0, 4), (0, 3))
    assert compared(entry, None, 0).verdict == "not there"
    assert compared(entry, held_of(values.T), 0).verdict == "other shape"
    assert compared(entry, Held((4, 3), "float32", (), missing="it is on the meta device"), 0).verdict == "no values"
    assert compared(entry, held_of(values.astype(np.int8)), 0).verdict == "no values"
    assert compared(entry, Held((4, 3), "float32", (), changed="spectral norm changes it"), 0).verdict == "not drawn"
    zeros = Held((4, 3), "float32", (Piece(spans, values.__getitem__),), zeros=(((1, 2), (0, 3)),))
    assert compared(entry, zeros, 0).different == 3
    values[1] = 0
    assert compared(entry, zeros, 0).verdict == "as planned"
    assert compared(entry, Held((4, 3), "float32", ()), 0).verdict == "as planned"  # another process's alone


# --- of a model -----------------------------------------------------------------------------------------------------


def model_of() -> nn.Sequential:
    return nn.Sequential(nn.Embedding(50, 8, padding_idx=3), nn.Linear(8, 16), nn.LayerNorm(16), nn.LSTM(16, 6))


@pytest.mark.parametrize(
    ("scheme", "dtype"),
    [("he", torch.float32), ("orthogonal", torch.float64), ("orthogonal", torch.bfloat16), ("he", torch.float16)],
    ids=str,
)
def test_a_model_holds_what_was_applied_and_nothing_else(scheme: str, dtype: torch.dtype) -> None:
    model = model_of().to(dtype)
    plan = hs.init(model, scheme, seed=3)
    assert plan.verify(model, 3).healthy
    assert {checked.name for checked in plan.verify(model, 4).wrong} >= {"0.weight", "1.weight", "3.weight_hh_l0"}
    with torch.no_grad():
        model[1].weight[2, 5] += 0.5
    found = plan.verify(model, 3)
    assert [(each.name, each.different) for each in found.wrong] == [("1.weight", 1)]
    assert found.wrong[0].example.startswith("[2, 5] holds ")


def test_numbers_that_went_through_a_narrower_type_are_told_to_be_such() -> None:
    model = nn.Linear(40, 30)
    plan = hs.init(model.bfloat16(), "he")
    found = plan.verify(model.float())
    assert [each.name for each in found.wrong] == ["weight"]
    assert "the planned numbers rounded to bfloat16" in found.wrong[0].note
    with pytest.raises(hs.Unhealthy, match="rounded to bfloat16"):
        found.assert_healthy()
    with torch.no_grad():
        model.weight[0, 0] = 0.125
    assert plan.verify(model).wrong[0].note == ""
    hs.init(model, "he")  # float32, and then 16 bits: the same numbers, rounded as they would have been drawn
    assert plan.verify(model.bfloat16()).healthy


def test_bfloat16_needs_no_type_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    model = nn.Sequential(nn.Linear(9, 5), nn.Linear(5, 4)).bfloat16()
    assert hs.init(model, "he", rules={"1.weight": "orthogonal"}).verify(model).healthy


def test_a_check_changes_nothing_and_every_stride_and_wrapper_is_read() -> None:
    model = nn.Conv2d(6, 8, 3).to(memory_format=torch.channels_last)
    plan = hs.init(model, "he")
    before = {name: (value.clone(), value._version) for name, value in model.state_dict().items()}
    assert plan.verify(torch.compile(model, backend="eager")).healthy
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name][0])
        assert value._version == before[name][1]


def test_computed_weights_are_compared_as_far_as_their_layer_keeps_them() -> None:
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(6, 5)),
                          nn.utils.parametrizations.spectral_norm(nn.Linear(5, 4)))  # fmt: skip
    found = hs.init(model, "he").verify(model)
    verdicts = {each.name: each.verdict for each in found.parameters}
    assert (verdicts["0.weight"], verdicts["1.weight"]) == ("as planned", "not drawn")
    with torch.no_grad():
        model[0].parametrizations.weight.original0 *= 1.01
    assert [each.name for each in hs.plan(model, "he").verify(model).wrong] == ["0.weight"]


def test_the_result_prints_saves_and_fails_a_suite(tmp_path: Path) -> None:
    model = model_of()
    plan = hs.init(model, "he")
    good = plan.verify(model)
    good.assert_healthy()
    assert good.headline == "7 parameters, 1,120 numbers drawn again: all as planned"
    with torch.no_grad():
        model[1].weight.zero_()
    del model[3].bias_ih_l0
    found = plan.verify(model)
    with pytest.raises(hs.Unhealthy, match=r"2 parameters not as planned:\n1\.weight holds other values: 128 of 128"):
        found.assert_healthy()
    text = str(found)
    assert "1.weight" in text
    assert "not compared: 2.weight: a norm's scale" in text
    document = found.to_json()
    assert json.loads(json.dumps(document)) == document
    assert (document["schema"], document["healthy"], document["sample"]) == (1, False, 1e-4)
    assert {row["name"]: row["verdict"] for row in document["parameters"]}["3.bias_ih_l0"] == "not there"
    saved = found.save(tmp_path / "found")
    assert sorted(saved) == ["csv", "json"]
    found.save(tmp_path / "found.html")
    assert "holds 0, planned" in (tmp_path / "found.html").read_text()
    assert found.chart().to_dict()["mark"]["type"] == "point"


@pytest.mark.parametrize("sample", [0, 1.5, -1, "all", True])
def test_a_sample_is_a_share(sample: object) -> None:
    model = nn.Linear(3, 2)
    with pytest.raises(hs.InputError, match="a sample is a share above 0 and at most 1, got"):
        hs.init(model).verify(model, sample=sample)
    with pytest.raises(hs.InputError, match="a seed must be a whole number"):
        hs.init(model).verify(model, -1)


# --- over JAX ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_tree_over_jax_holds_what_was_applied_and_nothing_else(dtype: str) -> None:
    import jax

    tree = {
        "first": {"kernel": jax.ShapeDtypeStruct((8, 5), dtype)},
        "second": {"kernel": jax.ShapeDtypeStruct((5, 2), dtype)},
    }
    plan = hs.plan(tree, "he", rules={"*": {"scheme": "he", "layout": "in_out"}})
    made = plan.apply(tree, 3)
    assert plan.verify(made, 3).healthy
    assert len(plan.verify(made, 4).wrong) == 2
    made["first"]["kernel"] = made["first"]["kernel"].at[7, 1].set(3.0)
    found = plan.verify(made, 3)
    assert [(each.different, each.example[:14]) for each in found.wrong] == [(1, "[7, 1] holds 3")]
    assert {each.verdict for each in plan.verify(tree, 3).parameters} == {"no values"}
    with pytest.raises(hs.InputError, match="a group is for models of PyTorch"):
        plan.apply(made, 3, group="mesh")
