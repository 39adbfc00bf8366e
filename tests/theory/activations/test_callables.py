"""Any function as an activation: NumPy, SciPy, Python scalars, torch, JAX; kinks found, derivatives computed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from headstart.errors import InputError
from headstart.theory import custom, gain, moments
from headstart.theory.activations.callables import resolve
from headstart.theory.activations.jets import derivative_of
from headstart.theory.gains import kinks_within

NAMES = ("mean", "second_moment", "derivative_mean", "derivative_second_moment", "second_moment_slope")

NUMPY: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu(0.3)": lambda z: np.where(z > 0, z, 0.3 * z),
    "hardtanh(-1.1, 0.37)": lambda z: np.clip(z, -1.1, 0.37),
    "threshold(0.123456789, 0)": lambda z: z * (z > 0.123456789),
    "silu": lambda z: z * special.expit(z),
    "gelu": lambda z: z * special.ndtr(z),
    "softplus": lambda z: np.logaddexp(0, z),
    "squareplus": lambda z: (z + np.sqrt(z**2 + 4)) / 2,
    "softsign": lambda z: z / (1 + np.abs(z)),
    "softshrink": lambda z: np.sign(z) * np.maximum(np.abs(z) - 0.5, 0),
    "sparse_plus": lambda z: np.select([z <= -1, z < 1], [np.zeros_like(z), (z + 1) ** 2 / 4], z),
}
SCALAR: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "erf": math.erf,
    "leaky_relu(0.3)": lambda z: z if z > 0 else 0.3 * z,
    "threshold(0.7, 0)": lambda z: z if z > 0.7 else 0.0,
}


def largest_error(function: Any, spec: str, q: float) -> float:
    got, expected = moments(function, q), moments(spec, q)
    return max(
        abs(getattr(got, name) - getattr(expected, name)) / (abs(getattr(expected, name)) + 1e-3) for name in NAMES
    )


@pytest.mark.parametrize("q", [0.01, 1.0, 100.0])
class TestSameMomentsAsByName:
    @pytest.mark.parametrize("spec", NUMPY)
    def test_numpy(self, spec: str, q: float) -> None:
        assert resolve(NUMPY[spec]).derivative_by == "forward-mode differentiation of NumPy ufuncs"
        assert largest_error(NUMPY[spec], spec, q) < 1e-12

    @pytest.mark.parametrize("spec", SCALAR)
    def test_scalar_functions_are_differentiated_on_panels(self, spec: str, q: float) -> None:
        assert resolve(SCALAR[spec]).derivative_by == "polynomials on the panels"
        assert largest_error(SCALAR[spec], spec, q) < 1e-10

    def test_torch(self, q: float) -> None:
        torch = pytest.importorskip("torch")
        F = torch.nn.functional
        for function, spec in (
            (torch.tanh, "tanh"),
            (F.gelu, "gelu"),
            (lambda z: z * torch.sigmoid(z), "silu"),
            (torch.nn.ReLU(), "relu"),
            (torch.nn.ReLU(inplace=True), "relu"),
            (torch.nn.PReLU(), "prelu"),
            (torch.nn.Hardshrink(0.5), "hardshrink"),
            (torch.nn.Sequential(torch.nn.Identity(), torch.nn.ELU()), "elu"),
        ):
            assert resolve(function).derivative_by == "torch autograd"
            assert largest_error(function, spec, q) < 1e-12, spec

    def test_jax(self, q: float) -> None:
        jax = pytest.importorskip("jax")
        for function, spec in (
            (jax.nn.gelu, "gelu_tanh"),
            (jax.nn.selu, "selu"),
            (lambda z: jax.numpy.tanh(z), "tanh"),
        ):
            assert resolve(function).derivative_by == "JAX automatic differentiation"
            assert largest_error(function, spec, q) < 1e-12, spec


def test_a_torch_module_is_left_as_it_was() -> None:
    torch = pytest.importorskip("torch")
    module = torch.nn.PReLU()
    before = gain(module)
    assert module.weight.dtype == torch.float32
    assert module.training
    with torch.no_grad():
        module.weight.fill_(0.0)
    assert gain(module) == pytest.approx(math.sqrt(2), rel=1e-12)  # not remembered from before
    assert before == pytest.approx(gain("prelu"), rel=1e-12)


def test_a_given_derivative_is_used_and_checked() -> None:
    given = custom(np.tanh, derivative=lambda z: 1 - np.tanh(z) ** 2, name="mine")
    assert given.derivative_by == "given"
    assert str(given) == "mine"
    assert moments(given).derivative_second_moment == pytest.approx(0.4644029024482683, rel=1e-12)
    with pytest.raises(InputError, match="is not its slope"):
        custom(np.tanh, derivative=np.cosh)


def test_kinks_and_jumps_are_found_to_rounding() -> None:
    found = kinks_within(resolve(lambda z: np.where(z > 0.3, z, 0) + np.abs(z + math.pi / 3)), 8.0)
    assert [row[0] for row in found] == pytest.approx([-math.pi / 3, 0.3], abs=1e-12)
    at, left, right, *_ = found[1]
    assert (at, right - left) == (0.3, pytest.approx(0.3, abs=1e-9))


def test_jets_know_the_rules_of_calculus() -> None:
    z = np.linspace(0.2, 0.8, 7)
    for function in (
        lambda x: np.arctan(x) + np.arcsinh(x) * np.log(x) - np.exp2(x),
        lambda x: x**3 / (2 - np.sqrt(x)) + x ** (-1.5) + 2.0**x,
        lambda x: special.erfc(x) + special.log_expit(x) - np.cbrt(x) * np.log1p(x),
        lambda x: np.hypot(x, 2.0) + np.arctan2(x, 3.0) + np.arctanh(x) - np.arcsin(x) + np.arccos(x / 2),
        lambda x: np.maximum(x, 0.53) * np.minimum(x, 0.61) + np.sinh(x) - np.cosh(x) + np.tan(x) + np.sinc(x),
        lambda x: np.square(x) + np.reciprocal(x) + np.log2(x) + np.log10(x) + np.expm1(x) + np.fabs(x),
    ):
        h = 1e-6
        np.testing.assert_allclose(
            derivative_of(function, z), (function(z + h) - function(z - h)) / (2 * h), rtol=1e-8, atol=1e-8
        )


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda z: np.exp(z) / np.exp(z).sum(), "must be element-wise"),
        (np.cumsum, "must be element-wise"),
        (lambda z: z.sum(), "must be element-wise"),
        (np.log, "returns nan"),
        (lambda z: np.sqrt(np.abs(z)), "has the slope inf"),
        (lambda z: np.where(z > 2, np.inf, z), "returns inf"),
        (lambda z: np.random.default_rng().normal(size=z.shape), "is random"),
        (lambda z: np.exp(z * z), "no Gaussian moments at q=1"),
        (lambda z: np.exp(z * z / 4), "no Gaussian moments at q=1"),
        (lambda z: np.tanh(z.astype(np.float32)), "must compute in float64"),
        (lambda z: np.sin(1e5 * z), "oscillates too fast"),
        (lambda a, b: a, "must be a function of one array"),
        (lambda z: list(z), r"must return an array of the same shape; custom returned \["),
        (lambda z: (z, z), "must return an array of the same shape"),
        (lambda z: None, "must return an array of the same shape"),
        (lambda z: 0.5, r"returned shape \(\) for"),
        (lambda z: z[:-1], r"returned shape \(7,\) for \(8,\)"),
        (lambda z: z[None], r"returned shape \(1, 8\) for"),
        (lambda z: z / z.size, "mixes the elements"),
        (lambda z: 1j * z, "must compute in float64, got complex128"),
        (lambda z: z.astype(np.float16), "must compute in float64, got float16"),
        (lambda z: np.tanh(z.astype(np.float32)).astype(np.float64), "float32's precision"),
        (lambda z: z.astype(str), "must compute in float64, got <U"),
        (lambda z: 1 / 0, "it raised ZeroDivisionError"),
        (lambda z: [math.tanh(z)], "must return a number for a number"),
        (math.log, "it raised ValueError"),
        (lambda z: z * np.nan, "returns nan"),
    ],
)
def test_what_is_no_activation_is_refused(function: Callable[..., Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        moments(function)


def test_growth_at_the_edge_is_told_apart() -> None:
    """exp(0.2 z^2) has a second moment 1/sqrt(1 - 0.8 q): for q below 1.25 only."""
    slow = custom(lambda z: np.exp(0.2 * z * z), name="slow")
    assert moments(slow, 1.0).second_moment == pytest.approx(1 / math.sqrt(0.2), rel=1e-11)
    with pytest.raises(InputError, match="grows too fast"):
        moments(slow, 1.3)


class Hinge:
    """max(z, at), whose kink can move, as a parameter of a user's own class may."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self, z: Any) -> Any:
        return np.maximum(z, self.at)


