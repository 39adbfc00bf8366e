"""Schemes: what to draw. The catalogue, multipliers and spec strings; no array is made here.

- `distributions`: draws, complete distributions made of numbers.
- `catalogue`: the families, with formula, use and paper.
- `scheme`: a family with arguments and a multiplier.
"""

from headstart.schemes.catalogue import FAMILIES, Family
from headstart.schemes.distributions import (
    Constant,
    DeltaOrthogonal,
    Draw,
    Identity,
    Normal,
    OfShape,
    Orthogonal,
    Sparse,
    TruncatedNormal,
    Uniform,
)
from headstart.schemes.scheme import Scheme, family_scheme, scheme

__all__ = [
    "FAMILIES",
    "Constant",
    "DeltaOrthogonal",
    "Draw",
    "Family",
    "Identity",
    "Normal",
    "OfShape",
    "Orthogonal",
    "Scheme",
    "Sparse",
    "TruncatedNormal",
    "Uniform",
    "family_scheme",
    "scheme",
]
