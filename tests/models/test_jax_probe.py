"""Probes of models over JAX: the numbers that PyTorch's has, what is sick is told, and what is well is not."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from flax import linen, nnx
from jax_zoo_healthy import HEALTHY
from jax_zoo_probed import SICK
from torch import nn

import headstart as hs

FIELDS = (
    "kind", "rms", "mean", "batch_std", "cosine", "dead", "saturated", "nonfinite", "grad_rms", "predicted_rms",
    "predicted_grad", "per_input",
)  # fmt: skip
DEPTH, WIDTH, BATCH = 5, 24, 16
RNG = np.random.default_rng(3)
WEIGHTS = [(RNG.normal(size=(WIDTH, WIDTH)) * math.sqrt(2 / WIDTH)).astype("f4") for _ in range(DEPTH)]
BIASES = [RNG.normal(size=WIDTH).astype("f4") / 4 for _ in range(DEPTH)]
X = RNG.normal(size=(BATCH, WIDTH)).astype("f4")
TARGET = RNG.integers(0, WIDTH, BATCH)


def same_rows(one: hs.Probe, other: hs.Probe, fields: tuple[str, ...] = FIELDS) -> None:
    """Row by row the same numbers, as closely as float32 has them."""
    assert len(one.layers) == len(other.layers)
    for first, second in zip(one.layers, other.layers, strict=True):
        for field in fields:
            a, b = getattr(first, field), getattr(second, field)
            assert a == b or a == pytest.approx(b, rel=2e-4, abs=2e-6), (first.name, field, a, b)


# --- the same numbers as PyTorch ------------------------------------------------------------------------------------


class Mlp(nnx.Module):
    def __init__(self) -> None:
        self.layers = nnx.List([nnx.Linear(WIDTH, WIDTH, rngs=nnx.Rngs(0)) for _ in range(DEPTH)])
        for layer, weight, bias in zip(self.layers, WEIGHTS, BIASES, strict=True):
            layer.kernel[...], layer.bias[...] = jnp.asarray(weight), jnp.asarray(bias)

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = jax.nn.relu(layer(x))
        return x


class Dense(linen.Module):
    @linen.compact
    def __call__(self, x: Any) -> Any:
        for _ in range(DEPTH):
            x = linen.relu(linen.Dense(WIDTH)(x))
        return x


class One(eqx.Module):
    layers: list[eqx.nn.Linear]

    def __init__(self) -> None:
        plain = [eqx.nn.Linear(WIDTH, WIDTH, key=jax.random.key(0)) for _ in range(DEPTH)]
        self.layers = [
            eqx.tree_at(lambda m: (m.weight, m.bias), layer, (jnp.asarray(weight.T), jnp.asarray(bias)))
            for layer, weight, bias in zip(plain, WEIGHTS, BIASES, strict=True)
        ]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = jax.nn.relu(layer(x))
        return x


def run(params: Any, x: Any) -> Any:
    for weight, bias in params:
        x = jax.nn.relu(x @ weight + bias)
    return x


def forms() -> dict[str, tuple[Any, ...]]:
    pairs = [(jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in zip(WEIGHTS, BIASES, strict=True)]
    named = {f"Dense_{at}": {"kernel": weight, "bias": bias} for at, (weight, bias) in enumerate(pairs)}
    return {
        "nnx": (Mlp(),), "linen": (Dense(), {"params": named}), "equinox": (One(),), "function": (run, pairs),
        "compiled": (jax.jit(run), pairs), "pair": ((run, pairs),),
    }  # fmt: skip


def torch_mlp() -> nn.Sequential:
    model = nn.Sequential(*(part for _ in range(DEPTH) for part in (nn.Linear(WIDTH, WIDTH), nn.ReLU())))
    with torch.no_grad():
        for at, (weight, bias) in enumerate(zip(WEIGHTS, BIASES, strict=True)):
            model[2 * at].weight.copy_(torch.from_numpy(weight.T))
            model[2 * at].bias.copy_(torch.from_numpy(bias))
    return model


@pytest.mark.parametrize("form", ["nnx", "linen", "equinox", "function", "compiled", "pair"])
def test_a_multilayer_perceptron_has_the_same_rows(form: str) -> None:
    """Signals, gradients of the same projection, dead units, and what theory says."""
    expected = hs.probe(torch_mlp(), torch.from_numpy(X))
    found = hs.probe(*forms()[form], jnp.asarray(X))
    mapped = form == "equinox"  # over the batch, so that its products are einsums
    same_rows(found, expected, FIELDS[1:] if mapped else FIELDS)
    assert found.verdict == expected.verdict
    ours, theirs = (sorted(probe.weights.values(), key=lambda weight: weight.rms) for probe in (found, expected))
    for first, second in zip(ours, theirs, strict=True):
        assert first.rms == pytest.approx(second.rms, rel=1e-5)
        assert first.grad_rms == pytest.approx(second.grad_rms, rel=1e-4)
        assert first.distinct == second.distinct


@pytest.mark.parametrize(("loss", "target"), [("cross_entropy", TARGET), ("mse", X)])
def test_losses_by_name_are_the_same(loss: str, target: Any) -> None:
    expected = hs.probe(torch_mlp(), torch.from_numpy(X), loss=loss, target=torch.from_numpy(target), learning_rate=0.1)
    found = hs.probe(run, forms()["function"][1], jnp.asarray(X), loss=loss, target=target, learning_rate=0.1)
    assert found.trace.loss == pytest.approx(expected.trace.loss, rel=1e-5)
    assert found.trace.loss_guess == pytest.approx(expected.trace.loss_guess, rel=1e-5)
    assert [row.grad_rms for row in found.layers[1:]] == pytest.approx(
        [row.grad_rms for row in expected.layers[1:]], rel=1e-4
    )
    assert [weight.update for weight in found.weights.values()] == pytest.approx(
        [weight.update for weight in expected.weights.values()], rel=1e-4
    )


def test_a_convolution_has_the_same_numbers_channels_last() -> None:
    """The moments of a picture do not depend on where its channels stand; units are found there, dead ones too."""
    kernel = RNG.normal(size=(6, 3, 3, 3)).astype("f4") / 5
    bias = np.array([-9.0, 0.1, 0.2, -9.0, 0.0, 0.3], np.float32)
    x = RNG.normal(size=(4, 3, 8, 8)).astype("f4")
    model = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU())
    with torch.no_grad():
        model[0].weight.copy_(torch.from_numpy(kernel))
        model[0].bias.copy_(torch.from_numpy(bias))

    def conv(params: Any, x: Any) -> Any:
        numbers = ("NHWC", "HWIO", "NHWC")
        y = jax.lax.conv_general_dilated(x, params["w"], (1, 1), "SAME", dimension_numbers=numbers)
        return jax.nn.relu(y + params["b"])

    params = {"w": jnp.asarray(kernel.transpose(2, 3, 1, 0)), "b": jnp.asarray(bias)}
    expected = hs.probe(model, torch.from_numpy(x))
    found = hs.probe(conv, params, jnp.asarray(x.transpose(0, 2, 3, 1)))
    same_rows(found, expected, ("rms", "mean", "batch_std", "cosine", "dead"))
    assert found.layers[-1].dead == pytest.approx(2 / 6)
    assert found.layers[-1].unit_axis == 3


# --- what is sick, and what is not ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SICK)
def test_what_is_sick_is_told_and_its_healthy_twin_is_not(name: str) -> None:
    build, word = SICK[name]
    found = hs.probe(*build(True))
    assert found.verdict == word, str(found)
    twin = hs.probe(*build(False))
    assert twin.healthy, str(twin)


@pytest.mark.parametrize("name", ["siren", "autoencoder", "time first"])
def test_models_on_which_nothing_was_tuned_are_healthy(name: str) -> None:
    """The others of the zoo take longer to compile; all twelve were healthy when they were measured."""
    found = hs.probe(*HEALTHY[name]())
    assert found.healthy, str(found)
    assert all(row.batch_axis is not None for row in found.layers)


def test_a_recurrent_layer_by_hand_has_its_batch_second() -> None:
    rows = hs.probe(*HEALTHY["time first"]()).layers
    assert rows[0].batch_axis == 1
    assert all(row.batch_axis == 0 for row in rows[1:])


# --- remedies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("too small in a deep tanh network", 'hs.init(model, "gain", example=x)'),
        ("scanned layers that are too small", 'params = hs.init(model, "gain", params=params, example=x'),
        ("a bias that kills its relu", "model = eqx.tree_at(lambda m: m.layers[1].bias, model, replace_fn=lambda w:"),
    ],
)
def test_a_remedy_is_tried_beside_the_model_and_written_as_its_library_has_it(name: str, line: str) -> None:
    given = SICK[name][0](True)
    before = [np.asarray(leaf) for leaf in jax.tree.leaves(given[:-1]) if isinstance(leaf, jax.Array)]
    fixed = hs.probe(*given).try_fix()
    assert fixed is not None
    assert fixed.cures, str(fixed)
    assert fixed.code.startswith(line), fixed.code
    after = [np.asarray(leaf) for leaf in jax.tree.leaves(given[:-1]) if isinstance(leaf, jax.Array)]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
