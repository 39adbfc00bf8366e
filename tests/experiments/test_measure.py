"""Measurements against PyTorch's autograd and against what is known exactly."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import pytest

from headstart.experiments.data.dataset import Dataset
from headstart.experiments.data.datasets import load
from headstart.experiments.engine import njit_activation
from headstart.experiments.measure import constant_cost, measure, outcome
from headstart.experiments.network import Network, Task, network_for
from headstart.schemes import scheme
from headstart.signals.record import Signals


def signals(spec: str, data: Dataset, network: Network, seed: int = 0) -> Signals:
    start = network.start(scheme(spec), seed, "float64")
    return measure(network, start, data, 1.0)


def distinct(network: Network, start: np.ndarray, data: Dataset) -> tuple[int | None, ...]:
    return tuple(layer.distinct for layer in measure(network, start, data, 1.0).layers)


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
    np.testing.assert_allclose([layer.std for layer in found.layers], stds, rtol=1e-12)
    np.testing.assert_allclose(
        [layer.gradient_rms for layer in found.layers],
        [float(w.grad.detach().square().mean().sqrt()) for w, _ in layers],
        rtol=1e-10,
    )


def test_distinct_units() -> None:
    data = load("circles")
    network = network_for(2, 1, "binary", (6, 4), "relu")
    for spec, counts in (("constant(0.5)", (1, 1, None)), ("zeros", (1, 1, None)), ("he", (6, 4, None))):
        start = network.start(scheme(spec), 0, "float64")
        assert distinct(network, start, data) == counts
        assert outcome(network, start, data, 1.0, 1.0, None).distinct == counts[:2]
    half = network.start(scheme("he"), 0, "float64")
    (w1, _), (w2, _), _ = network.unflatten(half)
    w1[3:], w2[:, 3:] = w1[:3], w2[:, :3]  # three pairs of twins in the first layer
    assert distinct(network, half, data) == (3, 4, None)
    w2[:, 3] += 1  # the same inputs but other outputs: they will part
    assert distinct(network, half, data) == (4, 4, None)


def test_saturation_and_the_part_that_depends_on_the_input() -> None:
    data = load("circles")
    deep = network_for(2, 1, "binary", (10,) * 10, "tanh")
    assert max(layer.flat_share for layer in signals("normal(3)", data, deep).layers[:-1]) > 0.5
    assert max(layer.flat_share for layer in signals("xavier", data, deep).layers[:-1]) == 0
    assert signals("xavier", data, deep).layers[-1].flat_share is None
    shallow = network_for(2, 1, "binary", (10, 5), "relu")
    assert signals("normal(10)", data, shallow).saturated_outputs > 0.5
    assert signals("he", data, shallow).saturated_outputs == 0
    assert [layer.flat_share for layer in signals("he", data, shallow).layers] == [None, None, None]
    # a sigmoid layer's outputs stay near 0.5 for tiny weights: large second moment, nothing about the input in it
    sigmoid = network_for(2, 1, "binary", (10, 5), "sigmoid")
    assert signals("normal(0.01)", data, sigmoid).layers[-1].std < 1e-4
    tilted = sigmoid.start(scheme("normal(0.01)"), 0, "float64")
    tilted[-1] = 3.0  # the output's bias: a large sum, and nothing about the input in it
    output = measure(sigmoid, tilted, data, 1.0).layers[-1]
    assert output.std < 1e-4
    assert (output.rms, output.mean) == (pytest.approx(3, abs=0.1), pytest.approx(3, abs=0.1))


def test_far_too_large_weights_are_measured_not_warned_about() -> None:
    data = load("circles")
    deep = network_for(2, 1, "binary", (10,) * 400, "identity")
    assert not np.isfinite(signals("normal(100)", data, deep).layers[-1].std)


def test_layers_have_names_and_widths() -> None:
    data = load("circles")
    found = signals("he", data, network_for(2, 1, "binary", (6, 4), "relu"))
    assert [(layer.name, layer.width) for layer in (found.input, *found.layers)] == [
        ("input", 2), ("hidden layer 1", 6), ("hidden layer 2", 4), ("output layer", 1),
    ]  # fmt: skip


def test_a_constant_answer_costs_entropy_or_variance() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2))
    three = np.repeat([0, 1, 2], (20, 10, 10))
    data = Dataset("three", "classes", x, three, x, three, classes=("a", "b", "c"))
    assert constant_cost(data) == pytest.approx(0.5 * np.log(2) + 0.5 * np.log(4), rel=1e-14)
    two = (three == 1).astype(np.int64)
    assert constant_cost(Dataset("two", "binary", x, two, x, two)) == pytest.approx(
        -0.25 * np.log(0.25) - 0.75 * np.log(0.75), rel=1e-14
    )
    y = rng.normal(size=40)
    line = Dataset("line", "regression", x, y, x, y)
    assert constant_cost(line) == pytest.approx(np.var(y), rel=1e-14)
    network = network_for(2, 1, "regression", (4,), "tanh")
    end = network.start(scheme("he"), 0, "float64")
    score = line.score(network.logits(end, line.train_x), line.train_y)
    found = outcome(network, end, line, score, float(np.mean((network.logits(end, x)[:, 0] - y) ** 2)), None)
    assert found.metric == "R²"
    assert found.learnt == pytest.approx(found.score, rel=1e-12)  # for a regression both are R²


# --- against autograd where nothing is zero, square or shallow --------------------------------------------------------


def made(task: Task, outputs: int, count: int = 37) -> Dataset:
    """Data off the origin, with features of unlike size."""
    rng = np.random.default_rng(outputs)
    x = rng.normal(size=(count, 3)) * [1, 5, 0.2] + [2, 0, -1]
    y = rng.normal(size=count) * 3 if task == "regression" else rng.integers(0, max(outputs, 2), size=count)
    classes = () if task == "regression" else tuple(str(k) for k in range(max(outputs, 2)))
    return Dataset("made", task, x, y, x[:5] + 1, y[:5], classes)


def sizes(found: Signals, field: str) -> tuple[Any, ...]:
    """What was measured at each layer, in forward order."""
    return tuple(getattr(layer, field) for layer in found.layers)


@pytest.mark.parametrize("hidden", [(), (4,), (7, 3, 5), (6, 4) * 6], ids=["0", "1", "3", "12"])
@pytest.mark.parametrize(("task", "outputs"), [("binary", 1), ("classes", 4), ("regression", 1)])
@pytest.mark.parametrize("name", ["tanh", "gelu"])
def test_every_signal_is_what_autograd_says(name: str, task: Task, outputs: int, hidden: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch")
    phi = {"tanh": torch.tanh, "gelu": torch.nn.functional.gelu}[name]
    data, network = made(task, outputs), network_for(3, outputs, task, hidden, name)
    theta = network.start(scheme("xavier*1.3"), 1, "float64", sigma_b=0.7)
    found = measure(network, theta, data, 1.0)

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
    np.testing.assert_allclose(sizes(found, "error_rms"), [rms(z.grad) for z in sums], rtol=1e-9)
    np.testing.assert_allclose(sizes(found, "gradient_rms"), [rms(w.grad / count) for w, _ in weights], rtol=1e-9)
    drawn = [z.detach().numpy() for z in sums]
    np.testing.assert_allclose(
        sizes(found, "std"), [np.sqrt(np.mean([np.mean((u - u.mean()) ** 2) for u in z.T])) for z in drawn], rtol=1e-9
    )
    np.testing.assert_allclose(sizes(found, "rms"), [rms(z.detach()) for z in sums], rtol=1e-9)
    np.testing.assert_allclose(sizes(found, "mean"), [float(z.detach().mean()) for z in sums], rtol=1e-9, atol=1e-12)
    assert found.input.std == pytest.approx(np.sqrt(np.mean([np.std(u) ** 2 for u in data.train_x.T])), rel=1e-12)
    assert found.input.rms == pytest.approx(np.sqrt(np.mean(data.train_x**2)), rel=1e-12)
    assert (found.input.width, *sizes(found, "width")) == (3, *hidden, outputs)
    assert [layer.name for layer in found.layers[:-1]] == [f"hidden layer {k + 1}" for k in range(len(hidden))]
    assert found.layers[-1].name == "output layer"
    assert len(found.layers) == network.layers


def test_the_start_is_measured_and_the_end_only_counted() -> None:
    data, network = made("binary", 1), network_for(3, 1, "binary", (6, 4), "tanh")
    start, last = network.start(scheme("he"), 0, "float64"), network.start(scheme("zeros"), 0, "float64")
    found, after = measure(network, start, data, 0.9), outcome(network, last, data, 0.6, 0.4, 17)
    assert (sizes(found, "distinct"), after.distinct) == ((6, 4, None), (1, 1))
    assert (found.first_cost, after.final_cost, after.diverged_at, after.score) == (0.9, 0.4, 17, 0.6)
    assert found.layers == measure(network, start, data, 1.0).layers
    assert (after.metric, outcome(network, last, data, 0.6, 0.4, None).diverged_at) == ("accuracy", None)


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
    shares = (None, None) if task == "regression" else (0.0, 1.0)  # of numbers nobody asks
    for outputs, share in zip((inside, outside), shares, strict=True):
        theta = constant_outputs(network, outputs)
        assert measure(network, theta, made(task, len(inside)), 1.0).saturated_outputs == share


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
    assert measure(network, theta, data, 1.0).saturated_outputs == certain.mean()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_slope_is_flat_below_a_hundredth(sign: int) -> None:
    """tanh's slope is a hundredth at 2.99322."""
    data, network = made("binary", 1), network_for(3, 1, "binary", (4, 2), "tanh")
    theta = np.zeros(network.parameter_count)
    (_, b1), (_, b2), _ = network.unflatten(theta)
    b1[:], b2[:] = [2.9932 * sign, 2.9933 * sign, 0.0, 9.0 * sign], [3.5 * sign, 0.0]
    assert sizes(measure(network, theta, data, 1.0), "flat_share") == (0.5, 0.5, None)


def test_a_falling_slope_is_no_flatter_than_a_rising_one() -> None:
    """A bump saturates on both sides, and its slope of -0.86 is as steep as one of 0.86."""
    bump = njit_activation(
        numba.njit(lambda z: math.exp(-z * z)), numba.njit(lambda z: -2 * z * math.exp(-z * z)), "bump"
    )
    network = Network((3, 2, 1), bump, "binary")
    theta = np.zeros(network.parameter_count)
    network.unflatten(theta)[0][1][:] = [0.7, 4.0]
    assert bump.saturates
    assert sizes(measure(network, theta, made("binary", 1), 1.0), "flat_share") == (0.5, None)


def test_sizes_that_overflowed_are_infinite_never_nan() -> None:
    data, deep = made("binary", 1), network_for(3, 1, "binary", (10,) * 40, "identity")
    theta = deep.start(scheme("normal(1e9)"), 0, "float64")
    found = measure(deep, theta, data, 1.0)
    for field in ("std", "rms", "gradient_rms", "error_rms"):
        assert not np.isnan(sizes(found, field)).any()
    assert found.layers[-1].std == found.layers[-1].rms == found.layers[0].gradient_rms == np.inf