def test_what_can_change_is_not_remembered() -> None:
    """Neither its values nor where its kinks were: E[phi'^2] is the mass above the kink, to rounding."""
    hinge = Hinge(0.0)
    for hinge.at in (0.0, 0.734, -1.21):
        assert moments(hinge).derivative_second_moment == pytest.approx(special.ndtr(-hinge.at), rel=1e-12)
    assert resolve(math.tanh) is resolve(math.tanh)  # a function is


@pytest.mark.parametrize(("error", "accepted"), [(0.0, True), (1e-7, True), (1e-3, False), (-1.0, False)])
def test_a_given_derivative_is_checked_just_so_far(error: float, accepted: bool) -> None:
    """Its error may be 1e-5 of 1 + |phi'|, and one probe of the eight may stand on a kink."""

    def slope(z: Any) -> Any:
        return 1 - np.tanh(z) ** 2 + error

    if accepted:
        assert custom(np.tanh, derivative=slope).derivative_by == "given"
    else:
        with pytest.raises(
            InputError, match=r"is not its slope: .* at z = 3.35988, where phi rises by 0.004815\d+ per unit"
        ):
            custom(np.tanh, derivative=slope)


def test_an_automatic_derivative_that_is_wrong_is_not_used() -> None:
    """A function that rounds hides its slope from torch; the panels see it."""
    torch = pytest.importorskip("torch")

    def detached(z: Any) -> Any:
        return torch.tanh(z.detach())

    found = custom(detached, name="detached")
    assert found.derivative_by == "polynomials on the panels"
    assert moments(found).derivative_second_moment == pytest.approx(moments("tanh").derivative_second_moment, rel=1e-9)


