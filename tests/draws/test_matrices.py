"""Orthogonal, delta-orthogonal, identity and sparse weights: their defining properties, through a convolution too."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

import headstart as hs
from headstart.draws import draw_array, stream_words
from headstart.draws.normal import UNIT, normal_integers
from headstart.draws.orthogonal import PANEL, SMALL, orthonormal_columns
from headstart.layout import Layout
from headstart.schemes import Orthogonal


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (3, 7), (6, 4, 3, 5), (200, 200), (SMALL + 70, SMALL + 3)])
def test_orthogonal_to_twelve_digits(shape: tuple[int, ...]) -> None:
    weights = hs.sample("orthogonal*1.5", shape, dtype="float64").reshape(shape[0], -1)
    small = weights if weights.shape[0] <= weights.shape[1] else weights.T
    assert np.abs(small @ small.T / 1.5**2 - np.eye(len(small))).max() < 1e-12


def test_orthogonal_is_the_q_of_the_streams_normal_matrix() -> None:
    """And R's diagonal is positive: Q^T times the normal matrix is upper triangular."""
    normals = normal_integers(stream_words(4, "w", 0, 9 * 5)).reshape(9, 5) * UNIT
    q = hs.sample("orthogonal", (9, 5), seed=4, dtype="float64")
    r = q.T @ normals
    assert np.abs(np.tril(r, -1)).max() < 1e-12
    assert (np.diag(r) > 0).all()
    assert np.array_equal(hs.sample("orthogonal", (5, 9), seed=4, dtype="float64"), q.T)


@pytest.mark.parametrize("columns", [SMALL + 1, 4 * PANEL, 4 * PANEL + 1])
def test_blocked_decomposition_equals_lapack(columns: int) -> None:
    matrix = np.random.default_rng(0).standard_normal((columns + 9 * (columns % 2), columns))
    q, r = np.linalg.qr(matrix)
    expected = q * np.sign(np.diag(r))
    assert np.abs(orthonormal_columns(matrix.copy()) - expected).max() < 1e-11


def test_orthogonal_is_haar_and_without_the_signs_it_is_not() -> None:
    """2000 draws of 3 x 3. Under Haar an element is U(-1, 1) (Archimedes). KS at 1e-4 sees a shift of 0.05 in its CDF.

    LAPACK's own signs leave R's diagonal negative in most columns, which tilts the diagonal of Q.
    """
    draws = np.stack([hs.sample("orthogonal", (3, 3), seed=seed, dtype="float64") for seed in range(2000)])
    for row in range(3):
        for column in range(3):
            assert stats.kstest(draws[:, row, column], "uniform", (-1, 2)).pvalue > 1e-4
    assert stats.kstest(np.linalg.det(draws) > 0, stats.bernoulli(0.5).cdf).statistic < 0.05 + 0.5
    normals = np.random.default_rng(0).standard_normal((2000, 3, 3))
    assert stats.kstest(np.linalg.qr(normals)[0][:, 0, 0], "uniform", (-1, 2)).pvalue < 1e-10


