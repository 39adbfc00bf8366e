"""Orthogonal, delta-orthogonal, identity and sparse weights: their defining properties, through a convolution too."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from draws_bits import bits
from draws_golden import digest
from scipy import stats

import headstart as hs
from headstart.draws import draw_array, stream_words
from headstart.draws.matrices import MatrixDraw
from headstart.draws.normal import UNIT, normal_integers
from headstart.draws.orthogonal import PANEL, SMALL, orthonormal_columns
from headstart.layout import Layout
from headstart.schemes import DeltaOrthogonal, Identity, Normal, Orthogonal, Sparse

GOLDEN_SPARSE, GOLDEN_SPARSE_WIDE = "a8db4c8957e7c98b", "8c7b42c4d8b2ea6a"


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


# --- the choice of a sparse weight's zeros -------------------------------------------------------------------------


def check_spared_weights(weights: np.ndarray, std: float) -> None:
    """The weights that are not zero are N(0, std^2): as many above as below 0, with this spread, and normal in shape.

    n = 36,000: the standard errors are 0.0026 of the share and 0.37 % of the std; 5 of each, false alarm 1e-6; KS 1e-5.
    """
    spared = weights[weights != 0]
    assert abs((spared > 0).mean() - 0.5) < 5 * 0.5 / spared.size**0.5
    assert spared.std() == pytest.approx(std, rel=5 / (2 * spared.size) ** 0.5)
    assert stats.kstest(spared, stats.norm(0, std).cdf).pvalue > 1e-5


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.9])
def test_sparse_zeros_do_not_depend_on_the_weights(sparsity: float, seed: int) -> None:
    """Zeros chosen by the weights' own words would spare one sign, or the small ones."""
    inputs = round(600 / (1 - sparsity))
    check_spared_weights(hs.sample(f"sparse({sparsity}, nonzero_std=0.3)", (60, inputs // 15, 3, 5), seed), 0.3)


def test_the_check_sees_zeros_chosen_by_the_weights_words() -> None:
    words = stream_words(0, "w", 0, 60 * 1200).reshape(60, 1200)
    weights = normal_integers(words.reshape(-1)).reshape(60, 1200) * UNIT
    for chosen in (words, np.abs(weights)):  # the smallest words; the smallest weights
        spared = weights.copy()
        np.put_along_axis(spared, np.argsort(chosen, axis=1)[:, :600], 0.0, axis=1)
        with pytest.raises(AssertionError):
            check_spared_weights(spared, 1.0)


@pytest.mark.parametrize("role", ["weight", "gate"])
def test_sparse_zeros_are_the_smallest_words_of_the_masks_stream(role: str) -> None:
    """The stream of role "weight:mask"; the weights are the plain normal draw of role "weight"."""
    weights = draw_array(Sparse(0.7, 0.25), (6, 4, 3, 5), 8, "conv", role, np.float64).reshape(6, 60)
    masks = stream_words(8, "conv", 0, 360, role + ":mask").reshape(6, 60)
    for row, words in zip(weights, masks, strict=True):
        assert set(np.flatnonzero(row == 0)) == set(sorted(range(60), key=lambda at: words[at])[:42])
    plain = draw_array(Normal(0.25), (6, 4, 3, 5), 8, "conv", role, np.float64).reshape(6, 60)
    assert np.array_equal(weights[weights != 0], plain[weights != 0])


def test_golden_bits_of_exact_matrices() -> None:
    """They may change only together with `headstart.draws.FORMAT_VERSION`."""
    for draw, shape, seed, dtype, expected in (
        (Sparse(0.6, 0.5), (6, 4, 3, 5), 1, "float32", GOLDEN_SPARSE),
        (Sparse(0.25, 1.0), (33, 7), 2**64 - 1, "float64", GOLDEN_SPARSE_WIDE),
    ):
        for backend in ("numpy", "numba", "torch"):
            found = bits(draw_array(draw, shape, seed, "layers.0.weight", dtype=dtype, backend=backend))
            assert digest(found) == expected, backend


# --- layouts, groups and several axes -------------------------------------------------------------------------------

MATRICES = [Orthogonal(1.5), Identity(2.0), Sparse(0.6, 0.1), DeltaOrthogonal(0.5)]
# stored shape, axes: (6, 4, 3, 5) in canonical order each time
STORED = [
    ((6, 4, 3, 5), Layout((0,), (1,))), ((3, 5, 4, 6), Layout((-1,), (-2,))), ((4, 3, 6, 5), Layout((2,), (0,))),
    ((5, 6, 4, 3), Layout((1,), (2,))), ((3, 6, 5, 4), Layout((1,), (-1,))),
]  # fmt: skip


IN_GROUPS = [(draw, groups) for draw in MATRICES for groups in (1, 2, 3)
             if groups == 1 or not isinstance(draw, DeltaOrthogonal)]  # fmt: skip  # 6/2 outputs are fewer than 4


@pytest.mark.parametrize(("shape", "axes"), STORED)
@pytest.mark.parametrize(("draw", "groups"), IN_GROUPS, ids=str)
def test_a_matrix_draw_is_the_canonical_one_transposed(
    draw: MatrixDraw, groups: int, shape: tuple[int, ...], axes: Layout
) -> None:
    axes = Layout(axes.out_axes, axes.in_axes, groups=groups)
    order = [axes.out_axes[0] % 4, axes.in_axes[0] % 4]
    order += [axis for axis in range(4) if axis not in order]
    rest = [shape[axis] for axis in order]
    canonical = draw_array(draw, rest, 5, "w", layout=Layout((0,), (1,), groups=groups))
    for backend in ("numpy", "numba", "torch"):
        stored = np.asarray(draw_array(draw, shape, 5, "w", layout=axes, backend=backend))
        assert stored.shape == shape
        np.testing.assert_allclose(stored.transpose(order), canonical, atol=1e-6)
        region = [(1, size - 1) for size in shape]
        part = np.asarray(draw_array(draw, shape, 5, "w", layout=axes, backend=backend, region=region))
        np.testing.assert_array_equal(part, stored[tuple(slice(*span) for span in region)])


@pytest.mark.parametrize("draw", MATRICES, ids=str)
def test_several_output_and_input_axes_count_as_one(draw: MatrixDraw) -> None:
    """Attention's (heads, size) as outputs, and two axes as inputs: the matrix of their products."""
    several = draw_array(draw, (2, 3, 2, 2, 5), 5, "w", layout=Layout((0, 1), (2, 3)))
    np.testing.assert_array_equal(several.reshape(6, 4, 5), draw_array(draw, (6, 4, 5), 5, "w"))


@pytest.mark.parametrize("shape", [(6, 2, 3, 5), (12, 4, 3), (9, 3, 4, 1)])
@pytest.mark.parametrize("groups", [1, 3])
def test_delta_orthogonal_is_a_q_of_its_own_for_each_group(shape: tuple[int, ...], groups: int) -> None:
    """Group g takes the normal numbers from g rows x columns on; R's diagonal is positive; other taps are zero."""
    weights = hs.sample("delta_orthogonal*2", shape, 4, layout=Layout((0,), (1,), groups=groups), dtype="float64") / 2
    rows, columns = shape[0] // groups, shape[1]
    centre = tuple((size - 1) // 2 for size in shape[2:])
    channels = weights[(slice(None), slice(None), *centre)]
    assert np.count_nonzero(weights) == np.count_nonzero(channels)
    normals = normal_integers(stream_words(4, "w", 0, shape[0] * columns)).reshape(groups, rows, columns) * UNIT
    for q, matrix in zip(channels.reshape(groups, rows, columns), normals, strict=True):
        r = q.T @ matrix
        np.testing.assert_allclose(q.T @ q, np.eye(columns), atol=1e-12)
        assert np.abs(np.tril(r, -1)).max() < 1e-12
        assert (np.diag(r) > 0).all()


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("inputs", [1, 2, 4, 9])
def test_identity_of_each_group(groups: int, inputs: int) -> None:
    """Output j of a group copies input j, as far as there are both; also at even taps."""
    weights = hs.sample("identity*3", (6, inputs, 4, 5), layout=Layout((0,), (1,), groups=groups))
    expected = np.zeros((6, inputs, 4, 5))
    for output in range(6):
        if output % (6 // groups) < inputs:
            expected[output, output % (6 // groups), 1, 2] = 3
    np.testing.assert_array_equal(weights, expected)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(6, 4, 3, 5), (90, 4, 3, 5), (6, 6), (1, 7), (7, 1), (2, 1, 1, 1)])
def test_orthogonal_of_any_shape_and_seed(shape: tuple[int, ...], seed: int) -> None:
    """The Q of the stream's (larger, smaller) matrix, R's diagonal positive, times the gain."""
    matrix = hs.sample("orthogonal*3", shape, seed, "conv", dtype="float64").reshape(shape[0], -1) / 3
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    normals = normal_integers(stream_words(seed, "conv", 0, tall.size)).reshape(tall.shape) * UNIT
    r = tall.T @ normals
    np.testing.assert_allclose(tall @ r, normals, atol=1e-12)  # Q R is the matrix itself
    assert np.abs(np.tril(r, -1)).max() < 1e-12
    assert (np.diag(r) > 0).all()


def test_the_determinant_of_an_orthogonal_draw_has_either_sign_equally_often() -> None:
    """2000 draws of 3 x 3: within 4.5 standard errors of a half, a false alarm in 10^5; LAPACK's own never differ."""
    draws = np.stack([hs.sample("orthogonal", (3, 3), seed=seed, dtype="float64") for seed in range(2000)])
    assert abs((np.linalg.det(draws) > 0).mean() - 0.5) < 4.5 * 0.5 / 2000**0.5
    unsigned = np.linalg.qr(np.random.default_rng(0).standard_normal((2000, 3, 3)))[0]
    assert abs((np.linalg.det(unsigned) > 0).mean() - 0.5) > 0.4


@pytest.mark.parametrize(("columns", "spare"), [(SMALL, 1), (SMALL + 1, 0), (SMALL + 1, 50)])
def test_blocked_decomposition_is_orthonormal_and_triangular(columns: int, spare: int) -> None:
    """Both sides of the size where blocks begin, whole and ragged last panels, square and tall."""
    matrix = np.random.default_rng(columns + spare).standard_normal((columns + spare, columns))
    q = orthonormal_columns(matrix.copy())
    r = q.T @ matrix
    assert np.abs(q.T @ q - np.eye(columns)).max() < 1e-12
    assert np.abs(np.tril(r, -1)).max() < 1e-11
    assert (np.diag(r) > 0).all()


@pytest.mark.parametrize("backend", ["numpy", "numba", "torch", "jax"])
@pytest.mark.parametrize("draw", MATRICES, ids=str)
def test_matrix_draws_are_written_into_buffers_in_every_type(draw: MatrixDraw, backend: str) -> None:
    expected = draw_array(draw, (6, 4, 3), 7, "w", dtype="float64")
    for dtype, step in (("float32", 2.0**-24), ("float16", 2.0**-11), ("bfloat16", 2.0**-8)):
        if backend == "torch":
            memory = torch.full((3, 8, 6), 9.0, dtype=getattr(torch, dtype))
            out = memory.permute(2, 1, 0)[:, ::2]
            found = draw_array(draw, (6, 4, 3), 7, "w", dtype=dtype, backend=backend, out=out).double().numpy()
            assert (memory[:, 1::2] == 9).all()
        else:
            found = np.asarray(draw_array(draw, (6, 4, 3), 7, "w", dtype=dtype, backend=backend), np.float64)
        np.testing.assert_allclose(found, expected, rtol=1.01 * step, atol=1e-7)


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


def test_delta_orthogonal_needs_as_many_outputs_as_inputs_in_each_group() -> None:
    assert hs.sample("delta_orthogonal", (4, 4, 3)).shape == (4, 4, 3)
    assert hs.sample("delta_orthogonal", (8, 4, 3), layout=Layout((0,), (1,), groups=2)).shape == (8, 4, 3)
    with pytest.raises(hs.InputError, match="got 3 outputs and 4 inputs per group"):
        hs.sample("delta_orthogonal", (6, 4, 3), layout=Layout((0,), (1,), groups=2))


@pytest.mark.parametrize("groups", [4, 7])
def test_matrices_refuse_groups_that_do_not_divide_the_outputs(groups: int) -> None:
    for draw in MATRICES:
        with pytest.raises(hs.InputError, match=f"groups must divide the 6 outputs .* got groups={groups}"):
            draw_array(draw, (6, 1, 3), 0, "w", layout=Layout((0,), (1,), groups=groups))


@pytest.mark.parametrize(("sparsity", "std"), [(0.0, 1.0), (1.0, 1.0), (-0.1, 1.0), (0.5, 0.0), (0.5, -1.0),
                                               (0.5, math.inf), (math.nan, 1.0), (0.5, math.nan)])  # fmt: skip
def test_sparse_draws_have_a_share_and_a_size(sparsity: float, std: float) -> None:
    size, share = "nonzero_std must be a positive, finite number", "sparse draw needs a sparsity between 0 and 1"
    with pytest.raises(hs.InputError, match=share if std == 1 else size):
        draw_array(Sparse(sparsity, std), (4, 4), 0, "w")


@pytest.mark.parametrize("gain", [0.0, -1.0, math.inf, math.nan, True, "1"])
def test_gains_are_positive_finite_numbers(gain: float) -> None:
    for draw in (Orthogonal(gain), DeltaOrthogonal(gain), Identity(gain)):
        with pytest.raises(hs.InputError, match="gain must be a positive, finite number"):
            draw_array(draw, (4, 4, 1), 0, "w")


@pytest.mark.parametrize(("draw", "noun"), [(Orthogonal(1.0), "an orthogonal"), (Sparse(0.5, 1.0), "a sparse"),
                                            (DeltaOrthogonal(1.0), "a delta-orthogonal"),
                                            (Identity(1.0), "an identity")])  # fmt: skip
def test_vectors_are_refused_by_the_draws_name(draw: MatrixDraw, noun: str) -> None:
    with pytest.raises(hs.InputError, match=f"^{noun} weight needs at least two axes"):
        draw_array(draw, (4,), 0, "w")


def test_groups_must_divide_and_gains_be_positive() -> None:
    with pytest.raises(hs.InputError, match="groups must divide"):
        hs.sample("dirac", (5, 2, 3), layout=Layout((0,), (1,), groups=2))
    with pytest.raises(hs.InputError, match="gain must be a positive"):
        draw_array(Orthogonal(-1.0), (2, 2), 0, "w")