@pytest.mark.parametrize("z", [0.3, [0.3, -2.0], [[0.3, -2.0, 7.0], [0.0, 1.0, 2.0]], []])
def test_any_shape_comes_back_in_its_shape(z: Any) -> None:
    for phi in (custom(np.tanh), custom(math.tanh), resolve("tanh")):
        assert phi(z).shape == np.shape(z) == phi.derivative(z).shape if np.size(z) or phi.name != "tanh" else True
        np.testing.assert_allclose(phi(z), np.tanh(z), atol=1e-14)
        if np.size(z):
            np.testing.assert_allclose(phi.derivative(z), 1 / np.cosh(z) ** 2, atol=1e-9)


def test_which_saturate() -> None:
    assert custom(np.arctan).saturates
    assert custom(lambda z: np.clip(z, -1, 2)).saturates
    assert not custom(lambda z: np.maximum(z, 0)).saturates
    assert not custom(lambda z: np.minimum(z, 0)).saturates
    assert not custom(lambda z: np.exp(z)).saturates


def test_names() -> None:
    assert [str(custom(function)) for function in (np.tanh, math.erf, lambda z: z, Hinge(0.5))] == [
        "tanh", "erf", "custom", "Hinge"]  # fmt: skip
    assert str(custom(np.tanh, name="mine")) == "mine"


def test_torch_modules_of_other_shapes_are_refused() -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    for module in (nn.Softmax(dim=1), nn.Softmax(dim=0), nn.BatchNorm1d(8), nn.BatchNorm1d(256), nn.PReLU(8),
                   nn.Linear(8, 8), nn.LayerNorm(8), nn.GLU(), nn.LSTM(8, 8), nn.MultiheadAttention(8, 2),
                   nn.Embedding(3, 3), nn.Conv1d(1, 1, 1), lambda z: list(torch.tanh(z)), lambda z: torch.complex(z, z),
                   lambda z: torch.tanh(z.float()), torch.nn.functional.dropout):  # fmt: skip
        with pytest.raises(InputError):
            moments(module)


