"""The forms that a model over JAX comes in, each the same kinds of layers: for tests of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
from flax import nnx
from flax.core import freeze

KEY = jax.random.key(0)
X = jnp.ones((2, 6))


class NnxBlock(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.up = nnx.Linear(4, 8, rngs=rngs)
        self.down = nnx.Linear(8, 4, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return x + self.down(jax.nn.relu(self.up(x)))


class NnxModel(nnx.Module):
    """A layer, a norm, a stack of two blocks, a head whose kernel stands at two places."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(6, 4, rngs=rngs)
        self.norm = nnx.BatchNorm(4, use_running_average=True, rngs=rngs)
        self.layers = nnx.vmap(NnxBlock, in_axes=0, out_axes=0)(rngs.split(2)) if hasattr(rngs, "split") else None
        self.head = nnx.Linear(4, 3, rngs=rngs)
        self.again = self.head.kernel

    def __call__(self, x: Any) -> Any:
        x = self.norm(jax.nn.relu(self.first(x)))

        @nnx.scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)
        def through(carry: Any, block: Any) -> Any:
            return block(carry)

        return self.head(through(x, self.layers))


class LinenBlock(nn.Module):
    @nn.compact
    def __call__(self, x: Any, _: Any) -> Any:
        up = nn.relu(nn.Dense(8, name="up")(x))
        return x + nn.Dense(4, name="down")(up), None


class LinenModel(nn.Module):
    axis: int = 0

    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.BatchNorm(use_running_average=True, name="norm")(nn.relu(nn.Dense(4, name="first")(x)))
        blocks = nn.scan(LinenBlock, variable_axes={"params": self.axis}, split_rngs={"params": True}, length=2)
        x, _ = blocks(name="layers")(x, None)
        return nn.Dense(3, name="head")(x)


class EqxBlock(eqx.Module):
    up: eqx.nn.Linear
    down: eqx.nn.Linear

    def __init__(self, key: Any) -> None:
        one, two = jax.random.split(key)
        self.up, self.down = eqx.nn.Linear(4, 8, key=one), eqx.nn.Linear(8, 4, key=two)

    def __call__(self, x: Any) -> Any:
        return x + self.down(jax.nn.relu(self.up(x)))


class EqxModel(eqx.Module):
    first: eqx.nn.Linear
    norm: eqx.nn.LayerNorm
    layers: EqxBlock
    head: eqx.nn.Linear
    steps: jax.Array
    activation: Callable[..., Any]

    def __init__(self, key: Any) -> None:
        self.first, self.norm = eqx.nn.Linear(6, 4, key=key), eqx.nn.LayerNorm(4)
        self.layers = eqx.filter_vmap(EqxBlock)(jax.random.split(key, 2))
        self.head = eqx.nn.Linear(4, 3, key=key)
        self.steps, self.activation = jnp.array(0), jax.nn.relu

    def __call__(self, x: Any) -> Any:
        x = self.norm(self.activation(self.first(x)))
        dynamic, static = eqx.partition(self.layers, eqx.is_array)
        x, _ = jax.lax.scan(lambda carry, block: (eqx.combine(block, static)(carry), None), x, dynamic)
        return self.head(x)


def haiku_model(x: Any) -> Any:
    x = hk.LayerNorm(-1, True, True, name="norm")(jax.nn.relu(hk.Linear(4, name="first")(x)))

    def block(x: Any) -> Any:
        return x + hk.Linear(4, name="down")(jax.nn.relu(hk.Linear(8, name="up")(x)))

    x = hk.experimental.layer_stack(2, name="layers")(block)(x)
    return hk.Linear(3, name="head")(x)


@jax.tree_util.register_dataclass
@dataclass
class Layer:
    w: Any
    b: Any


def plain_tree() -> dict[str, Any]:
    return {
        "first": Layer(jnp.ones((6, 4)), jnp.ones(4)),
        "rest": [{"w": jnp.ones((4, 8)), "b": jnp.ones(8)}, (jnp.ones(3), "a word")],
        "head": {"w": jnp.ones((8, 3)), "b": jnp.ones(3)},
    }


