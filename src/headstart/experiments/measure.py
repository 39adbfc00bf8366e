"""Measure one network at its start and end, in float64 with NumPy: signals, errors, gradients, distinct units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headstart.experiments.data.dataset import Dataset
from headstart.experiments.network import Network
from headstart.signals.findings import Signals

Array = NDArray[np.float64]
FLAT = 0.01  # a slope below this passes hardly any gradient
NEAR_CERTAIN = 1e-6  # how close to 0 or 1 a probability counts as saturated


def measure(
    network: Network,
    start: NDArray[np.floating],
    end: NDArray[np.floating],
    data: Dataset,
    first_cost: float,
    final_cost: float,
    diverged_at: int | None,
) -> Signals:
    """The signals of one run: forward and backward through the starting weights, and the units that differ.

    Args:
        network: the architecture.
        start, end: its weights before the first and after the last step, flat.
        data: the training data is sent forward and its error back.
        first_cost, final_cost, diverged_at: what training recorded.
    """
    with np.errstate(all="ignore"):  # far too large weights overflow; the infinity is the measurement
        pre_activations, activations = _forward(network, start, data.train_x)
        errors = _backward(network, start, pre_activations, data)
        gradients = [error.T @ before / len(before) for error, before in zip(errors, activations, strict=True)]
        saturating = network.activation.saturates
        return Signals(
            input_std=_spread(data.train_x),
            layer_std=tuple(_spread(z) for z in pre_activations),
            error_rms=tuple(_rms(error) for error in errors),
            gradient_rms=tuple(_rms(gradient) for gradient in gradients),
            flat_share=tuple(_flat_share(network, z) for z in pre_activations[:-1]) if saturating else (),
            saturated_outputs=_saturated_outputs(network, pre_activations[-1]),
            widths=network.sizes[1:-1],
            distinct_first=tuple(network.distinct_units(start)),
            distinct_last=tuple(network.distinct_units(end)),
            first_cost=first_cost,
            final_cost=final_cost,
            diverged_at=diverged_at,
        )


def probabilities(network: Network, logits: Array) -> Array:
    """(samples, outputs) -> (samples, classes); for two classes the sigmoid unit's p and 1 - p."""
    from scipy import special

    if network.task == "binary":
        p = special.expit(logits)
        return np.hstack([1 - p, p])
    return np.asarray(special.softmax(logits, axis=1))


def _forward(network: Network, theta: NDArray[np.floating], x: Array) -> tuple[list[Array], list[Array]]:
    """Pre-activations of every layer, and what each layer receives."""
    received, sums = [x], []
    layers = network.unflatten(theta.astype(np.float64))
    for layer, (weights, biases) in enumerate(layers):
        sums.append(received[-1] @ weights.T + biases)
        if layer < len(layers) - 1:
            received.append(network.activation(sums[-1]))
    return sums, received


def _backward(network: Network, theta: NDArray[np.floating], sums: list[Array], data: Dataset) -> list[Array]:
    """Each sample's cost, differentiated by the pre-activations of every layer."""
    targets = data.targets(data.train_y)
    if network.task == "regression":
        error = 2 * (sums[-1] - targets) / targets.shape[1]
    else:
        error = probabilities(network, sums[-1])[:, -targets.shape[1] :] - targets
    errors = [error]
    layers = network.unflatten(theta.astype(np.float64))
    for (weights, _), z in zip(reversed(layers[1:]), reversed(sums[:-1]), strict=True):
        errors.append((errors[-1] @ weights) * network.activation.derivative(z))
    return errors[::-1]


def _spread(values: Array) -> float:
    """Standard deviation across the samples, root mean square over the columns.

    Across samples, because a bias alone keeps the plain second moment up while the part that depends on the input dies.
    """
    return _finite_or_infinite(float(np.sqrt(np.mean(np.var(values, axis=0)))))


def _rms(values: Array) -> float:
    return _finite_or_infinite(float(np.sqrt(np.mean(values**2))))


def _finite_or_infinite(size: float) -> float:
    """Infinity also for NaN: a size only becomes NaN after numbers overflowed."""
    return size if np.isfinite(size) else np.inf


def _flat_share(network: Network, z: Array) -> float:
    return float(np.mean(np.abs(network.activation.derivative(z)) < FLAT))


def _saturated_outputs(network: Network, logits: Array) -> float:
    if network.task == "regression":
        return 0.0
    p = probabilities(network, logits)
    if network.task == "binary":
        return float(np.mean(np.min(p, axis=1) < NEAR_CERTAIN))
    return float(np.mean(np.max(p, axis=1) > 1 - NEAR_CERTAIN))
