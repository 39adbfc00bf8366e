"""One network built in five libraries: an MLP, a convnet, recurrent networks and a transformer block, to draw alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

WIDTH, HEADS = 6, 2
SHAPES = {"mlp": (3, 5), "convnet": (2, 8, 9, 3), "lstm": (2, 4, 5), "gru": (2, 4, 5), "block": (2, 4, WIDTH)}


def example(kind: str) -> np.ndarray:
    """Inputs, channels last."""
    return np.random.default_rng(0).normal(size=SHAPES[kind]).astype(np.float32)


# --- PyTorch -----------------------------------------------------------------------------------------------------


def torch_models() -> dict[str, Any]:
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Mlp(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.layers, self.head = (
                nn.Linear(5, 7),
                nn.ModuleList([nn.Linear(7, 7), nn.Linear(7, 4)]),
                nn.Linear(4, 3),
            )

        def forward(self, x: Any) -> Any:
            x = F.relu(self.fc1(x))
            for layer in self.layers:
                x = torch.tanh(layer(x))
            return self.head(x)

    class Convnet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, (3, 2), padding="valid"), nn.BatchNorm2d(4)
            self.depth, self.up, self.head = (
                nn.Conv2d(4, 8, 3, groups=2),
                nn.ConvTranspose2d(8, 5, (2, 3), stride=2),
                nn.Linear(5, 2),
            )

        def forward(self, x: Any) -> Any:  # channels last, as the others
            x = F.relu(self.conv(x.permute(0, 3, 1, 2)))
            x = F.relu(self.up(F.relu(self.depth(self.norm(x)))))
            return self.head(x.mean((2, 3)))

    class Recurrent(nn.Module):
        def __init__(self, kind: Any) -> None:
            super().__init__()
            self.rnn, self.head = kind(5, WIDTH, batch_first=True), nn.Linear(WIDTH, 2)

        def forward(self, x: Any) -> Any:
            return self.head(self.rnn(x)[0][:, -1])

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH, eps=1e-6), nn.LayerNorm(WIDTH, eps=1e-6)
            self.attn = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
            self.fc1, self.fc2 = nn.Linear(WIDTH, 9), nn.Linear(9, WIDTH)

        def forward(self, x: Any) -> Any:
            y = self.norm1(x)
            x = x + self.attn(y, y, y, need_weights=False)[0]
            return x + self.fc2(F.gelu(self.fc1(self.norm2(x)), approximate="tanh"))

    return {"mlp": Mlp(), "convnet": Convnet(), "lstm": Recurrent(nn.LSTM), "gru": Recurrent(nn.GRU), "block": Block()}


# --- Flax NNX ----------------------------------------------------------------------------------------------------


def nnx_models() -> dict[str, Any]:
    import jax
    from flax import nnx

    class Mlp(nnx.Module):
        def __init__(self, rngs: Any) -> None:
            self.fc1, self.head = nnx.Linear(5, 7, rngs=rngs), nnx.Linear(4, 3, rngs=rngs)
            self.layers = nnx.List([nnx.Linear(7, 7, rngs=rngs), nnx.Linear(7, 4, rngs=rngs)])

        def __call__(self, x: Any) -> Any:
            x = jax.nn.relu(self.fc1(x))
            for layer in self.layers:
                x = jax.nn.tanh(layer(x))
            return self.head(x)

    class Convnet(nnx.Module):
        def __init__(self, rngs: Any) -> None:
            self.conv = nnx.Conv(3, 4, (3, 2), padding="VALID", rngs=rngs)
            self.norm = nnx.BatchNorm(4, use_running_average=True, rngs=rngs)
            self.depth = nnx.Conv(4, 8, (3, 3), feature_group_count=2, padding="VALID", rngs=rngs)
            self.up = nnx.ConvTranspose(8, 5, (2, 3), strides=2, padding="VALID", rngs=rngs)
            self.head = nnx.Linear(5, 2, rngs=rngs)

        def __call__(self, x: Any) -> Any:
            x = self.norm(jax.nn.relu(self.conv(x)))
            x = jax.nn.relu(self.up(jax.nn.relu(self.depth(x))))
            return self.head(x.mean((1, 2)))

    class Recurrent(nnx.Module):
        def __init__(self, cell: Any, rngs: Any) -> None:
            self.rnn, self.head = nnx.RNN(cell(5, WIDTH, rngs=rngs)), nnx.Linear(WIDTH, 2, rngs=rngs)

        def __call__(self, x: Any) -> Any:
            return self.head(self.rnn(x)[:, -1])

    class Block(nnx.Module):
        def __init__(self, rngs: Any) -> None:
            self.norm1, self.norm2 = nnx.LayerNorm(WIDTH, rngs=rngs), nnx.LayerNorm(WIDTH, rngs=rngs)
            self.attn = nnx.MultiHeadAttention(HEADS, WIDTH, decode=False, rngs=rngs)
            self.fc1, self.fc2 = nnx.Linear(WIDTH, 9, rngs=rngs), nnx.Linear(9, WIDTH, rngs=rngs)

        def __call__(self, x: Any) -> Any:
            x = x + self.attn(self.norm1(x))
            return x + self.fc2(jax.nn.gelu(self.fc1(self.norm2(x)), approximate=True))

    rngs = nnx.Rngs(0)
    return {
        "mlp": Mlp(rngs), "convnet": Convnet(rngs), "lstm": Recurrent(nnx.LSTMCell, rngs),
        "lstm fused": Recurrent(nnx.OptimizedLSTMCell, rngs), "gru": Recurrent(nnx.GRUCell, rngs), "block": Block(rngs),
    }  # fmt: skip


# --- Flax Linen --------------------------------------------------------------------------------------------------


def linen_models() -> dict[str, tuple[Any, Any]]:
    """(module, its variables)."""
    import flax.linen as nn
    import jax

    class Mlp(nn.Module):
        def setup(self) -> None:
            self.fc1, self.layers, self.head = nn.Dense(7), [nn.Dense(7), nn.Dense(4)], nn.Dense(3)

        def __call__(self, x: Any) -> Any:
            x = nn.relu(self.fc1(x))
            for layer in self.layers:
                x = nn.tanh(layer(x))
            return self.head(x)

    class Convnet(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            x = nn.relu(nn.Conv(4, (3, 2), padding="VALID", name="conv")(x))
            x = nn.BatchNorm(use_running_average=True, name="norm")(x)
            x = nn.relu(nn.Conv(8, (3, 3), feature_group_count=2, padding="VALID", name="depth")(x))
            x = nn.relu(nn.ConvTranspose(5, (2, 3), strides=(2, 2), padding="VALID", name="up")(x))
            return nn.Dense(2, name="head")(x.mean((1, 2)))

    class Recurrent(nn.Module):
        cell: Any

        def setup(self) -> None:
            self.rnn, self.head = nn.RNN(self.cell(WIDTH)), nn.Dense(2)

        def __call__(self, x: Any) -> Any:
            return self.head(self.rnn(x)[:, -1])

    class Block(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            x = x + nn.MultiHeadDotProductAttention(HEADS, name="attn")(nn.LayerNorm(name="norm1")(x))
            y = nn.gelu(nn.Dense(9, name="fc1")(nn.LayerNorm(name="norm2")(x)))
            return x + nn.Dense(WIDTH, name="fc2")(y)

    found = {
        "mlp": Mlp(), "convnet": Convnet(), "lstm": Recurrent(nn.LSTMCell),
        "lstm fused": Recurrent(nn.OptimizedLSTMCell), "gru": Recurrent(nn.GRUCell), "block": Block(),
    }  # fmt: skip
    key = jax.random.key(0)
    return {kind: (model, model.init(key, example(kind.partition(" ")[0]))) for kind, model in found.items()}


# --- Equinox -----------------------------------------------------------------------------------------------------


def equinox_models() -> dict[str, Any]:
    """Models of one example, without a batch."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    class Mlp(eqx.Module):
        fc1: Any
        layers: list[Any]
        head: Any

        def __call__(self, x: Any) -> Any:
            x = jax.nn.relu(self.fc1(x))
            for layer in self.layers:
                x = jax.nn.tanh(layer(x))
            return self.head(x)

    class Convnet(eqx.Module):
        conv: Any
        depth: Any
        up: Any
        head: Any

        def __call__(self, x: Any) -> Any:
            x = jax.nn.relu(self.conv(jnp.moveaxis(x, -1, 0))) / jnp.sqrt(1 + 1e-5)  # a fresh BatchNorm
            return self.head(jax.nn.relu(self.up(jax.nn.relu(self.depth(x)))).mean((1, 2)))

    class Recurrent(eqx.Module):
        rnn: Any
        head: Any

        def __call__(self, x: Any) -> Any:
            zeros = jnp.zeros(WIDTH)
            state = (zeros, zeros) if isinstance(self.rnn, eqx.nn.LSTMCell) else zeros
            for one in x:
                state = self.rnn(one, state)
            return self.head(state[0] if isinstance(state, tuple) else state)

    class Block(eqx.Module):
        norm1: Any
        norm2: Any
        attn: Any
        fc1: Any
        fc2: Any

        def __call__(self, x: Any) -> Any:
            y = jax.vmap(self.norm1)(x)
            x = x + self.attn(y, y, y)
            return x + jax.vmap(lambda z: self.fc2(jax.nn.gelu(self.fc1(self.norm2(z)))))(x)

    key, nn = jax.random.key(0), eqx.nn
    layers = [nn.Linear(7, 7, key=key), nn.Linear(7, 4, key=key)]
    whole = {"use_query_bias": True, "use_key_bias": True, "use_value_bias": True, "use_output_bias": True}
    return {
        "mlp": Mlp(nn.Linear(5, 7, key=key), layers, nn.Linear(4, 3, key=key)),
        "convnet": Convnet(
            nn.Conv2d(3, 4, (3, 2), key=key), nn.Conv2d(4, 8, 3, groups=2, key=key),
            nn.ConvTranspose2d(8, 5, (2, 3), stride=2, key=key), nn.Linear(5, 2, key=key),
        ),
        "lstm": Recurrent(nn.LSTMCell(5, WIDTH, key=key), nn.Linear(WIDTH, 2, key=key)),
        "gru": Recurrent(nn.GRUCell(5, WIDTH, key=key), nn.Linear(WIDTH, 2, key=key)),
        "block": Block(
            nn.LayerNorm(WIDTH, eps=1e-6), nn.LayerNorm(WIDTH, eps=1e-6),
            nn.MultiheadAttention(HEADS, WIDTH, key=key, **whole),
            nn.Linear(WIDTH, 9, key=key), nn.Linear(9, WIDTH, key=key),
        ),
    }  # fmt: skip


