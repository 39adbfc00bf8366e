"""Models over JAX for tests of probe and audit: sick ones with their healthy twins, and healthy ones of many kinds.

Every builder gives what `hs.probe` takes: (model or function, inputs before the batch). Weights come from fixed keys.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from flax import linen, nnx

Probed = tuple[Any, ...]  # the model, and what it is called on
KEY = jax.random.key(0)


def x(*shape: int, seed: int = 7) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape)


# --- stacks in every form -------------------------------------------------------------------------------------------


class Stack(nnx.Module):
    """NNX: depth layers of one width."""

    def __init__(self, std: float, depth: int, act: Callable[[Any], Any], width: int = 64) -> None:
        init = nnx.initializers.normal(std)
        self.layers = nnx.List([nnx.Linear(width, width, kernel_init=init, rngs=nnx.Rngs(at)) for at in range(depth)])
        self.head = nnx.Linear(width, 5, rngs=nnx.Rngs(99))
        self.act = act

    def __call__(self, x: jax.Array) -> jax.Array:
        for layer in self.layers:
            x = self.act(layer(x))
        return self.head(x)


def stack(std: float, depth: int, act: Callable[[Any], Any]) -> Probed:
    return Stack(std, depth, act), x(32, 64)


def zeroed(sick: bool) -> Probed:
    model = Stack(math.sqrt(2 / 64), 8, jax.nn.relu)
    if sick:
        model.layers[4].kernel[...] = jnp.zeros((64, 64))
    return model, x(32, 64)


class Sigmoids(linen.Module):
    depth: int = 16
    act: Callable[[Any], Any] = jax.nn.sigmoid

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for _ in range(self.depth):
            x = self.act(linen.Dense(48, kernel_init=linen.initializers.glorot_uniform())(x))
        return linen.Dense(3)(x)


def sigmoids(sick: bool) -> Probed:
    model = Sigmoids() if sick else Sigmoids(act=jnp.tanh)
    return model, model.init(KEY, x(2, 20)), x(32, 20)


def dead(sick: bool) -> Probed:
    """Equinox: a bias that kills its relu."""
    model = eqx.nn.MLP(20, 3, 64, 3, key=KEY)
    model = eqx.tree_at(
        lambda m: [layer.weight for layer in m.layers],
        model,
        [math.sqrt(6) * layer.weight for layer in model.layers],
    )
    if sick:
        model = eqx.tree_at(lambda m: m.layers[1].bias, model, jnp.full(64, -30.0))
    return model, x(32, 20)


def broken(sick: bool) -> Probed:
    model, batch = dead(False)
    if sick:
        model = eqx.tree_at(lambda m: m.layers[2].weight, model, replace_fn=lambda w: w.at[3, 4].set(jnp.nan))
    return model, batch


def symmetric(sick: bool) -> Probed:
    """A function of a list of pairs: every unit of a layer alike."""
    keys = jax.random.split(KEY, 3)
    sizes = [(20, 64), (64, 64), (64, 3)]
    params = [
        (jnp.full(size, 0.05) if sick else math.sqrt(2 / size[0]) * jax.random.normal(key, size), jnp.zeros(size[1]))
        for key, size in zip(keys, sizes, strict=True)
    ]

    def run(params: Any, x: jax.Array) -> jax.Array:
        for weight, bias in params[:-1]:
            x = jax.nn.relu(x @ weight + bias)
        return x @ params[-1][0] + params[-1][1]

    return run, params, x(32, 20)


class Residual(linen.Module):
    """Linen: blocks on a stream without a norm."""

    depth: int = 24
    end: float = 1.0

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        he = linen.initializers.he_normal()
        ends = linen.initializers.variance_scaling(2.0 * self.end**2, "fan_in", "normal")
        x = linen.Dense(64)(x)
        for _ in range(self.depth):
            h = jax.nn.relu(linen.Dense(64, kernel_init=he)(x))
            x = x + linen.Dense(64, kernel_init=ends)(h)
        return linen.Dense(3)(x)


def residual(sick: bool) -> Probed:
    model = Residual(end=1.0 if sick else 1 / math.sqrt(24))
    return model, model.init(KEY, x(2, 20)), x(32, 20)


def scanned(sick: bool) -> Probed:
    """A function that scans over stacked layers."""
    std = 0.3 / math.sqrt(64) if sick else math.sqrt(2 / 64)
    params = {"w": std * jax.random.normal(KEY, (20, 64, 64)), "b": jnp.zeros((20, 64)), "out": x(64, 3) / 8}

    def run(params: Any, x: jax.Array) -> jax.Array:
        def step(h: jax.Array, layer: Any) -> Any:
            return jax.nn.relu(h @ layer[0] + layer[1]), None

        h, _ = jax.lax.scan(step, x, (params["w"], params["b"]))
        return h @ params["out"]

    return run, params, x(32, 64)


class Convs(nnx.Module):
    """NNX: a picture's convolutions, channels last."""

    def __init__(self, std: float | None) -> None:
        init = nnx.initializers.he_normal() if std is None else nnx.initializers.normal(std)
        channels = [3, 16, 16, 32, 32, 32, 32, 32]
        self.convs = nnx.List([
            nnx.Conv(a, b, (3, 3), strides=2 if at == 2 else 1, kernel_init=init, rngs=nnx.Rngs(at))
            for at, (a, b) in enumerate(zip(channels[:-1], channels[1:], strict=True))
        ])  # fmt: skip
        self.head = nnx.Linear(32, 10, rngs=nnx.Rngs(50))

    def __call__(self, x: jax.Array) -> jax.Array:
        for conv in self.convs:
            x = jax.nn.relu(conv(x))
        return self.head(x.mean((1, 2)))


