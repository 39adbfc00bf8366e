"""What a whole network of any depth does to variance and gradients, without a list of its layers.

Layers are followed one by one until the variance repeats, leaves float64, or changes evenly: then by the flow that
passes through all of them. With x = log q and d(x) the change per layer, the map x -> x + d is the flow of
g = d log(1 + d')/d' over a time of one layer, exactly for an even or a linear change and to d^2 d''/12 otherwise; the
sum of log chi becomes an integral (Euler-Maclaurin). So a billion layers cost no more than some hundred.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from headstart.check import positive, whole
from headstart.errors import InputError
from headstart.theory.activations.callables import ActivationLike, AnyActivation
from headstart.theory.fixedpoints import checked, is_homogeneous, slope_moment
from headstart.theory.gains import moments, second_moment
from headstart.theory.propagation import next_layer

DEEPEST = 10**9  # layers
_LEAST, _MOST = 200, 10_000  # layers followed one by one: at least, and before giving up
_EVEN = 0.05  # |d'| from which on the flow is followed
_SAME = 1e-13  # relative change of the variance that is none
_PERIODS = range(1, 9)


@dataclass(frozen=True)
class Passage:
    """Factors of the variance forward and of the mean squared gradient backward over `depth` layers.

    `q`, `growth` and `chi` are the last layer's variance, its ratio to the one before, and growth of the squared
    gradient.
    """

    depth: int
    forward_factor: float
    backward_factor: float
    q: float
    growth: float
    chi: float


def passage(
    activation: ActivationLike, sigma_w2: float, sigma_b2: float = 0.0, depth: int = 50, start: float = 1.0
) -> Passage:
    """The factors that `propagate` finds layer by layer, for up to 10^9 layers.

    Args:
        activation, sigma_w2, sigma_b2, start: as for `propagate`.
        depth: number of layers, from 1 to 10^9.

    Raises:
        InputError: out of range, or a variance that neither settles nor changes evenly.

    >>> deep = passage("tanh", 1.0, depth=10**6)
    >>> f"{deep.forward_factor:.4e} {deep.backward_factor:.2e}"
    '5.0000e-07 7.06e-07'
    """
    phi, sigma_w2, sigma_b2 = checked(activation, sigma_w2, sigma_b2)
    depth, start = whole(depth, "depth", most=DEEPEST, example="50"), positive(start, "start", "1")
    if is_homogeneous(phi) and sigma_b2 == 0:
        growth, chi = sigma_w2 * second_moment(phi, 1.0), sigma_w2 * slope_moment(phi, 1.0)
        forward = power(growth, depth - 1)
        return Passage(depth, forward, power(chi, depth - 1), start * forward, growth, chi)
    return _Walk(phi, sigma_w2, sigma_b2, depth, start).passage()


def power(base: float, exponent: int) -> float:
    """A power of a positive number, infinite where float64 ends.

    >>> power(2.0, 10), power(1.1, 10**9)
    (1024.0, inf)
    """
    try:
        return float(base) ** exponent
    except OverflowError:
        return math.inf


class _Walk:
    """The layers followed so far: their variances, and the logarithms of chi."""

    def __init__(self, phi: AnyActivation, sigma_w2: float, sigma_b2: float, depth: int, start: float) -> None:
        self.phi, self.sigma_w2, self.sigma_b2, self.depth = phi, sigma_w2, sigma_b2, depth
        self.q, self.chi = [start], [sigma_w2 * slope_moment(phi, start)]

    def passage(self) -> Passage:
        while len(self.q) < self.depth:
            if len(self.q) % 16 == 0 or self.q[-1] in (0.0, math.inf):
                period = next((period for period in _PERIODS if self._repeats(period)), None)
                if period is not None:
                    return self._periodic(period)
            if len(self.q) >= _LEAST and len(self.q) % 16 == 0 and self._is_even():
                return self._flow()
            if len(self.q) >= _MOST:
                raise InputError(
                    f"the variance of activation '{self.phi}' with sigma_w^2={self.sigma_w2:g} neither settles nor "
                    f"changes evenly within {_MOST:,} layers, so nothing is known about {self.depth:,}. Use at most "
                    f"{_MOST:,} layers."
                )
            after, chi = next_layer(self.phi, self.sigma_w2, self.sigma_b2, self.q[-1])
            self.q.append(after)
            self.chi.append(self.chi[-1] if chi is None else chi)
        return self._made(
            self.q[-1], float(_logarithms(self.chi[:-1]).sum()), self.q[-2] if self.depth > 1 else math.nan
        )

    def _made(self, q: float, log_backward: float, before: float, chi: float | None = None) -> Passage:
        growth = q / before if 0 < before < math.inf else 1.0
        forward = q / self.q[0]
        return Passage(self.depth, forward, _exp(log_backward), q, growth, self.chi[-1] if chi is None else chi)

    def _repeats(self, period: int) -> bool:
        """Whether the variance is what it was so many layers ago, and was there as many again ago."""
        if self.q[-1] in (0.0, math.inf):
            return period == 1
        recent = self.q[-2 * period - 1 :: period]
        return len(recent) == 3 and all(abs(q - recent[-1]) <= _SAME * recent[-1] for q in recent)

    def _periodic(self, period: int) -> Passage:
        """What is left repeats the last `period` layers."""
        left = self.depth - len(self.q)
        logs = _logarithms(self.chi)
        cycle, rounds, rest = logs[-period:], left // period, left % period
        # chi of all layers but the last: those walked, the rounds, and the layers of the last one
        later = float(np.concatenate([cycle, cycle])[:rest].sum())
        total = float(logs.sum()) + (rounds * float(cycle.sum()) if rounds else 0.0) + later
        order = self.q[-period:]
        last = order[(rest - 1) % period]
        final = self.chi[-period:][(rest - 1) % period]
        ending = math.log(final) if final > 0 else -math.inf
        total = total - ending if ending > -math.inf else -math.inf
        return self._made(last, total, order[(rest - 2) % period], final)

    def _change(self, x: float) -> tuple[float, float, float]:
        """d, d' and log chi at x = log q."""
        at = moments(self.phi, math.exp(x))
        after = self.sigma_w2 * at.second_moment + self.sigma_b2
        change = math.log1p((after - at.q) / at.q)
        slope = at.q * self.sigma_w2 * at.second_moment_slope / after - 1
        chi = self.sigma_w2 * at.derivative_second_moment
        return change, slope, math.log(chi) if chi > 0 else -700.0

    def _is_even(self) -> bool:
        try:
            return 0 < self.q[-1] < math.inf and abs(self._change(math.log(self.q[-1]))[1]) < _EVEN
        except (InputError, ValueError):
            return False

    def _flow(self) -> Passage:
        """Follow the flow over the layers that are left, until it stands still or leaves float64."""
        from scipy.integrate import solve_ivp

        left = self.depth - len(self.q)

        def rates(_: float, state: np.ndarray) -> tuple[float, float]:
            change, slope, log_chi = self._change(min(max(state[0], -700.0), 230.0))
            return change * (math.log1p(slope) / slope if abs(slope) > 1e-9 else 1.0), log_chi

        def moves(_: float, state: np.ndarray) -> float:
            return abs(self._change(min(max(state[0], -700.0), 230.0))[0]) - _SAME

        def inside(_: float, state: np.ndarray) -> float:
            return float(min(state[0] + 667.0, 230.0 - state[0]))

        for event in (moves, inside):
            event.terminal = True  # type: ignore[attr-defined]  # how solve_ivp is told to stop
        first = math.log(self.q[-1])
        found = solve_ivp(
            rates, (0.0, float(left)), (first, 0.0), "LSODA", events=(moves, inside), rtol=1e-9, atol=1e-11
        )
        x, total = float(found.y[0, -1]), float(found.y[1, -1])
        change, _, log_chi = self._change(min(max(x, -700.0), 230.0))
        q, rest = math.exp(x), left - float(found.t[-1])
        if found.t_events is not None and found.t_events[1].size:
            q = 0.0 if x < 0 else math.inf
        walked = _logarithms(self.chi[:-1]).sum()
        # the sum from the last layer walked to the last but one: the integral and half of its ends
        total += walked + rest * log_chi + 0.5 * (_logarithms(self.chi[-1:])[0] - log_chi)
        return self._made(q, total, q * math.exp(-change) if q < math.inf else math.inf, math.exp(log_chi))


def _logarithms(chi: list[float]) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.array(chi)))


def _exp(logarithm: float) -> float:
    return math.inf if logarithm > 709 else math.exp(logarithm)
