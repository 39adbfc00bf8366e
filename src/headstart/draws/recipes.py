"""Recipes: what a backend needs to know to turn random words into weights, as a few plain numbers.

A recipe is integer x float: the word becomes an integer (`kind`), the integer becomes float32 (or float64) in one
rounding, and one multiplication by `scale` gives the weight. Nothing is added, so no compiler can fuse an operation
and change a bit; that is why a mean other than zero is refused.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal, assert_never

import numpy as np

from headstart.check import finite, positive
from headstart.draws.dtypes import FORMATS
from headstart.draws.normal import LARGEST, UNIT, first_magnitude
from headstart.errors import InputError
from headstart.schemes.distributions import Normal, TruncatedNormal, Uniform

# Below this cut the density of a truncated normal is level to 3e-8, less than the step of a uniform draw.
LEVEL_CUT = 2.0**-12
UNIFORM_UNIT = 2.0**-24
Elementwise = Normal | Uniform | TruncatedNormal


@dataclass(frozen=True)
class Recipe:
    """kind "uniform": odd integers of 25 bits; "normal": int32 in 2^-28 sigma, tails cut where first_magnitude > 0.

    `dtype` is the result's; `scale` is a float32 number unless the result is float64.
    """

    kind: Literal["uniform", "normal"]
    scale: float
    dtype: str
    first_magnitude: int = 0


def recipe(draw: Elementwise, dtype: str) -> Recipe:
    """The recipe of a draw whose elements are independent.

    Raises:
        InputError: a standard deviation, bound or cut that is not positive and finite, that the dtype cannot hold, or
            a uniform draw that is not symmetric.

    >>> from headstart.schemes import Normal
    >>> recipe(Normal(0.5), "float32")
    Recipe(kind='normal', scale=1.862645149230957e-09, dtype='float32', first_magnitude=0)
    """
    _check_sizes(draw)  # outside the cache, to which True is 1
    return _recipe(draw, dtype)


def _check_sizes(draw: Elementwise) -> None:
    if isinstance(draw, Uniform):
        if draw.low != -draw.high:
            raise InputError(
                f"a uniform draw must be symmetric, got ({draw.low:g}, {draw.high:g}): adding a mean would make the "
                "bits depend on the processor. Draw (-bound, bound) and add the mean yourself."
            )
        positive(draw.high, "the bound", "0.05")
        return
    positive(draw.sigma, "the standard deviation", "0.02")
    if isinstance(draw, TruncatedNormal):
        positive(draw.cut, "the cut", "2")


@functools.lru_cache(maxsize=1024)
def _recipe(draw: Elementwise, dtype: str) -> Recipe:
    if isinstance(draw, Normal):
        return _scaled("normal", draw.sigma, UNIT, draw.sigma * LARGEST, dtype, "the standard deviation")
    if isinstance(draw, Uniform):
        return _scaled("uniform", draw.high, UNIFORM_UNIT, draw.high, dtype, "the bound")
    if isinstance(draw, TruncatedNormal):
        if draw.cut < LEVEL_CUT:
            return _scaled("uniform", draw.bound, UNIFORM_UNIT, draw.bound, dtype, "the bound")
        largest = min(draw.bound, draw.parent_std * LARGEST)
        first = first_magnitude(draw.cut)
        return _scaled("normal", draw.parent_std, UNIT, largest, dtype, "the standard deviation", first)
    assert_never(draw)


def check_finite(value: float, dtype: str) -> float:
    """A constant that the dtype can hold."""
    number = finite(value, "a constant")
    if abs(number) > FORMATS[dtype].largest:
        raise InputError(f"a constant must be finite in {dtype}, got {value:g}. Write a number such as 0.5.")
    if 0 < abs(number) < FORMATS[dtype].smallest:
        raise InputError(
            f"a constant must be 0 or at least {FORMATS[dtype].smallest:.3g} in {dtype}, where smaller numbers lose "
            f"bits (go subnormal), got {value:g}. Write a larger number, or 0."
        )
    return number


def _scaled(
    kind: Literal["uniform", "normal"],
    size: float,
    unit: float,
    largest: float,
    dtype: str,
    what: str,
    first_magnitude: int = 0,
) -> Recipe:
    """The recipe whose integers, times size x unit, are the weights; refuses what overflows or goes subnormal."""
    limits, single = FORMATS[dtype], FORMATS["float64" if dtype == "float64" else "float32"]
    if largest > limits.largest:
        raise InputError(f"{what} must leave every weight finite in {dtype}, got {size:g}. Write a smaller number.")
    if size < limits.smallest or size * unit < single.smallest:
        least = max(limits.smallest, single.smallest / unit)
        raise InputError(
            f"{what} must be at least {least:.3g} in {dtype}, where smaller weights lose bits (go subnormal), "
            f"got {size:g}. Write a larger number, or the scheme 'zeros'."
        )
    scale = size * unit  # exact: the unit is a power of two
    return Recipe(kind, scale if dtype == "float64" else float(np.float32(scale)), dtype, first_magnitude)
