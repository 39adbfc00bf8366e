"""What is written into leaves over JAX: types, places, what abstract leaves get, and what is refused."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import headstart as hs

SHAPE = jax.ShapeDtypeStruct
KEY = jax.random.key(0)


def tree(dtype: Any = jnp.float32) -> dict[str, Any]:
    return {"kernel": jnp.ones((6, 4), dtype), "bias": jnp.ones(4, dtype)}


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_types_stay_and_have_the_bits_of_any_other_library(dtype: str) -> None:
    new = hs.init(tree(dtype), "he", 3)
    assert new["kernel"].dtype == dtype
    assert np.array_equal(new["kernel"], hs.sample("he", (6, 4), 3, "kernel", layout="in_out", dtype=dtype))


def test_float64_where_jax_has_it() -> None:
    with jax.enable_x64(True):
        new = hs.init(tree(jnp.float64), "he", 3)
        assert np.array_equal(new["kernel"], hs.sample("he", (6, 4), 3, "kernel", layout="in_out", dtype="float64"))


def test_weak_types_numpy_arrays_and_places_stay() -> None:
    weak = jnp.full((6, 4), 1.0)
    assert weak.weak_type
    new = hs.init({"kernel": weak}, "he")
    assert new["kernel"].weak_type
    there = hs.init({"kernel": jax.device_put(weak, jax.devices()[0])}, "he")["kernel"]
    assert there.weak_type
    assert np.array_equal(there, new["kernel"])
    strong = {"kernel": jnp.ones((6, 4), jnp.float32)}
    assert not hs.init(strong, "he")["kernel"].weak_type
    numpy = hs.init({"kernel": np.ones((6, 4), np.float32), "bias": jnp.ones(4)}, "he")["kernel"]
    assert isinstance(numpy, np.ndarray)
    assert np.array_equal(numpy, new["kernel"])
    assert not hs.init(tree(), "he")["kernel"].committed
    there = jax.device_put(tree(), jax.devices()[0])
    assert hs.init(there, "he")["kernel"].committed


def test_matrices_are_the_same_traced() -> None:
    plan = hs.plan(tree(), "orthogonal", bias="normal(0.1)")
    outside, inside = plan.apply(tree(), 2), jax.jit(lambda given: plan.apply(given, 2))(tree())
    assert np.array_equal(outside["kernel"], inside["kernel"])
    assert np.array_equal(outside["bias"], inside["bias"])


def test_shapes_in_a_traced_program() -> None:
    empty = {"kernel": SHAPE((6, 4), jnp.float32)}
    plan = hs.plan(empty, "he")
    assert np.array_equal(jax.jit(lambda: plan.apply(empty, 2))()["kernel"], plan.apply(empty, 2)["kernel"])


def test_norms_of_shapes_start_as_their_layers_do() -> None:
    layer = nn.LayerNorm()
    variables = hs.init(layer, "he", 0, jnp.ones((2, 3)))
    assert np.array_equal(variables["params"]["scale"], np.ones(3))
    assert np.array_equal(variables["params"]["bias"], np.zeros(3))


BAD: dict[str, tuple[Any, str]] = {
    "no weights": (lambda: hs.plan({}, "he"), "holds no arrays"),
    "numbers alone": (lambda: hs.plan({"a": 3.0}, "he"), "holds no arrays"),
    "a function": (lambda: hs.plan(lambda params, x: x, "he"), r"is a function without\. Pass them: params=tree"),
    "a Linen module alone": (lambda: hs.plan(nn.Dense(3), "he"), "as params=, or an example"),
    "params of what is no function": (lambda: hs.plan(tree(), "he", params=tree()), "go with a module or a function"),
    "params of PyTorch": (lambda: hs.plan(torch.nn.Linear(2, 3), "he", params=tree()), "got a model of torch"),
    "a training loop": (lambda: hs.watch(tree()), "watch follows training loops of PyTorch, got dict"),
    "keys that collide": (
        lambda: hs.plan({"a": {"b": jnp.ones(3)}, "a.b": jnp.ones(3)}, "he"),
        r"two parameters are called 'a\.b': \('a', 'b'\) and \('a\.b',\)",
    ),
    "another shape": (
        lambda: hs.plan(tree(), "he").apply({"kernel": jnp.ones((6, 5)), "bias": jnp.ones(5)}),
        r"bias has shape \(5,\), and the plan was made for \(4,\)",
    ),
    "a leaf that is not there": (
        lambda: hs.plan(tree(), "he").apply({"kernel": jnp.ones((6, 4))}), "unknown parameter 'bias'",
    ),
    "whole numbers": (
        lambda: hs.plan(tree(), "he").apply({"kernel": jnp.ones((6, 4), int), "bias": jnp.ones(4)}),
        "kernel is of int32: weights are drawn in float32",
    ),
    "an example that does not fit": (
        lambda: hs.plan(nn.Dense(4), "he", jnp.ones((2, 5)), params={"params": tree()}),
        r"fails on the example of shape \(2, 5\)",
    ),
    "params of another module": (
        lambda: hs.plan((nn.Dense(3), {"params": {"w": jnp.ones((6, 3))}}), "he", jnp.ones((2, 6))),
        "fails on the example",
    ),
    "a shape that nobody draws": (
        lambda: hs.plan({"kernel": SHAPE((6, 4), jnp.float32), "mine": SHAPE((3,), jnp.float32)}, "he").apply(
            {"kernel": SHAPE((6, 4), jnp.float32), "mine": SHAPE((3,), jnp.float32)}
        ),
        "'mine' is a jax.ShapeDtypeStruct that the plan does not draw",
    ),
    "a seed": (lambda: hs.init(tree(), "he", -1), "a seed must be a whole number"),
    "a draw that the type cannot hold": (
        lambda: hs.init(tree(jnp.float16), "normal(1e6)"),
        "kernel: the standard deviation must leave every weight finite",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told(case: str) -> None:
    call, words = BAD[case]
    with pytest.raises(hs.InputError, match=words):
        call()


def test_whole_numbers_are_told_and_left_alone() -> None:
    plan = hs.plan({"kernel": jnp.ones((6, 4)), "count": jnp.arange(3), "key": KEY}, "he")
    reasons = {left.name: left.reason for left in plan.left_alone}
    assert reasons == {"count": "its numbers are of type int32", "key": "it is a random key"}


def test_nothing_is_written_where_something_is_refused() -> None:
    from flax import nnx

    layer = nnx.Linear(6, 4, rngs=nnx.Rngs(0))
    plan = hs.plan(layer, "he")
    before = layer.kernel[...]
    layer.bias.set_value(jnp.ones(5))
    with pytest.raises(hs.InputError, match="bias has shape"):
        plan.apply(layer)
    assert layer.kernel[...] is before


def test_a_version_of_flax_that_lacks_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from flax import nnx

    layer = nnx.Linear(6, 4, rngs=nnx.Rngs(0))
    monkeypatch.delattr(nnx, "merge")
    with pytest.raises(hs.InputError, match=r"has no nnx\.merge"):
        hs.plan(layer, "he")
