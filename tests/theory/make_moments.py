"""Writes moments_mpmath.json: Gaussian moments of every activation by mpmath at 40 digits, from formulas of its own.

Not run by the tests; run it after adding an activation: `python tests/theory/make_moments.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mpmath import mp, mpf, quad

mp.dps = 40
VARIANCES = ("1e-6", "0.3", "1", "7.5", "1e4")


def relu(z: Any) -> Any:
    return max(z, mpf(0))


def clip(z: Any, low: Any, high: Any) -> Any:
    return min(max(z, mpf(low)), mpf(high))


def logistic(z: Any) -> Any:
    return 1 / (1 + mp.exp(-z))


def softplus(z: Any) -> Any:
    return relu(z) + mp.log1p(mp.exp(-abs(z)))


SELU_ALPHA, SELU_LAMBDA = mpf("1.67326324235437728"), mpf("1.05070098735548049")

# spec -> (phi, kinks)
PHI: dict[str, tuple[Any, tuple[str, ...]]] = {
    "identity": (lambda z: z, ()),
    "tanh": (mp.tanh, ()),
    "lecun_tanh": (lambda z: mpf("1.7159") * mp.tanh(2 * z / 3), ()),
    "tanhshrink": (lambda z: z - mp.tanh(z), ()),
    "sigmoid": (logistic, ()),
    "logsigmoid": (lambda z: -softplus(-z), ()),
    "gelu": (lambda z: z * mp.ncdf(z), ()),
    "gelu_tanh": (lambda z: z / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (z + mpf("0.044715") * z**3))), ()),
    "quick_gelu": (lambda z: z * logistic(mpf("1.702") * z), ()),
    "silu": (lambda z: z * logistic(z), ()),
    "mish": (lambda z: z * mp.tanh(softplus(z)), ()),
    "softplus": (softplus, ()),
    "softplus(3)": (lambda z: softplus(3 * z) / 3, ()),
    "squareplus": (lambda z: (z + mp.sqrt(z * z + 4)) / 2, ()),
    "erf": (mp.erf, ()),
    "sin": (mp.sin, ()),
    "cos": (mp.cos, ()),
    "relu": (relu, ("0",)),
    "relu6": (lambda z: clip(z, 0, 6), ("0", "6")),
    "squared_relu": (lambda z: relu(z) ** 2, ("0",)),
    "leaky_relu(0.3)": (lambda z: z if z > 0 else mpf("0.3") * z, ("0",)),
    "rrelu(0.1,0.3)": (lambda z: z if z > 0 else mpf("0.2") * z, ("0",)),
    "abs": (abs, ("0",)),
    "elu(1.5)": (lambda z: z if z > 0 else mpf("1.5") * mp.expm1(z), ("0",)),
    "celu(2)": (lambda z: z if z > 0 else 2 * mp.expm1(z / 2), ("0",)),
    "selu": (lambda z: SELU_LAMBDA * (z if z > 0 else SELU_ALPHA * mp.expm1(z)), ("0",)),
    "softsign": (lambda z: z / (1 + abs(z)), ("0",)),
    "hardtanh(-0.5,2)": (lambda z: clip(z, "-0.5", 2), ("-0.5", "2")),
    "hardsigmoid": (lambda z: clip(z / 6 + mpf("0.5"), 0, 1), ("-3", "3")),
    "sparse_sigmoid": (lambda z: clip((z + 1) / 2, 0, 1), ("-1", "1")),
    "sparse_plus": (lambda z: mpf(0) if z <= -1 else z if z >= 1 else (z + 1) ** 2 / 4, ("-1", "1")),
    "hardswish": (lambda z: z * clip(z / 6 + mpf("0.5"), 0, 1), ("-3", "3")),
    "softshrink(0.5)": (lambda z: z - clip(z, "-0.5", "0.5"), ("-0.5", "0.5")),
    "hardshrink(0.75)": (lambda z: z if abs(z) > mpf("0.75") else mpf(0), ("-0.75", "0.75")),
    "threshold(1,0)": (lambda z: z if z > 1 else mpf(0), ("1",)),
    "threshold(-0.5,2)": (lambda z: z if z > mpf("-0.5") else mpf(2), ("-0.5",)),
}


JUMPS = ("hardshrink(0.75)", "threshold(1,0)", "threshold(-0.5,2)")  # a difference quotient would see the jump


def moments(phi: Any, kinks: tuple[str, ...], q: str) -> dict[str, str]:
    root = mp.sqrt(mpf(q))
    # cuts: the kinks, the Gaussian's own scale, and a ladder around 0 for structure narrower than the Gaussian
    ladder = {sign * mpf(2) ** k / root for k in range(-3, 12) for sign in (-1, 1)}
    cuts = {mpf(k) / 2 for k in range(-30, 31)} | ladder | {mpf(kink) / root for kink in kinks}
    cuts = sorted(cut for cut in cuts if abs(cut) <= 15)

    def at(z: Any) -> Any:
        return phi(root * z)

    def slope(z: Any) -> Any:
        return mp.diff(phi, root * z, h=mpf(10) ** -18)

    def integral(f: Any) -> str:
        return mp.nstr(quad(lambda z: f(z) * mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi), cuts, maxdegree=5), 20)

    return {
        "mean": integral(at),
        "second_moment": integral(lambda z: at(z) ** 2),
        "derivative_mean": integral(slope),
        "derivative_second_moment": integral(lambda z: slope(z) ** 2),
        "z_value_derivative": integral(lambda z: z * at(z) * slope(z)),
    }


if __name__ == "__main__":
    table = {}
    for spec, (phi, kinks) in PHI.items():
        variances = VARIANCES[:-1] if spec in ("sin", "cos") else VARIANCES  # too many periods for mpmath
        table[spec] = {q: moments(phi, kinks, q) for q in variances}
        for row in table[spec].values() if spec in JUMPS else ():
            for name in ("derivative_mean", "derivative_second_moment", "z_value_derivative"):
                del row[name]
        print(spec, flush=True)
    Path(__file__).with_name("moments_mpmath.json").write_text(json.dumps(table, indent=1) + "\n")
