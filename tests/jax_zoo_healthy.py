"""Healthy models over JAX of many kinds, on none of which anything was tuned: what a probe and an audit must pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from flax import linen, nnx

Probed = tuple[Any, ...]
KEY = jax.random.key(1)


def x(*shape: int) -> jax.Array:
    return jax.random.normal(jax.random.key(11), shape)


def tokens(*shape: int, below: int = 50) -> jax.Array:
    return jax.random.randint(jax.random.key(12), shape, 0, below)


class Mixer(nnx.Module):
    """MLP-Mixer: tokens and channels are mixed in turn."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.stem = nnx.Conv(3, 32, (4, 4), strides=4, rngs=rngs)
        self.blocks = nnx.List([
            nnx.List([
                nnx.LayerNorm(32, rngs=rngs), nnx.Linear(16, 24, rngs=rngs), nnx.Linear(24, 16, rngs=rngs),
                nnx.LayerNorm(32, rngs=rngs), nnx.Linear(32, 64, rngs=rngs), nnx.Linear(64, 32, rngs=rngs),
            ]) for _ in range(4)
        ])  # fmt: skip
        self.norm, self.head = nnx.LayerNorm(32, rngs=rngs), nnx.Linear(32, 10, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.stem(x)
        x = x.reshape(x.shape[0], -1, x.shape[-1])
        for first, up, down, second, wide, narrow in self.blocks:
            h = first(x).swapaxes(1, 2)
            x = x + down(nnx.gelu(up(h))).swapaxes(1, 2)
            x = x + narrow(nnx.gelu(wide(second(x))))
        return self.head(self.norm(x).mean(1))


def mixer() -> Probed:
    return Mixer(nnx.Rngs(0)), x(8, 16, 16, 3)


class Vit(linen.Module):
    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = linen.Conv(48, (4, 4), strides=4)(x)
        x = x.reshape(x.shape[0], -1, 48)
        cls = self.param("cls", linen.initializers.normal(0.02), (1, 1, 48))
        x = jnp.concatenate([jnp.broadcast_to(cls, (x.shape[0], 1, 48)), x], 1)
        x = x + self.param("position", linen.initializers.normal(0.02), (1, x.shape[1], 48))
        for _ in range(3):
            x = x + linen.MultiHeadDotProductAttention(num_heads=4)(linen.LayerNorm()(x))
            x = x + linen.Dense(48)(linen.gelu(linen.Dense(96)(linen.LayerNorm()(x))))
        return linen.Dense(10)(linen.LayerNorm()(x)[:, 0])


def vit() -> Probed:
    model = Vit()
    return model, model.init(KEY, x(2, 16, 16, 3)), x(8, 16, 16, 3)


class UNet(eqx.Module):
    """Equinox, channels first, one example at a time."""

    down: list[Any]
    up: list[Any]
    end: Any

    def __init__(self) -> None:
        keys = iter(jax.random.split(KEY, 8))
        self.down = [eqx.nn.Conv2d(a, b, 3, padding=1, key=next(keys)) for a, b in ((3, 16), (16, 32), (32, 32))]
        self.up = [eqx.nn.Conv2d(a, b, 3, padding=1, key=next(keys)) for a, b in ((64, 32), (48, 16))]
        self.end = eqx.nn.Conv2d(16, 3, 1, key=next(keys))

    def __call__(self, x: jax.Array) -> jax.Array:
        kept = []
        for place, conv in enumerate(self.down):
            x = jax.nn.silu(conv(x))
            if place < 2:
                kept.append(x)
                x = eqx.nn.AvgPool2d(2, 2)(x)
        for conv in self.up:
            x = jax.image.resize(x, (x.shape[0], 2 * x.shape[1], 2 * x.shape[2]), "nearest")
            x = jax.nn.silu(conv(jnp.concatenate([x, kept.pop()])))
        return self.end(x)


def unet() -> Probed:
    return UNet(), x(4, 3, 16, 16)


def conv_gru() -> Probed:
    """A function that scans over pictures in time; NHWC."""
    keys = jax.random.split(KEY, 3)

    def kernel(key: jax.Array, a: int, b: int) -> jax.Array:
        return jax.random.normal(key, (3, 3, a, b)) / math.sqrt(9 * a)

    params = {"gates": kernel(keys[0], 3 + 12, 24), "new": kernel(keys[1], 3 + 12, 12), "out": x(12, 5) / math.sqrt(12)}

    def conv(x: jax.Array, w: jax.Array) -> jax.Array:
        return jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    def run(params: Any, x: jax.Array) -> jax.Array:
        def step(h: jax.Array, frame: jax.Array) -> Any:
            z, r = jnp.split(jax.nn.sigmoid(conv(jnp.concatenate([frame, h], -1), params["gates"])), 2, -1)
            new = jnp.tanh(conv(jnp.concatenate([frame, r * h], -1), params["new"]))
            return (1 - z) * h + z * new, None

        h, _ = jax.lax.scan(step, jnp.zeros((*x.shape[0:1], *x.shape[2:4], 12)), x.swapaxes(0, 1))
        return h.mean((1, 2)) @ params["out"]

    return run, params, x(6, 5, 8, 8, 3)


def einsum_transformer() -> Probed:
    """Decoder in einsums with RMS norms and a gated MLP, causal; the table is not tied."""
    keys = iter(jax.random.split(KEY, 40))

    def draw(*shape: int, fan: int) -> jax.Array:
        return jax.random.normal(next(keys), shape) / math.sqrt(fan)

    layers = [
        {
            "qkv": draw(3, 48, 4, 12, fan=48), "o": draw(4, 12, 48, fan=48 * 8), "gate": draw(48, 96, fan=48),
            "up": draw(48, 96, fan=48), "down": draw(96, 48, fan=96 * 4), "norms": jnp.ones((2, 48)),
        } for _ in range(4)
    ]  # fmt: skip
    params = {"table": draw(50, 48, fan=1), "layers": layers, "head": draw(48, 50, fan=48), "norm": jnp.ones(48)}

    def norm(x: jax.Array, scale: jax.Array) -> jax.Array:
        return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-6) * scale

    def run(params: Any, ids: jax.Array) -> jax.Array:
        h = params["table"][ids]
        mask = jnp.tril(jnp.ones((ids.shape[1], ids.shape[1]), bool))
        for layer in params["layers"]:
            q, k, v = jnp.einsum("btd,cdhk->cbhtk", norm(h, layer["norms"][0]), layer["qkv"])
            shares = jax.nn.softmax(jnp.where(mask, q @ k.swapaxes(-1, -2) / math.sqrt(12), -jnp.inf))
            h = h + jnp.einsum("bhtk,hkd->btd", shares @ v, layer["o"])
            z = norm(h, layer["norms"][1])
            h = h + (jax.nn.silu(z @ layer["gate"]) * (z @ layer["up"])) @ layer["down"]
        return norm(h, params["norm"]) @ params["head"]

    return run, params, tokens(8, 16)


