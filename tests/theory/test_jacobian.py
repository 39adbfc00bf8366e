"""The Jacobian's spectrum: closed forms for every parameter, and the drawn network's own Jacobian."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from gaussian_laws import BOUNDED, Law, LeakyRelu
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import brentq

from headstart.experiments import simulation
from headstart.experiments.simulation import singular_values
from headstart.theory import custom, jacobian


def settled(law: Law, w2: float, b2: float) -> float:
    return float(brentq(lambda q: w2 * law.second(q) + b2 - q, 1e-6, 1e4, xtol=1e-300, rtol=1e-14))


@given(
    law=st.sampled_from(BOUNDED),
    w2=st.floats(0.3, 4),
    b2=st.floats(0.05, 3),
    depth=st.integers(1, 12),
    weights=st.sampled_from(["gaussian", "orthogonal"]),
    q=st.one_of(st.none(), st.floats(0.05, 20)),
)
@example(law=BOUNDED[0], w2=1.5, b2=2.0, depth=3, weights="orthogonal", q=None)
@example(law=BOUNDED[1], w2=1.5, b2=0.3, depth=5, weights="gaussian", q=None)
def test_moments_are_the_closed_form(law: Law, w2: float, b2: float, depth: int, weights: Any, q: float | None) -> None:
    """Mean chi^L and variance chi^2L L (mu_2/mu_1^2 - 1 - s_1), with biases and at the fixed point they lead to."""
    at = settled(law, w2, b2) if q is None else q
    mean = (w2 * law.slopes(at)) ** depth
    s_1 = {"gaussian": -1.0, "orthogonal": 0.0}[weights]
    spread = law.slopes(at, 4) / law.slopes(at) ** 2 - 1 - s_1
    got = jacobian(law.spec, w2, b2, depth, weights, q)
    assert got.mean == pytest.approx(mean, rel=1e-8)
    assert got.variance == pytest.approx(mean**2 * depth * spread, rel=1e-7, abs=1e-11 * mean**2 * depth)


@pytest.mark.parametrize(("slope", "w2"), [(0.0, 1.2), (0.3, 2.5), (-0.5, 0.4)])
def test_a_variance_of_zero_has_the_slopes_on_both_sides(slope: float, w2: float) -> None:
    """q* = 0, where all that is left of the activation are its two slopes; depth and chi other than 1 and 1."""
    law, depth = LeakyRelu(slope), 5
    assert w2 * law.slopes(1.0) < 1 or slope
    got = jacobian(law.spec, w2, 0.0, depth, "gaussian", None if w2 * law.slopes(1.0) < 1 else 0.7)
    mean = (w2 * law.slopes(1.0)) ** depth
    assert got.mean == pytest.approx(mean, rel=1e-12)
    assert got.variance == pytest.approx(mean**2 * depth * law.slopes(1.0, 4) / law.slopes(1.0) ** 2, rel=1e-12)


@pytest.mark.parametrize("weights", ["gaussian", "orthogonal"])
def test_it_is_the_jacobian_of_the_network_that_was_drawn(weights: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every matrix and every layer's pre-activations are recorded, and the Jacobian multiplied from them.

    The biases are what the pre-activations hold besides W phi(h). n = 3 x 200 of them: the standard error of their
    variance is 5.8 % of it, so 29 % are five; without biases, or with their variance squared, it would be 0 or 6.25.
    """
    drawn: list[np.ndarray] = []
    seen: list[np.ndarray] = []

    def record(network: Any, index: int) -> tuple[np.ndarray, np.ndarray]:
        matrix, biases = layer(network, index)
        drawn.append(matrix)
        return matrix, biases

    def slope(z: np.ndarray) -> np.ndarray:
        seen.append(z[:width].copy())  # it is called with few sizes, the last number again where there are too few
        return np.asarray(1 / np.cosh(z) ** 2)

    width, depth, w2, b2, q = 200, 4, 1.7, 2.5, 1.3
    phi = custom(np.tanh, derivative=slope, kinks=(), name="recorded tanh")
    layer = simulation._Network.layer
    monkeypatch.setattr(simulation._Network, "layer", record)
    seen.clear()
    got = singular_values(phi, w2, b2, depth, width, weights, q, seed=5)
    assert len(drawn) == len(seen) == depth
    product = np.eye(width)
    for matrix, h in zip(drawn, seen, strict=True):
        product = np.diag(1 - np.tanh(h) ** 2) @ matrix @ product
    np.testing.assert_allclose(got, np.linalg.svd(product, compute_uv=False), rtol=1e-8, atol=1e-10)
    assert list(got) == sorted(got, reverse=True)
    biases = [after - matrix @ np.tanh(h) for h, after, matrix in zip(seen[:-1], seen[1:], drawn[1:], strict=True)]
    assert np.var(biases) == pytest.approx(b2, rel=0.29)
    assert np.var(biases) != pytest.approx(b2**2, rel=0.29)  # the twin that must fail
    assert abs(np.corrcoef(biases[0], biases[1])[0, 1]) < 0.3  # other biases in every layer
    assert np.var(seen[0]) == pytest.approx(q, rel=0.5)  # five standard errors of n = 200


def test_it_starts_at_the_variance_that_the_biases_lead_to() -> None:
    """erf, w2 = 1, b2 = 4: chi at the right q is 0.29, at the q without biases (0.2) 0.93.

    n = 6 networks of 2 layers, width 150: the mean of the squared singular values is chi^2 to 20 %.
    """
    law = BOUNDED[0]
    chi = law.slopes(settled(law, 1.0, 4.0))
    squares = [singular_values("erf", 1.0, 4.0, 2, 150, seed=seed) ** 2 for seed in range(6)]
    assert np.mean(squares) == pytest.approx(chi**2, rel=0.2)
    assert jacobian("erf", 1.0, 4.0, 2).mean == pytest.approx(chi**2, rel=1e-9)
    assert np.mean(squares) != pytest.approx(law.slopes(0.2) ** 2, rel=0.2)  # the twin that must fail


@pytest.mark.parametrize("width", [20, 60])
@pytest.mark.parametrize("w2", [0.5, 3.0])
def test_weights_have_their_variance(w2: float, width: int) -> None:
    """Gaussian: n = width^2 entries, five standard errors of their variance. Orthogonal: W W^T = w2, exactly."""
    gaussian, orthogonal = (
        next(simulation._networks(1, width, w2, 0.0, kind, 3)).layer(0)[0] for kind in ("gaussian", "orthogonal")
    )
    assert np.var(gaussian) * width == pytest.approx(w2, rel=5 * math.sqrt(2) / width)
    np.testing.assert_allclose(orthogonal @ orthogonal.T, w2 * np.eye(width), atol=1e-12)


def test_orthogonal_weights_are_haar() -> None:
    """E[trace^2] = 1 and P(det > 0) = 1/2 under Haar measure; QR alone would have a diagonal of one sign.

    n = 2000 matrices of 3 x 3: the standard error of the mean squared trace is 0.03; without the signs it is above 2.
    """
    matrices = [network.layer(0)[0] for network in simulation._networks(2000, 3, 1.0, 0.0, "orthogonal", 4)]
    assert np.mean([np.trace(m) ** 2 for m in matrices]) == pytest.approx(1, abs=0.17)
    assert abs(np.mean([np.trace(m) for m in matrices])) < 0.12  # five standard errors
    assert np.mean([np.linalg.det(m) > 0 for m in matrices]) == pytest.approx(0.5, abs=0.06)
