"""What is measured: one record per layer at the start, one per network, and apart from it what training made of it.

A quantity that was not measured is None, and the rules that need it are silent. Layers have the names a reader knows
them by, so a network of the lab and a model of somebody else fill the same records.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Weights that were never trained may get so much of the way to all right by luck: 67 % where a constant gets 50 %.
BY_CHANCE = 1 / 3
RIGHT = 0.8  # of the way: 90 % where a constant gets 50 %; what was trained to that has learnt its task


@dataclass(frozen=True, kw_only=True)
class Signal:
    """What was measured at one layer before the first step, forward and backward.

    The spread over samples stands beside the plain size because a bias alone keeps the size up while the part that
    depends on the input dies.
    """

    name: str
    width: int | None = None  # units
    std: float | None = None  # of the pre-activations, across samples, root mean square over units
    rms: float | None = None  # of the pre-activations: root of their second moment
    mean: float | None = None  # of the pre-activations
    error_rms: float | None = None  # of the cost's derivative by the pre-activations
    gradient_rms: float | None = None  # of the cost's derivative by the layer's weights
    flat_share: float | None = None  # of the activation's slopes, those below a hundredth; if the activation saturates
    distinct: int | None = None  # units that differ from all others in what they receive or in what they send


@dataclass(frozen=True, kw_only=True)
class Signals:
    """What was measured in one network before the first step: its input, its layers in forward order, its outputs."""

    input: Signal
    layers: tuple[Signal, ...]
    saturated_outputs: float | None = None  # share of samples with a probability within 1e-6 of 0 or 1
    first_cost: float | None = None

    @property
    def forward_factor(self) -> float | None:
        """By what the spread over samples is multiplied from the input to the last layer."""
        return ratio(self.layers[-1].std, self.input.std)

    @property
    def backward_factor(self) -> float | None:
        """By what the error is multiplied on its way back from the last layer to the first."""
        return ratio(self.layers[0].error_rms, self.layers[-1].error_rms)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What training made of one network."""

    final_cost: float
    constant_cost: float | None = None  # of the best answer that ignores the inputs
    score: float | None = None  # on the training data
    constant_score: float | None = None  # of the best answer that ignores the inputs
    metric: str = "accuracy"  # what the score is: accuracy or R²
    diverged_at: int | None = None  # the step at which the gradient stopped being finite
    distinct: tuple[int | None, ...] = ()  # per layer, as in `Signal`, after the last step

    @property
    def answered(self) -> float | None:
        """The score as a share of the way from the best answer that ignores the inputs (0) to all right (1).

        >>> Outcome(final_cost=0.68, score=0.875, constant_score=0.5).answered
        0.75
        """
        if self.score is None or self.constant_score is None:
            return None
        return ratio(self.score - self.constant_score, 1 - self.constant_score)

    @property
    def learnt(self) -> float | None:
        """1 - final cost / constant cost: 0 for an answer that ignores the inputs, 1 for a cost of zero.

        A network is right before it is sure. So where its cost is below the constant answer's at all, and its answers
        are most of the way to all right, that share counts if it is larger.

        >>> Outcome(final_cost=0.2, constant_cost=0.8).learnt
        0.75
        >>> Outcome(final_cost=0.792, constant_cost=0.8, score=0.9375, constant_score=0.5).learnt
        0.875
        """
        share = ratio(self.final_cost, self.constant_cost)
        if share is None:
            return None
        answered = self.answered
        if share < 1 and answered is not None and answered >= RIGHT:
            return max(1 - share, answered)
        return 1 - share


def ratio(a: float | None, b: float | None) -> float | None:
    """a / b; None if either was not measured or the ratio says nothing: 0 / 0, inf / inf, NaN."""
    if a is None or b is None or b == 0:
        return None
    found = a / b
    return None if math.isnan(found) else found
