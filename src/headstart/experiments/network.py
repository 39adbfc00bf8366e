"""The lab's network: layer sizes, one activation, an output that follows from the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headstart import memory
from headstart.check import whole
from headstart.draws import draw_many
from headstart.plans import Parameter, Plan, plan_parameters
from headstart.schemes import Scheme
from headstart.schemes.names import normal
from headstart.theory.activations import Activation, activation
from headstart.words import count

Task = Literal["binary", "classes", "regression"]


@dataclass(frozen=True)
class Network:
    """A fully connected network: hidden layers with one activation, and an output made for the task.

    One sigmoid unit with cross-entropy for two classes ("binary"), softmax with cross-entropy for more ("classes"),
    linear units with mean squared error for numbers ("regression").

    Args:
        sizes: units per layer, inputs first, outputs last.
        activation: of the hidden layers.
        task: what the outputs are for.

    >>> Network((2, 10, 5, 1), activation("relu"), "binary").parameter_count
    91
    """

    sizes: tuple[int, ...]
    activation: Activation
    task: Task

    def __str__(self) -> str:
        """The sizes, runs of equal ones counted.

        >>> str(Network((2, 10, 5, 1), activation("relu"), "binary"))
        '2-10-5-1'
        >>> str(Network((2, *[32] * 400, 1), activation("relu"), "binary"))
        '2-32×400-1'
        """
        runs = [(size, len(list(run))) for size, run in groupby(self.sizes)]
        return "-".join(f"{size}×{count}" if count > 3 else "-".join([str(size)] * count) for size, count in runs)

    @property
    def layers(self) -> int:
        """The number of weight matrices."""
        return len(self.sizes) - 1

    @property
    def parameter_count(self) -> int:
        return sum(n_in * n_out + n_out for n_in, n_out in pairwise(self.sizes))

    def parameters(self) -> list[Parameter]:
        """The weights and biases in the order they lie in the flat array."""
        found = []
        for layer, (n_in, n_out) in enumerate(pairwise(self.sizes)):
            follows = str(self.activation) if layer < self.layers - 1 else "identity"
            found.append(Parameter(f"layers.{layer}.weight", (n_out, n_in), activation=follows))
            found.append(Parameter(f"layers.{layer}.bias", (n_out,), role="bias"))
        return found

    def unflatten(self, theta: NDArray[np.floating]) -> list[tuple[NDArray[np.floating], NDArray[np.floating]]]:
        """(weights (n_out, n_in), biases (n_out,)) per layer, views of the flat array."""
        arrays, at = [], 0
        for n_in, n_out in pairwise(self.sizes):
            weights = theta[at : at + n_in * n_out].reshape(n_out, n_in)
            at += n_in * n_out
            arrays.append((weights, theta[at : at + n_out]))
            at += n_out
        return arrays

    def plan(self, scheme: Scheme, sigma_b: float = 0.0) -> Plan:
        """What every weight and bias gets; biases N(0, sigma_b^2)."""
        return plan_parameters(self.parameters(), scheme, {"bias": normal(sigma_b)} if sigma_b > 0 else None)

    def start(self, scheme: Scheme, seed: int, dtype: str = "float32", sigma_b: float = 0.0) -> NDArray[np.floating]:
        """The starting weights as one flat array: planned by the scheme, drawn by the seed."""
        first: NDArray[np.floating] = self.starts([scheme], [seed], dtype, [sigma_b])[0]
        return first

    def starts(
        self, schemes: Sequence[Scheme], seeds: Sequence[int], dtype: str = "float32", sigma_bs: Sequence[float] = ()
    ) -> NDArray[np.floating]:
        """The starting weights of many networks, (networks, parameters); row i by schemes[i], seeds[i], sigma_bs[i]."""
        memory.require(
            len(seeds) * self.parameter_count * np.dtype(dtype).itemsize,
            f"the start of {count(len(seeds), 'network')} of {self.parameter_count:,} parameters",
            "Write fewer seeds, fewer schemes or smaller layers.", memory.limit(memory.LAB_SHARE),
        )  # fmt: skip
        starts = np.empty((len(seeds), self.parameter_count), dtype)
        plans: dict[tuple[int, float], Plan] = {}
        keys = [(id(scheme), b) for scheme, b in zip(schemes, sigma_bs or [0.0] * len(seeds), strict=True)]
        for key, scheme in zip(keys, schemes, strict=True):
            if key not in plans:
                plans[key] = self.plan(scheme, key[1])
        at = 0
        for place, parameter in enumerate(self.parameters()):
            end = at + math.prod(parameter.shape)
            entries = [plans[key].entries[place] for key in keys]
            draws, first = [entry.draw for entry in entries], entries[0]
            draw_many(draws, parameter.shape, seeds, first.key, first.stream_role, starts[:, at:end])
            at = end
        return starts

    def distinct_units(self, theta: NDArray[np.floating]) -> list[int]:
        """Per hidden layer, how many units differ from one another in what they receive or in what they send."""
        counts = []
        for (weights, biases), (following, _) in pairwise(self.unflatten(theta)):
            units = np.column_stack([weights, biases, following.T])
            counts.append(len(np.unique(units, axis=0)) if np.isfinite(units).all() else len(units))
        return counts

    def logits(self, theta: NDArray[np.floating], x: NDArray[np.floating]) -> NDArray[np.float64]:
        """The output before sigmoid or softmax, in float64: (samples, inputs) -> (samples, outputs)."""
        signal = np.asarray(x, np.float64)
        layers = self.unflatten(theta)
        with np.errstate(all="ignore"):  # a diverged network's outputs are NaN, and shall be
            for layer, (weights, biases) in enumerate(layers):
                signal = signal @ weights.astype(np.float64).T + biases
                if layer < len(layers) - 1:
                    signal = self.activation(signal)
        return signal


def network_for(
    n_inputs: int, n_outputs: int, task: Task, hidden: tuple[int, ...], hidden_activation: str | Activation
) -> Network:
    """The network with these hidden layers for data with this many inputs and outputs."""
    units = (whole(size, "a hidden layer's size", example="10") for size in hidden)
    return Network((n_inputs, *units, n_outputs), activation(hidden_activation), task)
