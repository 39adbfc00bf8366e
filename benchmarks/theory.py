"""Time of one call of the Gaussian moments, as a ratio to scipy.integrate.quad and mpmath.quad for the same accuracy.

All three compute E[phi], E[phi^2], E[phi'], E[phi'^2] and E[z phi phi'] at operating points that change from call to
call, after one warm-up call. Before anything is timed, each result is compared with mpmath's at 30 digits. SciPy and
mpmath integrate over the same interval, cut at the kinks and at 0 where the activation is narrower than the Gaussian,
with the tolerance each needs for 1e-12.

    python benchmarks/theory.py
"""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Callable

import mpmath
import numpy as np
from scipy import integrate

import headstart as hs

NAMES = ("mean", "second_moment", "derivative_mean", "derivative_second_moment", "z_value_derivative")
REACH = 12.0
Moments = dict[str, float]


def integrands(phi: hs.theory.Activation, q: float) -> list[Callable[[float], float]]:
    root = math.sqrt(q)

    def density(z: float) -> float:
        return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    value, slope = (lambda z: float(phi(root * z))), (lambda z: float(phi.derivative(root * z)))
    return [
        lambda z: value(z) * density(z),
        lambda z: value(z) ** 2 * density(z),
        lambda z: slope(z) * density(z),
        lambda z: slope(z) ** 2 * density(z),
        lambda z: z * value(z) * slope(z) * density(z),
    ]


def cuts(phi: hs.theory.Activation, q: float) -> list[float]:
    inside = {0.0, *(kink / math.sqrt(q) for kink in phi.kinks), *(x / math.sqrt(q) for x in (-4.0, 4.0))}
    return sorted(cut for cut in inside if abs(cut) < REACH)


def by_headstart(phi: hs.theory.Activation, q: float) -> Moments:
    found = hs.theory.moments(phi, q)
    return {name: getattr(found, name) for name in NAMES}


def by_scipy(phi: hs.theory.Activation, q: float) -> Moments:
    edges = [-REACH, *cuts(phi, q), REACH]
    options = {"epsabs": 1e-15, "epsrel": 1e-13, "limit": 200}
    results = [
        sum(integrate.quad(f, a, b, **options)[0] for a, b in itertools.pairwise(edges)) for f in integrands(phi, q)
    ]
    return dict(zip(NAMES, results, strict=True))


def by_mpmath(phi: hs.theory.Activation, q: float) -> Moments:
    edges = [-REACH, -6.0, *cuts(phi, q), 6.0, REACH]
    results = [float(mpmath.quad(lambda z, f=f: f(float(z)), sorted(set(edges)))) for f in integrands(phi, q)]
    return dict(zip(NAMES, results, strict=True))


def exact(spec: str, q: float) -> float:
    """E[phi^2] at 30 digits, from a formula of its own."""
    formulas = {
        "tanh": mpmath.tanh,
        "gelu": lambda z: z * mpmath.ncdf(z),
        "hardtanh": lambda z: min(max(z, -1), 1),
        "mish": lambda z: z * mpmath.tanh(mpmath.log1p(mpmath.exp(z))),
    }
    with mpmath.workdps(30):
        root, kinks = mpmath.sqrt(q), (-1 / mpmath.sqrt(q), 1 / mpmath.sqrt(q))
        edges = sorted({-15, -8, -4, -2, 0, 2, 4, 8, 15, *kinks})
        return float(mpmath.quad(lambda z: formulas[spec](root * z) ** 2 * mpmath.npdf(z), edges))


def median_seconds(method: Callable[[hs.theory.Activation, float], Moments], spec: str, repeats: int) -> float:
    phi, times = hs.theory.activation(spec), []
    method(phi, 1.0)  # warm-up
    for q in np.geomspace(0.3, 3, repeats):
        start = time.perf_counter()
        method(phi, float(q))
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    with np.errstate(all="ignore"):
        print(f"{'':10}{'headstart':>12}{'scipy quad':>14}{'mpmath quad':>14}   worst error of E[phi^2], in that order")
        for spec in ("tanh", "gelu", "hardtanh", "mish"):
            errors = []
            for method in (by_headstart, by_scipy, by_mpmath):
                pairs = [
                    (method(hs.theory.activation(spec), q)["second_moment"], exact(spec, q)) for q in (0.3, 1.0, 3.0)
                ]
                errors.append(max(abs(got / true - 1) for got, true in pairs))
            assert max(errors) < 1e-12, (spec, errors)  # all three did the same work
            ours = median_seconds(by_headstart, spec, 200)
            theirs = [median_seconds(method, spec, 7) for method in (by_scipy, by_mpmath)]
            ratios = "".join(f"{f'x {t / ours:.0f}':>14}" for t in theirs)
            print(f"{spec:10}{f'{1e3 * ours:.3f} ms':>12}{ratios}   " + "  ".join(f"{error:.0e}" for error in errors))


if __name__ == "__main__":
    main()
