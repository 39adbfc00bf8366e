"""Attention: means over places, weighted by a softmax of random logits.

Row i of the output is the sum over j of p_ij v_j. With m = sum of p_ij^2 its second moment is m q + (1 - m) o: q of the
values, o what two places of one input share. Two inputs, and two places, each need their own such sum, of products of
shares p_ij p'_ij; all four are found by drawing logits with their covariance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from headstart.theory.laws.samples import Array, Draws, Pairs, pairs_of, relative

MOST_DRAWN = 1 << 15  # logits of a row that are drawn


class Shares(NamedTuple):
    """Sums over j of products of shares, and some of the shares.

    Args:
        own: of p_ij^2. inputs, places, both: of shares of two inputs, of two rows, of both.
        spread: of p_ij^2 (1 - 2 p_ij + the row's sum of squares): what a softmax lets back of independent gradients.
        samples: some of the p_ij, zeros of what is masked among them. length: how many keys.
        rows: the sum of p_ij^2 in rows of several lengths, and which share of the rows each stands for.
    """

    own: float
    inputs: float
    places: float
    both: float
    spread: float
    samples: Array
    length: int
    rows: tuple[tuple[float, float], ...]


def scores(query: Pairs, key: Pairs, size: int, scale: float) -> Pairs:
    """The mean products of logits over keys, without what all keys of a row share, which no softmax sees."""
    spread = Pairs(
        query.own * (key.own - key.places), query.inputs * (key.inputs - key.both),
        query.places * (key.own - key.places), query.both * (key.inputs - key.both),
    )  # fmt: skip
    return spread.times(size * scale**2)


def shares(draws: Draws, logits: Pairs, length: int, causal: bool = False, visible: float = 1.0) -> Shares:
    """What a softmax makes of Gaussian logits.

    Args:
        logits: their mean products along a row: with themselves, another input's, another row's, both.
        causal: whether row i sees the first i keys. visible: else, which share of the keys a row sees.

    >>> even = shares(Draws(), Pairs(0.0, 0.0, 0.0, 0.0), 64, causal=True)  # the mean of 1/t
    >>> round(even.own, 3)
    0.075
    """
    length = max(length, 1)
    seen = max(round(length * visible), 1)
    ends, weights = _rows(length) if causal else (np.array([seen]), np.array([1.0]))
    totals, some, counts = np.zeros(5), [], []
    rows: list[tuple[float, float]] = []
    for end, weight in zip(ends, weights, strict=True):
        p = _drawn(draws, logits, int(end))
        sums = [float(np.mean(np.sum(p[0] * p[k], axis=-1))) for k in range(4)]
        # another row of a causal softmax is elsewhere: it shares the keys of the shorter one
        other = _overlap(ends, weights, int(end)) * end if causal else 1.0
        row = np.sum(p[0] ** 2, axis=-1, keepdims=True)
        spread = float(np.mean(np.sum(p[0] ** 2 * (1 - 2 * p[0] + row), axis=-1)))
        totals += weight * np.array([sums[0], sums[1], sums[2] * other, sums[3] * other, spread])
        rows.append((sums[0], float(weight)))
        some.append(p)
        counts.append(weight)
    own, inputs, places, both, spread = (float(value) for value in totals)
    return Shares(own, inputs, places, both, spread, _resampled(draws, some, counts, length), length, tuple(rows))


def mixed(draws: Draws, values: Array, by: Shares) -> Array:
    """What attention makes of values."""
    v = pairs_of(values)
    middle = float(values.mean())
    v = Pairs(*(each - middle**2 for each in v))
    made = Pairs(
        by.own * v.own + (1 - by.own) * v.places, by.inputs * v.inputs + (1 - by.inputs) * v.both,
        by.places * v.own + (1 - by.places) * v.places, by.both * v.inputs + (1 - by.both) * v.both,
    )  # fmt: skip
    return middle + draws.of(made)


def unevenness(values: Pairs, by: Shares) -> float:
    """The standard deviation over rows of the log of their second moments: a causal softmax's first rows are larger."""
    sizes = np.array([own * values.own + (1 - own) * max(values.places, 0.0) for own, _ in by.rows])
    weights = np.array([weight for _, weight in by.rows])
    if np.any(sizes <= 0):
        return 0.0
    logs = np.log(sizes)
    middle = float(np.sum(weights * logs) / weights.sum())
    return float(np.sqrt(np.sum(weights * (logs - middle) ** 2) / weights.sum()))


def values_backward(draws: Draws, gradient: Array, by: Shares, per_key: float) -> Array:
    """The gradient at the values: the same sums along columns. per_key: rows for one key."""
    g = pairs_of(gradient)
    alone, common = max(g.own - g.places, 0.0), max(g.places, 0.0)
    other = per_key * (1 - by.own) / max(by.length - 1, 1)  # the same row is a share of two keys' gradients
    own = per_key * by.own * alone + per_key**2 * common
    inputs = per_key * by.inputs * (g.inputs - g.both) + per_key**2 * g.both
    return draws.of(Pairs(own, inputs, other * alone + per_key**2 * common, per_key**2 * g.both))


def logits_backward(gradient: Pairs, values: Pairs, by: Shares, size: int) -> float:
    """The second moment of the gradient at the logits: p_ij (g_i v_j - its mean over j), for values of this size."""
    products = size * gradient.own * max(values.own - values.places, 0.0)
    return by.spread / by.length * products


def _drawn(draws: Draws, logits: Pairs, length: int) -> Array:
    """Shares of rows of this length, for two inputs at two rows: (4, rows, length)."""
    rows = max(2, min(64, MOST_DRAWN // length))
    if logits.own <= 0:
        return np.full((4, 1, length), 1 / length)
    alike = [relative(value, logits.own) for value in logits]
    spectrum = Pairs(1.0, *alike[1:]).spectrum()
    z = draws.random.standard_normal((4, rows * length))
    from headstart.theory.laws.samples import MODES

    drawn = (MODES @ (np.sqrt(spectrum)[:, None] * z)).reshape(4, rows, length) * logits.own**0.5
    p = np.exp(drawn - drawn.max(-1, keepdims=True))
    return np.asarray(p / p.sum(-1, keepdims=True))


def _rows(length: int) -> tuple[Array, Array]:
    """Lengths that stand for 1 to length, close together where they are short, and what share each stands for."""
    ends = np.unique(np.concatenate([np.arange(1, min(length, 8) + 1), np.geomspace(1, length, 16).round()])).astype(
        int
    )
    edges = np.concatenate([[0.5], (ends[1:] + ends[:-1]) / 2, [length + 0.5]])
    return ends, np.diff(edges) / length


def _overlap(ends: Array, weights: Array, end: int) -> float:
    """The mean of 1/(the longer of this row and another)."""
    return float(np.sum(weights / np.maximum(ends, end)))


def _resampled(draws: Draws, some: list[Array], weights: list[float], length: int) -> Array:
    """Some shares from each length of rows, the zeros of what is masked included."""
    found = np.zeros((4, draws.count))
    edges = np.round(np.cumsum(weights) * draws.count).astype(int)
    start = 0
    for p, end in zip(some, edges, strict=True):
        flat = p.reshape(4, -1)
        place = draws.random.integers(0, p.shape[1] * length, end - start)
        inside = place < flat.shape[1]  # the others are masked
        found[:, start:end] = np.where(inside, flat[:, np.minimum(place, flat.shape[1] - 1)], 0.0)
        start = end
    return found[:, draws.random.permutation(draws.count)]