class Block(nnx.Module):
    def __init__(self, a: int, b: int, stride: int, rngs: nnx.Rngs) -> None:
        self.one = nnx.Conv(a, b, (3, 3), strides=stride, use_bias=False, rngs=rngs)
        self.two = nnx.Conv(b, b, (3, 3), use_bias=False, rngs=rngs)
        self.norms = nnx.List([nnx.BatchNorm(b, rngs=rngs), nnx.BatchNorm(b, rngs=rngs)])
        self.skip = nnx.Conv(a, b, (1, 1), strides=stride, rngs=rngs) if a != b else None

    def __call__(self, x: jax.Array) -> jax.Array:
        h = nnx.relu(self.norms[0](self.one(x)))
        return nnx.relu(self.norms[1](self.two(h)) + (x if self.skip is None else self.skip(x)))


class ResNet(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.stem = nnx.Conv(3, 16, (3, 3), rngs=rngs)
        self.blocks = nnx.List([Block(16, 16, 1, rngs), Block(16, 32, 2, rngs), Block(32, 32, 1, rngs)])
        self.head = nnx.Linear(32, 10, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((1, 2)))


def resnet() -> Probed:
    return ResNet(nnx.Rngs(0)), x(8, 16, 16, 3)


class Lstm(linen.Module):
    @linen.compact
    def __call__(self, ids: jax.Array) -> jax.Array:
        h = linen.Embed(50, 24)(ids)
        h = linen.RNN(linen.OptimizedLSTMCell(32))(h)
        h = linen.RNN(linen.GRUCell(32))(h)
        return linen.Dense(50)(h)


def lstm() -> Probed:
    model = Lstm()
    return model, model.init(KEY, tokens(2, 9)), tokens(8, 9)


class Layer(linen.Module):
    @linen.compact
    def __call__(self, x: jax.Array, _: Any) -> Any:
        h = linen.SelfAttention(num_heads=4)(linen.LayerNorm()(x), linen.make_causal_mask(x[..., 0]))
        x = x + h
        return x + linen.Dense(32)(linen.gelu(linen.Dense(64)(linen.LayerNorm()(x)))), None


class Gpt(linen.Module):
    """Layers scanned over, the head tied to the table."""

    @linen.compact
    def __call__(self, ids: jax.Array) -> jax.Array:
        table = linen.Embed(50, 32)
        x = table(ids) + self.param("position", linen.initializers.normal(0.02), (ids.shape[1], 32))
        layers = linen.scan(Layer, {"params": 0}, split_rngs={"params": True}, length=3)
        x, _ = layers()(x, None)
        return table.attend(linen.LayerNorm()(x))


def gpt() -> Probed:
    model = Gpt()
    return model, model.init(KEY, tokens(2, 12)), tokens(8, 12)


def siren() -> Probed:
    sizes = [(2, 64), (64, 64), (64, 64), (64, 3)]
    keys = jax.random.split(KEY, 8)

    def bound(place: int, fan: int) -> float:
        return 1 / fan if place == 0 else math.sqrt(6 / fan) / 30

    params = [
        (jax.random.uniform(keys[at], size, minval=-bound(at, size[0]), maxval=bound(at, size[0])), jnp.zeros(size[1]))
        for at, size in enumerate(sizes)
    ]

    def run(params: Any, x: jax.Array) -> jax.Array:
        for weight, bias in params[:-1]:
            x = jnp.sin(30 * (x @ weight + bias))
        return x @ params[-1][0] + params[-1][1]

    return run, params, jax.random.uniform(jax.random.key(5), (64, 2), minval=-1.0)


class Moe(nnx.Module):
    """Experts in one stacked weight, all run and mixed by a router."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        draw = nnx.initializers.lecun_normal(batch_axis=0)
        self.up = nnx.Param(draw(rngs.params(), (4, 32, 64)))
        self.down = nnx.Param(draw(rngs.params(), (4, 64, 32)))
        self.router, self.head = nnx.Linear(32, 4, rngs=rngs), nnx.Linear(32, 6, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        shares = jax.nn.softmax(self.router(x))
        h = nnx.silu(jnp.einsum("bd,edf->bef", x, self.up[...]))
        return self.head(x + jnp.einsum("bef,efd,be->bd", h, self.down[...], shares))


def moe() -> Probed:
    return Moe(nnx.Rngs(0)), x(16, 32)


def autoencoder() -> Probed:
    keys = jax.random.split(KEY, 2)
    encoder, decoder = eqx.nn.MLP(40, 8, 64, 2, jax.nn.gelu, key=keys[0]), eqx.nn.MLP(8, 40, 64, 2, key=keys[1])
    return eqx.nn.Sequential([eqx.nn.Lambda(encoder), eqx.nn.Lambda(decoder)]), x(32, 40)


def time_first() -> Probed:
    """An LSTM by hand on (time, batch, width), by a loop."""
    keys = jax.random.split(KEY, 3)
    params = {
        "x": jax.random.normal(keys[0], (12, 64)) / math.sqrt(12), "h": jax.random.normal(keys[1], (16, 64)) / 4,
        "b": jnp.zeros(64), "out": jax.random.normal(keys[2], (16, 3)) / 4,
    }  # fmt: skip

    def run(params: Any, x: jax.Array) -> jax.Array:
        h = c = jnp.zeros((x.shape[1], 16))
        for at in range(x.shape[0]):
            i, f, g, o = jnp.split(x[at] @ params["x"] + h @ params["h"] + params["b"], 4, -1)
            c = jax.nn.sigmoid(f + 1) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return h @ params["out"]

    return run, params, x(6, 10, 12)


HEALTHY: dict[str, Callable[[], Probed]] = {
    "mixer": mixer, "vit": vit, "unet": unet, "conv gru": conv_gru, "einsum transformer": einsum_transformer,
    "resnet": resnet, "lstm": lstm, "gpt": gpt, "siren": siren, "moe": moe, "autoencoder": autoencoder,
    "time first": time_first,
}  # fmt: skip
