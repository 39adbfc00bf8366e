"""Fans of layers over JAX, counted through the layers themselves: kernels of ones on inputs of ones give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import headstart as hs
from headstart.errors import InputError
from headstart.layout import connections
from headstart.models.jax import read

KEY = jax.random.key(0)
Run = tuple[Any, Callable[..., Any], Any]  # what hs reads, tree -> x -> output, x


def linen(layer: nn.Module, *shape: int) -> Run:
    x = jnp.ones(shape)
    params = jax.eval_shape(layer.init, KEY, x)["params"]
    return (layer, params), lambda tree, x: layer.apply({"params": tree}, x), x


def of_nnx(layer: Callable[[nnx.Rngs], Any], *shape: int) -> Run:
    empty = nnx.eval_shape(lambda: layer(nnx.Rngs(0)))
    graph, state = nnx.split(empty)
    return (graph, state), lambda tree, x: nnx.merge(graph, tree)(x), jnp.ones(shape)


def equinox(layer: Callable[[Any], Any], *shape: int) -> Run:
    made = layer(KEY)
    arrays, static = eqx.partition(made, eqx.is_array)
    return arrays, lambda tree, x: eqx.combine(tree, static)(x), jnp.ones(shape)


def haiku(layer: Callable[[], Any], *shape: int) -> Run:
    transformed = hk.without_apply_rng(hk.transform(lambda x: layer()(x)))
    x = jnp.ones(shape)
    tree = jax.eval_shape(transformed.init, KEY, x)
    whole = hk.transform(lambda x: layer()(x))
    return (whole, tree), transformed.apply, x


# every size differs, so that no axis can pass for another; outputs where no edge is met are looked at
CASES: dict[str, Callable[[], Run]] = {
    "linen dense": lambda: linen(nn.Dense(5), 2, 7),
    "linen several inputs and outputs": lambda: linen(nn.DenseGeneral((3, 5), axis=(-2, -1)), 2, 4, 7),
    "linen batched": lambda: linen(nn.DenseGeneral(5, axis=-1, batch_dims=(0,)), 3, 2, 7),
    "linen einsum": lambda: linen(nn.Einsum((4, 7, 5), "...ab,abc->...c"), 2, 4, 7),
    "linen conv": lambda: linen(nn.Conv(10, (3, 5), padding="VALID"), 2, 9, 11, 4),
    "linen grouped": lambda: linen(nn.Conv(12, (3,), feature_group_count=3, padding="VALID"), 2, 9, 6),
    "linen strided": lambda: linen(nn.Conv(10, (4, 2), strides=(2, 1), padding="CIRCULAR"), 2, 8, 6, 3),
    "linen transposed": lambda: linen(nn.ConvTranspose(5, (4, 6), strides=(2, 3), padding="CIRCULAR"), 2, 6, 5, 3),
    "linen transposed kernel": lambda: linen(
        nn.ConvTranspose(5, (4,), strides=(2,), transpose_kernel=True, padding="CIRCULAR"), 2, 6, 3
    ),
    "linen local": lambda: linen(nn.ConvLocal(5, (3,), padding="VALID"), 2, 8, 4),
    "nnx linear": lambda: of_nnx(lambda rngs: nnx.Linear(7, 5, rngs=rngs), 2, 7),
    "nnx several": lambda: of_nnx(lambda rngs: nnx.LinearGeneral((4, 7), (3, 5), axis=(-2, -1), rngs=rngs), 2, 4, 7),
    "nnx einsum": lambda: of_nnx(lambda rngs: nnx.Einsum("ab,bcd->acd", (7, 3, 5), rngs=rngs), 2, 7),
    "nnx conv": lambda: of_nnx(
        lambda rngs: nnx.Conv(6, 10, (3, 2), feature_group_count=2, padding="VALID", rngs=rngs), 2, 9, 7, 6
    ),
    "nnx transposed": lambda: of_nnx(
        lambda rngs: nnx.ConvTranspose(3, 5, (4,), strides=2, padding="CIRCULAR", rngs=rngs), 2, 6, 3
    ),
    "equinox linear": lambda: equinox(lambda key: eqx.nn.Linear(7, 5, key=key), 7),
    "equinox conv": lambda: equinox(lambda key: eqx.nn.Conv2d(6, 10, (3, 2), groups=2, key=key), 6, 9, 7),
    "equinox strided": lambda: equinox(
        lambda key: eqx.nn.Conv1d(3, 5, 4, stride=2, padding="SAME", padding_mode="CIRCULAR", key=key), 3, 8
    ),
    "equinox transposed": lambda: equinox(
        lambda key: eqx.nn.ConvTranspose1d(6, 4, 4, stride=2, groups=2, key=key), 6, 9
    ),
    "haiku linear": lambda: haiku(lambda: hk.Linear(5), 2, 7),
    "haiku conv": lambda: haiku(lambda: hk.Conv2D(10, (3, 2), padding="VALID"), 2, 9, 7, 4),
    "haiku depthwise": lambda: haiku(lambda: hk.DepthwiseConv2D(2, (3, 2), padding="VALID"), 2, 9, 7, 4),
    "haiku transposed": lambda: haiku(lambda: hk.Conv1DTranspose(5, 4, stride=2, padding="VALID"), 2, 9, 3),
}  # fmt: skip


def counted(case: str) -> tuple[Any, float, float]:
    """The one weight's parameter, and fan_in and fan_out as the layer has them: means over what no edge cuts."""
    given, run, x = CASES[case]()
    batched = None if case.startswith("equinox") else x
    example = batched if isinstance(given, tuple) and not case.startswith("nnx") else None
    parameter = next(each for each in read(given, example).parameters if each.role == "weight")
    tree = given[1] if isinstance(given, tuple) else given

    def filled(name: str, leaf: Any) -> Any:
        return jnp.full(leaf.shape, 0.0 if name.endswith(("bias", "b")) else 1.0)

    paths, structure = jax.tree_util.tree_flatten_with_path(tree)
    words = [jax.tree_util.keystr(path, simple=True, separator=".").removesuffix(".value") for path, _ in paths]
    ones = jax.tree_util.tree_unflatten(
        structure, [filled(word, leaf) for word, (_, leaf) in zip(words, paths, strict=True)]
    )
    output = np.asarray(run(ones, x))
    back = np.asarray(jax.grad(lambda x: run(ones, x).sum())(x))
    return parameter, float(_inner(output, case).mean()), float(_inner(back, case).mean())


