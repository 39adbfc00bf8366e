"""Measurements against PyTorch's autograd and against what is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.experiments.data.dataset import Dataset
from headstart.experiments.data.datasets import load
from headstart.experiments.measure import constant_cost, measure, outcome
from headstart.experiments.network import Network, network_for
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