def test_backends_agree_on_orthogonal_to_the_promised_tolerance() -> None:
    import jax

    weights = [hs.sample("orthogonal", (40, 30), dtype="float64", backend=b) for b in ("numpy", "numba", "torch")]
    with jax.enable_x64(True):
        weights.append(hs.sample("orthogonal", (40, 30), dtype="float64", backend="jax"))
    for other in weights[1:]:
        assert np.abs(np.asarray(other) - weights[0]).max() < 1e-12


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("padding", [(1, 2), "same"])
def test_delta_orthogonal_keeps_every_signals_length(groups: int, padding: tuple[int, int] | str) -> None:
    """Through the framework's own convolution, circular or not: only the centre tap is not zero."""
    convolution = torch.nn.Conv2d(4, 8, (3, 5), padding=padding, groups=groups, bias=False, dtype=torch.float64)
    axes = Layout((0,), (1,), groups=groups)
    weight = convolution.weight
    hs.sample("delta_orthogonal", tuple(weight.shape), layout=axes, dtype="float64", out=weight, backend="torch")
    x = torch.randn(2, 4, 6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(convolution(x).norm(dim=1), x.norm(dim=1), rtol=1e-12)


@pytest.mark.parametrize("groups", [1, 2])
def test_dirac_copies_its_input_as_pytorchs_does(groups: int) -> None:
    convolution = torch.nn.Conv2d(4, 8, (3, 5), padding="same", groups=groups, bias=False)
    axes = Layout((0,), (1,), groups=groups)
    shape = tuple(convolution.weight.shape)
    hs.sample("dirac", shape, layout=axes, out=convolution.weight, backend="torch")
    expected = torch.nn.init.dirac_(torch.empty(shape), groups=groups)
    assert torch.equal(convolution.weight, expected)
    x = torch.randn(2, 4, 6, 7, generator=torch.Generator().manual_seed(0))
    width = 4 // groups
    assert torch.equal(convolution(x)[:, :width], x[:, :width])


def test_even_kernels_put_the_tap_where_same_padding_does() -> None:
    """ "same" pads (4 - 1) // 2 = 1 in front and 2 behind; said by hand because torch warns of the copy it makes."""
    convolution = torch.nn.Conv1d(3, 3, 4, bias=False)
    hs.sample("identity*2", (3, 3, 4), out=convolution.weight, backend="torch")
    x = torch.randn(1, 3, 9, generator=torch.Generator().manual_seed(0))
    assert torch.equal(convolution(torch.nn.functional.pad(x, (1, 2))), 2 * x)


def test_identity_of_matrices() -> None:
    assert np.array_equal(hs.sample("identity", (3, 5)), np.eye(3, 5, dtype=np.float32))
    assert np.array_equal(hs.sample("identity*0.5", (5, 3), layout="in_out"), np.eye(5, 3, dtype=np.float32) / 2)


def test_sparse_has_its_zeros_per_unit_and_the_normal_numbers_elsewhere() -> None:
    weights = hs.sample("sparse(0.7, nonzero_std=0.5)", (50, 8, 3))
    rows = weights.reshape(50, 24)
    assert ((rows == 0).sum(1) == math.ceil(0.7 * 24)).all()
    plain = hs.sample("normal(0.5)", (50, 8, 3))
    assert np.allclose(weights[weights != 0], plain[weights != 0], rtol=1e-6)
    assert len({tuple(row == 0) for row in rows}) == 50


def test_sparse_zeros_are_anywhere() -> None:
    """4000 units of 10 inputs, 7 zeros: chi-square over positions at 1e-4 sees a position 7 % too frequent."""
    zeros = (hs.sample("sparse(0.7)", (4000, 10)) == 0).sum(0)
    spread = 4000 * 0.7 * 0.3 * 10 / 9  # without replacement: the counts of a unit sum to 7
    assert stats.chi2(9).sf(((zeros - 2800) ** 2).sum() / spread) > 1e-4
    zeros[3] += 0.07 * 2800
    assert stats.chi2(9).sf(((zeros - 2800) ** 2).sum() / spread) < 1e-4


@pytest.mark.parametrize(
    ("spec", "shape", "words"),
    [
        ("orthogonal", (4,), "at least two axes"),
        ("identity", (), "at least two axes"),
        ("delta_orthogonal", (4, 4), "rank 3 or more"),
        ("delta_orthogonal", (3, 4, 3), "at least as many outputs as inputs"),
    ],
)
def test_shapes_that_such_weights_cannot_have(spec: str, shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        hs.sample(spec, shape)


def test_groups_must_divide_and_gains_be_positive() -> None:
    with pytest.raises(hs.InputError, match="groups must divide"):
        hs.sample("dirac", (5, 2, 3), layout=Layout((0,), (1,), groups=2))
    with pytest.raises(hs.InputError, match="gain must be a positive"):
        draw_array(Orthogonal(-1.0), (2, 2), 0, "w")
