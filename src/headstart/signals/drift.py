"""Factors that compound over depth, in numbers and in words: for the rules of the forward and the backward way."""

from __future__ import annotations

import math
from collections.abc import Iterable

from headstart.signals.sentences import sentence
from headstart.words import count, times

# By what a signal or a gradient may change over the whole depth before it is a finding. At a hundred the first layer
# and the last want learning rates that are a hundred apart, and one rate has to serve both.
SHRINKS, GROWS = 0.01, 100.0
NOTHING = math.ulp(0.0)  # the smallest number there is: only zero is less


def first_beyond(layers: Iterable[tuple[str, float]], reference: float, limit: float) -> str | None:
    """The first layer at which the factor from the reference has passed the limit."""
    for name, size in layers:
        factor = size / reference if reference > 0 else math.nan
        if factor < limit < 1 or factor > limit > 1:
            return name
    return None


def in_words(total: float, layers: int) -> str:
    """The factor per layer and over all of them.

    >>> in_words(1e-6, 3)
    '× 0.01 per layer, × 1e-06 over 3 layers'
    """
    return sentence("drift", per_layer=times(total ** (1 / layers)), total=times(total), layers=count(layers, "layer"))
