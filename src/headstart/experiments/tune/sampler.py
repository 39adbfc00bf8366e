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
        """A parameter by itself: how the first trials take them, and older versions of TPE all."""
        return self._on_grid(param_name, super().sample_independent(study, trial, param_name, param_distribution))

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """All parameters together."""
        found = super().sample_relative(study, trial, search_space)
        return {name: self._on_grid(name, value) for name, value in found.items()}

    def _on_grid(self, name: str, value: float) -> float:
        grid = self.grids[name]
        return grid[nearest(grid, value)]
