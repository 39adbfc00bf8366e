"""Activations: the same functions as PyTorch's, JAX's and Keras's, with right slopes and kinks."""

from __future__ import annotations

import copy
import math
import os
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from headstart.errors import InputError
from headstart.libraries.activations import NAMES as ALIASES
from headstart.theory.activations import FORMULAS, PRIMITIVES, activation, rebound
from headstart.theory.activations.callables import CustomActivation
from headstart.theory.activations.jets import derivative_of
from headstart.theory.panels import Panels

os.environ.setdefault("KERAS_BACKEND", "jax")  # Keras reads it when it is imported
Z = np.concatenate([np.linspace(-7.3, 7.1, 601), [-30.0, 30.0]])  # no kink of the catalogue is among these

TORCH: dict[str, Callable[[Any], Any]] = {
    "threshold(1,0)": lambda F: lambda z: F.threshold(z, 1, 0),
    "threshold(-0.5,2)": lambda F: lambda z: F.threshold(z, -0.5, 2),
    "relu": lambda F: F.relu,
    "rrelu": lambda F: F.rrelu,  # training=False: the mean slope
    "hardtanh": lambda F: F.hardtanh,
    "hardtanh(-0.5,2)": lambda F: lambda z: F.hardtanh(z, -0.5, 2),
    "relu6": lambda F: F.relu6,
    "sigmoid": lambda F: F.sigmoid,
    "hardsigmoid": lambda F: F.hardsigmoid,
    "tanh": lambda F: F.tanh,
    "silu": lambda F: F.silu,
    "mish": lambda F: F.mish,
    "hardswish": lambda F: F.hardswish,
    "elu(1.5)": lambda F: lambda z: F.elu(z, 1.5),
    "celu(2)": lambda F: lambda z: F.celu(z, 2),
    "selu": lambda F: F.selu,
    "gelu": lambda F: F.gelu,
    "gelu_tanh": lambda F: lambda z: F.gelu(z, approximate="tanh"),
    "hardshrink": lambda F: F.hardshrink,
    "leaky_relu": lambda F: F.leaky_relu,
    "leaky_relu(negative_slope=0.3)": lambda F: lambda z: F.leaky_relu(z, 0.3),
    "prelu": lambda F: lambda z: F.prelu(z, z.new_tensor([0.25])),
    "logsigmoid": lambda F: F.logsigmoid,
    "softplus": lambda F: lambda z: F.softplus(z, threshold=100),
    "softplus(3)": lambda F: lambda z: F.softplus(z, beta=3, threshold=100),
    "softshrink(lambd=0.7)": lambda F: lambda z: F.softshrink(z, 0.7),
    "softsign": lambda F: F.softsign,
    "tanhshrink": lambda F: F.tanhshrink,
}
JAX = {
    "identity": "identity", "relu": "relu", "squareplus": "squareplus", "softplus": "softplus",
    "sparse_plus": "sparse_plus", "soft_sign": "soft_sign", "sigmoid": "sigmoid", "sparse_sigmoid": "sparse_sigmoid",
    "swish": "silu", "mish": "mish", "log_sigmoid": "log_sigmoid", "elu": "elu", "leaky_relu": "leaky_relu",
    "hard_tanh": "hard_tanh", "celu": "celu", "selu": "selu", "gelu_tanh": "gelu", "relu6": "relu6",
    "hard_sigmoid": "hard_sigmoid", "hard_silu": "hard_silu",
}  # fmt: skip
# Keras's names that must be understood as they stand, with Keras's defaults (leaky_relu's slope there is 0.2)
KERAS = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "linear",
    "log_sigmoid",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "tanh",
    "tanh_shrink",
]


