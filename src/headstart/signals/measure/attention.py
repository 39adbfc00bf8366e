"""Attention's logits and shares: how far the logits of a row spread, how even its shares are, and rows of one share."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MASKED = -1e4  # logits below this are masks, whatever the type of numbers
LOGITS = 1 << 15  # that are looked at, at most
_NO_SHARE = 64.0  # below the largest logit of a row: a share of e^-64, which no float32 sum notices
_ONE_HOT = 0.99


class Shares(NamedTuple):
    """Of all rows that have more than one place to look at.

    Args:
        logit_std: root mean square over rows of the standard deviation along one.
        entropy: mean of the entropy over ln(length). one_hot: share of rows whose largest share is above 0.99.
    """

    logit_std: float
    entropy: float
    one_hot: float


def shares(logits: NDArray[Any]) -> Shares | None:
    """Of rows of logits, some of them masked.

    >>> shares(np.array([[0.0, 0.0, -np.inf, 0.0], [9.0, 1.0, 1.0, 1.0]]))
    Shares(logit_std=2.44..., entropy=0.50..., one_hot=0.5)
    """
    if logits.size == 0:
        return None
    with np.errstate(all="ignore"):
        seen = (logits > MASKED) & (logits > logits.max(-1, keepdims=True) - _NO_SHARE)  # a mask may be -100
        count = seen.sum(-1)
        rows = count > 1
        if not rows.any():
            return None
        logits, seen, count = logits[rows].astype(np.float32), seen[rows], count[rows]
        plain = np.where(seen, logits, 0)
        middle = plain.sum(-1, keepdims=True) / count[:, None]
        square = np.square(np.where(seen, plain - middle, 0)).sum(-1) / count
        below = np.where(seen, logits - logits.max(-1, keepdims=True), -np.inf)
        logs = below - np.log(np.exp(below).sum(-1, keepdims=True))
        parts = np.exp(logs)
        entropy = -np.where(seen, parts * logs, 0).sum(-1) / np.log(count)
    return Shares(math.sqrt(float(square.mean())), float(entropy.mean()), float((parts.max(-1) > _ONE_HOT).mean()))


def of_softmax(logits: NDArray[Any], axis: int) -> Shares | None:
    """Of what a softmax took, along one of its axes: some of the rows, evenly spread."""
    if logits.ndim == 0 or logits.size == 0:
        return None
    rows = np.moveaxis(logits, axis, -1).reshape(-1, logits.shape[axis])
    return shares(rows[:: max(1, rows.size // LOGITS)])