# --- Keras -------------------------------------------------------------------------------------------------------


def keras_models() -> dict[str, Any]:
    import keras
    from keras import layers as kl

    def functional(kind: str, build: Callable[[Any], Any]) -> Any:
        inputs = keras.Input(SHAPES[kind][1:])
        return keras.Model(inputs, build(inputs))

    def convnet(x: Any) -> Any:
        x = kl.Conv2D(4, (3, 2), activation="relu", name="conv")(x)
        x = kl.BatchNormalization(epsilon=1e-5, name="norm")(x)
        x = kl.Conv2D(8, 3, groups=2, activation="relu", name="depth")(x)
        x = kl.Conv2DTranspose(5, (2, 3), strides=2, activation="relu", name="up")(x)
        return kl.Dense(2, name="head")(kl.GlobalAveragePooling2D()(x))

    def block(x: Any) -> Any:
        y = kl.LayerNormalization(epsilon=1e-6, name="norm1")(x)
        x = x + kl.MultiHeadAttention(HEADS, WIDTH // HEADS, name="attn")(y, y)
        y = kl.Dense(9, name="fc1")(kl.LayerNormalization(epsilon=1e-6, name="norm2")(x))
        return x + kl.Dense(WIDTH, name="fc2")(keras.activations.gelu(y, approximate=True))

    mlp = keras.Sequential(
        [
            keras.Input((5,)), kl.Dense(7, "relu", name="fc1"), kl.Dense(7, "tanh", name="layers_0"),
            kl.Dense(4, "tanh", name="layers_1"), kl.Dense(3, name="head"),
        ]
    )  # fmt: skip
    return {
        "mlp": mlp,
        "convnet": functional("convnet", convnet),
        "lstm": functional("lstm", lambda x: kl.Dense(2, name="head")(kl.LSTM(WIDTH, name="rnn")(x))),
        "gru": functional("gru", lambda x: kl.Dense(2, name="head")(kl.GRU(WIDTH, name="rnn")(x))),
        "block": functional("block", block),
    }