def convs(sick: bool) -> Probed:
    return Convs(0.01 if sick else None), x(16, 12, 12, 3)


def attention(sick: bool) -> Probed:
    """A function in einsums: logits that are not scaled, of queries and keys that are large."""
    keys = jax.random.split(KEY, 5)
    size = (3.0 if sick else 1.0) / math.sqrt(64)
    params = {
        "q": size * jax.random.normal(keys[0], (64, 4, 16)), "k": size * jax.random.normal(keys[1], (64, 4, 16)),
        "v": jax.random.normal(keys[2], (64, 4, 16)) / 8, "o": jax.random.normal(keys[3], (4, 16, 64)) / 8,
        "head": jax.random.normal(keys[4], (64, 7)) / 8,
    }  # fmt: skip

    def run(params: Any, x: jax.Array) -> jax.Array:
        q, k, v = (jnp.einsum("btd,dhk->bhtk", x, params[name]) for name in "qkv")
        logits = jnp.einsum("bhtk,bhsk->bhts", q, k) / (1.0 if sick else 4.0)
        mask = jnp.tril(jnp.ones((x.shape[1], x.shape[1]), bool))
        shares = jax.nn.softmax(jnp.where(mask, logits, -1e9), axis=-1)
        mixed = jnp.einsum("bhts,bhsk->bthk", shares, v)
        x = x + jnp.einsum("bthk,hkd->btd", mixed, params["o"])
        return x.mean(1) @ params["head"]

    return run, params, x(8, 12, 64)


SICK: dict[str, tuple[Callable[[bool], Probed], str]] = {
    "too small in a deep tanh network": (
        lambda sick: stack(0.05 if sick else 1 / 8, 20, jnp.tanh), "vanishing"),
    "too large before relu": (lambda sick: stack(0.6 if sick else math.sqrt(2 / 64), 20, jax.nn.relu), "exploding"),
    "a layer of zeros": (zeroed, "zero layer"),
    "sixteen sigmoids": (sigmoids, "vanishing"),
    "a bias that kills its relu": (dead, "dead units"),
    "a weight that is no number": (broken, "not finite"),
    "all units alike": (symmetric, "symmetric"),
    "a residual stream without a norm": (residual, "exploding"),
    "saturated tanh": (lambda sick: stack(1.0 if sick else 1 / 8, 4, jnp.tanh), "saturated"),
    "scanned layers that are too small": (scanned, "vanishing"),
    "convolutions of N(0, 0.01)": (convs, "vanishing"),
    "attention that looks at one place": (attention, "one-hot"),
}  # fmt: skip
