"""The float32 primitives: error against float64 over their whole range, and infinity and NaN as they should be."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import pytest
from scipy import special

from headstart.experiments.engine import arithmetic

EVERYWHERE = np.concatenate([-np.logspace(-30, 2.1, 4000), [0.0], np.logspace(-30, 2.1, 4000)]).astype(np.float32)
UNIT = np.logspace(-30, 0, 4000).astype(np.float32)
NORMAL = np.finfo(np.float32).tiny  # below it float32 itself loses digits


def apply(name: str, z: np.ndarray) -> np.ndarray:
    function = arithmetic.FLOAT32[name]

    @numba.njit
    def rows(z):
        out = np.empty_like(z)
        for i in range(z.size):
            out[i] = function(z[i])
        return out

    return rows(z)


@pytest.mark.parametrize(
    ("name", "oracle", "points", "tolerance"),
    [
        ("exp", np.exp, EVERYWHERE, 4e-7),
        ("expm1", np.expm1, EVERYWHERE, 4e-7),
        ("logistic", special.expit, EVERYWHERE, 5e-7),
        ("tanh", np.tanh, EVERYWHERE, 5e-7),
        ("log1p", np.log1p, UNIT, 4e-7),
        ("erf", special.erf, EVERYWHERE, 5e-7),
        ("normal_cdf", special.ndtr, EVERYWHERE[np.abs(EVERYWHERE) < 12], 6e-6),  # z²/2 is rounded before exp
        ("sin", np.sin, EVERYWHERE, 2e-7),
        ("cos", np.cos, EVERYWHERE, 2e-7),
    ],
)
def test_relative_error(
    name: str, oracle: Callable[[np.ndarray], np.ndarray], points: np.ndarray, tolerance: float
) -> None:
    with np.errstate(over="ignore"):
        expected = oracle(points.astype(np.float64))
    fits = (np.abs(expected) < np.finfo(np.float32).max) & (np.abs(expected) > NORMAL)
    got = apply(name, points)
    assert np.max(np.abs(got[fits] / expected[fits] - 1)) < tolerance
    small = np.abs(expected) <= NORMAL
    assert (np.abs(got[small]) <= NORMAL * (1 + 1e-5)).all()
    if name in ("exp", "expm1"):
        assert np.isinf(got[expected > np.finfo(np.float32).max]).all()


@pytest.mark.parametrize("name", ["exp", "expm1", "logistic", "tanh", "erf", "normal_cdf", "sin", "cos"])
def test_nan_and_infinity(name: str) -> None:
    special_points = np.array([np.nan, np.inf, -np.inf], np.float32)
    got = apply(name, special_points)
    limits = {
        "exp": (np.inf, 0),
        "expm1": (np.inf, -1),
        "logistic": (1, 0),
        "tanh": (1, -1),
        "erf": (1, -1),
        "normal_cdf": (1, 0),
    }
    assert np.isnan(got[0])
    if name in limits:
        np.testing.assert_allclose(got[1:], limits[name], rtol=1e-6, atol=1e-30)
