"""A problem: data and a network for it, as the engine reads them. It starts, trains, scores and measures networks.

Comparisons, searches of learning rates, sweeps and tunings all train through this one object, so one run is the same
run wherever it is asked for: the same start, the same batches, the same score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart import memory
from headstart.experiments import engine
from headstart.experiments.data.dataset import Dataset
from headstart.experiments.data.datasets import load
from headstart.experiments.measure import measure, outcome
from headstart.experiments.network import Network, network_for
from headstart.schemes import Scheme
from headstart.signals.record import Outcome, Signals

__all__ = ["Problem", "problem_for"]

SIGNALS = 5  # arrays of a layer's size that measuring holds: sums, signals, errors, and two on the way

Weights = NDArray[np.floating]  # (networks, parameters), or one network's (parameters,)


@dataclass(frozen=True)
class Problem:
    """Data and a network for it.

    Args:
        data: inputs, targets, task.
        network: sizes, activation, output for the task.
        training, testing: the two parts of the data as the engine reads them, in the dtype that is trained in.

    >>> from headstart.schemes import scheme
    >>> circles = problem_for("circles")
    >>> start = circles.starts([scheme("he")], [0])
    >>> start.shape, circles.scores(start)[0].shape
    ((1, 91), (1,))
    """

    data: Dataset
    network: Network
    training: engine.Samples
    testing: engine.Samples

    @property
    def dtype(self) -> str:
        """float32 or float64."""
        return str(self.training.x.dtype)

    def with_network(self, hidden: tuple[int, ...], activation: str) -> Problem:
        """The same data, not read again, for another network."""
        return replace(self, network=_network(self.data, hidden, activation))

    def starts(self, schemes: Sequence[Scheme], seeds: Sequence[int], sigma_bs: Sequence[float] = ()) -> Weights:
        """(networks, parameters): row i drawn by schemes[i] under seeds[i], with biases N(0, sigma_bs[i]^2)."""
        return self.network.starts(schemes, seeds, self.dtype, sigma_bs)

    def train(
        self, starts: Weights, schedule: engine.Schedule, rates: Sequence[float], seeds: Sequence[int], **how: Any
    ) -> engine.History:
        """Train every row of `starts` at its own rate; its seed shuffles its batches.

        Args:
            how: threads, memory_limit, progress, cancel, as `engine.train_networks` has them.

        Raises:
            InputError, Cancelled: as `engine.train_networks`.
        """
        return engine.train_networks(
            self.network, self.training, starts, schedule, learning_rates=np.array(rates, np.float64),
            batch_seeds=np.array(seeds), **how,
        )  # fmt: skip

    def check_measuring(self) -> None:
        """See that there is memory to measure one network: every layer's numbers on all samples, in float64.

        Raises:
            InputError: there is not.
        """
        memory.require(
            8 * SIGNALS * len(self.data.train_x) * sum(self.network.sizes), f"measuring a network of {self.network}",
            "Write fewer or smaller layers, or fewer samples.", memory.limit(memory.LAB_SHARE),
        )  # fmt: skip

    def measure(self, start: Weights, first_cost: float) -> Signals:
        """What is measured in one network at its start; see `experiments.measure`."""
        return measure(self.network, start, self.data, first_cost)

    def outcome(self, end: Weights, score: float, final_cost: float, diverged_at: int | None) -> Outcome:
        """What training made of one network; see `experiments.measure`."""
        return outcome(self.network, end, self.data, score, final_cost, diverged_at)

    def scores(self, weights: Weights) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(networks,) scores on the training and on the test data: accuracy, or for a regression R²."""
        data = self.data
        return (
            self._scores(weights, self.training, data.train_x, data.train_y),
            self._scores(weights, self.testing, data.test_x, data.test_y),
        )

    def _scores(
        self, weights: Weights, samples: engine.Samples, x: NDArray[np.float64], y: NDArray[np.generic]
    ) -> NDArray[np.float64]:
        """By the compiled loop; where an output is not finite, or for R², which that does not know, one by one."""
        costs, scores = engine.evaluate_networks(self.network, samples, weights)
        slow = np.ones(len(weights), bool) if self.data.task == "regression" else ~np.isfinite(costs)
        for index in np.flatnonzero(slow):
            scores[index] = self.data.score(self.network.logits(weights[index], x), y)
        return scores


def problem_for(
    data: str | Dataset = "circles", hidden: tuple[int, ...] = (10, 5), activation: str = "relu",
    dtype: str = "float32", *, label: str | None = None, data_seed: int = 0,
) -> Problem:  # fmt: skip
    """The problem that settings name.

    Raises:
        InputError: as `load` and the activation's catalogue.
    """
    known = load(data, label, data_seed) if isinstance(data, str) else data
    parts = ((known.train_x, known.train_y), (known.test_x, known.test_y))
    training, testing = (engine.Samples.of(x, known.targets(y), dtype) for x, y in parts)
    return Problem(known, _network(known, hidden, activation), training, testing)


def _network(data: Dataset, hidden: tuple[int, ...], activation: str) -> Network:
    return network_for(data.train_x.shape[1], data.outputs, data.task, hidden, activation)
