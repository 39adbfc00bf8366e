"""A user's own compiled activation trains as a catalogued one does."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from headstart import InputError
from headstart.experiments.data.datasets import load
from headstart.experiments.engine import Samples, Schedule, njit_activation, train_networks
from headstart.experiments.engine.rows import row_functions
from headstart.experiments.network import Network
from headstart.schemes import scheme
from headstart.theory.activations import Activation, Formula, activation
from headstart.theory.activations.primitives import where


@numba.njit
def bend(z):
    return z if z > 0 else z * 0.5


@numba.njit
def bend_slope(z):
    return 1.0 if z > 0 else 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_trains_as_the_catalogues_own(dtype: str) -> None:
    data = load("circles")
    samples = Samples.of(data.train_x, data.targets(data.train_y), dtype)
    ends = []
    for phi in (njit_activation(bend, bend_slope), activation("leaky_relu(0.5)")):
        network = Network((2, 10, 5, 1), phi, "binary")
        start = network.start(scheme("he"), 0, dtype)[None]
        ends.append(train_networks(network, samples, start, Schedule(100, 0.1, 10)).weights)
        assert np.isfinite(network.logits(start[0], data.test_x)).all()
    np.testing.assert_allclose(*ends, rtol=1e-4 if dtype == "float32" else 1e-10, atol=1e-6)


def test_what_is_not_compiled_is_refused() -> None:
    with pytest.raises(InputError, match=r"made of numba.njit functions"):
        njit_activation(np.tanh, bend_slope)
    with pytest.raises(InputError, match="'relu' is the catalogue's"):
        njit_activation(bend, bend_slope, name="relu")


def bent(z, at, low, high):
    return where(z > at, high * z, low * z)


def bent_slope(z, at, low, high):
    return where(z > at, high, low)


def test_an_activation_of_three_parameters_trains() -> None:
    """A leaky ReLU with a bend, a slope and a slope, against the catalogue's; four parameters are refused."""
    formula = Formula("three", bent, bent_slope, (("at", 0.0), ("low", 0.5), ("high", 1.0)))
    data = load("circles")
    samples = Samples.of(data.train_x, data.targets(data.train_y), "float64")
    ends = []
    for phi in (Activation(formula, (0.0, 0.5, 1.0)), activation("leaky_relu(0.5)")):
        network = Network((2, 10, 5, 1), phi, "binary")
        start = network.start(scheme("he"), 0, "float64")[None]
        ends.append(train_networks(network, samples, start, Schedule(100, 0.1, 10)).weights)
    np.testing.assert_allclose(*ends, rtol=1e-10, atol=1e-12)
    with pytest.raises(InputError, match="at most 3 parameters"):
        row_functions(Activation(formula, (0.0,) * 4), np.dtype("float64"))