class Form(NamedTuple):
    """One form: what `hs.plan` takes, what `apply` takes, the arrays in either by name, and weights it must find.

    weights: name -> (key, layout of one slice, shape of it).
    """

    model: Any
    tree: Any
    example: Any
    leaf: Callable[[Any, str], Any]
    weights: dict[str, tuple[str, str, tuple[int, ...]]]
    params: Any = None


def by_keys(tree: Any, name: str) -> Any:
    for step in name.split("."):
        if hasattr(tree, "__getitem__"):
            tree = tree[int(step) if isinstance(tree, (list, tuple)) else step]
        else:
            tree = getattr(tree, step)
    return tree


def by_attributes(tree: Any, name: str) -> Any:
    for step in name.split("."):
        tree = getattr(tree, step)
    return tree[...] if isinstance(tree, nnx.Variable) else tree


def of_haiku(tree: Any, name: str) -> Any:
    module, _, leaf = name.rpartition(".")
    return tree[module][leaf]


_FLAX = {
    "first.kernel": ("first.kernel", "in_out", (6, 4)),
    "layers.up.kernel": ("layers.*.up.kernel", "in_out", (4, 8)),
    "layers.down.kernel": ("layers.*.down.kernel", "in_out", (8, 4)),
    "head.kernel": ("head.kernel", "in_out", (4, 3)),
}
_WITH_COLLECTION = {f"params.{name}": weight for name, weight in _FLAX.items()}
_EQX = {
    "first.weight": ("first.weight", "out_in", (4, 6)),
    "layers.up.weight": ("layers.*.up.weight", "out_in", (8, 4)),
    "layers.down.weight": ("layers.*.down.weight", "out_in", (4, 8)),
    "head.weight": ("head.weight", "out_in", (3, 4)),
}
_HAIKU = {
    "first.w": ("first.w", "in_out", (6, 4)),
    "layers/up.w": ("layers/up.*.w", "in_out", (4, 8)),
    "head.w": ("head.w", "in_out", (4, 3)),
}
_PLAIN = {
    "first.w": ("first.w", "in_out", (6, 4)),
    "rest.0.w": ("rest.0.w", "in_out", (4, 8)),
    "head.w": ("head.w", "in_out", (8, 3)),
}


def forms() -> dict[str, Callable[[], Form]]:
    """Each form by name, made anew when it is asked for."""

    def nnx_module() -> Form:
        model = NnxModel(nnx.Rngs(0))
        return Form(model, model, None, by_attributes, _FLAX)

    def nnx_split() -> Form:
        given = nnx.split(NnxModel(nnx.Rngs(0)))
        return Form(given, given, None, lambda tree, name: by_attributes(nnx.merge(*tree), name), _FLAX)

    def linen(axis: int = 0, alone: bool = False, frozen: bool = False, apart: bool = False) -> Form:
        model = LinenModel(axis)
        variables = model.init(KEY, X)
        tree = variables["params"] if alone else freeze(variables) if frozen else variables
        weights = _FLAX if alone else _WITH_COLLECTION
        return Form(model if apart else (model, tree), tree, X, by_keys, weights, tree if apart else None)

    def linen_bare() -> Form:
        variables = LinenModel().init(KEY, X)
        return Form(variables, variables, None, by_keys, _WITH_COLLECTION)

    def equinox() -> Form:
        model = EqxModel(KEY)
        return Form(model, model, None, by_attributes, _EQX)

    def equinox_arrays() -> Form:
        model = eqx.filter(EqxModel(KEY), eqx.is_inexact_array)
        return Form(model, model, None, by_attributes, _EQX)

    def haiku() -> Form:
        transformed = hk.transform(haiku_model)
        params = transformed.init(KEY, X)
        return Form((transformed, params), params, X, of_haiku, _HAIKU)

    def plain() -> Form:
        return Form(plain_tree(), plain_tree(), None, by_keys, _PLAIN)

    return {
        "nnx": nnx_module, "nnx split": nnx_split, "linen": linen, "linen params": lambda: linen(alone=True),
        "linen frozen": lambda: linen(frozen=True), "linen apart": lambda: linen(apart=True),
        "linen stacked along 1": lambda: linen(axis=1), "linen bare": linen_bare, "equinox": equinox,
        "equinox arrays": equinox_arrays, "haiku": haiku, "plain": plain,
    }  # fmt: skip
