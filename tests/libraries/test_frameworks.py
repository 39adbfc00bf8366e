"""What the catalogue says other libraries call a scheme is what they draw.

Each expression is evaluated in the library and compared with headstart's own draw of the same spec: standard
deviation, largest value and sign. n = 120,000 weights: the standard error of a std is 0.2 % (less for uniform), so
1 % is 5 standard errors, and confusions (fans swapped 1.2x, truncation 0.88x, 1/n for 2/n) are at least 12 %.
"""

from __future__ import annotations

import inspect
import math
import os
import re
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
PAIRS = [(spec, library) for spec, calls in CALLS.items() for library in calls]


class TimmAsDocumented:
    """What timm.layers.weight_init says its functions do, by PyTorch's own; timm itself is not installed here.

    variance = scale / the fan of the mode; truncated at two of the parent's standard deviations and corrected for it.
    """

    @staticmethod
    def trunc_normal_tf_(w: Any, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> Any:
        import torch

        return torch.nn.init.trunc_normal_(w, std=std, a=a * std, b=b * std)

    @staticmethod
    def variance_scaling_(w: Any, scale: float = 1.0, mode: str = "fan_in", distribution: str = "normal") -> Any:
        import torch

        fan_in, fan_out = torch.nn.init._calculate_fan_in_and_fan_out(w)
        std = math.sqrt(scale / {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode])
        if distribution == "uniform":
            return torch.nn.init.uniform_(w, -math.sqrt(3) * std, math.sqrt(3) * std)
        if distribution == "truncated_normal":
            return TimmAsDocumented.trunc_normal_tf_(w, std=std / 0.87962566103423978)
        assert distribution == "normal"
        return torch.nn.init.normal_(w, std=std)

    @staticmethod
    def lecun_normal_(w: Any) -> Any:
        return TimmAsDocumented.variance_scaling_(w, distribution="truncated_normal")


def weights_of(library: str, call: str) -> np.ndarray:
    """Evaluate a call of the catalogue in its library, in that library's own layout, as (out, in, *field)."""
    if library in ("PyTorch", "timm"):
        torch = pytest.importorskip("torch")
        torch.manual_seed(0)
        w = torch.empty(SHAPE)
        eval(f"init.{call}", {"init": torch.nn.init if library == "PyTorch" else TimmAsDocumented, "w": w})
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
        ("he", "timm", "variance_scaling_(w)"),
        ("glorot", "timm", "variance_scaling_(w)"),
        ("xavier(distribution=truncated)", "timm", "variance_scaling_(w)"),
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


def test_the_names_the_readers_know_are_there() -> None:
    """The same words in the libraries and here, where they mean the same: a call gone from the list would be missed."""
    named = {
        (library, re.split(r"\W", call)[0]): spec
        for spec, calls in CALLS.items()
        for library, call in calls.items()
        if not re.match("variance_scaling|VarianceScaling|kaiming", call)
    }
    for library, call, spec in (
        ("JAX", "he_normal", "he(distribution=truncated)"), ("JAX", "he_uniform", "he(distribution=uniform)"),
        ("JAX", "glorot_normal", "glorot(distribution=truncated)"),
        ("Keras", "LecunNormal", "xavier(distribution=truncated)"),
        ("JAX", "lecun_uniform", "xavier(distribution=uniform)"), ("Keras", "HeNormal", "he(distribution=truncated)"),
        ("Keras", "GlorotUniform", "glorot(distribution=uniform)"), ("PyTorch", "xavier_normal_", "glorot"),
        ("PyTorch", "xavier_uniform_", "glorot(distribution=uniform)"), ("PyTorch", "dirac_", "dirac"),
        ("timm", "lecun_normal_", "xavier(distribution=truncated)"), ("PyTorch", "orthogonal_", "orthogonal"),
        ("JAX", "delta_orthogonal", "delta_orthogonal"), ("Keras", "Zeros", "zeros"), ("JAX", "ones", "ones"),
    ):  # fmt: skip
        assert named[library, call] == spec


# --- the traps, each tried ------------------------------------------------------------------------------------------


def trap(*words: str) -> str:
    """The one sentence with all these words."""
    (found,) = (trap for trap in TRAPS if all(word in trap for word in words))
    assert found.endswith(".")
    return found


def test_every_trap_is_tried_below() -> None:
    assert len(TRAPS) == 7
    assert len({trap(*words) for words in (("'lecun'",), ("he_normal", "corrected"), ("0.88",), ("absolute",),
                                           ("sparse_",), ("uniform(scale)",), ("nn.Linear",))}) == 7  # fmt: skip


def test_trap_of_xavier() -> None:
    text = trap("'lecun'")
    assert "is 2/(n_in + n_out), headstart's 'glorot'" in text
    assert "1/n_in, is what JAX, Keras and timm call 'lecun'" in text
    check("glorot", weights_of("PyTorch", "xavier_normal_(w)"))
    check("glorot(distribution=uniform)", weights_of("Keras", "GlorotUniform()"))
    for library, call in (("JAX", "lecun_normal()"), ("Keras", "LecunNormal()"), ("timm", "lecun_normal_(w)")):
        check("xavier(distribution=truncated)", weights_of(library, call))


def test_trap_of_the_truncated_normals() -> None:
    text = trap("he_normal", "corrected")
    assert "truncated at two standard deviations" in text
    for library, call, spec in (("JAX", "he_normal()", "he"), ("Keras", "GlorotNormal()", "glorot")):
        check(f"{spec}(distribution=truncated, cut=2)", weights_of(library, call))
    assert "kaiming_normal_ and xavier_normal_ are not truncated" in text
    check("he", weights_of("PyTorch", "kaiming_normal_(w, nonlinearity='relu')"))


def test_trap_of_the_standard_deviation_before_the_cut() -> None:
    share = float(re.search(r"the weights have (\d\.\d+) of it", trap("trunc_normal_tf_"))[1])  # type: ignore[index]
    for library, call in (
        ("PyTorch", "trunc_normal_(w, std=0.02, a=-0.04, b=0.04)"), ("JAX", "truncated_normal(0.02)"),
        ("Keras", "TruncatedNormal(stddev=0.02)"), ("timm", "trunc_normal_tf_(w, std=0.02)"),
    ):  # fmt: skip
        assert weights_of(library, call).std() / 0.02 == pytest.approx(share, abs=0.005)


def test_trap_of_the_absolute_bounds() -> None:
    torch = pytest.importorskip("torch")
    text = trap("absolute")
    low, high = re.search(r"absolute, (-?\d) and (\d) by default", text).groups()  # type: ignore[union-attr]
    defaults = inspect.signature(torch.nn.init.trunc_normal_).parameters
    assert (defaults["a"].default, defaults["b"].default) == (float(low), float(high))
    std = re.search(r"with (std=[\d.]+) nothing is cut", text)[1]  # type: ignore[index]
    uncut = weights_of("PyTorch", f"trunc_normal_(w, {std})")
    assert np.abs(uncut).max() > 3.5 * float(std.removeprefix("std="))


def test_trap_of_sparse() -> None:
    """Tried above, in `test_pytorchs_sparse_counts_zeros_per_input_and_ours_per_unit`."""
    assert "a share of every column, the weights that leave one input" in trap("sparse_")
    assert "the weights that enter one unit" in trap("sparse_")


def test_trap_of_jaxs_uniform() -> None:
    assert "draws from [0, scale): its weights are never negative" in trap("uniform(scale)")
    weights = weights_of("JAX", "uniform(0.05)")
    assert 0 <= weights.min() < 1e-5
    assert 0.0499 < weights.max() < 0.05


def test_trap_of_nn_linear() -> None:
    """n = 120,000: the standard error of a variance is 0.3 %."""
    torch = pytest.importorskip("torch")
    text = trap("nn.Linear")
    assert "assumes leaky_relu unless nonlinearity='relu'" in text
    assert inspect.signature(torch.nn.init.kaiming_normal_).parameters["nonlinearity"].default == "leaky_relu"
    n_in = 300
    torch.manual_seed(0)
    layer = torch.nn.Linear(n_in, 400)
    weights = layer.weight.detach().numpy()
    share = int(re.search(r"variance 1/\((\d) n_in\)", text)[1])  # type: ignore[index]
    assert weights.var() == pytest.approx(1 / (share * n_in), rel=0.02)
    assert "U(-1/√n_in, 1/√n_in)" in text
    assert 0.999 / n_in**0.5 < np.abs(weights).max() <= 1 / n_in**0.5
    assert "with random biases" in text
    assert layer.bias.std() > 0
