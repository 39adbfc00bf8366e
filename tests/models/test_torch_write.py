"""A plan's numbers in a PyTorch model: the stream's bits, all or nothing, and everything else as it was."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch_zoo as zoo
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.utils import parametrizations, weight_norm

import headstart as hs
from headstart.layout import LAYOUTS, Layout
from headstart.schemes import FAMILIES


def held(model: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().double().numpy().copy() for name, value in model.state_dict().items()}


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


LAYERS: list[tuple[Callable[[], nn.Module], str, Layout]] = [
    (lambda: nn.Linear(5, 7), "weight", LAYOUTS["out_in"]),
    (lambda: nn.Conv2d(6, 8, 3, groups=2), "weight", Layout((0,), (1,), groups=2)),
    (lambda: nn.ConvTranspose2d(6, 8, 3, stride=2), "weight",
     Layout((1,), (0,), groups_on="in", stride=2, transposed=True)),
    (lambda: nn.Bilinear(3, 4, 5), "weight", LAYOUTS["out_in"]),
    (lambda: nn.MultiheadAttention(8, 2), "in_proj_weight", Layout((0,), (1,), blocks=(0, 3))),
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["he", "glorot(distribution=uniform)", "orthogonal", "truncated_normal(0.02)"])
@pytest.mark.parametrize(("build", "name", "layout"), LAYERS, ids=[f"{i}" for i in range(len(LAYERS))])
def test_the_numbers_are_the_samples(build: Callable[[], nn.Module], name: str, layout: Layout, scheme: str) -> None:
    model = nn.ModuleDict({"a": build()})
    hs.init(model, scheme, seed=3)
    weight = model["a"].get_parameter(name)
    expected = hs.sample(scheme, weight.shape, 3, f"a.{name}", layout)
    np.testing.assert_array_equal(weight.detach().numpy(), expected)


def test_of_a_stack_each_slice_has_its_stream() -> None:
    model = zoo.LoopedExperts()
    hs.init(model, "he", 5, torch.randn(2, 6))
    for expert in range(3):
        one = hs.sample("he", (5, 6), 5, f"weights.{expert}")
        np.testing.assert_array_equal(model.weights[expert].detach().numpy(), one)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_types_strides_and_flags_stay(dtype: torch.dtype) -> None:
    model = nn.Conv2d(6, 8, 3).to(dtype=dtype, memory_format=torch.channels_last)
    model.weight.requires_grad_(False)
    before = (model.weight.dtype, model.weight.stride(), model.weight.data_ptr(), model.weight._version)
    hs.init(model, "he", frozen=True)
    weight = model.weight
    assert (weight.dtype, weight.stride(), weight.data_ptr()) == before[:3]
    assert weight._version > before[3]
    assert not weight.requires_grad
    expected = hs.sample("he", (8, 6, 3, 3), 0, "weight", dtype=dtype, backend="torch")
    assert torch.equal(weight, expected)


def test_applying_again_changes_nothing_and_another_layer_changes_no_other() -> None:
    first = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    plan = hs.init(first, "he", seed=1)
    once = held(first)
    plan.apply(first, seed=1)
    assert same(once, held(first))
    longer = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2), nn.Linear(2, 2))
    hs.init(longer, "he", seed=1)
    assert same(once, {name: value for name, value in held(longer).items() if name in once})
    plan.apply(first, seed=2)
    assert not same(once, held(first))


def test_neither_threads_nor_the_way_to_the_model_change_a_bit() -> None:
    plain = nn.Sequential(nn.Linear(300, 400), nn.Linear(400, 10))
    compiled = torch.compile(copy.deepcopy(plain), backend="eager")
    hs.init(plain, "he", threads=1)
    hs.init(compiled, "he", threads=3)
    assert same(held(plain), held(compiled._orig_mod))


def test_norms_and_the_unknown_keep_what_they_have_and_padding_rows_are_zero() -> None:
    model = nn.Sequential(nn.Embedding(9, 4, padding_idx=2), nn.LayerNorm(4), nn.Linear(4, 4))
    model.scale = nn.Parameter(torch.full((3,), 7.0))
    with torch.no_grad():
        model[1].weight.fill_(3.0)
    hs.init(model, "he")
    assert model[1].weight.tolist() == [3.0] * 4
    assert model.scale.tolist() == [7.0] * 3
    assert model[0].weight[2].tolist() == [0.0] * 4
    assert model[0].weight[3].abs().min() > 0


def test_forget_gates_start_at_one_and_gates_are_drawn_apart() -> None:
    model = nn.LSTM(6, 5, 2)
    plan = hs.init(model, "orthogonal")
    assert model.bias_ih_l1.tolist() == [0.0] * 5 + [1.0] * 5 + [0.0] * 10
    assert model.bias_hh_l1.tolist() == [0.0] * 20
    for gate in model.weight_hh_l0.detach().view(4, 5, 5):
        torch.testing.assert_close(gate @ gate.T, torch.eye(5), atol=1e-6, rtol=0)
    assert plan["weight_hh_l0"].blocks == 4


def test_computed_weights_are_set_through_their_layer() -> None:
    model = parametrizations.weight_norm(nn.Linear(6, 5))
    plan = hs.plan(model, "he")
    assert plan.apply(model) == {}
    np.testing.assert_allclose(model.weight.detach().numpy(), hs.sample("he", (5, 6), 0, "weight"), rtol=1e-5)
    spectral = parametrizations.spectral_norm(nn.Linear(6, 5))
    changed = hs.plan(spectral, "he").apply(spectral)
    assert changed.keys() == {"weight"}
    assert changed["weight"] > 0.05


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
def test_the_older_weight_norm_is_written_too() -> None:
    model = weight_norm(nn.Linear(6, 5))
    hs.init(model, "he")
    np.testing.assert_allclose(model.weight.detach().numpy(), hs.sample("he", (5, 6), 0, "weight"), rtol=1e-5)
    model(torch.zeros(1, 6))
    np.testing.assert_allclose(model.weight.detach().numpy(), hs.sample("he", (5, 6), 0, "weight"), rtol=1e-5)


# --- all or nothing -------------------------------------------------------------------------------------------------


def broken(how: str) -> nn.Module:
    """A model whose last parameter cannot be written."""
    model = nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2))
    last = model[1]
    if how == "meta":
        model[1] = nn.Linear(6, 2, device="meta")
    elif how == "lazy":
        model[1] = nn.LazyLinear(2)
    elif how == "shape":
        model[1] = nn.Linear(6, 3)
    elif how == "missing":
        del model[1]
    elif how == "complex":
        model[1] = nn.Linear(6, 2, dtype=torch.complex64)
    elif how == "inference":
        with torch.inference_mode():
            last.weight = nn.Parameter(torch.zeros(2, 6), requires_grad=False)
    elif how == "expanded":
        last.weight = nn.Parameter(torch.zeros(1, 6).expand(2, 6))
    elif how == "overlap":
        memory = torch.zeros(30)
        last.weight = nn.Parameter(memory[:12].view(2, 6))
        last.bias = nn.Parameter(memory[11:13])
    elif how == "fake":
        with FakeTensorMode():
            model[1] = nn.Linear(6, 2)
    return model


WORDS = {
    "meta": r"1\.weight is on the meta device.*to_empty", "lazy": "1.weight has no shape before the first batch",
    "shape": r"1\.weight has shape \(3, 6\), and the plan was made for \(2, 6\)",
    "missing": "unknown parameter '1.weight'",
    "complex": "1.weight is of torch.complex64", "inference": "1.weight was made in inference mode",
    "expanded": "1.weight has elements that share memory", "overlap": "1.weight and 1.bias share memory",
    "fake": "1.weight is a fake tensor",
}  # fmt: skip


@pytest.mark.parametrize("how", WORDS)
def test_what_cannot_be_written_is_refused_before_anything_is(how: str) -> None:
    plan = hs.plan(nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2)), "he")
    model = broken(how)
    before = model[0].weight.detach().clone()
    with pytest.raises(hs.InputError, match=WORDS[how]):
        plan.apply(model)
    assert torch.equal(model[0].weight, before)


def test_a_scale_that_the_type_cannot_hold_is_refused_before_anything_is_written() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2).half())
    before = model[0].weight.detach().clone()
    with pytest.raises(hs.InputError, match="float16"):
        hs.init(model, "normal(1e6)")
    assert torch.equal(model[0].weight, before)


def test_column_blocks_of_one_buffer_do_not_overlap() -> None:
    memory = torch.zeros(4, 10)
    model = nn.ModuleList([nn.Linear(5, 4, bias=False), nn.Linear(5, 4, bias=False)])
    model[0].weight, model[1].weight = nn.Parameter(memory[:, :5]), nn.Parameter(memory[:, 5:])
    hs.init(model, "he")
    np.testing.assert_array_equal(memory[:, 5:].numpy(), hs.sample("he", (4, 5), 0, "1.weight"))


# --- PyTorch's own style --------------------------------------------------------------------------------------------


def test_functions_in_place() -> None:
    layer = nn.ConvTranspose2d(24, 10, 4, stride=2)
    assert hs.torch.he_(layer.weight, module=layer, seed=2, name="up") is layer.weight
    layout = Layout((1,), (0,), groups_on="in", stride=2, transposed=True)
    np.testing.assert_array_equal(layer.weight.detach().numpy(), hs.sample("he", (24, 10, 4, 4), 2, "up", layout))
    tensor = torch.empty(6, 4, dtype=torch.bfloat16)
    assert hs.torch.normal_(tensor, 0.02, seed=1) is tensor
    assert torch.equal(tensor, hs.sample("normal(0.02)", (6, 4), 1, dtype="bfloat16", backend="torch"))
    wide = torch.empty(6, 4)
    assert torch.equal(hs.torch.he_(wide, mode="fan_out"), hs.torch.init_(torch.empty(6, 4), "he(mode=fan_out)"))
    with pytest.raises(hs.InputError, match="this Linear has no such weight"):
        hs.torch.he_(tensor, module=nn.Linear(4, 6))
    with pytest.raises(hs.InputError, match="the axes come from a module or a layout"):
        hs.torch.he_(layer.weight, module=layer, layout="out_in")
    assert set(hs.torch.__all__) == {"init_", *(f"{name}_" for name in FAMILIES)}


# --- locks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_lock_tells_what_is_not_as_it_was_drawn(dtype: torch.dtype) -> None:
    from headstart.models.torch import locked
    from headstart.plans.lock import Lock

    model = nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2)).to(dtype)
    lock = hs.init(model, "he", seed=4).lock(model, seed=4)
    again = Lock.from_json(lock.to_json())
    assert again == lock
    names = [parameter.name for parameter in lock.parameters]
    assert again.differences(locked(model, names)) == {}
    with torch.no_grad():
        model[1].weight[0, 0] += 1
    assert again.differences(locked(model, names)) == {"1.weight": "has other values"}
    assert again.differences({}) == dict.fromkeys(names, "is not there")
    with pytest.raises(hs.InputError, match="this is no lock"):
        Lock.from_json(again.plan.to_json())
