"""What theory predicts of a recorded pass of JAX, against the pass itself: the laws hold on its graph unchanged.

Widths are such that one draw of the weights is within a fifth of its expectation at every value (the deviation of a
standard deviation about 1/sqrt(2 * 96 units), some 2 % for each layer, with 8 inputs or more).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import jax_zoo as zoo
import numpy as np
import pytest
from jax import lax
from test_jax_record import named

from headstart.graph.predict import WeightMoments, predict
from headstart.models.jax.record import record

WIDTH = 96
RANDOM = np.random.default_rng(5)


def drawn(*shape: int, fan: int) -> jax.Array:
    return jnp.asarray(RANDOM.normal(size=shape) / np.sqrt(fan), jnp.float32)


def convnet(p: Any, x: jax.Array) -> jax.Array:
    def conv(x: jax.Array, kernel: jax.Array, stride: int = 1) -> jax.Array:
        return lax.conv_general_dilated(
            x, kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )  # fmt: skip

    x = jax.nn.relu(conv(x, p["a"], 2))
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    x = x + conv(jax.nn.relu((x - mean) * lax.rsqrt(variance + 1e-5) * p["g"] + p["s"]), p["c"])
    x = lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4
    return x.mean((1, 2)) @ p["h"]


def transformer(p: Any, t: jax.Array) -> jax.Array:
    x = zoo._block(p["block"], p["e"][t])
    return zoo.layer_norm(x, p["block"]["g"], p["block"]["s"]) @ p["h"]


CASES: dict[str, tuple[Any, Any, Any]] = {
    "convnet": (
        convnet,
        {"a": drawn(3, 3, 8, 48, fan=72), "c": drawn(3, 3, 48, 48, fan=432), "g": jnp.ones(48), "s": jnp.zeros(48),
         "h": drawn(48, 64, fan=48)},
        zoo.inputs(8, 16, 16, 8),
    ),
    "transformer": (
        transformer,
        {"e": drawn(50, WIDTH, fan=1), "h": drawn(WIDTH, 64, fan=WIDTH), "block": {
            **{name: drawn(WIDTH, 3, 32, fan=WIDTH) for name in "qkv"}, "o": drawn(3, 32, WIDTH, fan=WIDTH),
            "g": jnp.ones(WIDTH), "s": jnp.zeros(WIDTH), "g2": jnp.ones(WIDTH), "gate": drawn(WIDTH, 160, fan=WIDTH),
            "up": drawn(WIDTH, 160, fan=WIDTH), "down": drawn(160, WIDTH, fan=160)}},
        zoo.tokens(50, 8, 16),
    ),
}  # fmt: skip


def ratios(call: Any, tree: Any, x: jax.Array, times: float = 1.0) -> dict[str, float]:
    """Predicted over measured root mean squares, by operation; weights are taken to be so many times as large."""
    found = record(call, tree, [x], unroll=True)
    graph = found.graph
    arrays = dict(found.constants) | {value: named(tree)[name] for name, value in found.parameters.items()}
    arrays |= dict.fromkeys(found.inputs, x)

    def run() -> list[Any]:
        made: dict[int, Any] = dict(arrays)
        for op in graph.ops:
            assert op.replay is not None
            result = op.replay([made[value] for _, value in op.inputs])
            made.update(zip(op.outputs, result if len(op.outputs) > 1 else (result,), strict=True))
        return [jnp.sqrt(jnp.mean(made[op.outputs[0]] ** 2)) for op in graph.ops if graph.data(op)]

    measured = [float(size) for size in jax.jit(run)()]
    moments = {
        name: WeightMoments(times**2 * float(np.mean(np.square(array))), times * float(np.mean(array)))
        for name, array in named(tree).items()
    }
    predicted = predict(graph, moments, batch=x.shape[0])
    ops = [op for op in graph.ops if graph.data(op)]
    return {
        f"{op.index} {op.call}": predicted[op.outputs[0]].rms / size  # type: ignore[operator]
        for op, size in zip(ops, measured, strict=True)
        if predicted[op.outputs[0]].rule
    }


@pytest.mark.parametrize("name", CASES)
def test_the_laws_hold(name: str) -> None:
    call, tree, x = CASES[name]
    found = ratios(call, tree, x)
    assert len(found) >= 9
    assert {op: ratio for op, ratio in found.items() if not 0.8 < ratio < 1.25} == {}


def test_they_do_not_for_weights_of_another_size() -> None:
    found = ratios(*CASES["convnet"], times=1.3)
    assert max(found.values()) > 1.25