def counting(function: Callable[[Any], Any]) -> tuple[Callable[[Any], Any], list[int]]:
    """The function, which counts the sizes it is called with; no compiler can look into it."""
    sizes: list[int] = []

    def counted(z: Any) -> Any:
        sizes.append(np.size(z))
        return function(z)

    return counted, sizes


def test_functions_of_one_number_are_called_a_bounded_number_of_times() -> None:
    """Some thousand calls for cheap ones; how often it is asked does not grow with what is computed of it."""
    function, sizes = counting(lambda z: z if z > 0 else 0.3 * z)
    phi = custom(function)
    assert moments(phi).second_moment == pytest.approx(moments("leaky_relu(0.3)").second_moment, rel=1e-11)
    first = len(sizes)
    assert first < 10_000
    for q in (0.5, 1.0, 1.5):
        moments(phi, q)
    assert len(sizes) < first + 5000  # what is narrow compared with sqrt(0.5) is looked for


def test_slow_functions_of_one_number_are_asked_some_hundred_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.theory.activations.metered._VERY_SLOW", 0.0)
    function, sizes = counting(math.tanh)
    phi = custom(function)
    found, exact = moments(phi), moments("tanh")
    assert found.second_moment == pytest.approx(exact.second_moment, rel=1e-12)
    assert found.derivative_second_moment == pytest.approx(exact.derivative_second_moment, rel=1e-9)
    assert len(sizes) < 500
    assert phi.resolution == 1 / 8


def test_functions_of_arrays_see_few_sizes_and_few_calls() -> None:
    """What is compiled for each new size is compiled five times; what is compiled in each call, some twenty."""
    function, sizes = counting(lambda z: np.tanh(np.asarray(z)))  # no jet goes through asarray
    moments(custom(function))
    assert set(sizes) <= {8, 256, 2048, 16384, 131072}
    assert len(sizes) < 60


def test_a_function_that_takes_minutes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    metered = "headstart.theory.activations.metered."
    function, _ = counting(lambda z: math.tanh(z))
    with monkeypatch.context() as patched:
        patched.setattr(metered + "_ENDLESS_CALL", 0.0)
        with pytest.raises(InputError, match="is too slow: a call with 8 numbers takes"):
            custom(function)
    monkeypatch.setattr(metered + "MOST_SECONDS", 0.0)
    with pytest.raises(InputError, match=r"is too slow: \d+ calls took .* compile it once outside"):
        moments(custom(function))


def test_functions_of_one_number_are_compiled_where_they_can_be() -> None:
    """So what is narrow is found in them as in functions of arrays."""

    def spike(z: float) -> float:
        return 1.0 if 0.74 < z < 0.7401 else 0.0

    phi = custom(spike)
    assert phi.resolution == 1 / 65536
    mass = special.ndtr(0.7401) - special.ndtr(0.74)
    assert moments(phi).second_moment == pytest.approx(mass, rel=1e-8)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.compile's own
def test_compiled_and_vectorized_functions() -> None:
    jax, numba, torch = (pytest.importorskip(name) for name in ("jax", "numba", "torch"))
    leaky = moments("leaky_relu(0.3)").second_moment
    for function in (
        numba.njit(lambda z: z if z > 0 else 0.3 * z),
        lambda z: jax.lax.cond(z > 0, lambda x: x, lambda x: 0.3 * x, z),
        jax.jit(lambda z: jax.numpy.where(z > 0, z, 0.3 * z)),
        torch.compile(lambda z: torch.where(z > 0, z, 0.3 * z)),
        torch.compile(torch.nn.LeakyReLU(0.3)),
    ):
        assert moments(function).second_moment == pytest.approx(leaky, rel=1e-11)


def test_a_function_may_work_in_place() -> None:
    def clipped(z: Any) -> Any:
        z[z < 0] = 0
        return z

    assert moments(clipped).second_moment == pytest.approx(0.5, rel=1e-12)
