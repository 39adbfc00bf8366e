"""Schedules: how to train, checked before any work; and what may be recorded on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headstart.check import not_negative, positive, whole
from headstart.errors import unknown
from headstart.experiments.optimizers import Optimizer, optimizer

MOST_STEPS = 2**31 - 1  # 40 minutes of the smallest network; the compiled loop counts in int64

# what can be recorded besides the cost, and its shape per recorded step
QUANTITIES = {
    "accuracy": "share of right answers on the training data",
    "gradient_norm": "per layer: Euclidean norm of the mean cost's gradient by the weights and biases",
    "mean_square": "per hidden layer: mean of the activations' squares",
    "saturated": "per hidden layer: share of slopes below a hundredth",
    "dead": "per hidden layer: share of units whose slope is zero on every sample",
    "distinct": "per hidden layer: number of units that differ in what they receive or send",
}


@dataclass(frozen=True)
class Schedule:
    """How to train a batch of networks.

    Args:
        steps: updates per network.
        learning_rate: positive; `train_networks` takes one per network too.
        record_every: steps between two records of the cost, the first before the first update.
        record_last: also record after the last update.
        record: names from `QUANTITIES` to record besides the cost, at the same steps, on all the training data.
        optimizer: a spec string: sgd, momentum(0.9), nesterov(0.9), adam(0.9, 0.999, 1e-8).
        weight_decay: added to the gradient, times the weights and biases.
        clip: the largest Euclidean norm of the gradient; None for no limit.
        batch_size: samples per step; None for all. Batches are cut from one shuffled pass after the other.
        stop_below: a network whose recorded cost, the last one included, is below this has converged and stops.
        course_formula: the course's cost, infinite where the sigmoid rounds to 0 or 1.

    Raises:
        InputError: a value outside its range.
    """

    steps: int
    learning_rate: float
    record_every: int
    record_last: bool = True
    record: tuple[str, ...] = ()
    optimizer: str | Optimizer = "sgd"
    weight_decay: float = 0.0
    clip: float | None = None
    batch_size: int | None = None
    stop_below: float | None = None
    course_formula: bool = False

    def __post_init__(self) -> None:
        optimizer(self.optimizer)  # raises where it is malformed
        checked = {
            "steps": whole(self.steps, "steps", most=MOST_STEPS),
            "record_every": whole(self.record_every, "record_every", most=MOST_STEPS),
            "batch_size": None if self.batch_size is None else whole(self.batch_size, "batch_size", most=MOST_STEPS),
            "learning_rate": check_rate(self.learning_rate),
            "weight_decay": not_negative(self.weight_decay, "weight_decay"),
            "clip": None if self.clip is None else positive(self.clip, "clip", "1"),
            "stop_below": None if self.stop_below is None else not_negative(self.stop_below, "stop_below"),
        }
        for name, value in checked.items():  # NumPy's numbers become Python's
            object.__setattr__(self, name, value)
        for name in self.record:
            if name not in QUANTITIES:
                raise unknown("quantity to record", name, QUANTITIES)

    @property
    def records(self) -> int:
        """How many steps are recorded."""
        return len(range(0, self.steps, self.record_every)) + self.record_last

    @property
    def recorded_steps(self) -> list[int]:
        """The steps before whose update the cost is recorded; `steps` itself is after the last update."""
        regular = list(range(0, self.steps, self.record_every))
        return [*regular, self.steps] if self.record_last else regular


def check_rate(rate: Any) -> float:
    """A learning rate: positive and finite."""
    return positive(rate, "the learning rate")
