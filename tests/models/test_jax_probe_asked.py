"""What a probe of a model over JAX is asked with: draws, plans, theory alone, types and places of arrays, bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import headstart as hs
from headstart.errors import InputError

X = jax.random.normal(jax.random.key(1), (8, 12))
PARAMS = {
    "a": {"w": jax.random.normal(jax.random.key(2), (12, 16)) / 4},
    "out": jax.random.normal(jax.random.key(3), (16, 3)) / 4,
}


def run(params: Any, x: Any) -> Any:
    return jnp.tanh(x @ params["a"]["w"]) @ params["out"]


def test_over_draws_of_a_plan_each_number_has_a_range() -> None:
    found = hs.probe(run, PARAMS, X, draws=4, plan="he")
    low, high = found.layers[1].spread["rms"]
    assert low < high
    assert low > 0.5  # he gives sqrt(2) and the width 12 some scatter
    assert high < 3
    twin = hs.probe(run, PARAMS, X)
    assert not twin.layers[1].spread


def test_a_plan_stands_in_for_the_weights() -> None:
    plan = hs.plan((run, PARAMS), "xavier*3", example=X)
    found = hs.probe(run, PARAMS, X, plan=plan)
    assert found.weights["a.w"].rms == pytest.approx(3 / np.sqrt(12), rel=0.15)


def test_singular_values_are_those_of_the_matrix() -> None:
    matrix = jax.random.normal(jax.random.key(5), (12, 12))
    found = hs.probe(lambda p, x: x @ p, matrix, X, jacobian=3)
    assert found.trace.singular_values == pytest.approx(np.linalg.svd(matrix)[1][:3], rel=1e-4)


def test_theory_alone_needs_shapes_alone() -> None:
    shapes = jax.eval_shape(lambda: PARAMS)
    found = hs.probe(run, shapes, jax.ShapeDtypeStruct(X.shape, X.dtype), plan="he", predict_only=True)
    assert not found.trace.measured
    assert [row.rms for row in found.layers] == [None] * 4
    assert found.layers[1].predicted_rms == pytest.approx(np.sqrt(2), rel=0.02)
    assert found.layers[1].batch_axis == 0
    large = {"w": jax.ShapeDtypeStruct((30_000, 30_000), jnp.bfloat16)}
    told = hs.probe(lambda p, x: jax.nn.relu(x @ p["w"]), large, jax.ShapeDtypeStruct((4, 30_000), jnp.bfloat16),
                    plan="he", predict_only=True)  # fmt: skip
    assert told.layers[-1].predicted_rms == pytest.approx(1, rel=0.02)
    assert told.layers[-1].batch_axis == 0


class Trained(nnx.Module):
    """Batch norm and dropout, in training: a pass changes statistics and counts."""

    def __init__(self) -> None:
        rngs = nnx.Rngs(0)
        self.one, self.two = nnx.Linear(12, 16, rngs=rngs), nnx.Linear(16, 3, rngs=rngs)
        self.norm, self.drop = nnx.BatchNorm(16, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.two(self.drop(nnx.relu(self.norm(self.one(x)))))


def test_a_module_is_left_as_it_was_found() -> None:
    """Weights, statistics of batches, and how often its random numbers were asked for."""
    model = Trained()
    state = nnx.state(model)
    before = [np.asarray(jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf)
              for leaf in jax.tree.leaves(state)]  # fmt: skip
    found = hs.probe(model, X)
    assert found.trace.from_random
    assert [row.batch_axis for row in found.layers] == [0] * len(found.layers)
    after = [np.asarray(jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf)
             for leaf in jax.tree.leaves(nnx.state(model))]  # fmt: skip
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    model.eval()
    assert not hs.probe(model, X).trace.from_random


def test_a_donated_argument_is_not_given_away() -> None:
    given = jax.jit(run, donate_argnums=0)
    params = jax.tree.map(jnp.array, PARAMS)
    found = hs.probe(given, params, X)
    assert found.healthy
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_narrow_numbers_are_measured_in_wide_ones(dtype: Any) -> None:
    narrow = jax.tree.map(lambda leaf: leaf.astype(dtype), PARAMS)
    found, wide = hs.probe(run, narrow, X.astype(dtype)), hs.probe(run, PARAMS, X)
    for one, other in zip(found.layers, wide.layers, strict=True):
        assert one.rms == pytest.approx(other.rms, rel=0.02)
        assert one.batch_axis == other.batch_axis


def test_arrays_on_a_mesh_and_double_precision() -> None:
    mesh = Mesh(np.array(jax.devices()[:1]), ("x",))
    spread = jax.tree.map(lambda leaf: jax.device_put(leaf, NamedSharding(mesh, PartitionSpec("x"))), PARAMS)
    expected = hs.probe(run, PARAMS, X)
    assert hs.probe(run, spread, X).layers[1].rms == pytest.approx(expected.layers[1].rms, rel=1e-6)
    with jax.enable_x64(True):
        doubles = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), PARAMS)
        found = hs.probe(run, doubles, np.asarray(X, np.float64))
        assert found.layers[1].rms == pytest.approx(expected.layers[1].rms, rel=1e-6)


def test_what_is_cut_off_says_so() -> None:
    def cut(params: Any, x: Any) -> Any:
        return jax.lax.stop_gradient(x @ params["a"]["w"]) @ params["out"]

    found = hs.probe(cut, PARAMS, X)
    assert found.layers[1].grad_note == "the loss does not depend on it"
    assert found.layers[0].grad_note == "nothing that is trained comes before it"
    assert found.weights["a.w"].grad_rms is None
    assert found.weights["out"].grad_rms


def test_a_callback_is_run_and_cuts_the_gradient() -> None:
    def called(params: Any, x: Any) -> Any:
        h = x @ params["a"]["w"]
        h = jax.pure_callback(lambda h: np.tanh(h), jax.ShapeDtypeStruct(h.shape, h.dtype), h)
        return h @ params["out"]

    found = hs.probe(called, PARAMS, X)
    assert found.layers[2].kind == "pure_callback"
    assert found.layers[2].grad_note == "it is cut off from what is trained before it"
    assert found.layers[-1].rms == pytest.approx(hs.probe(run, PARAMS, X).layers[-1].rms, rel=1e-5)


class NeedsKey(eqx.Module):
    layer: eqx.nn.Linear
    drop: eqx.nn.Dropout

    def __init__(self) -> None:
        self.layer, self.drop = eqx.nn.Linear(12, 3, key=jax.random.key(0)), eqx.nn.Dropout(0.5)

    def __call__(self, x: Any, *, key: Any = None) -> Any:
        return self.drop(self.layer(x), key=key)


def test_a_module_that_asks_for_a_key_gets_one() -> None:
    assert hs.probe(NeedsKey(), X).trace.from_random
    assert hs.probe(NeedsKey(), X, key=jax.random.key(4)).trace.from_random


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "no parameters": (lambda: hs.probe(run, None, X), "run holds no parameters, .* got nothing"),
    "no tree": (lambda: hs.probe(run, "weights", X), "got str without arrays"),
    "no inputs": (lambda: hs.probe(run), "holds no parameters"),
    "a tree alone": (lambda: hs.probe(PARAMS, X), "says nothing of how"),
    "one input": (lambda: hs.probe(run, PARAMS, X[:1]), "a batch of at least 2 inputs, got 1"),
    "no array comes out": (lambda: hs.probe(lambda p, x: None, PARAMS, X), "gives back no array"),
    "nothing trained": (lambda: hs.probe(lambda p, x: x * 2, PARAMS, X), "no output of the model depends"),
    "argmax": (lambda: hs.probe(lambda p, x: run(p, x).argmax(-1), PARAMS, X), "no output of the model depends"),
    "stop_gradient": (
        lambda: hs.probe(lambda p, x: jax.lax.stop_gradient(run(p, x)), PARAMS, X), "operations that have a derivative"
    ),
    "inputs that do not fit": (lambda: hs.probe(run, PARAMS, X[:, :5]), r"forward pass fails on .*\(8, 5\)"),
    "no values": (lambda: hs.probe(run, jax.eval_shape(lambda: PARAMS), X), "a.w is a jax.ShapeDtypeStruct"),
    "a loss of many numbers": (lambda: hs.probe(run, PARAMS, X, loss=lambda y: y), r"one number, got shape \(8, 3\)"),
    "a loss that fails": (lambda: hs.probe(run, PARAMS, X, loss=lambda y: y["logits"]), "the loss fails"),
    "no target that fits": (
        lambda: hs.probe(run, PARAMS, X, loss="mse", target=jnp.zeros((8, 4))), "The target has the output's shape"
    ),
    "classes beyond": (
        lambda: hs.probe(run, PARAMS, X, loss="cross_entropy", target=jnp.full(8, 3)), "from 0 to 2, got 3 to 3"
    ),
    "tokens have no Jacobian": (
        lambda: hs.probe(lambda p, ids: p[ids], jnp.ones((5, 3)), jnp.zeros((4, 2), int), jacobian=1), "got tokens"
    ),
    "linen without its parameters": (lambda: hs.probe(linen.Dense(3), X[0, 0], X), r"got an array of shape"),
    "traced": (lambda: jax.jit(lambda p: hs.probe(run, p, X))(PARAMS), "outside jax.jit"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told(name: str) -> None:
    wrong, words = BAD[name]
    with pytest.raises(InputError, match=words):
        wrong()


def test_dropout_without_its_random_numbers_is_told() -> None:
    class Drops(nnx.Module):
        def __init__(self) -> None:
            self.layer, self.drop = nnx.Linear(12, 3, rngs=nnx.Rngs(0)), nnx.Dropout(0.5)

        def __call__(self, x: Any) -> Any:
            return self.drop(self.layer(x))

    with pytest.raises(InputError, match="forward pass fails"):
        hs.probe(Drops(), X)
