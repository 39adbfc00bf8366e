"""Measure one network in float64 with NumPy: its signals before the first step, and what training made of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headstart.experiments.data.dataset import Dataset
from headstart.experiments.network import Network
from headstart.signals.record import Outcome, Signal, Signals

Array = NDArray[np.float64]
FLAT = 0.01  # a slope below this passes hardly any gradient
NEAR_CERTAIN = 1e-6  # how close to 0 or 1 a probability counts as saturated


def measure(network: Network, start: NDArray[np.floating], data: Dataset, first_cost: float) -> Signals:
    """The signals of one start: forward and backward through it, layer by layer.

    Args:
        network: the architecture.
        start: its weights before the first step, flat.
        data: the training data is sent forward and its error back.
        first_cost: what training recorded at step 0.
    """
    with np.errstate(all="ignore"):  # far too large weights overflow; the infinity is the measurement
        sums, received = _forward(network, start, data.train_x)
        errors = _backward(network, start, sums, data)
        distinct, saturates = network.distinct_units(start), network.activation.saturates
        layers = []
        for index, (z, error, before) in enumerate(zip(sums, errors, received, strict=True)):
            hidden = index < network.layers - 1
            layers.append(
                Signal(
                    name=f"hidden layer {index + 1}" if hidden else "output layer",
                    width=z.shape[1],
                    std=_spread(z),
                    rms=_rms(z),
                    mean=float(np.mean(z)),
                    error_rms=_rms(error),
                    gradient_rms=_rms(error.T @ before / len(before)),
                    flat_share=_flat_share(network, z) if hidden and saturates else None,
                    distinct=distinct[index] if hidden else None,
                )
            )
        return Signals(
            input=Signal(name="input", width=data.train_x.shape[1], std=_spread(data.train_x), rms=_rms(data.train_x)),
            layers=tuple(layers),
            saturated_outputs=_saturated_outputs(network, sums[-1]),
            first_cost=first_cost,
        )


def outcome(
    network: Network, end: NDArray[np.floating], data: Dataset, score: float, final_cost: float, diverged_at: int | None
) -> Outcome:
    """What training made of one network: how good its answers to the training data are, and which units differ.

    Args:
        network: the architecture.
        end: its weights after the last step, flat.
        data: what it was trained on.
        score: accuracy or R² on that.
        final_cost, diverged_at: what training recorded.
    """
    return Outcome(
        final_cost=final_cost,
        constant_cost=constant_cost(data),
        score=score,
        constant_score=constant_score(data),
        metric="R²" if data.task == "regression" else "accuracy",
        diverged_at=diverged_at,
        distinct=tuple(network.distinct_units(end)),
    )


def constant_cost(data: Dataset) -> float:
    """The training cost of the best answer that ignores the inputs: the classes' frequencies, or the mean.

    >>> from headstart.experiments.data.datasets import load
    >>> round(constant_cost(load("circles")), 4)  # ln 2
    0.6931
    """
    targets = data.targets(data.train_y)
    if data.task == "regression":
        return float(np.mean(np.var(targets, axis=0)))
    shares = targets.mean(axis=0)
    if data.task == "binary":
        shares = np.append(shares, 1 - shares)
    return float(-np.sum(shares * np.log(shares, out=np.zeros_like(shares), where=shares > 0)))


def constant_score(data: Dataset) -> float:
    """The training score of the best answer that ignores the inputs: the share of the largest class, or an R² of 0.

    >>> from headstart.experiments.data.datasets import load
    >>> constant_score(load("circles"))
    0.5
    """
    if data.task == "regression":
        return 0.0
    return float(np.unique(data.train_y, return_counts=True)[1].max() / len(data.train_y))


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


def _saturated_outputs(network: Network, logits: Array) -> float | None:
    if network.task == "regression":
        return None
    p = probabilities(network, logits)
    if network.task == "binary":
        return float(np.mean(np.min(p, axis=1) < NEAR_CERTAIN))
    return float(np.mean(np.max(p, axis=1) > 1 - NEAR_CERTAIN))