@pytest.mark.parametrize("spec", TORCH)
def test_values_and_slopes_are_torchs(spec: str) -> None:
    torch = pytest.importorskip("torch")
    z = torch.tensor(Z, requires_grad=True)
    theirs = TORCH[spec](torch.nn.functional)(z)
    theirs.sum().backward()
    ours = activation(spec)
    np.testing.assert_allclose(ours(Z), theirs.detach().numpy(), rtol=1e-12, atol=1e-15)
    # torch's hardsigmoid multiplies its gradient by 1/6 in float32, even for float64 tensors
    np.testing.assert_allclose(ours.derivative(Z), z.grad.numpy(), rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize("spec", JAX)
def test_values_are_jaxs(spec: str) -> None:
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        theirs = np.asarray(getattr(jax.nn, JAX[spec])(jax.numpy.asarray(Z)))
    np.testing.assert_allclose(activation(spec)(Z), theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", KERAS)
def test_keras_names_are_known(name: str) -> None:
    assert activation(name).name == ALIASES.get(name, name)


def test_torchs_element_wise_modules_are_all_here() -> None:
    torch = pytest.importorskip("torch")
    ours = {name.replace("_", "") for name in (*FORMULAS, *ALIASES)}
    others = {"glu", "multiheadattention", "softmin", "softmax", "softmax2d", "logsoftmax"}  # mix elements
    theirs = {name.lower() for name in torch.nn.modules.activation.__all__} - others
    assert theirs <= ours, sorted(theirs - ours)


@pytest.mark.parametrize("name", FORMULAS)
class TestDefinition:
    def test_slope_is_the_derivative_of_the_value(self, name: str) -> None:
        phi = activation(name)
        exact = derivative_of(lambda z: phi.formula.value(z, *phi.arguments), Z)
        np.testing.assert_allclose(phi.derivative(Z), exact, rtol=1e-12, atol=1e-14)

    def test_second_derivative_is_that_of_the_slope(self, name: str) -> None:
        phi, h = activation(name), 1e-5
        smooth = np.all(np.abs(Z[:, None] - np.array([*phi.kinks, 1e9])) > 2 * h, axis=1) & (np.abs(Z) < 8)
        z = Z[smooth]
        expected = (phi.derivative(z + h) - phi.derivative(z - h)) / (2 * h)
        np.testing.assert_allclose(phi.second_derivative(z), expected, rtol=1e-6, atol=1e-8)

    def test_slope_of_output(self, name: str) -> None:
        phi = activation(name)
        if phi.formula.slope_of_output is None:
            pytest.skip("phi' is not a function of phi")
        z = Z[np.abs(Z) < 4]
        got = phi.formula.slope_of_output(phi(z), *phi.arguments)
        np.testing.assert_allclose(got, phi.derivative(z), rtol=1e-9, atol=1e-12)

    def test_kinks_are_those_that_a_search_finds(self, name: str) -> None:
        phi = activation(name)
        found = set()
        for low, high in ((-8.05, 0.0), (0.0, 8.05)):
            panels = Panels((phi, phi.derivative), None, name)
            edges = np.linspace(low, high, 38)
            found |= set(panels._refine(edges[:-1], edges[1:])[1])
        sharp = {kink for kink in phi.kinks if kink != 0}  # 0 is a cut of every search, so nothing is found there
        sharp -= {-1.0, 1.0} if name == "sparse_plus" else set()  # only phi'' steps: resolved, not a kink
        assert sorted(found) == pytest.approx(sorted(sharp), abs=1e-12)

    def test_nan_passes_through(self, name: str) -> None:
        assert np.isnan(activation(name)(np.array([math.nan]))).all()

    def test_only_primitives_and_float_constants(self, name: str) -> None:
        for function in (FORMULAS[name].value, FORMULAS[name].derivative, FORMULAS[name].slope_of_output):
            if function is None:
                continue
            for used in function.__code__.co_names:
                assert used in PRIMITIVES or isinstance(function.__globals__[used], float), used
            assert not any(isinstance(c, int) and not isinstance(c, bool) for c in function.__code__.co_consts)

    def test_rebound_stays_in_float32(self, name: str) -> None:
        phi, z = activation(name), Z.astype(np.float32)
        from scipy import special

        elsewhere = {"logistic": "expit", "normal_cdf": "ndtr"}
        primitives = {p: getattr(np, p, None) or getattr(special, elsewhere.get(p, p), None) for p in PRIMITIVES}
        primitives["fma"] = lambda a, b, c: a * b + c
        narrow = rebound(phi.formula.value, primitives, np.float32)
        got = narrow(z, *(np.float32(a) for a in phi.arguments))
        assert got.dtype == np.float32
        near = np.abs(Z) < 6
        np.testing.assert_allclose(got[near], phi(Z)[near], rtol=2e-5, atol=2e-6)


def test_copies_and_pickles_are_equal() -> None:
    for name in FORMULAS:
        assert pickle.loads(pickle.dumps(activation(name))) == activation(name) == copy.deepcopy(activation(name))


def test_str_reads_back() -> None:
    for spec in ("gelu", "leaky_relu(0.2)", "hardtanh(-2, 3)", "softplus(3)"):
        assert str(activation(str(activation(spec)))) == str(activation(spec)) == spec


def test_an_own_activation_passes_through() -> None:
    assert activation(activation("relu")) is activation("relu")
    assert not isinstance(activation("relu"), CustomActivation)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("reluu", "Did you mean 'relu'"),
        ("softmax", "must be element-wise"),
        ("glu", "a gated unit: .* Write its gate.s activation, .sigmoid."),
        ("nn.SwiGLU", "a gated unit: .* .silu."),
        ("my.relu", "a path before an activation.s name is a library.s"),
        ("leaky_relu(0.1, 2)", "takes slope"),
        ("relu*2", "no multiplier"),
        ("elu(beta=1)", "Known: alpha"),
        ("leaky_relu(yes)", "must be a number"),
        ("squareplus(-1)", "must make it finite"),
        ("celu(0)", "must make it finite"),
    ],
)
def test_bad_specs(spec: str, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        activation(spec)


# Every other spelling that a library has for an activation, and a place and value that only this one takes.
OTHER_NAMES = {
    "linear": "identity", "swish": "silu", "hard_tanh": "hardtanh", "hard_sigmoid": "hardsigmoid",
    "hard_swish": "hardswish", "hard_silu": "hardswish", "hardsilu": "hardswish", "log_sigmoid": "logsigmoid",
    "soft_sign": "softsign", "soft_shrink": "softshrink", "hard_shrink": "hardshrink", "tanh_shrink": "tanhshrink",
    "exp": "exponential", "logistic": "sigmoid", "sine": "sin", "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh", "gelu_approximate": "gelu_tanh", "relu2": "squared_relu",
    "relu_squared": "squared_relu", "absolute": "abs", "leakyrelu": "leaky_relu", "sparseplus": "sparse_plus",
}  # fmt: skip


def test_other_names_mean_what_their_libraries_mean() -> None:
    assert {name: activation(name).name for name in ALIASES} == OTHER_NAMES


@pytest.mark.parametrize(
    ("spec", "arguments"),
    [
        ("hardtanh(min_val=-0.5, max_val=2)", (-0.5, 2.0)),
        ("hardtanh(max=2, min=-0.5)", (-0.5, 2.0)),
        ("leaky_relu(negative_slope=0.3)", (0.3,)),
        ("softshrink(lambd=0.7)", (0.7,)),
        ("threshold(value=3, threshold=-1)", (-1.0, 3.0)),
        ("rrelu(0.2)", (0.2, 1 / 3)),
        ("rrelu", (1 / 8, 1 / 3)),
        ("prelu", (0.25,)),
        ("leaky_relu", (0.01,)),
        ("squareplus", (4.0,)),
        ("softplus", (1.0,)),
        ("hardshrink", (0.5,)),
    ],
)
def test_parameters_by_name_and_by_place(spec: str, arguments: tuple[float, ...]) -> None:
    assert activation(spec).arguments == arguments


def test_keras_parametrisations_are_keras() -> None:
    """Values and slopes of Keras's own functions, its other defaults written as parameters."""
    keras = pytest.importorskip("keras")
    theirs = {"leaky_relu(0.2)": "leaky_relu", "exponential": "exponential", "tanh_shrink": "tanh_shrink",
              "soft_shrink": "soft_shrink", "hard_shrink": "hard_shrink", "hard_silu": "hard_silu",
              "squareplus": "squareplus", "celu": "celu", "sparse_plus": "sparse_plus"}  # fmt: skip
    z = np.linspace(-4.03, 4.01, 101)
    for spec, name in theirs.items():
        values = keras.ops.convert_to_numpy(getattr(keras.activations, name)(keras.ops.convert_to_tensor(z, "float32")))
        np.testing.assert_allclose(activation(spec)(z), values, rtol=3e-6, atol=3e-6, err_msg=spec)


@pytest.mark.parametrize("spec", JAX)
def test_slopes_are_jaxs(spec: str) -> None:
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        function = getattr(jax.nn, JAX[spec])
        _, theirs = jax.jvp(function, (jax.numpy.asarray(Z),), (jax.numpy.ones(Z.size),))
    np.testing.assert_allclose(activation(spec).derivative(Z), np.asarray(theirs), rtol=1e-11, atol=1e-13)


# At its kinks exactly, where a dead unit or a zero bias puts many pre-activations: PyTorch's one-sided choice.
AT_KINKS = {"relu": (0,), "relu6": (0, 6), "leaky_relu": (0,), "leaky_relu(negative_slope=0.3)": (0,), "rrelu": (0,),
            "prelu": (0,), "hardtanh": (-1, 1), "hardtanh(-0.5,2)": (-0.5, 2), "hardsigmoid": (-3, 3), "elu(1.5)": (0,),
            "celu(2)": (0,), "selu": (0,), "threshold(1,0)": (1,), "threshold(-0.5,2)": (-0.5,),
            "softshrink(lambd=0.7)": (-0.7, 0.7), "hardshrink": (-0.5, 0.5), "hardswish": (-3,),
            "softsign": (0,)}  # fmt: skip


@pytest.mark.parametrize("spec", AT_KINKS)
def test_at_a_kink_it_takes_pytorchs_side(spec: str) -> None:
    torch = pytest.importorskip("torch")
    places = [float(np.nextafter(at, way)) if way else float(at) for at in AT_KINKS[spec] for way in (-9.0, 0.0, 9.0)]
    z = torch.tensor(places, dtype=torch.float64, requires_grad=True)
    theirs = TORCH[spec](torch.nn.functional)(z)
    theirs.sum().backward()
    np.testing.assert_allclose(activation(spec)(places), theirs.detach().numpy(), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(activation(spec).derivative(places), z.grad.numpy(), rtol=1e-7, atol=1e-14)


# What float64 must still tell far out and near 0: formulas that do not cancel there, by mpmath at 50 digits.
EXACT: dict[str, Callable[[Any], Any]] = {
    "squareplus": lambda z: (z + mp.sqrt(z * z + 4)) / 2,
    "squareplus(0.5)": lambda z: (z + mp.sqrt(z * z + mp.mpf("0.5"))) / 2,
    "softplus": lambda z: mp.log1p(mp.exp(z)),
    "softplus(3)": lambda z: mp.log1p(mp.exp(3 * z)) / 3,
    "logsigmoid": lambda z: -mp.log1p(mp.exp(-z)),
    "sigmoid": lambda z: 1 / (1 + mp.exp(-z)),
    "silu": lambda z: z / (1 + mp.exp(-z)),
    "quick_gelu": lambda z: z / (1 + mp.exp(-mp.mpf("1.702") * z)),
    "gelu": lambda z: z * mp.erfc(-z / mp.sqrt(2)) / 2,
    "mish": lambda z: z * mp.tanh(mp.log1p(mp.exp(z))),
    "tanhshrink": lambda z: z - mp.tanh(z),
    "elu": lambda z: z if z > 0 else mp.expm1(z),
    "celu(2)": lambda z: z if z > 0 else 2 * mp.expm1(z / 2),
    "selu": lambda z: mp.mpf("1.05070098735548049") * (z if z > 0 else mp.mpf("1.67326324235437728") * mp.expm1(z)),
    "lecun_tanh": lambda z: mp.mpf("1.7159") * mp.tanh(2 * z / 3),
    "erf": mp.erf,
    "softsign": lambda z: z / (1 + abs(z)),
}


@pytest.mark.parametrize("spec", EXACT)
def test_no_digits_are_lost_far_out_and_near_zero(spec: str) -> None:
    places = [sign * at for at in (1e-9, 1e-4, 0.03, 0.4, 0.97, 1.03, 2.9, 9.7, 31.0) for sign in (-1, 1)]
    places += [-1e8, 1e8] if spec.startswith(("squareplus", "softsign")) else [60.0]
    with mp.workdps(50):
        exact = np.array([float(EXACT[spec](mp.mpf(z))) for z in places])
        slopes = np.array([float(mp.diff(EXACT[spec], mp.mpf(z), h=mp.mpf(10) ** -22)) for z in places])
    np.testing.assert_allclose(activation(spec)(places), exact, rtol=3e-13)
    np.testing.assert_allclose(activation(spec).derivative(places), slopes, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("spec", "saturates"),
    [("tanh", True), ("hardtanh(-1, 3)", True), ("hardsigmoid", True), ("softsign", True), ("relu6", True),
     ("relu", False), ("logsigmoid", False), ("threshold(2,1)", False), ("exponential", False), ("cos", False)],
)  # fmt: skip
def test_saturation_is_on_both_sides(spec: str, saturates: bool) -> None:
    assert activation(spec).saturates == saturates
