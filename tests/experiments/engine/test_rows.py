"""A user's own compiled activation trains as a catalogued one does."""

from __future__ import annotations

import ctypes

import numba
import numpy as np
import pytest

from headstart import InputError
from headstart.experiments.data.datasets import load
from headstart.experiments.engine import Samples, Schedule, caching, njit_activation, train_networks
from headstart.experiments.engine.rows import _output_tells_slope, row_functions
from headstart.experiments.network import Network
from headstart.schemes import scheme
from headstart.theory.activations import FORMULAS, Activation, Formula, activation
from headstart.theory.activations.primitives import where

torch = pytest.importorskip("torch")


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


@numba.njit
def steep(z):
    return 3.0 * z


@numba.njit
def steep_slope(z):
    return 3.0 + 0.0 * z


def test_two_activations_of_one_name_are_two() -> None:
    ends = []
    for phi in (njit_activation(bend, bend_slope), njit_activation(steep, steep_slope)):
        network = Network((2, 3, 1), phi, "binary")
        start = np.full((1, network.parameter_count), 0.1)
        ends.append(train_networks(network, Samples.of([[1, 2], [3, -9]], [0, 1], "float64"), start, Schedule(1, 1, 1)))
    assert ends[0].costs[0, 0] != ends[1].costs[0, 0]


def test_only_the_catalogues_own_code_is_kept_on_disk() -> None:
    """A user's function is no source that the names of compiled code know of."""
    before = len(caching._kept)
    row_functions(njit_activation(steep, steep_slope, "mine"), np.dtype(np.float64))
    assert [function.cache_hits for function in caching._kept[before:]] == [0, 0]
    assert all(function._cache.cache_path is None for function in caching._kept[before:])


# --- parameters -----------------------------------------------------------------------------------------------------

PARAMETERS = {  # none at its default, none equal to another
    "leaky_relu(0.3)": lambda z: torch.nn.functional.leaky_relu(z, 0.3),
    "leaky_relu(-0.4)": lambda z: torch.nn.functional.leaky_relu(z, -0.4),
    "prelu(0.6)": lambda z: torch.nn.functional.leaky_relu(z, 0.6),
    "rrelu(0.1, 0.5)": lambda z: torch.nn.functional.rrelu(z, 0.1, 0.5),
    "elu(1.7)": lambda z: torch.nn.functional.elu(z, 1.7),
    "elu(0.3)": lambda z: torch.nn.functional.elu(z, 0.3),
    "elu(-0.7)": lambda z: torch.where(z > 0, z, -0.7 * torch.expm1(z)),  # falls, then rises
    "celu(0.4)": lambda z: torch.where(
        z > 0, z, 0.4 * torch.expm1(torch.clamp(z, max=0) / 0.4)
    ),  # torch rounds 1 / 0.4
    "celu(-2)": lambda z: torch.where(z > 0, z, -2 * torch.expm1(z / -2)),
    "softplus(2.5)": lambda z: torch.nn.functional.softplus(z, 2.5, threshold=100),
    "squareplus(0.7)": lambda z: (z + torch.sqrt(z * z + 0.7)) / 2,
    "hardtanh(-0.4, 1.2)": lambda z: torch.nn.functional.hardtanh(z, -0.4, 1.2),
    "softshrink(0.2)": lambda z: torch.nn.functional.softshrink(z, 0.2),
    "hardshrink(0.8)": lambda z: torch.nn.functional.hardshrink(z, 0.8),
    "threshold(0.3, -0.6)": lambda z: torch.nn.functional.threshold(z, 0.3, -0.6),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_slopes_take_an_array_of_their_own_only_where_they_must(name: str) -> None:
    assert _output_tells_slope(activation(name)) == (FORMULAS[name].slope_of_output is not None)


def test_every_activation_with_parameters_is_here() -> None:
    with_parameters = {name for name, formula in FORMULAS.items() if formula.parameters}
    assert {spec.partition("(")[0] for spec in PARAMETERS} == with_parameters


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("spec", PARAMETERS)
def test_rows_are_pytorchs_at_parameters_of_ones_own(spec: str, dtype: str) -> None:
    """phi, and the error times phi', called as the training loop calls them."""
    z = np.concatenate([-np.logspace(-3, 1.2, 40), np.linspace(-2, 2, 41) + 0.013, np.logspace(-3, 1.2, 40)]).astype(
        dtype
    )
    functions = row_functions(activation(spec), np.dtype(dtype))
    y, slopes, errors = z.copy(), np.zeros_like(z), np.full_like(z, -2)
    if not functions.keeps_slope:
        slopes = y
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 4)
    call(functions.forward)(y.ctypes.data, slopes.ctypes.data, z.size, functions.parameters.ctypes.data)
    call(functions.backward)(errors.ctypes.data, slopes.ctypes.data, z.size, functions.parameters.ctypes.data)
    exact = torch.tensor(z.astype(np.float64), requires_grad=True)
    value = PARAMETERS[spec](exact)
    value.sum().backward()
    tolerance = {"float32": 3e-6, "float64": 1e-12}[dtype]
    np.testing.assert_allclose(y, value.detach().numpy(), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(errors, -2 * exact.grad.numpy(), rtol=tolerance, atol=20 * tolerance)


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
