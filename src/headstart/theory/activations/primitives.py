"""The primitives that the definitions of the activations are written with; here they are NumPy's.

Other parts of the project re-bind the same definitions to their own primitives (`activations.rebound`), so whoever
supplies every name of `PRIMITIVES` can evaluate, differentiate or compile every activation.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def erf(z: Any) -> Any:
    from scipy import special  # loaded at first use: importing headstart must load NumPy only

    return special.erf(z)


def normal_cdf(z: Any) -> Any:
    from scipy import special

    return special.ndtr(z)


def logistic(z: Any) -> Any:
    from scipy import special

    return special.expit(z)


def fma(a: Any, b: Any, c: Any) -> Any:
    """a b + c; compiled code rounds once, NumPy twice."""
    return a * b + c


exp, expm1, log1p, tanh, sin, cos, sqrt, absolute, where = (
    np.exp, np.expm1, np.log1p, np.tanh, np.sin, np.cos, np.sqrt, np.abs, np.where,
)  # fmt: skip

PRIMITIVES = (
    "erf",
    "normal_cdf",
    "logistic",
    "exp",
    "expm1",
    "log1p",
    "tanh",
    "sin",
    "cos",
    "sqrt",
    "absolute",
    "where",
    "fma",
)
