"""One task's training and test data, what its outputs are compared with, and how they are scored.

Inputs are (samples, features) in float64. `targets` is what the output is compared with: (samples, 1) of 0 and 1 for
two classes, one-hot for more, standardized numbers for a regression.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.experiments.network import Task

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Dataset:
    """Training and test data of one task."""

    name: str
    task: Task
    train_x: Array
    train_y: NDArray[np.generic]  # class numbers (int64) or standardized numbers (float64)
    test_x: Array
    test_y: NDArray[np.generic]
    classes: tuple[str, ...] = ()  # what the class numbers mean
    features: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # what was taken for what while a table was read

    def to_json(self) -> dict[str, Any]:
        """What it is, as plain data: all but the numbers."""
        return {
            "name": self.name, "task": self.task, "rows": {"train": len(self.train_x), "test": len(self.test_x)},
            "features": [*self.features], "classes": [*self.classes], "notes": [*self.notes],
        }  # fmt: skip

    @property
    def outputs(self) -> int:
        """How many output units the task needs."""
        return len(self.classes) if self.task == "classes" else 1

    def targets(self, y: NDArray[np.generic]) -> Array:
        """(samples, outputs): what the outputs are compared with."""
        if self.task == "classes":
            return np.eye(len(self.classes))[y.astype(np.int64)]
        return y.astype(np.float64).reshape(-1, 1)

    def score(self, logits: Array, y: NDArray[np.generic]) -> float:
        """Accuracy, or for a regression R² = 1 - error / variance; an output that is not a number is wrong.

        >>> from headstart.experiments.data.datasets import load
        >>> data = load("circles")
        >>> data.score(np.where(data.test_y == 1, 3.0, -3.0)[:, None], data.test_y)
        1.0
        """
        if self.task == "regression":
            residual = float(np.mean((logits[:, 0] - y.astype(np.float64)) ** 2))
            spread = float(np.var(y.astype(np.float64)))
            if spread == 0:  # one test row, or equal ones: right or wrong
                return 1.0 if residual == 0 else -np.inf
            return 1 - residual / spread if np.isfinite(residual) else -np.inf
        valid = np.isfinite(logits).all(axis=1)
        guess = (logits[:, 0] > 0).astype(np.int64) if self.task == "binary" else logits.argmax(axis=1)
        return float(np.mean(valid & (guess == y)))
