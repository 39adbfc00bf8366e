"""`sample` is `draw_array` of the scheme's draw: every argument arrives, and every default is the documented one."""

from __future__ import annotations

import inspect
from typing import Any

import jax
import numpy as np
import pytest
import torch

import headstart as hs
from headstart.draws import draw_array
from headstart.layout import Layout, fans
from headstart.schemes import Normal

SHAPE = (6, 4, 3, 5)
AXES = Layout((2,), (3,), groups=3)
REGION = [(1, 5), (0, 3), (1, 3), (2, 5)]


def test_defaults() -> None:
    expected = draw_array(hs.he.draw(fans(SHAPE)), SHAPE, 0, "w", "weight", "float32")
    np.testing.assert_array_equal(hs.sample("he", SHAPE), expected)
    defaults = {name: p.default for name, p in inspect.signature(hs.sample).parameters.items()}
    assert (defaults["seed"], defaults["name"], defaults["layout"], defaults["dtype"]) == (0, "w", "out_in", "float32")
    shared = inspect.signature(draw_array).parameters
    for name in ("layout", "region", "out", "backend", "device", "threads"):
        assert defaults[name] == shared[name].default, name


@pytest.mark.parametrize("spec", ["he(mode=fan_out)", "gain", "glorot*3", "sparse(0.5)", "orthogonal"])
def test_every_argument_arrives(spec: str) -> None:
    draw = hs.scheme(spec).draw(fans(SHAPE, AXES), "tanh")
    expected = draw_array(draw, SHAPE, 9, "conv", layout=AXES, dtype="float64", region=REGION)
    out = np.zeros(expected.shape)
    found = hs.sample(spec, SHAPE, 9, "conv", AXES, "tanh", "float64", REGION, out, "numpy", threads=2)
    assert found is out
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_the_activation_changes_the_scheme_that_adapts_and_no_other() -> None:
    relu, tanh = (hs.sample("gain", SHAPE, activation=name) for name in ("relu", "tanh"))
    np.testing.assert_allclose(tanh / relu, hs.gain("tanh") / hs.gain("relu"), rtol=1e-6)
    np.testing.assert_array_equal(relu, hs.sample("gain(relu)", SHAPE, activation="tanh"))
    np.testing.assert_array_equal(hs.sample("he", SHAPE), hs.sample("he", SHAPE, activation="tanh"))
    with pytest.raises(hs.InputError, match="needs the activation that follows"):
        hs.sample("gain", SHAPE)


def test_devices_arrive() -> None:
    assert hs.sample("normal(1)", (3, 2), backend="torch", device="meta").device.type == "meta"
    assert hs.sample("he", (3, 2), backend="torch", device=torch.device("cpu")).device.type == "cpu"
    device = jax.devices()[0]
    assert hs.sample("orthogonal", (3, 2), backend="jax", device=device).devices() == {device}


def test_vectors_and_scalars_need_a_scheme_without_fans() -> None:
    for shape in ((5,), ()):
        assert hs.sample("normal(1)", shape).shape == shape
        with pytest.raises(hs.InputError, match="needs fan_in and fan_out"):
            hs.sample("he", shape)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"seed": -1}, "a seed must be"), ({"name": ""}, "not empty"), ({"layout": "x"}, "unknown layout"),
        ({"dtype": "int8"}, "unknown dtype"), ({"region": [(0, 1)]}, "per axis of shape"),
        ({"out": np.zeros((3, 0, 1), np.float32)}, "shape of the result"), ({"backend": "x"}, "unknown backend"),
        ({"device": "cpu", "backend": "numpy"}, "device is for backends"), ({"threads": 0}, "threads must be"),
        ({"spec": "hee"}, "Did you mean 'he'"),
    ],
)  # fmt: skip
def test_an_empty_weight_checks_the_other_arguments_all_the_same(wrong: dict[str, Any], words: str) -> None:
    assert hs.sample("he", (3, 0)).shape == (3, 0)
    with pytest.raises(hs.InputError, match=words):
        hs.sample(**{"spec": "he", "shape": (3, 0), **wrong})


def test_the_documented_numbers() -> None:
    """The bits of the docstring of `draw_array`, by another route: words, integers, one multiplication."""
    from headstart.draws.normal import UNIT, normal_integers

    words = hs.stream_words(7, "conv", 0, 360)
    expected = normal_integers(words).astype(np.float32) * np.float32(0.25 * UNIT)
    np.testing.assert_array_equal(hs.sample("normal(0.25)", SHAPE, 7, "conv").reshape(-1), expected)
    np.testing.assert_array_equal(draw_array(Normal(0.25), (360,), 7, "conv"), expected)
