"""Activations of a user's own are trained with: the same results as by name, refusals where it cannot be."""

from __future__ import annotations

import json
import math
from typing import Any

import numba
import numpy as np
import pytest

import headstart as hs
from headstart.errors import InputError
from headstart.experiments.engine.own import own_activation
from headstart.theory import activation, moments
from headstart.theory.activations.callables import CustomActivation, resolve

SHORT: dict[str, Any] = {"seeds": 2, "steps": 200, "learning_rate": 0.1, "hidden": (6, 4), "dtype": "float64"}


def costs(phi: Any, **given: Any) -> list[float]:
    found = hs.compare(["he", "gain"], activation=phi, **(SHORT | given))
    return [row["final_cost"] for row in found.rows()]


@numba.njit
def value(z: float) -> float:
    return math.tanh(z)


@numba.njit
def slope(z: float) -> float:
    return 1 - math.tanh(z) ** 2


@pytest.fixture(scope="module")
def by_name() -> list[float]:
    return costs("tanh")


@pytest.mark.parametrize("phi", [np.tanh, math.tanh, value, (value, slope), (np.tanh, lambda z: 1 / np.cosh(z) ** 2)])
def test_the_same_as_by_name(phi: Any, by_name: list[float]) -> None:
    """The scheme `gain` takes its number from theory, which sees the same function."""
    assert costs(phi) == pytest.approx(by_name, rel=1e-8)
    assert costs(lambda z: np.tanh(1.01 * z)) != pytest.approx(by_name, rel=1e-8)  # the twin that must fail


def test_of_torch_and_jax() -> None:
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    relu = costs("relu")
    for phi in (torch.relu, torch.nn.ReLU(), jax.nn.relu):
        assert costs(phi) == pytest.approx(relu, rel=1e-9)


def test_the_table_is_the_function() -> None:
    """Everywhere a network goes; kinks and jumps to the last digit, straight on beyond a thousand."""

    def bent(z: Any) -> Any:
        return np.where(z > 0.7, z, 0.2 * np.sin(5 * z))

    made, z = own_activation(bent), np.concatenate([np.linspace(-900, 900, 20_001), [0.7, np.nextafter(0.7, 1), 0.0]])
    np.testing.assert_allclose(made(z), bent(z), atol=1e-11)
    near = z[np.abs(z - 0.7) > 1e-9]
    np.testing.assert_allclose(made.derivative(near), np.where(near > 0.7, 1, np.cos(5 * near)), atol=1e-8)
    assert made(np.array([1e6, np.inf])).tolist() == pytest.approx([1e6, np.inf])
    assert np.isnan(made(np.array([np.nan]))[0])
    assert own_activation(np.tanh)(np.array([np.inf, -np.inf])).tolist() == pytest.approx([1, -1], rel=1e-12)


def test_names_are_identities() -> None:
    """Other values, another name; the same values, the same; and every room knows what the name is."""
    first, second = own_activation(lambda z: np.tanh(z)), own_activation(lambda z: np.tanh(z) * (1 + 1e-7))
    assert str(first) != str(second)
    assert str(own_activation(lambda z: np.tanh(z))) == str(first)
    assert activation(str(first)) is first
    assert isinstance(resolve(str(first)), CustomActivation)
    assert isinstance(resolve(first), CustomActivation)
    assert moments(str(first)).second_moment == pytest.approx(moments("tanh").second_moment)
    found = hs.compare(["he"], activation=lambda z: np.tanh(z), **SHORT)
    assert found.settings.activation == str(first)
    assert json.loads(json.dumps(found.to_json()["settings"]))["activation"] == str(first)
    assert str(first) in found.headline


def test_in_a_search() -> None:
    found = hs.tune("he", activation=np.arctan, trials=4, seeds=2, steps=50, profile=3)
    assert found.settings.activation.startswith("arctan_")


@pytest.mark.parametrize(
    ("phi", "words"),
    [
        (3, "an activation is a name, a function of one array, or a pair"),
        ((np.tanh,), "an activation is a name, a function of one array, or a pair"),
        ((np.tanh, np.cosh), "is not its slope"),
        (lambda z: list(z), "must return an array of the same shape"),
        (lambda z: z / z.sum(), "must be element-wise"),
        (np.log, "returns nan"),
        (lambda z: np.sin(1e5 * z), "oscillates too fast"),
        ("no_such_1f2e3d", "unknown activation"),
    ],
)
def test_what_cannot_be_trained_with(phi: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        hs.compare(["he"], activation=phi, **SHORT)
