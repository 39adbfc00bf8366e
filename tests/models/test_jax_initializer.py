"""Initializers of JAX's kind: numbers from JAX's key, the same bits however they are traced."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import headstart as hs
from headstart.schemes import FAMILIES

KEY = jax.random.key(3)
# scheme, shape, axes: one element-wise of each kind, matrices, stacks, vectors
ROWS: tuple[tuple[str, tuple[int, ...], dict[str, Any]], ...] = (
    ("he*1.3", (6, 5), {}),
    ("glorot(distribution=uniform)", (3, 2, 4, 8), {}),
    ("truncated_normal(0.02)", (4, 3, 6), {"in_axis": 0, "out_axis": (1, 2)}),
    ("normal(0.1)", (7,), {}),
    ("he", (3, 6, 5), {"batch_axis": 0}),
    ("orthogonal", (3, 6, 5), {"batch_axis": 0}),
    ("orthogonal", (12, 4), {"layout": hs.Layout((0,), (1,), blocks=(0, 3))}),
    ("delta_orthogonal", (3, 3, 4, 8), {}),
    ("sparse(0.5)", (8, 5), {}),
    ("identity", (5, 5), {}),
    ("zeros", (3,), {}),
    ("he", (0, 5), {}),
)


@pytest.mark.parametrize(("spec", "shape", "axes"), ROWS)
def test_the_same_bits_however_it_is_traced(spec: str, shape: tuple[int, ...], axes: dict[str, Any]) -> None:
    make = hs.jax.initializer(spec, **axes)
    outside = make(KEY, shape)
    assert (outside.shape, outside.dtype) == (shape, jnp.float32)
    assert np.array_equal(jax.jit(make, static_argnums=1)(KEY, shape), outside)
    keys = jax.random.split(KEY, 3)
    mapped = jax.jit(jax.vmap(lambda key: make(key, shape)))(keys)
    assert np.array_equal(mapped[1], make(keys[1], shape))
    if axes.get("batch_axis") == 0:  # a stack, element by element and of matrices
        _, scanned = jax.lax.scan(lambda carry, key: (carry, make(key, shape)), 0, keys)
        assert np.array_equal(scanned, mapped)


@pytest.mark.parametrize("kind", ["threefry2x32", "rbg"])
def test_keys_of_any_kind_and_their_words(kind: str) -> None:
    make, key = hs.jax.he(), jax.random.key(3, impl=kind)
    held = make(key, (4, 6))
    assert np.array_equal(make(jax.random.key_data(key), (4, 6)), held)
    assert np.array_equal(jax.jit(lambda key: make(key, (4, 6)))(key), held)
    assert not np.array_equal(make(jax.random.key(4, impl=kind), (4, 6)), held)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_types(dtype: str) -> None:
    make = hs.jax.he()
    held = make(KEY, (6, 4), dtype)
    assert held.dtype == dtype
    assert np.array_equal(held, make(KEY, (6, 4)).astype(dtype))
    assert np.array_equal(jax.jit(lambda key: make(key, (6, 4), dtype))(KEY), held)


def test_std_is_the_schemes_and_slices_differ() -> None:
    """n = 2^18 normals: the std's own is 1 / sqrt(2 n) = 0.14 %; 5 of those, 0.7 %, is wrong once in a million."""
    held = np.asarray(hs.jax.he(batch_axis=0)(KEY, (4, 256, 256)))
    stds = held.std(axis=(1, 2))
    assert np.allclose(held.std(), (2 / 256) ** 0.5, rtol=0.007)
    assert np.allclose(stds, (2 / 256) ** 0.5, rtol=0.014)
    assert not np.allclose(held.std(), (2 / 1024) ** 0.5, rtol=0.007)  # as if the stack counted
    assert abs(np.corrcoef(held.reshape(4, -1))[~np.eye(4, dtype=bool)]).max() < 5 / 256


def test_keys_that_follow_each_other_share_nothing() -> None:
    """Correlations of 2^16 numbers have std 1 / 256; six pairs, 5 of those."""
    held = np.stack([np.asarray(hs.jax.normal(1)(jax.random.PRNGKey(seed), (2**16,))) for seed in range(4)])
    assert abs(np.corrcoef(held)[~np.eye(4, dtype=bool)]).max() < 5 / 256


def test_layers_take_it() -> None:
    layer = nn.Dense(4, kernel_init=hs.jax.he(), bias_init=hs.jax.zeros())
    variables = jax.jit(layer.init)(KEY, jnp.ones((2, 3)))
    assert np.array_equal(variables["params"]["kernel"], layer.init(KEY, jnp.ones((2, 3)))["params"]["kernel"])
    stacked = nnx.vmap(lambda rngs: nnx.Linear(3, 4, kernel_init=hs.jax.he(), rngs=rngs))(nnx.Rngs(0).split(2))
    assert not np.array_equal(stacked.kernel[...][0], stacked.kernel[...][1])
    embed = nn.Embed(9, 4, embedding_init=hs.jax.initializer("he", layout="rows_out"))
    assert embed.init(KEY, jnp.array([1]))["params"]["embedding"].shape == (9, 4)


def test_a_sharding_is_kept() -> None:
    mesh = jax.make_mesh((1,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
    place = jax.sharding.NamedSharding(mesh, jax.P("x", None))
    make = hs.jax.he()
    held = make(KEY, (6, 4), out_sharding=place)
    assert held.sharding == place
    assert np.array_equal(held, make(KEY, (6, 4)))
    assert np.array_equal(jax.jit(lambda key: make(key, (6, 4), jnp.float32, place))(KEY), held)


def test_every_scheme_has_a_function_and_equal_ones_are_equal() -> None:
    assert {name for name in FAMILIES if not callable(getattr(hs.jax, name))} == set()
    assert hs.jax.he(mode="fan_out") == hs.jax.initializer("he(mode=fan_out)")
    assert hash(hs.jax.he()) == hash(hs.jax.he())
    assert hs.jax.he() != hs.jax.he(in_axis=0, out_axis=1)


@pytest.mark.parametrize(("call", "words"), [
    (lambda: hs.jax.he()(3, (3, 4)), "the first argument is a random key, got int"),
    (lambda: hs.jax.he()(jax.random.split(KEY, 2), (3, 4)), r"got keys of shape \(2,\)"),
    (lambda: hs.jax.he()(KEY, (3,)), "needs fan_in and fan_out"),
    (lambda: hs.jax.he()(KEY, (3, 4), jnp.int32), "weights are float32, float64, float16 or bfloat16, got dtype=int32"),
    (lambda: hs.jax.he()(KEY, (3, -4)), "must be an integer of at least 0"),
    (lambda: hs.jax.initializer("he", in_axis=0, out_axis=0), "an axis has one use"),
    (lambda: hs.jax.initializer("he", in_axis=0, layout="out_in"), "got both"),
    (lambda: hs.jax.initializer("hee"), "Did you mean 'he'"),
    (lambda: hs.jax.delta_orthogonal()(KEY, (3, 8, 4)), "at least as many outputs as inputs"),
    (lambda: jax.jit(lambda key: hs.jax.delta_orthogonal()(key, (3, 8, 4)))(KEY), "at least as many outputs as inputs"),
])  # fmt: skip
def test_bad_input_is_told(call: Any, words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        call()
