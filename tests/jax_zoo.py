"""Small models written in JAX alone: a function, a tree, inputs. Sizes differ, so that axes cannot be mistaken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Tree = Any


class Case(NamedTuple):
    """A model: call(tree, *args)."""

    call: Callable[..., Any]
    tree: Tree
    args: tuple[Any, ...]


def weights(**shapes: tuple[int, ...]) -> dict[str, jax.Array]:
    """Normal numbers for each shape, small enough that nothing saturates."""
    random = np.random.default_rng(7)  # JAX would compile for each shape
    return {name: jnp.asarray(0.4 * random.normal(size=shape), jnp.float32) for name, shape in shapes.items()}


def inputs(*shape: int, seed: int = 1) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def tokens(rows: int, *shape: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(3).integers(0, rows, shape), jnp.int32)


def layer_norm(x: jax.Array, scale: jax.Array, shift: jax.Array) -> jax.Array:
    mean = x.mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(x.var(-1, keepdims=True) + 1e-5) * scale + shift


def rms_norm(x: jax.Array, scale: jax.Array) -> jax.Array:
    return x / jnp.sqrt(jnp.mean(x**2, -1, keepdims=True) + 1e-6) * scale


def mlp(activation: Callable[[jax.Array], jax.Array]) -> Case:
    def call(p: Tree, x: jax.Array) -> jax.Array:
        return activation(x @ p["a"] + p["b"]) @ p["c"]

    return Case(call, weights(a=(5, 7), b=(7,), c=(7, 3)), (inputs(2, 5),))


def convnet() -> Case:
    """Kernels (places, in, out), strided, grouped, transposed, pooled, squeezed and excited."""

    def conv(x: jax.Array, w: jax.Array, **how: Any) -> jax.Array:
        return lax.conv_general_dilated(x, w, padding="SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"), **how)

    def call(p: Tree, x: jax.Array) -> jax.Array:
        x = jax.nn.relu(conv(x, p["stem"], window_strides=(2, 2)) + p["stem_bias"])
        y = jax.nn.gelu(conv(x, p["grouped"], window_strides=(1, 1), feature_group_count=2))
        y = conv(y, p["deep"], window_strides=(1, 1), feature_group_count=6)
        gate = jax.nn.sigmoid(jax.nn.relu(y.mean((1, 2)) @ p["squeeze"]) @ p["excite"])
        x = x + y * gate[:, None, None, :]
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        x = lax.conv_transpose(x, p["up"], (2, 2), "SAME")
        return jnp.tanh(x).mean((1, 2)) @ p["head"]

    tree = weights(
        stem=(3, 3, 3, 6), stem_bias=(6,), grouped=(3, 3, 3, 6), deep=(3, 3, 1, 6), squeeze=(6, 4), excite=(4, 6),
        up=(4, 4, 6, 8), head=(8, 2),
    )  # fmt: skip
    return Case(call, tree, (inputs(2, 8, 8, 3),))


def attention(p: Tree, x: jax.Array, causal: bool = False) -> jax.Array:
    q, k, v = (jnp.einsum("btd,dhk->bthk", x, p[name]) for name in "qkv")
    scores = jnp.einsum("bqhk,bvhk->bhqv", q, k) / jnp.sqrt(q.shape[-1])
    if causal:
        scores = jnp.where(jnp.tril(jnp.ones((x.shape[1],) * 2, bool)), scores, -jnp.inf)
    return jnp.einsum("bhqv,bvhk,hkd->bqd", jax.nn.softmax(scores), v, p["o"])


def _block(p: Tree, x: jax.Array) -> jax.Array:
    x = x + attention(p, layer_norm(x, p["g"], p["s"]), causal=True)
    h = rms_norm(x, p["g2"])
    return x + (jax.nn.silu(h @ p["gate"]) * (h @ p["up"])) @ p["down"]


_BLOCK: dict[str, tuple[int, ...]] = {
    "q": (12, 3, 4), "k": (12, 3, 4), "v": (12, 3, 4), "o": (3, 4, 12), "g": (12,), "s": (12,), "g2": (12,),
    "gate": (12, 20), "up": (12, 20), "down": (20, 12),
}  # fmt: skip


def transformer(layers: int = 1) -> Case:
    """A loop over layers, tied embeddings, a table of positions."""

    def call(p: Tree, t: jax.Array) -> jax.Array:
        x = p["embed"][t] + p["positions"][: t.shape[1]]
        for block in p["blocks"]:
            x = _block(block, x)
        return layer_norm(x, p["g"], p["s"]) @ p["embed"].T

    tree = weights(embed=(17, 12), positions=(9, 12), g=(12,), s=(12,)) | {
        "blocks": [weights(**_BLOCK) for _ in range(layers)]
    }
    return Case(call, tree, (tokens(17, 2, 6),))


def scanned(layers: int = 2) -> Case:
    """The same with the layers scanned over, each recomputed in the backward pass."""

    def call(p: Tree, t: jax.Array) -> jax.Array:
        x = p["embed"][t]
        x, _ = lax.scan(lambda x, block: (jax.checkpoint(_block)(block, x), None), x, p["blocks"])
        return layer_norm(x, p["g"], p["s"]) @ p["head"]

    tree = weights(embed=(17, 12), g=(12,), s=(12,), head=(12, 17)) | {
        "blocks": weights(**{name: (layers, *shape) for name, shape in _BLOCK.items()})
    }
    return Case(call, tree, (tokens(17, 2, 6),))


def lstm() -> Case:
    """Gates side by side, scanned over time."""

    def call(p: Tree, x: jax.Array) -> jax.Array:
        def step(carry: Any, now: jax.Array) -> Any:
            h, c = carry
            i, f, g, o = jnp.split(now @ p["input"] + h @ p["hidden"] + p["bias"], 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        start = jnp.zeros((x.shape[0], 6))
        _, states = lax.scan(step, (start, start), x.swapaxes(0, 1))
        return states[-1] @ p["head"]

    return Case(call, weights(input=(5, 24), hidden=(6, 24), bias=(24,), head=(6, 3)), (inputs(2, 3, 5),))


def branches() -> Case:
    """A branch that the input decides, and one that is known."""

    def call(p: Tree, x: jax.Array) -> jax.Array:
        x = lax.cond(x.sum() > 0, lambda x: jax.nn.relu(x @ p["a"]), lambda x: jnp.tanh(x @ p["b"]), x)
        return lax.switch(1, [lambda x: x @ p["d"], lambda x: x @ p["c"]], x)

    return Case(call, weights(a=(5, 7), b=(5, 7), c=(7, 3), d=(7, 3)), (inputs(2, 5),))


def dropped() -> Case:
    """Dropout with a key among the inputs, and a loop whose end nobody knows."""

    def call(p: Tree, x: jax.Array, key: jax.Array) -> jax.Array:
        x = jax.nn.relu(x @ p["a"])
        x = jnp.where(jax.random.bernoulli(key, 0.75, x.shape), x / 0.75, 0.0)
        x = lax.while_loop(lambda x: jnp.sum(x**2) > 0.5, lambda x: x * 0.5, x)
        return x @ p["c"]

    return Case(call, weights(a=(5, 7), c=(7, 3)), (inputs(2, 5), jax.random.key(2)))


def mapped() -> Case:
    """One example at a time, mapped over a batch; and layers mapped over a stack of experts."""

    def call(p: Tree, x: jax.Array) -> jax.Array:
        def one(x: jax.Array) -> jax.Array:
            x = jax.nn.relu(p["a"] @ x + p["b"])
            each = jax.vmap(lambda w, v: jnp.tanh(x @ w) @ v)(p["experts"], p["second"])
            return p["c"] @ each.mean(0)

        return jax.vmap(one)(x)

    return Case(call, weights(a=(7, 5), b=(7,), experts=(4, 7, 6), second=(4, 6, 8), c=(3, 8)), (inputs(2, 5),))


ZOO: dict[str, Callable[[], Case]] = {
    "mlp": lambda: mlp(jax.nn.gelu), "convnet": convnet, "transformer": transformer, "scanned": scanned, "lstm": lstm,
    "branches": branches, "dropped": dropped, "mapped": mapped,
}  # fmt: skip
