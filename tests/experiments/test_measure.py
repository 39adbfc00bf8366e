"""Measurements against PyTorch's autograd and against what is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.experiments.data.dataset import Dataset
from headstart.experiments.data.datasets import load
from headstart.experiments.measure import measure
from headstart.experiments.network import Network, network_for
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
