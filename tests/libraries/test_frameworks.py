"""What the catalogue says other libraries call a scheme is what they draw.

Each expression is evaluated in the library and compared with headstart's own draw of the same spec: standard
deviation, largest value and sign. n = 120,000 weights: the standard error of a std is 0.2 % (less for uniform), so
1 % is 5 standard errors, and confusions (fans swapped 1.2x, truncation 0.88x, 1/n for 2/n) are at least 12 %.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")

from headstart.draws import draw_array
from headstart.layout import fans
from headstart.libraries.schemes import CALLS, TRAPS
from headstart.schemes import DeltaOrthogonal, Identity, Normal, Orthogonal, TruncatedNormal, Uniform, scheme

SHAPE = (100, 80, 3, 5)  # (out, in, *receptive field): all fans differ
TOLERANCE = 0.01
PAIRS = [(spec, library) for spec, calls in CALLS.items() for library in calls if library != "timm"]


def weights_of(library: str, call: str) -> np.ndarray:
    """Evaluate a call of the catalogue in its library, in that library's own layout, as (out, in, *field)."""
    if library == "PyTorch":
        torch = pytest.importorskip("torch")
        torch.manual_seed(0)
        w = torch.empty(SHAPE)
        eval(f"init.{call}", {"init": torch.nn.init, "w": w})
        return np.asarray(w)
    if library == "JAX":
        jax = pytest.importorskip("jax")
        rule: Any = eval(f"init.{call}", {"init": jax.nn.initializers})
        return np.asarray(rule(jax.random.key(0), (*SHAPE[2:], SHAPE[1], SHAPE[0]))).transpose(3, 2, 0, 1)
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    rule = eval(f"init.{call}", {"init": keras.initializers})
    return np.asarray(rule((*SHAPE[2:], SHAPE[1], SHAPE[0]))).transpose(3, 2, 0, 1)


def check(spec: str, weights: np.ndarray) -> None:
    """Compare an array with the distribution headstart draws for the spec."""
    draw = scheme(spec).draw(fans(SHAPE))
    if isinstance(draw, Orthogonal):
        matrix = weights.reshape(SHAPE[0], -1)
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(SHAPE[0]), atol=1e-5)
        return
    if isinstance(draw, Identity):
        np.testing.assert_array_equal(weights, draw_array(draw, SHAPE, 0, "w"))
        return
    if isinstance(draw, DeltaOrthogonal):
        centre = weights[:, :, 1, 2]
        np.testing.assert_allclose(centre.T @ centre, np.eye(SHAPE[1]), atol=1e-5)
        assert np.count_nonzero(weights) == np.count_nonzero(centre)
        return
    expected = draw.std()
    assert math.isclose(weights.std(), expected, rel_tol=TOLERANCE, abs_tol=1e-12)
    largest = np.abs(weights).max()
    if isinstance(draw, Uniform):
        assert 0.99 * draw.high < largest <= draw.high * (1 + 1e-6)
        assert weights.min() < 0
    elif isinstance(draw, TruncatedNormal):
        assert 0.97 * draw.bound < largest <= draw.bound * (1 + 1e-4)
    elif isinstance(draw, Normal):
        assert largest > 3.5 * draw.std()


@pytest.mark.parametrize(("spec", "library"), PAIRS)
def test_the_call_draws_what_the_catalogue_says(spec: str, library: str) -> None:
    check(spec, weights_of(library, CALLS[spec][library]))


@pytest.mark.parametrize(
    ("spec", "library", "wrong"),
    [
        ("he", "PyTorch", "kaiming_normal_(w, mode='fan_out', nonlinearity='relu')"),  # fans swapped
        ("he", "JAX", "he_normal()"),  # truncated: same std, smaller largest value
        ("xavier", "PyTorch", "xavier_normal_(w)"),  # glorot under the lecture's name
        ("uniform(0.05)", "JAX", "uniform(0.05)"),  # [0, 0.05)
        ("truncated_normal(0.02)", "Keras", "TruncatedNormal(stddev=0.02)"),  # not corrected
        ("orthogonal", "PyTorch", "orthogonal_(w, gain=1.01)"),
    ],
)
def test_the_check_fails_for_a_neighbour(spec: str, library: str, wrong: str) -> None:
    with pytest.raises(AssertionError):
        check(spec, weights_of(library, wrong))


def test_pytorchs_sparse_counts_zeros_per_input_and_ours_per_unit() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.nn.init.sparse_(torch.empty(30, 20), 0.5).numpy()
    ours = draw_array(scheme("sparse(0.5)").draw(fans((30, 20))), (30, 20), 0, "w")
    assert set((theirs == 0).sum(axis=0)) == {15}
    assert len(set((theirs == 0).sum(axis=1))) > 1
    assert set((ours == 0).sum(axis=1)) == {10}
    assert len(set((ours == 0).sum(axis=0))) > 1


def test_traps_are_sentences() -> None:
    assert all(trap.endswith(".") for trap in TRAPS)
