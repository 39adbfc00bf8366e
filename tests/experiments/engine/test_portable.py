"""Functions that no C library decides, against mpmath: errors in units of the last place, and the edges of float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numba
import numpy as np
import pytest

from headstart.experiments.engine import arithmetic, portable

RNG = np.random.default_rng(0)
EVERYWHERE = np.concatenate([RNG.uniform(-700, 700, 600), RNG.normal(size=600), [1e-300, -1e-17, 708.9, -708.0]])
POSITIVE = np.concatenate([RNG.uniform(0, 2, 600), np.exp(RNG.uniform(-700, 700, 600)), [5e-324, 1e-310, 1.0]])
UNIT = np.concatenate([RNG.uniform(0, 1, 600), np.exp(RNG.uniform(-700, 0, 600)), [0.0, 1.0]])
TURNS = np.arange(1, 42_000, 97) * np.pi / 2  # where sin or cos is nearly 0
NUMBERS = np.concatenate(
    [RNG.uniform(-100, 100, 600), np.exp(RNG.uniform(-60, 88, 600)), -np.exp(RNG.uniform(10, 88, 600)), TURNS,
     2.0 ** np.arange(-20, 128), [65536.0, -65536.0, 65536.01, 2.0**28 - 16]]
).astype(np.float32)  # fmt: skip


def apply(function: Any, numbers: np.ndarray) -> np.ndarray:
    @numba.njit
    def each(numbers):
        out = np.empty_like(numbers)
        for i in range(numbers.size):
            out[i] = function(numbers[i])
        return out

    return each(numbers)


def worst(function: Any, oracle: Callable[[Any], Any], numbers: np.ndarray) -> float:
    """The largest error, in units in the last place of the right result; mpmath works with 200 bits."""
    with mpmath.workprec(200):
        right = [oracle(mpmath.mpf(float(number))) for number in numbers]
        errors = [
            abs(mpmath.mpf(float(value)) - exact) / float(np.spacing(numbers.dtype.type(abs(float(exact)))))
            for value, exact in zip(apply(function, numbers), right, strict=True)
        ]
    return float(max(errors))


@pytest.mark.parametrize(
    ("function", "oracle", "numbers", "units"),
    [
        (portable.exp, mpmath.exp, EVERYWHERE, 1),
        (portable.log, mpmath.log, POSITIVE, 1),
        (portable.log1p, mpmath.log1p, UNIT, 1.5),
        (portable.sin_far, mpmath.sin, NUMBERS, 0.51),
        (portable.cos_far, mpmath.cos, NUMBERS, 0.51),
        (arithmetic.sin32, mpmath.sin, NUMBERS, 1.6),
        (arithmetic.cos32, mpmath.cos, NUMBERS, 1.6),
    ],
    ids=["exp", "log", "log1p", "sin_far", "cos_far", "sin32", "cos32"],
)
def test_error(function: Any, oracle: Callable[[Any], Any], numbers: np.ndarray, units: float) -> None:
    assert worst(function, oracle, numbers) < units


def test_the_measure_sees_a_wrong_last_place() -> None:
    """The twin: float32's own sine of numbers moved by one unit is told."""
    moved = numba.njit(lambda z: portable.sin_far(z * np.float32(1 + 2**-22)))
    assert worst(moved, mpmath.sin, NUMBERS[:600]) > 1.6


def test_the_edges() -> None:
    infinite = np.array([np.nan, np.inf, -np.inf, 709.9, -745.1, -746.0])
    np.testing.assert_array_equal(apply(portable.exp, infinite), [np.nan, np.inf, 0, np.inf, 5e-324, 0])
    np.testing.assert_array_equal(
        apply(portable.log, np.array([np.nan, np.inf, 0.0, -0.0, -1.0, -np.inf])),
        [np.nan, np.inf, -np.inf, -np.inf, np.nan, np.nan],
    )
    for function in (arithmetic.sin32, arithmetic.cos32):
        assert np.isnan(apply(function, np.array([np.nan, np.inf, -np.inf], np.float32))).all()


def test_numbers_beside_a_far_one_keep_their_bits() -> None:
    """sin and cos are vectorised where all numbers are near; one that is far must not change the others."""
    near = NUMBERS[np.abs(NUMBERS) <= arithmetic.NEAR]
    for name in ("sin", "cos"):
        without = apply(arithmetic.FLOAT32_NEAR[name], near)
        np.testing.assert_array_equal(apply(arithmetic.FLOAT32[name], near), without)
    assert (apply(arithmetic.sin_near, np.array([1e9], np.float32)) != np.float32(np.sin(1e9))).all()


@pytest.mark.parametrize(("base", "exponent"), [(0.9, 0), (0.9, 1), (0.999, 15_000), (0.0, 3), (0.5, 1074)])
def test_power(base: float, exponent: int) -> None:
    found = numba.njit(lambda base, exponent: portable.power(base, exponent))(base, exponent)
    assert found == pytest.approx(base**exponent, rel=1e-12)
