"""A pass of a JAX function as a graph: the whole program, in the words that PyTorch's passes have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import jax_zoo as zoo
import numpy as np
import pytest
from jax import lax

from headstart.graph.residual import longest_path, residual_sums
from headstart.models.jax.record import ForwardError, Recorded, record
from headstart.models.jax.replay import NUMPY
from headstart.models.jax.tape import number_of


def ran(found: Recorded, parameters: dict[str, Any], inputs: Sequence[Any]) -> list[Any]:
    """Run the recorded program."""
    arrays = dict(found.constants) | {value: parameters[name] for name, value in found.parameters.items()}
    arrays |= dict(zip(found.inputs, inputs, strict=True))
    for op in found.graph.ops:
        assert op.replay is not None
        made = op.replay([arrays[value] for _, value in op.inputs])
        arrays.update(zip(op.outputs, made if len(op.outputs) > 1 else (made,), strict=True))
    return [arrays[value] for value in found.graph.outputs]


def named(tree: Any) -> dict[str, Any]:
    paths = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in paths}


def data_of(args: Sequence[Any]) -> list[Any]:
    return [leaf for leaf in jax.tree.leaves(args) if not jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)]


@pytest.mark.parametrize("name", zoo.ZOO)
def test_the_graph_is_the_whole_program(name: str) -> None:
    call, tree, args = zoo.ZOO[name]()
    found = record(call, tree, args, unroll=True)
    assert found.parameters.keys() == named(tree).keys()
    model = jax.jit(call)(tree, *args)
    program = jax.jit(lambda given: ran(found, given, data_of(args)))(named(tree))
    np.testing.assert_array_equal(jax.tree.leaves(model), program)  # to the bit


def test_a_program_with_one_number_changed_is_another() -> None:
    call, tree, args = zoo.ZOO["mlp"]()
    found = record(call, tree, args, unroll=True)
    other = named(tree) | {"b": tree["b"].at[0].add(1e-3)}
    assert not np.array_equal(ran(found, other, args)[0], call(tree, *args))


def test_replays_are_traced_by_grad_and_vmap() -> None:
    call, tree, args = zoo.ZOO["mapped"]()
    found = record(call, tree, args, unroll=True)

    def by_replay(given: Any) -> Any:
        return jnp.sum(ran(found, given, args)[0] ** 2)

    gradients = jax.jit(jax.grad(by_replay))(named(tree))
    expected = named(jax.jit(jax.grad(lambda given: jnp.sum(call(given, *args) ** 2)))(tree))
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-3, atol=1e-4)
    twice = {name: np.stack([array, array]) for name, array in named(tree).items()}
    several = jax.jit(jax.vmap(lambda given: ran(found, given, args)[0]))(twice)
    np.testing.assert_allclose(several[1], call(tree, *args), rtol=1e-4, atol=1e-5)


def test_the_rules_of_differentiation_that_an_activation_brings_are_kept() -> None:
    @jax.custom_jvp
    def straight(x: jax.Array) -> jax.Array:
        return jnp.round(x)

    straight.defjvps(lambda t, y, x: t)
    found = record(lambda w, x: straight(x * w), jnp.ones(3), [zoo.inputs(3)])
    (op,) = [op for op in found.graph.ops if op.call == "straight"]
    assert op.name == "pointwise"
    np.testing.assert_array_equal(jax.grad(lambda x: op.replay([x]).sum())(zoo.inputs(3)), np.ones(3))


def test_nothing_is_computed_of_shapes_alone() -> None:
    call, tree, args = zoo.ZOO["scanned"]()
    abstract = jax.eval_shape(lambda: (tree, args))
    found, whole = record(call, *abstract), record(call, tree, args)
    assert found.graph.ops == whole.graph.ops  # replays are not compared
    assert found.graph.uses == whole.graph.uses


def test_a_large_constant_is_held_and_not_copied() -> None:
    table = jnp.ones((1000, 50))
    found = record(lambda w, x: x @ w + table, jnp.ones((5, 50)), [zoo.inputs(1000, 5)])
    held = [array for array in found.constants.values() if array.shape == table.shape]
    assert len(held) == 1
    assert held[0].unsafe_buffer_pointer() == table.unsafe_buffer_pointer()
    (samples,) = found.graph.arrays.values()
    assert samples.size < 5000


def test_random_keys_are_constants_and_dropout_is_one_operation() -> None:
    call, tree, args = zoo.ZOO["dropped"]()
    for key in (jax.random.key(2), jax.random.PRNGKey(2)):
        found = record(call, tree, (args[0], key))
        assert len(found.inputs) == 1
        (op,) = [op for op in found.graph.ops if op.name == "dropout"]
        assert op.attributes["p"] == pytest.approx(0.25)


def test_a_mask_that_is_not_random_is_no_dropout() -> None:
    mask = jnp.array([True, False, True])
    found = record(lambda w, x: jnp.where(mask, x * w / 0.75, 0.0), jnp.ones(3), [zoo.inputs(2, 3)])
    assert "dropout" not in [op.name for op in found.graph.ops]


NORMS = {
    "layer_norm": lambda x: (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5),
    "rms_norm": lambda x: x * lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-6),
    "batch_norm": lambda x: (x - x.mean((0, 1))) * lax.rsqrt(x.var((0, 1)) + 1e-5),
    "instance_norm": lambda x: (x - x.mean(1, keepdims=True)) * lax.rsqrt(x.var(1, keepdims=True) + 1e-5),
    "group_norm": lambda x: (
        ((y := x.reshape(2, 6, 2, 4)) - y.mean((1, 3), keepdims=True)) / jnp.sqrt(y.var((1, 3), keepdims=True) + 1e-5)
    ).reshape(x.shape),
}


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("large", [False, True])
def test_a_norm_written_by_hand_is_one_operation_with_its_scale_and_shift(name: str, large: bool) -> None:
    if large and name == "group_norm":
        pytest.skip("its groups are of one size")
    shape = (2, 600, 800) if large else (2, 6, 8)
    x = jax.ShapeDtypeStruct(shape, jnp.float32)
    tree = {
        "scale": jax.ShapeDtypeStruct(shape[-1:], jnp.float32),
        "shift": jax.ShapeDtypeStruct(shape[-1:], jnp.float32),
    }
    found = record(lambda p, x: NORMS[name](x) * p["scale"] + p["shift"], tree, [x]).graph
    assert [(op.name, op.call) for op in found.ops if found.data(op)] == [("norm", name)]
    assert {use.parameter: use.slot for use in found.uses} == {"scale": "norm scale", "shift": "shift"}


def test_what_is_not_the_same_for_ten_times_the_input_is_no_norm() -> None:
    found = record(
        lambda p, x: x * lax.rsqrt((x * x).mean(-1, keepdims=True) + 100) * p, jnp.ones(8), [zoo.inputs(2, 8)]
    )
    assert "norm" not in [op.name for op in found.graph.ops]


@pytest.mark.parametrize("axis", [-1, 1, 0])
@pytest.mark.parametrize("form", ["softmax", "log_softmax"])
def test_a_softmax_is_one_operation(axis: int, form: str) -> None:
    x = zoo.inputs(3, 4, 5)
    found = record(lambda p, x: getattr(jax.nn, form)(x * p, axis=axis), jnp.ones(5), [x])
    (op,) = [op for op in found.graph.ops if op.name == "softmax"]
    assert (op.call, op.attributes["dim"]) == (form, axis % 3)
    made = np.asarray(op.replay([np.asarray(x, np.float64)]))
    np.testing.assert_allclose(made, getattr(jax.nn, form)(x, axis=axis), rtol=1e-5)


def test_a_scan_stands_once_with_its_length_or_in_steps() -> None:
    call, tree, args = zoo.scanned(5)
    tree, args = jax.eval_shape(lambda: (tree, args))
    once, steps = (record(call, tree, args, unroll=unroll).graph for unroll in (False, True))
    linear = [op for op in once.ops if op.name == "linear"]
    assert [op.attributes.get("length") for op in linear] == [5, 5, 5, None]
    assert len([op for op in steps.ops if op.name == "linear"]) == 5 * 3 + 1
    for graph, count in ((once, 2), (steps, 10)):
        sums = residual_sums(graph)
        assert (len(sums), longest_path(graph, sums)) == (count, 10)


def test_a_residual_sum_at_each_place_of_a_scan_counts_once() -> None:
    def call(p: Any, x: jax.Array) -> jax.Array:
        return lax.map(lambda row: row + jnp.tanh(row @ p), x)

    graph = record(call, jnp.ones((4, 4)), [zoo.inputs(7, 2, 4)]).graph
    sums = residual_sums(graph)
    assert (len(sums), longest_path(graph, sums)) == (1, 1)


@pytest.mark.parametrize(("length", "words"), [(512, 512), (513, 0)])
def test_a_scan_too_long_to_unroll_stays_one_operation(length: int, words: int) -> None:
    def call(p: Any, x: jax.Array) -> jax.Array:
        return lax.scan(lambda h, now: (jnp.tanh(h * p + now), None), jnp.zeros(3), x)[0]

    x = zoo.inputs(length, 3)
    found = record(call, jnp.ones(3), [x], unroll=True)
    assert len([op for op in found.graph.ops if op.call == "tanh"]) == words
    made = jax.jit(lambda: ran(found, {"parameter": jnp.ones(3)}, [x])[0])()
    np.testing.assert_allclose(made, call(jnp.ones(3), x), rtol=1e-5)


def test_the_branch_that_is_known_is_taken_and_of_others_all() -> None:
    call, tree, args = zoo.branches()
    graph = record(call, tree, args).graph
    assert [op.name for op in graph.ops if op.name in ("linear", "choice")] == ["linear", "linear", "choice", "linear"]
    assert {use.parameter: use.slot for use in graph.uses} == dict.fromkeys("abc", "weight")


def test_scopes_name_the_modules() -> None:
    def call(p: Any, x: jax.Array) -> jax.Array:
        with jax.named_scope("encoder"), jax.named_scope("first"):
            x = x @ p
        return jnp.einsum("bd->db", x)

    graph = record(call, jnp.ones((3, 4)), [zoo.inputs(2, 3)]).graph
    assert [op.module for op in graph.ops] == ["encoder.first", ""]


def test_what_has_no_shape_is_passed_as_it_is() -> None:
    def call(p: Any, x: jax.Array, train: bool, *, scale: float = 1.0) -> jax.Array:
        return x @ p * scale if train else x

    graph = record(call, jnp.ones((3, 4)), [zoo.inputs(2, 3), True], {"scale": 2.0}).graph
    assert [op.name for op in graph.ops] == ["linear", "multiply"]
    assert list(graph.numbers.values()) == [2.0]


def test_what_leads_nowhere_is_left_out() -> None:
    def call(p: Any, x: jax.Array) -> jax.Array:
        jnp.tanh(x @ p["unused"])
        return x @ p["used"]

    found = record(call, zoo.weights(used=(3, 4), unused=(3, 4)), [zoo.inputs(2, 3)])
    assert [op.name for op in found.graph.ops] == ["linear"]
    assert [use.parameter for use in found.graph.uses] == ["used"]


def test_a_pass_that_raises_says_what() -> None:
    with pytest.raises(ForwardError, match="dot_general"):
        record(lambda p, x: x @ p, jnp.ones((4, 4)), [zoo.inputs(2, 3)])


def test_numbers_are_those_that_were_written() -> None:
    assert number_of(np.float32(1e-6)) == 1e-6
    assert number_of(np.asarray(0.1, jnp.bfloat16)) == 0.1
    assert number_of(np.float16(0.7978845608)) == pytest.approx(0.7978845608, abs=1e-9)  # GELU's, not a short decimal
    assert number_of(np.float32(-np.inf)) == -np.inf


# primitive -> how to call it; the arguments lie between 0 and 1
ELEMENTWISE = {
    "abs": jnp.abs, "acos": lax.acos, "acosh": lambda x: lax.acosh(x + 1), "asin": lax.asin, "asinh": lax.asinh,
    "atan": lax.atan, "atanh": lax.atanh, "cbrt": lax.cbrt, "ceil": lax.ceil, "cos": lax.cos, "cosh": lax.cosh,
    "erf": lax.erf, "erfc": lax.erfc, "erf_inv": lax.erf_inv, "exp": lax.exp, "exp2": lax.exp2, "expm1": lax.expm1,
    "floor": lax.floor, "integer_pow": lambda x: lax.integer_pow(x, 3), "lgamma": lax.lgamma, "log": lax.log,
    "log1p": lax.log1p, "logistic": lax.logistic, "neg": lax.neg, "round": lax.round, "rsqrt": lax.rsqrt,
    "sign": lax.sign, "sin": lax.sin, "sinh": lax.sinh, "sqrt": lax.sqrt, "square": lax.square, "tan": lax.tan,
    "tanh": lax.tanh, "digamma": lax.digamma, "max": lambda x: lax.max(x, 0.5), "min": lambda x: lax.min(x, 0.5),
    "pow": lambda x: lax.pow(x, 1.7), "atan2": lambda x: lax.atan2(x, 0.3), "rem": lambda x: lax.rem(x, 0.3),
    "div": lambda x: 1 / x, "sub": lambda x: 1 - x, "mul": lambda x: 3 * x, "add": lambda x: 3 + x,
    "clamp": lambda x: lax.clamp(0.2, x, 0.7), "select_n": lambda x: jnp.where(x > 0.5, x, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_numpy_computes_what_jax_does_on_any_shape(name: str) -> None:
    x = np.asarray(jax.random.uniform(jax.random.key(4), (4, 5), minval=0.05, maxval=0.95))
    assert name in NUMPY
    found = record(lambda p, x: ELEMENTWISE[name](x), jnp.ones(1), [jax.ShapeDtypeStruct((3,), jnp.float32)])
    assert name in {equation.primitive.name for equation in jax.make_jaxpr(ELEMENTWISE[name])(x[0]).jaxpr.eqns} | {
        "select_n"
    }
    arrays: dict[int, Any] = {found.inputs[0]: x.astype(np.float64)}
    for op in found.graph.ops:
        given = [arrays.get(value, np.float64(found.graph.numbers.get(value, 0.0))) for _, value in op.inputs]
        arrays[op.outputs[0]] = op.replay(given) if found.graph.data(op) else given[0]
    made = arrays[found.graph.outputs[0]]
    assert isinstance(made, np.ndarray)
    np.testing.assert_allclose(made, ELEMENTWISE[name](x), rtol=2e-5, atol=1e-6)
