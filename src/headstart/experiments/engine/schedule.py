"""Schedules: how to train, checked before any work; and what may be recorded on the way."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headstart.errors import InputError, unknown
from headstart.experiments.optimizers import Optimizer, optimizer

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
        for name in ("steps", "record_every", "batch_size"):
            value = getattr(self, name)
            if not (value is None and name == "batch_size") and (
                isinstance(value, bool) or not isinstance(value, int) or value < 1
            ):
                raise InputError(f"{name} must be a whole number of at least 1, got {value!r}.")
        check_rate(self.learning_rate)
        for name in ("weight_decay", "clip", "stop_below"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0 and not (name == "clip" and value == 0)):
                raise InputError(f"{name} must be a finite number that is not negative, got {value!r}.")
        for name in self.record:
            if name not in QUANTITIES:
                raise unknown("quantity to record", name, QUANTITIES)

    @property
    def recorded_steps(self) -> list[int]:
        """The steps before whose update the cost is recorded; `steps` itself is after the last update."""
        regular = list(range(0, self.steps, self.record_every))
        return [*regular, self.steps] if self.record_last else regular


def check_rate(rate: float) -> None:
    """A learning rate is positive and finite."""
    if isinstance(rate, bool) or not (math.isfinite(rate) and rate > 0):
        raise InputError(f"the learning rate must be positive and finite, got {rate!r}. Write, for example, 0.01.")
