"""One step of the engine is one step down the gradient: against PyTorch's autograd, for activations, losses, depths.

A step of rate 1 changes the weights by minus the gradient, so the compiled loop itself is tested, in float64, with a
sample count that is no whole number of vectors or tiles.
"""

from __future__ import annotations

import numpy as np
import pytest

from headstart.experiments.engine import Samples, Schedule, train_networks
from headstart.experiments.network import Network, network_for
from headstart.schemes import scheme
from headstart.theory.activations import FORMULAS

torch = pytest.importorskip("torch")

ACTIVATIONS = {
    "identity": lambda z: z, "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
    "leaky_relu": torch.nn.functional.leaky_relu, "elu": torch.nn.functional.elu, "selu": torch.selu,
    "gelu": torch.nn.functional.gelu, "silu": torch.nn.functional.silu, "mish": torch.nn.functional.mish,
    "softplus": lambda z: torch.nn.functional.softplus(z, threshold=100), "softsign": torch.nn.functional.softsign,
    "gelu_tanh": lambda z: torch.nn.functional.gelu(z, approximate="tanh"),
    "hardtanh": torch.nn.functional.hardtanh, "hardswish": torch.nn.functional.hardswish, "erf": torch.erf,
    "sin": torch.sin, "cos": torch.cos, "exponential": torch.exp, "abs": torch.abs,
    "lecun_tanh": lambda z: 1.7159 * torch.tanh(2 / 3 * z), "tanhshrink": torch.nn.functional.tanhshrink,
    "logsigmoid": torch.nn.functional.logsigmoid, "quick_gelu": lambda z: z * torch.sigmoid(1.702 * z),
    "squareplus": lambda z: (z + torch.sqrt(z * z + 4)) / 2, "relu6": torch.nn.functional.relu6,
    "squared_relu": lambda z: torch.relu(z) ** 2, "prelu": lambda z: torch.nn.functional.leaky_relu(z, 0.25),
    "rrelu": torch.nn.functional.rrelu, "celu": torch.celu, "hardsigmoid": lambda z: torch.clamp(z / 6 + 0.5, 0, 1),
    "sparse_sigmoid": lambda z: torch.clamp((z + 1) / 2, 0, 1),
    "sparse_plus": lambda z: torch.where(z <= -1, 0 * z, torch.where(z >= 1, z, (z + 1) ** 2 / 4)),
    "softshrink": torch.nn.functional.softshrink, "hardshrink": torch.nn.functional.hardshrink,
    "threshold": lambda z: torch.nn.functional.threshold(z, 0, 0),
}  # fmt: skip
GROWING = ("exponential", "squared_relu")  # these explode through deep networks unless they start small
OUTPUTS = {"binary": 1, "classes": 3, "regression": 2}


def problem(task: str, count: int = 341) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(count, 3))
    if task == "regression":
        return x, rng.normal(size=(count, 2))
    labels = rng.integers(0, max(OUTPUTS[task], 2), size=count)
    return x, np.eye(3)[labels] if task == "classes" else labels[:, None].astype(float)


def autograd(network: Network, theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Cost and flat gradient from PyTorch."""
    flat = torch.tensor(theta, requires_grad=True)
    at, signal = 0, torch.tensor(x)
    for layer, (n_in, n_out) in enumerate(zip(network.sizes, network.sizes[1:], strict=False)):
        w, b = flat[at : at + n_in * n_out].reshape(n_out, n_in), flat[at + n_in * n_out : at + n_in * n_out + n_out]
        at += n_in * n_out + n_out
        signal = signal @ w.T + b
        if layer < network.layers - 1:
            signal = ACTIVATIONS[network.activation.name](signal)
    targets = torch.tensor(y)
    if network.task == "binary":
        cost = torch.nn.functional.binary_cross_entropy_with_logits(signal, targets)
    elif network.task == "classes":
        cost = torch.nn.functional.cross_entropy(signal, targets)
    else:
        cost = torch.nn.functional.mse_loss(signal, targets)
    cost.backward()
    return float(cost.detach()), flat.grad.numpy()


def step(network: Network, theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Cost and flat gradient from one step of the engine at rate 1."""
    dtype = theta.dtype.name
    history = train_networks(network, Samples.of(x, y, dtype), theta[None], Schedule(1, 1.0, 1, record_last=False))
    return float(history.costs[0, 0]), theta - history.weights[0]


def start(network: Network, dtype: str = "float64") -> np.ndarray:
    size = 0.1 if network.activation.name in GROWING else 0.8
    theta = network.start(scheme("he") * size, 0, dtype)
    for _, biases in network.unflatten(theta):  # biases too must be in the right place
        biases[:] = np.linspace(-0.1, 0.11, len(biases))
    return theta


@pytest.mark.parametrize("hidden", [(5,), (7, 6, 9), (6,) * 30], ids=["1", "3", "30"])
@pytest.mark.parametrize("task", OUTPUTS)
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_float64_gradient_agrees_with_autograd(name: str, task: str, hidden: tuple[int, ...]) -> None:
    network = network_for(3, OUTPUTS[task], task, hidden, name)
    theta = start(network)
    cost, gradient = step(network, theta, *problem(task))
    expected_cost, expected = autograd(network, theta, *problem(task))
    assert cost == pytest.approx(expected_cost, rel=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-12 + 1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("hidden", [(5,), (7, 6, 9), (6,) * 30], ids=["1", "3", "30"])
@pytest.mark.parametrize("task", OUTPUTS)
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_float64_gradient_agrees_with_finite_differences(name: str, task: str, hidden: tuple[int, ...]) -> None:
    """Along one random direction; 1e-7 is short enough that no sample steps over a jump."""
    network = network_for(3, OUTPUTS[task], task, hidden, name)
    theta, (x, y), h = start(network), problem(task), 1e-7
    direction = np.random.default_rng(1).normal(size=theta.size)
    there, back = (step(network, theta + sign * h * direction, x, y)[0] for sign in (1, -1))
    _, gradient = step(network, theta, x, y)
    size = np.linalg.norm(gradient) * np.linalg.norm(direction)
    assert (there - back) / (2 * h) == pytest.approx(gradient @ direction, rel=1e-5, abs=1e-6 * size + 1e-8)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_float32_gradient_agrees_with_float64(name: str) -> None:
    network = network_for(3, 1, "binary", (7, 6, 9), name)
    x, y = problem("binary")
    cost, gradient = step(network, start(network, "float32"), x, y)
    expected_cost, expected = step(network, start(network).astype(np.float64), x, y)
    assert cost == pytest.approx(expected_cost, rel=1e-5)
    np.testing.assert_allclose(gradient, expected, atol=2e-5 * np.abs(expected).max())


def test_every_catalogued_activation_has_an_oracle() -> None:
    assert set(FORMULAS) <= set(ACTIVATIONS)


def test_the_comparison_sees_a_wrong_gradient() -> None:
    network = network_for(3, 1, "binary", (5,), "tanh")
    theta = start(network)
    _, gradient = step(network, theta, *problem("binary"))
    gradient[0] *= 1.001
    _, expected = autograd(network, theta, *problem("binary"))
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-10 * np.abs(expected).max())
