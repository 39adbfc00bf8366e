"""Formula: what the catalogue of activations says about one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Formula:
    """One entry of the catalogue: phi and phi' as functions of (z, *parameters).

    `slope_of_output` is phi' as a function of (phi(z), *parameters) where that is possible: the engine then keeps one
    array per layer instead of two. `kinks` are the points where phi or phi' is not smooth, in increasing order; a
    function of the parameters where they depend on them.
    """

    name: str
    value: Function
    derivative: Function
    parameters: tuple[tuple[str, float], ...] = ()
    slope_of_output: Function | None = None
    kinks: tuple[float, ...] | Callable[..., tuple[float, ...]] = ()
