"""Signals through depth: what mean-field theory predicts for every layer; `experiments.simulation` measures it.

Layer l: h_l = W_l phi(h_{l-1}) + b_l, W ~ N(0, sigma_w^2/width) or sigma_w times orthogonal, b ~ N(0, sigma_b^2). q is
the mean of h^2 over the units, c the correlation of two inputs, the gradient factor that of the mean squared gradient
from layer 1 to the last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headstart.check import positive, whole
from headstart.errors import InputError
from headstart.theory.activations.callables import ActivationLike, AnyActivation
from headstart.theory.fixedpoints import checked, is_homogeneous, slope_moment
from headstart.theory.gains import expectation, gain, second_moment
from headstart.theory.meanfield import correlation_map

Array = NDArray[np.float64]
Weights = Literal["gaussian", "orthogonal"]
WEIGHTS: tuple[Weights, ...] = ("gaussian", "orthogonal")
_SAME = 2e-16
_MOST_DRAWN = 10**11  # random numbers: about half an hour
DEEPEST = 10**6  # layers that are listed
_UNDERFLOW, _OVERFLOW = 1e-290, 1e100  # a variance outside is called 0 or infinite


@dataclass(frozen=True)
class Propagation:
    """Predicted, layer by layer (index 0 is the first layer's pre-activations).

    `q`: variance; `chi`: growth of the squared gradient through the layer, sigma_w^2 E[phi'^2] at its q; `c`:
    correlation of two inputs, None if it was not asked for.
    """

    q: Array
    chi: Array
    c: Array | None

    @property
    def forward_factor(self) -> float:
        """Variance of the last layer's pre-activations over that of the first's."""
        return float(self.q[-1] / self.q[0])

    @property
    def backward_factor(self) -> float:
        """Mean squared gradient at the first layer's pre-activations over that at the last's."""
        with np.errstate(over="ignore"):
            return float(np.prod(self.chi[:-1]))


def propagate(
    activation: ActivationLike,
    sigma_w2: float,
    sigma_b2: float = 0.0,
    depth: int = 50,
    start: float = 1.0,
    correlation: float | None = None,
) -> Propagation:
    """Variance, gradient growth and, if asked, correlation at every layer of an infinitely wide network.

    Args:
        activation: a spec string, an activation or any element-wise function.
        sigma_w2: fan_in times the variance of the weights.
        sigma_b2: variance of the biases.
        depth: number of layers, from 1 to a million; `passage` has the factors over more.
        start: variance of the first layer's pre-activations.
        correlation: of two inputs' first pre-activations; None leaves correlations out.

    >>> he_with_gelu = propagate("gelu", 2.0, depth=50)
    >>> f"{he_with_gelu.forward_factor:.1e} {he_with_gelu.backward_factor:.1e}"
    '5.9e-14 1.1e-13'

    References: Poole et al. 2016, eq. 3 and 5; Schoenholz et al. 2017, eq. 8.
    """
    phi, sigma_w2, sigma_b2 = checked(activation, sigma_w2, sigma_b2)
    depth, q, c = whole(depth, "depth", most=DEEPEST, example="50"), positive(start, "start", "1"), correlation
    variances, chis, correlations = [q], [sigma_w2 * slope_moment(phi, q)], [c]
    for _ in range(depth - 1):
        after, chi = next_layer(phi, sigma_w2, sigma_b2, q)
        before = c
        if c is not None:
            c = correlation_map(phi, sigma_w2, sigma_b2, q, c, after) if 0 < after < math.inf else math.nan
            c = c if math.isnan(c) else min(1.0, max(-1.0, c))  # rounding may lead beyond
        if (
            abs(after - q) <= _SAME * q
            and chi is not None
            and (c is None or before is None or abs(c - before) <= _SAME)
        ):
            # all that follow are the same but for rounding
            left = depth - len(variances)
            variances += [q] * left
            chis += [chi] * left
            correlations += [c] * left
            break
        q = after
        variances.append(q)
        chis.append(chis[-1] if chi is None else chi)
        correlations.append(c)
    cs = None if correlation is None else np.array(correlations, dtype=np.float64)
    return Propagation(np.array(variances), np.array(chis), cs)


def spread_over_draws(
    activation: ActivationLike,
    depth: int,
    width: int,
    sigma_w2: float | None = None,
    sigma_b2: float = 0.0,
    draws: int = 20_000,
    seed: int = 0,
) -> float:
    """E[M^2]/E[M]^2 of the squared length M of the last layer's pre-activations, over draws of Gaussian weights.

    For ReLU and its kind without biases exactly (1 + (E[phi^4]/E[phi^2]^2 - 1)/width)^(depth - 1): for ReLU
    (1 + 5/width) per layer. Otherwise by Monte Carlo, exact in law: given q, a layer's mean of phi^2 over its units is
    all that the next layer sees. The first layer's M is taken as given.

    Args:
        depth, width, draws: at most 10^11 random numbers in all, where they are drawn.
        sigma_w2: fan_in times the variance of the weights; None for the one that keeps variance 1.
        draws: Monte Carlo networks; the standard error of the result is about its size times sqrt(spread/draws).

    >>> spread_over_draws("relu", depth=2, width=100)
    1.05

    References: Hanin & Rolnick 2018, theorem 5 (ReLU).
    """
    sigma_w2 = gain(activation) ** 2 if sigma_w2 is None else sigma_w2
    phi, sigma_w2, sigma_b2 = checked(activation, sigma_w2, sigma_b2)
    depth, width = whole(depth, "depth"), whole(width, "width")
    if is_homogeneous(phi) and sigma_b2 == 0:
        kurtosis = expectation(phi, 1.0, lambda value, _: value**4) / second_moment(phi, 1.0) ** 2
        exponent = (depth - 1) * math.log1p((kurtosis - 1) / width)
        return (1 + (kurtosis - 1) / width) ** (depth - 1) if exponent < 700 else math.inf
    whole(draws, "draws")
    if depth * width * draws > _MOST_DRAWN:
        raise InputError(
            f"the spread over draws needs {depth:,} layers x {width:,} units x {draws:,} draws of random numbers, more "
            f"than {_MOST_DRAWN:,}. Use fewer layers, units or draws."
        )
    random = np.random.Generator(np.random.Philox(seed))
    length = np.ones(whole(draws, "draws"))  # squared length over width: the variance that the next layer draws from
    for _ in range(depth - 1):
        for block in np.array_split(np.arange(length.size), max(1, length.size * width // 1_000_000)):
            z = random.standard_normal((block.size, width))
            signal = np.mean(phi(np.sqrt(length[block])[:, None] * z) ** 2, axis=1)
            length[block] = sigma_w2 * signal + sigma_b2
    return float(np.mean(length**2) / np.mean(length) ** 2)


def next_layer(phi: AnyActivation, sigma_w2: float, sigma_b2: float, q: float) -> tuple[float, float | None]:
    """The next layer's variance and chi there; infinity and None once the variance has run away."""
    if q == math.inf:
        return math.inf, None
    try:
        after = sigma_w2 * second_moment(phi, q) + sigma_b2
        after = after if after > _UNDERFLOW else 0.0
        return (after, sigma_w2 * slope_moment(phi, after)) if after < _OVERFLOW else (math.inf, None)
    except InputError:
        if q > 1:  # there were Gaussian moments at smaller q
            return math.inf, None
        raise
