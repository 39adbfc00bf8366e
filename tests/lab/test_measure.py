"""Measurements against PyTorch's autograd and against what is known exactly."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

from headstart.lab.dataset import Dataset
from headstart.lab.datasets import load
from headstart.lab.engine import njit_activation
from headstart.lab.measure import measure
from headstart.lab.network import Network, Task, network_for
from headstart.schemes import scheme
from headstart.signals.findings import Signals


def signals(spec: str, data: Dataset, network: Network, seed: int = 0) -> Signals:
    start = network.start(scheme(spec), seed, "float64")
    return measure(network, start, start, data, 1.0, 1.0, None)


@pytest.mark.parametrize("spec", ["circles", "blobs(3)"])
def test_gradients_agree_with_autograd(spec: str) -> None:
    torch = pytest.importorskip("torch")
    data = load(spec)
    network = network_for(2, data.outputs, data.task, (7, 4), "tanh")
    found = signals("he", data, network)
    theta = network.start(scheme("he"), 0, "float64")
    layers = [(torch.tensor(w, requires_grad=True), torch.tensor(b)) for w, b in network.unflatten(theta)]
    signal = torch.tensor(data.train_x)
    stds = []
    for index, (w, b) in enumerate(layers):
        z = signal @ w.T + b
        stds.append(float(z.detach().var(dim=0, correction=0).mean().sqrt()))
        signal = torch.tanh(z) if index < 2 else z
    if data.task == "binary":
        cost = torch.nn.functional.binary_cross_entropy_with_logits(signal[:, 0], torch.tensor(data.train_y).double())
    else:
        cost = torch.nn.functional.cross_entropy(signal, torch.tensor(data.train_y))
    cost.backward()
    np.testing.assert_allclose(found.layer_std, stds, rtol=1e-12)
    np.testing.assert_allclose(
        found.gradient_rms, [float(w.grad.detach().square().mean().sqrt()) for w, _ in layers], rtol=1e-10
    )


def test_distinct_units() -> None:
    data = load("circles")
    network = network_for(2, 1, "binary", (6, 4), "relu")
    assert signals("constant(0.5)", data, network).distinct_first == (1, 1)
    assert signals("zeros", data, network).distinct_first == (1, 1)
    assert signals("he", data, network).distinct_first == (6, 4)
    half = network.start(scheme("he"), 0, "float64")
    (w1, _), (w2, _), _ = network.unflatten(half)
    w1[3:], w2[:, 3:] = w1[:3], w2[:, :3]  # three pairs of twins in the first layer
    assert measure(network, half, half, data, 1.0, 1.0, None).distinct_first == (3, 4)
    w2[:, 3] += 1  # the same inputs but other outputs: they will part
    assert measure(network, half, half, data, 1.0, 1.0, None).distinct_first == (4, 4)


def test_saturation_and_the_part_that_depends_on_the_input() -> None:
    data = load("circles")
    deep = network_for(2, 1, "binary", (10,) * 10, "tanh")
    assert max(signals("normal(3)", data, deep).flat_share) > 0.5
    assert max(signals("xavier", data, deep).flat_share) == 0
    shallow = network_for(2, 1, "binary", (10, 5), "relu")
    assert signals("normal(10)", data, shallow).saturated_outputs > 0.5
    assert signals("he", data, shallow).saturated_outputs == 0
    assert signals("he", data, shallow).flat_share == ()
    # a sigmoid layer's outputs stay near 0.5 for tiny weights: large second moment, nothing about the input in it
    sigmoid = network_for(2, 1, "binary", (10, 5), "sigmoid")
    assert signals("normal(0.01)", data, sigmoid).layer_std[-1] < 1e-4


def test_far_too_large_weights_are_measured_not_warned_about() -> None:
    data = load("circles")
    deep = network_for(2, 1, "binary", (10,) * 400, "identity")
    assert not np.isfinite(signals("normal(100)", data, deep).layer_std[-1])


# --- against autograd where nothing is zero, square or shallow --------------------------------------------------------


def made(task: Task, outputs: int, count: int = 37) -> Dataset:
    """Data off the origin, with features of unlike size."""
    rng = np.random.default_rng(outputs)
    x = rng.normal(size=(count, 3)) * [1, 5, 0.2] + [2, 0, -1]
    y = rng.normal(size=count) * 3 if task == "regression" else rng.integers(0, max(outputs, 2), size=count)
    classes = () if task == "regression" else tuple(str(k) for k in range(max(outputs, 2)))
    return Dataset("made", task, x, y, x[:5] + 1, y[:5], classes)


@pytest.mark.parametrize("hidden", [(), (4,), (7, 3, 5), (6, 4) * 6], ids=["0", "1", "3", "12"])
@pytest.mark.parametrize(("task", "outputs"), [("binary", 1), ("classes", 4), ("regression", 1)])
@pytest.mark.parametrize("name", ["tanh", "gelu"])
def test_every_signal_is_what_autograd_says(name: str, task: Task, outputs: int, hidden: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch")
    phi = {"tanh": torch.tanh, "gelu": torch.nn.functional.gelu}[name]
    data, network = made(task, outputs), network_for(3, outputs, task, hidden, name)
    theta = network.start(scheme("xavier*1.3"), 1, "float64", sigma_b=0.7)
    found = measure(network, theta, theta, data, 1.0, 1.0, None)

    weights = [(torch.tensor(w, requires_grad=True), torch.tensor(b)) for w, b in network.unflatten(theta)]
    signal, sums = torch.tensor(data.train_x), []
    for layer, (w, b) in enumerate(weights):
        sums.append(signal @ w.T + b)
        sums[-1].retain_grad()
        signal = phi(sums[-1]) if layer < network.layers - 1 else sums[-1]
    y = torch.tensor(data.train_y)
    costs = {
        "binary": lambda: torch.nn.functional.binary_cross_entropy_with_logits(
            signal[:, 0], y.double(), reduction="none"
        ),
        "classes": lambda: torch.nn.functional.cross_entropy(signal, y, reduction="none"),
        "regression": lambda: (signal[:, 0] - y) ** 2,
    }[task]()
    costs.sum().backward()

    def rms(values: torch.Tensor) -> float:
        return float(values.square().mean().sqrt())

    count = len(data.train_x)
    np.testing.assert_allclose(found.error_rms, [rms(z.grad) for z in sums], rtol=1e-9)
    np.testing.assert_allclose(found.gradient_rms, [rms(w.grad / count) for w, _ in weights], rtol=1e-9)
    spreads = [z.detach().numpy() for z in sums]
    np.testing.assert_allclose(
        found.layer_std, [np.sqrt(np.mean([np.mean((u - u.mean()) ** 2) for u in z.T])) for z in spreads], rtol=1e-9
    )
    assert found.input_std == pytest.approx(np.sqrt(np.mean([np.std(u) ** 2 for u in data.train_x.T])), rel=1e-12)
    assert found.widths == hidden
    assert len(found.layer_std) == len(found.error_rms) == len(found.gradient_rms) == network.layers


def test_the_start_is_measured_and_the_end_only_counted() -> None:
    data, network = made("binary", 1), network_for(3, 1, "binary", (6, 4), "tanh")
    start, end = network.start(scheme("he"), 0, "float64"), network.start(scheme("zeros"), 0, "float64")
    found = measure(network, start, end, data, 0.9, 0.4, 17)
    assert (found.distinct_first, found.distinct_last) == ((6, 4), (1, 1))
    assert (found.first_cost, found.final_cost, found.diverged_at) == (0.9, 0.4, 17)
    assert found.layer_std == measure(network, start, start, data, 1.0, 1.0, None).layer_std


# --- limits ---------------------------------------------------------------------------------------------------------


def constant_outputs(network: Network, outputs: list[float]) -> np.ndarray:
    """Weights of zero and these biases of the last layer: the same logits for every sample."""
    theta = np.zeros(network.parameter_count)
    network.unflatten(theta)[-1][1][:] = outputs
    return theta


@pytest.mark.parametrize(
    ("task", "inside", "outside"),
    [  # log((1 - 1e-6) / 1e-6) = 13.81551, and for three classes log(2 (1 - 1e-6) / 1e-6) = 14.50866
        ("binary", [13.815], [13.816]),
        ("binary", [-13.815], [-13.816]),
        ("classes", [14.508, 0.0, 0.0], [14.509, 0.0, 0.0]),
        ("classes", [5.0, 5.0, 19.508], [5.0, 5.0, 19.509]),
        ("regression", [10.0], [1e6]),  # numbers saturate nothing
    ],
)
def test_an_output_is_saturated_within_a_millionth_of_certainty(
    task: Task, inside: list[float], outside: list[float]
) -> None:
    network = network_for(3, len(inside), task, (), "relu")
    for outputs, share in ((inside, 0.0), (outside, float(task != "regression"))):
        theta = constant_outputs(network, outputs)
        assert measure(network, theta, theta, made(task, len(inside)), 1.0, 1.0, None).saturated_outputs == share


@pytest.mark.parametrize(("task", "slopes"), [("binary", [9.0]), ("classes", [9.0, 0.0, -9.0])])
def test_saturated_outputs_are_a_share_of_the_samples(task: Task, slopes: list[float]) -> None:
    data, network = made(task, len(slopes)), network_for(3, len(slopes), task, (), "relu")
    theta = np.zeros(network.parameter_count)
    network.unflatten(theta)[0][0][:, 0] = slopes
    logits = data.train_x[:, :1] * slopes
    if task == "binary":
        certain = np.abs(logits[:, 0]) > 13.81551
    else:
        certain = np.exp(logits.max(axis=1)) / np.exp(logits).sum(axis=1) > 1 - 1e-6
    assert 0.2 < certain.mean() < 0.9
    assert measure(network, theta, theta, data, 1.0, 1.0, None).saturated_outputs == certain.mean()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_slope_is_flat_below_a_hundredth(sign: int) -> None:
    """tanh's slope is a hundredth at 2.99322."""
    data, network = made("binary", 1), network_for(3, 1, "binary", (4, 2), "tanh")
    theta = np.zeros(network.parameter_count)
    (_, b1), (_, b2), _ = network.unflatten(theta)
    b1[:], b2[:] = [2.9932 * sign, 2.9933 * sign, 0.0, 9.0 * sign], [3.5 * sign, 0.0]
    assert measure(network, theta, theta, data, 1.0, 1.0, None).flat_share == (0.5, 0.5)


def test_a_falling_slope_is_no_flatter_than_a_rising_one() -> None:
    """A bump saturates on both sides, and its slope of -0.86 is as steep as one of 0.86."""
    bump = njit_activation(
        numba.njit(lambda z: math.exp(-z * z)), numba.njit(lambda z: -2 * z * math.exp(-z * z)), "bump"
    )
    network = Network((3, 2, 1), bump, "binary")
    theta = np.zeros(network.parameter_count)
    network.unflatten(theta)[0][1][:] = [0.7, 4.0]
    assert bump.saturates
    assert measure(network, theta, theta, made("binary", 1), 1.0, 1.0, None).flat_share == (0.5,)


def test_sizes_that_overflowed_are_infinite_never_nan() -> None:
    data, deep = made("binary", 1), network_for(3, 1, "binary", (10,) * 40, "identity")
    theta = deep.start(scheme("normal(1e9)"), 0, "float64")
    found = measure(deep, theta, theta, data, 1.0, 1.0, None)
    for sizes in (found.layer_std, found.gradient_rms, found.error_rms):
        assert not np.isnan(sizes).any()
    assert found.layer_std[-1] == found.gradient_rms[0] == np.inf
