"""Every rule of differentiation against mpmath or differences, and what jets refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from headstart.theory.activations.jets import _FUNCTIONS, _RULES, Jet, NotDifferentiable, derivative_of

LARGE = {"arccosh"}  # defined above 1
STEPS = {"sign", "floor", "ceil", "rint", "trunc", "heaviside"}
BELOW_ZERO = {"negative", "positive", "absolute", "fabs", "square", "cbrt", "exp", "exp2", "expm1", "sin", "cos", "tan",
              "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arctanh", "erf", "erfc", "expit",
              "log_expit", "ndtr", "log1p", "reciprocal"} | STEPS  # fmt: skip


def ufunc(name: str) -> Callable[..., Any]:
    if name == "clip":  # np.clip is a function around the ufunc
        return np._core.umath.clip
    return getattr(np, name, None) or getattr(special, name)


def difference(function: Callable[[Any], Any], z: np.ndarray) -> np.ndarray:
    """Central differences extrapolated once: an error of 1e-10 for the functions below."""
    wide, narrow = ((function(z + h) - function(z - h)) / (2 * h) for h in (2e-3, 1e-3))
    return np.asarray((4 * narrow - wide) / 3)


@pytest.mark.parametrize("name", _RULES)
def test_each_rule_in_each_argument(name: str) -> None:
    function = ufunc(name)
    z = np.array([0.137, 0.31, 0.462, 0.63, 0.871]) + (1.3 if name in LARGE else 0.0)
    if name in BELOW_ZERO:
        z = np.concatenate([-z, z])
    for position in range(function.nin):
        others = [0.4, 0.55, 0.7][: function.nin - 1]
        if name == "clip":
            others = [0.3, 0.6] if position == 0 else ([0.45, 2.0] if position == 1 else [0.45, -2.0])

        def one(x: Any, position: int = position, others: list[float] = others) -> Any:
            return function(*others[:position], x, *others[position:])

        if name in STEPS and position:
            continue
        np.testing.assert_allclose(derivative_of(one, z), difference(one, z), rtol=1e-6, atol=1e-8)


def test_chosen_functions() -> None:
    z = np.array([-1.7, -0.3, 0.2, 0.8, 2.6])
    for function in (
        lambda x: np.where(x > 0.5, x**3, np.sin(x)),
        lambda x: np.clip(x * x, 0.1, 3.0),
        lambda x: np.clip(x, a_min=None, a_max=1.0) * x,
        lambda x: np.select([x < -1, x < 1], [x**2, 3 * x], np.exp(x)),
        lambda x: np.sinc(x) + np.ones_like(x) * x + np.zeros_like(x),
        lambda x: x[:] * np.copy(x) + x.size * x,
        lambda x: np.logaddexp(2 * x, -x) + np.arctan2(x, 2 * x + 9) + np.hypot(x, 3 * x + 1),
        lambda x: (2 + x * x) ** x,
    ):
        np.testing.assert_allclose(derivative_of(function, z), difference(function, z), rtol=1e-6, atol=1e-7)
    assert derivative_of(np.sinc, np.zeros(1)) == 0
    assert derivative_of(np.sinc, np.array([1e-3]))[0] == pytest.approx(-(math.pi**2) * 1e-3 / 3, rel=1e-5)
    assert set(_FUNCTIONS) >= {"where", "clip", "select"}


def test_ties_take_the_first_and_a_zero_slope_wins_over_infinity() -> None:
    zero = np.zeros(1)
    assert derivative_of(lambda x: np.maximum(x, 3 * x), zero) == 1
    assert derivative_of(lambda x: np.minimum(x, 3 * x), zero) == 1
    assert derivative_of(lambda x: np.sqrt(0 * x), zero) == 0
    assert derivative_of(lambda x: x**0, zero) == 0
    assert (derivative_of(lambda x: np.full(x.shape, 3.0), np.ones(4)) == np.zeros(4)).all()
    assert (derivative_of(lambda x: 2.0, np.ones(4)) == np.zeros(4)).all()


@pytest.mark.parametrize(
    "function",
    [lambda x: np.asarray(x) * 2, np.cumsum, lambda x: np.add.reduce(x), lambda x: special.gamma(x), np.sort,
     lambda x: np.multiply(x, x, where=np.ones(3, bool)), lambda x: np.ones(2)],
)  # fmt: skip
def test_what_jets_do_not_know_they_refuse(function: Callable[..., Any]) -> None:
    with pytest.raises(NotDifferentiable):
        derivative_of(function, np.array([0.5, 1.0, 1.5]))


def test_a_jet_is_like_an_array() -> None:
    jet = Jet(np.arange(3.0), 2.0)
    assert (jet.shape, jet.ndim, jet.size, len(jet), jet.dtype) == ((3,), 1, 3, 3, np.float64)
    assert (jet[1:].value.tolist(), jet[1:].slope.tolist()) == ([1.0, 2.0], [2.0, 2.0])
    assert (jet > 1).tolist() == [False, False, True]
