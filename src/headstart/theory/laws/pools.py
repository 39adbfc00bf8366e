"""Means and maxima over places, inputs and units.

Neighbours are not independent: what they have in common (a bias, the mean of a ReLU, one input's own level) survives a
mean whole and shifts a maximum; only the rest is averaged away.
"""

from __future__ import annotations

import numpy as np

from headstart.theory.laws.samples import MODES, Array, Draws, Pairs, pairs_of, relative, spectrum_of

GAUSSIAN_FROM = 4  # places in a mean, whose rest is then nearly Gaussian


def averaged(draws: Draws, x: Array, own: float, everywhere: bool) -> Array:
    """A weighted mean over places, weights of sum 1.

    Args:
        own: the sum of the squared weights: 1/k of a plain mean over k places.
        everywhere: whether the mean is over all places, so that only one is left.

    >>> x = Draws().of(Pairs(1.0, 0.0, 0.25, 0.0))
    >>> round(pairs_of(averaged(Draws(), x, 1 / 16, everywhere=True)).own, 2)  # 1/16 + 15/16 of 0.25
    0.3
    """
    own = min(max(own, 0.0), 1.0)
    middle = float(x.mean())
    one, two, three, four = (float(value) for value in spectrum_of(x - middle))
    if everywhere:  # (own of self + the rest of another place), the same at both
        wanted = np.array([one - two + 2 * own * two, 0.0, three - four + 2 * own * four, 0.0])
    else:
        wanted = np.array([one - (1 - own) * two, own * two, three - (1 - own) * four, own * four])
    wanted = np.maximum(wanted, 0.0)
    if own <= 1 / GAUSSIAN_FROM:
        return middle + draws.gaussian(wanted)
    now = np.array([one, two, three, four])
    factors = np.sqrt(np.divide(wanted, now, out=np.zeros(4), where=now > 0))
    return np.asarray(middle + MODES @ (factors[:, None] * (MODES @ (x - middle))))


def averaged_backward(draws: Draws, gradient: Array, own: float, per_input: float, everywhere: bool) -> Array:
    """The gradient before a mean over places.

    Args:
        per_input: how many outputs there are for one input: numel(out) / numel(in).
    """
    pairs = pairs_of(gradient)
    if everywhere:
        return np.asarray(per_input * gradient[[0, 1, 0, 1]])
    own_share, both_share = per_input * min(own, 1.0), per_input**2
    g = own_share * (pairs.own - pairs.places) + both_share * pairs.places
    s = own_share * (pairs.inputs - pairs.both) + both_share * pairs.both
    return draws.of(Pairs(max(g, 0.0), s, both_share * pairs.places, both_share * pairs.both))


def over_inputs(draws: Draws, x: Array, count: int) -> Array:
    """A mean over inputs: the same for all of them."""
    swapped = x[[0, 2, 1, 3]]
    return averaged(draws, swapped, 1 / max(count, 1), everywhere=True)[[0, 2, 1, 3]]


def over_units(draws: Draws, x: Array, count: int) -> Array:
    """A mean over so many units; what is left of their scatter is Gaussian."""
    middle = x.mean(1, keepdims=True)
    return np.asarray(middle + draws.gaussian(spectrum_of(x - middle) / max(count, 1)))


def largest(draws: Draws, x: Array, count: float, everywhere: bool) -> Array:
    """A maximum over so many places.

    Places are taken as Gaussian numbers with the samples' correlations, brought to their distribution: what all places
    share, and the rest, whose maximum is the rest's quantile at U^(1/count), U uniform.

    >>> x = Draws().of(Pairs(1.0, 0.0, 0.0, 0.0))
    >>> round(float(largest(Draws(), x, 4, everywhere=False).mean()), 1)  # of four independent normal numbers
    1.0
    """
    from scipy.special import ndtr, ndtri

    one, two, three, four = (float(value) for value in spectrum_of(x - x.mean()))
    own, both = (one + two + three + four) / 4, max((one - two - three + four) / 4, 0.0)
    if own <= 0:
        return x
    level, rest = max((three - four) / 2, 0.0), max((two + four) / 2, 0.0)  # of one input at all places; of one place
    alike = relative((two - four) / 2, rest)
    shared = draws.of(Pairs(both + level, both, both + level, both))
    z = draws.of(Pairs(1.0, alike, 1.0, alike) if everywhere else Pairs(1.0, alike, 0.0, 0.0))
    top = ndtri(np.clip(ndtr(z) ** (1 / max(count, 1.0)), 1e-300, 1 - 1e-16))
    rank = ndtr((shared + np.sqrt(rest) * top) / np.sqrt(own))
    order = np.sort(x.reshape(-1))
    return np.asarray(np.interp(rank * order.size - 0.5, np.arange(order.size), order))


def chances(x: Array, count: float) -> Array:
    """How much more often than on average each sample is the largest of so many: count u^(count - 1) at rank u."""
    rank = np.empty(x.size)
    rank[np.argsort(x, axis=None, kind="stable")] = (np.arange(x.size) + 0.5) / x.size
    return np.asarray(count * rank.reshape(x.shape) ** (count - 1))
