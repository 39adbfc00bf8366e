"""The sampler: Optuna's TPE on a grid, so that a walk finds its own points among the trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from headstart.experiments.rates import nearest


class GridSampler(TPESampler):
    """What TPE would propose, moved to the nearest place of the parameter's grid.

    Args:
        grids: parameter -> its places.
        seed: of TPE.
    """

    def __init__(self, grids: Mapping[str, Sequence[float]], seed: int) -> None:
        super().__init__(seed=seed)
        self.grids = grids

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """One parameter: TPE takes each by itself."""
        grid = self.grids[param_name]
        return grid[nearest(grid, super().sample_independent(study, trial, param_name, param_distribution))]
