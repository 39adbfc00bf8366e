"""What training leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from headstart.experiments.engine.schedule import QUANTITIES, Schedule
from headstart.experiments.network import Network


@dataclass(frozen=True)
class History:
    """What training left behind, one row per network; NaN after a network diverged or stopped."""

    recorded_steps: list[int]
    costs: np.ndarray  # (networks, recorded steps), float64
    weights: np.ndarray  # (networks, parameters) at the end
    diverged_at: np.ndarray  # (networks,) the step whose gradient was not finite, or -1
    converged_at: np.ndarray  # (networks,) the recorded step whose cost was below `stop_below`, or -1
    finished: np.ndarray  # (networks,) bool; False where training was cancelled first
    records: dict[str, np.ndarray] = field(default_factory=dict)  # quantity -> (networks, recorded steps[, layers])

    def final_cost(self, index: int) -> float:
        """A network's cost where it stopped; NaN if it diverged."""
        converged = int(self.converged_at[index])
        return float(self.costs[index, self.recorded_steps.index(converged) if converged >= 0 else -1])


class Cancelled(Exception):
    """The caller asked to stop; the networks already finished are in `history`."""

    def __init__(self, history: History) -> None:
        super().__init__("training was cancelled")
        self.history = history


def record_shape(network: Network, name: str, networks: int, steps: int) -> tuple[int, ...]:
    """The shape of a recorded quantity: per layer, per hidden layer, or one number."""
    layers = {"accuracy": (), "gradient_norm": (network.layers,)}.get(name, (network.layers - 1,))
    return (networks, steps, *layers)


def empty_history(network: Network, theta: np.ndarray, schedule: Schedule) -> History:
    """A history of networks at their starting weights, which training will move."""
    count, steps = len(theta), schedule.recorded_steps
    return History(
        recorded_steps=steps,
        costs=np.full((count, len(steps)), np.nan),
        weights=theta,
        diverged_at=np.full(count, -1, np.int64),
        converged_at=np.full(count, -1, np.int64),
        finished=np.zeros(count, np.bool_),
        records={
            name: np.full(record_shape(network, name, count, len(steps)), np.nan)
            for name in QUANTITIES
            if name in schedule.record
        },
    )
