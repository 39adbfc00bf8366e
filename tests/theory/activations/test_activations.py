"""The activations: values against PyTorch, slopes against finite differences, spec strings."""

from __future__ import annotations

import numpy as np
import pytest

from headstart import InputError
from headstart.theory.activations import FORMULAS, activation

POINTS = np.concatenate([np.linspace(-6, 6, 97) + 0.01, [-40.0, -12.5, 12.5, 40.0]])  # none is a kink
TORCH = {
    "relu": "ReLU()", "leaky_relu": "LeakyReLU(0.01)", "elu": "ELU()", "selu": "SELU()", "gelu": "GELU()",
    "gelu_tanh": "GELU('tanh')", "silu": "SiLU()", "mish": "Mish()", "softplus": "Softplus(threshold=100)",
    "softsign": "Softsign()", "tanh": "Tanh()", "sigmoid": "Sigmoid()", "hardtanh": "Hardtanh()",
    "hardswish": "Hardswish()", "identity": "Identity()",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(TORCH))
def test_value_and_slope_agree_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    z = torch.tensor(POINTS, dtype=torch.float64, requires_grad=True)
    y = eval(f"nn.{TORCH[name]}", {"nn": torch.nn})(z)
    (slope,) = torch.autograd.grad(y.sum(), z)
    phi = activation(name)
    np.testing.assert_allclose(phi(POINTS), y.detach().numpy(), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(phi.derivative(POINTS), slope.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_slope_agrees_with_finite_differences(name: str) -> None:
    phi, h = activation(name), 1e-5
    z = POINTS[np.abs(POINTS) < 7]
    np.testing.assert_allclose((phi(z + h) - phi(z - h)) / (2 * h), phi.derivative(z), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", [name for name, formula in FORMULAS.items() if formula.slope_of_output])
def test_slope_of_output_is_the_slope(name: str) -> None:
    phi = activation(name)
    z = POINTS[np.abs(POINTS) < 7]
    slope = phi.formula.slope_of_output(phi(z), *phi.arguments)
    np.testing.assert_allclose(slope, phi.derivative(z), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_nan_passes_through(name: str) -> None:
    assert np.isnan(activation(name)(np.array([np.nan]))).all()


def test_parameters_are_read_and_printed() -> None:
    assert activation("leaky_relu(0.2)").arguments == (0.2,) == activation("leaky_relu(slope=0.2)").arguments
    assert str(activation("leaky_relu(0.01)")) == "leaky_relu"
    assert str(activation("elu(alpha=2)")) == "elu(2)"
    assert activation("leaky_relu(0.5)")(np.array([-2.0])) == -1.0


def test_which_saturate() -> None:
    saturating = {name for name in FORMULAS if activation(name).saturates}
    assert {"tanh", "sigmoid", "hardtanh", "erf", "softsign"} <= saturating
    assert not saturating & {"relu", "leaky_relu", "gelu", "silu", "identity", "softplus", "sin"}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("rellu", "unknown activation 'rellu'. Did you mean 'relu'"),
        ("relu(1)", "takes no parameters"),
        ("elu(1, 2)", "takes alpha"),
        ("elu(beta=1)", "unknown parameter of activation 'elu' 'beta'"),
        ("elu(big)", "must be a number, got 'big'"),
        ("elu*2", "no multiplier"),
        ("elu(nan)", "must be finite"),
        ("", "malformed activation"),
    ],
)
def test_bad_specs(spec: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        activation(spec)