def _inner(values: np.ndarray, case: str) -> np.ndarray:
    """Without what lies near edges: along spatial axes the middle, of a whole number of strides."""
    if (
        "CIRCULAR" in case
        or values.ndim < 2
        or not any(word in case for word in ("conv", "grouped", "transposed", "depth"))
    ):
        return values
    spatial = range(1, values.ndim) if case.startswith("equinox") else range(1, values.ndim - 1)
    return values[tuple(_middle(values.shape[at]) if at in spatial else slice(None) for at in range(values.ndim))]


def _middle(size: int) -> slice:
    return slice(4, size - 4) if size > 12 else slice(size // 2 - 1, size // 2 + 1)


@pytest.mark.parametrize("case", CASES)
def test_fans_are_what_the_layer_counts(case: str) -> None:
    parameter, fan_in, _ = counted(case)
    assert hs.fans(parameter.shape, parameter.layout).fan_in == pytest.approx(fan_in)


@pytest.mark.parametrize("case", ["linen dense", "linen several inputs and outputs", "nnx several", "nnx einsum",
                                  "linen strided", "linen transposed", "equinox linear", "haiku linear"])  # fmt: skip
def test_fan_out_is_what_a_gradient_counts(case: str) -> None:
    parameter, _, fan_out = counted(case)
    assert connections(parameter.shape, parameter.layout).fan_out == pytest.approx(fan_out)


def test_the_check_sees_swapped_axes() -> None:
    parameter, fan_in, _ = counted("linen dense")
    assert hs.fans(parameter.shape, "out_in").fan_in != pytest.approx(fan_in)


def roles(model: Any, example: Any = None, params: Any = None) -> dict[str, str]:
    plan = hs.plan(model, "he", example, params=params)
    return {each.name: each.role for each in (*plan.entries, *plan.left_alone)}


class TestRecurrent:
    def test_fused_and_separate_gates_have_the_same_draws(self) -> None:
        fused = hs.plan(nnx.OptimizedLSTMCell(4, 5, rngs=nnx.Rngs(0)), "he")
        assert fused["dense_i.kernel"].layout.blocks == (1, 4)
        assert roles(nnx.OptimizedLSTMCell(4, 5, rngs=nnx.Rngs(0)))["dense_h.kernel"] == "recurrent"
        cell = nn.OptimizedLSTMCell(5)
        carry = cell.initialize_carry(KEY, (2, 4))
        apart = hs.plan(cell, "he", (carry, jnp.ones((2, 4))))
        assert {entry.draw for entry in apart if ".i" in entry.name} == {fused["dense_i.kernel"].draw}
        assert {entry.role for entry in apart if entry.name.endswith("kernel") and ".h" in entry.name} == {"recurrent"}

    def test_forget_gates_start_open(self) -> None:
        cell = nnx.OptimizedLSTMCell(4, 5, rngs=nnx.Rngs(0))
        hs.init(cell, "he")
        assert np.array_equal(cell.dense_h.bias[...].reshape(4, 5)[:, 0], [0, 1, 0, 0])
        linen_cell = nn.LSTMCell(5)
        variables = hs.init(linen_cell, "he", 0, (linen_cell.initialize_carry(KEY, (2, 4)), jnp.ones((2, 4))))
        assert (variables["params"]["hf"]["bias"] == 1).all()
        assert (variables["params"]["hi"]["bias"] == 0).all()
        own = hs.init(eqx.nn.LSTMCell(4, 5, key=KEY), "he")
        assert np.array_equal(own.bias.reshape(4, 5)[:, 0], [0, 1, 0, 0])

    def test_bare_variables_of_linens_cells(self) -> None:
        cell = nn.GRUCell(5)
        tree = cell.init(KEY, cell.initialize_carry(KEY, (2, 4)), jnp.ones((2, 4)))
        found = roles(tree)
        assert {found["params.ir.kernel"], found["params.hn.kernel"]} == {"gate weight", "recurrent"}

    def test_haikus_cells(self) -> None:
        def run(x: Any) -> Any:
            gru, lstm = hk.GRU(5), hk.LSTM(6)
            x, _ = gru(x, gru.initial_state(2))
            return lstm(x, lstm.initial_state(2))[0]

        found = roles(hk.transform(run), jnp.ones((2, 4)))
        assert (found["gru.w_i"], found["gru.w_h"], found["lstm/linear.w"]) == (
            "gate weight",
            "recurrent",
            "gate weight",
        )


class TestOthers:
    def test_attention_has_several_axes(self) -> None:
        plan = hs.plan(nnx.MultiHeadAttention(2, 6, qkv_features=8, decode=False, rngs=nnx.Rngs(0)), "he")
        query, out = plan["query.kernel"], plan["out.kernel"]
        assert (query.shape, query.fan_in, query.fan_out) == ((6, 2, 4), 6, 8)
        assert (out.shape, out.fan_in, out.fan_out) == ((2, 4, 6), 8, 6)

    def test_norms_statistics_slopes_and_adapters_stay(self) -> None:
        class Model(nnx.Module):
            def __init__(self, rngs: nnx.Rngs) -> None:
                self.norm, self.act = nnx.BatchNorm(4, rngs=rngs), nnx.PReLU()
                self.lora = nnx.LoRA(4, 2, 3, rngs=rngs)

        found = roles(Model(nnx.Rngs(0)))
        assert found == {
            "norm.scale": "norm scale", "norm.bias": "norm shift", "act.negative_slope": "slope",
            "lora.lora_a": "weight", "lora.lora_b": "layer scale",
        }  # fmt: skip

    def test_a_norm_around_a_layer_is_told(self) -> None:
        plan = hs.plan(eqx.nn.WeightNorm(eqx.nn.Linear(3, 4, key=KEY)), "he")
        assert "WeightNorm changes its scale afterwards" in plan["layer.weight"].reason

    @pytest.mark.parametrize(("shape", "bias", "what"), [
        ((3, 3, 4, 8), (8,), "unknown"), ((4, 2, 8), (2, 8), "weight"), ((3, 4, 8), (3, 8), "weight"),
        ((3, 4, 8), (8,), "unknown"), ((3, 3, 8), (3, 8), "unknown"), ((4, 8), (8,), "weight"),
    ])  # fmt: skip
    def test_a_bare_kernel_is_read_only_where_it_is_one_thing(
        self, shape: tuple[int, ...], bias: tuple[int, ...], what: str
    ) -> None:
        found = roles({"params": {"mine": {"kernel": jnp.ones(shape), "bias": jnp.ones(bias)}}})
        assert found["params.mine.kernel"] == what

    def test_which_way_square_weights_lie_is_taken_from_the_others(self) -> None:
        tree = [{"w": jnp.ones((4, 4)), "b": jnp.ones(4)}, {"w": jnp.ones((2, 4)), "b": jnp.ones(2)}]
        assert hs.plan(tree, "he")["0.w"].layout.out_axes == (0,)
        assert roles(tree[:1])["0.w"] == "unknown"


class Block(nnx.Module):
    """A layer between two norms, whose parameters have no sizes of their own."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.norm = nnx.LayerNorm(6, rngs=rngs)
        self.up = nnx.Linear(6, 6, rngs=rngs)
        self.act = nnx.PReLU()


def test_a_stack_of_blocks_has_its_index_behind_the_block_whatever_stands_in_it() -> None:
    made = nnx.split_rngs(splits=3)(nnx.vmap(Block, in_axes=0, out_axes=0))(nnx.Rngs(0))
    assert hs.plan(made)["up.kernel"].key == "up.*.kernel"  # nothing around it
    holder = nnx.Dict({"blocks": made, "norm": nnx.LayerNorm(6, rngs=nnx.Rngs(0))})
    assert hs.plan(holder)["blocks.up.kernel"].key == "blocks.*.up.kernel"
    keys = jax.random.split(jax.random.key(0), 3)
    inner = eqx.filter_vmap(lambda key: eqx.nn.Sequential([eqx.nn.LayerNorm(6), eqx.nn.Linear(6, 6, key=key)]))(keys)
    assert hs.plan({"deep": inner})["deep.layers.1.weight"].key == "deep.*.layers.1.weight"
    lone = {"deep": {"inner": inner, "table": jnp.zeros((9, 6))}}  # what has no such axis is not in the stack
    assert hs.plan(lone)["deep.inner.layers.1.weight"].key == "deep.inner.*.layers.1.weight"


def test_linen_modules_that_name_things_by_paths_are_known() -> None:
    class Net(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            return nn.Dense(2)(nn.relu(nn.WeightNorm(nn.Dense(5))(x)))

    plan = hs.plan(Net(), "he", jnp.ones((3, 4)))
    found = {entry.name: entry.fan_in for entry in plan if entry.role == "weight"}
    assert found == {"params.Dense_1.kernel": 4.0, "params.Dense_0.kernel": 5.0}


def test_haiku_without_a_key_is_called_without_one() -> None:
    def net(x: Any) -> Any:
        return hk.Linear(2)(jax.nn.tanh(hk.BatchNorm(True, True, 0.9)(hk.Linear(5)(x), True)))

    plans = [
        hs.plan(made, "gain", jnp.ones((3, 4)))
        for made in (hk.transform_with_state(net), hk.without_apply_rng(hk.transform_with_state(net)))
    ]
    assert plans[0] == plans[1]
    assert plans[1]["linear_1.w"].activation == "tanh"


@pytest.mark.parametrize("groups", [2, 8])
def test_numbers_under_a_group_norm_are_counted_with_channels_last(groups: int) -> None:
    class Net(nnx.Module):
        def __init__(self, rngs: nnx.Rngs) -> None:
            self.conv = nnx.Conv(3, 16, (1, 1), rngs=rngs)
            self.norm = nnx.GroupNorm(16, num_groups=groups, rngs=rngs)

        def __call__(self, x: Any) -> Any:
            return self.norm(self.conv(x))

    x = jax.random.normal(jax.random.key(0), (8, 1, 1, 3))
    found = {finding.code: finding for finding in hs.probe(Net(nnx.Rngs(0)), x).findings}
    assert ("HS208" in found) == (groups == 8)  # two numbers each, a remark; of eight nothing is to be said


def test_modules_given_an_array_for_their_parameters_are_told() -> None:
    with pytest.raises(InputError, match=r"Dense holds no parameters.*got an array of shape \(3, 4\)"):
        hs.probe(nn.Dense(2), jnp.ones((3, 4)))


def test_modules_that_hold_parameters_take_no_others() -> None:
    for module in (nnx.Linear(4, 2, rngs=nnx.Rngs(0)), eqx.nn.Linear(4, 2, key=jax.random.key(0))):
        with pytest.raises(InputError, match=r"this Linear holds its own\. Leave them out"):
            hs.plan(module, "he", jnp.ones((3, 4)), params={"kernel": jnp.ones((4, 2))})
