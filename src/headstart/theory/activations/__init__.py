"""Activations: one definition of phi and phi' each, for every part of the project that needs them.

- `catalogue`: an activation by name, with its parameters; `formula`, `smooth`, `piecewise`: the definitions.
- `primitives`: what definitions are written with; `jets`: exact derivatives.
- `callables`: activations that are the user's own functions.
"""

from headstart.theory.activations.catalogue import (
    FORMULAS,
    PRIMITIVES,
    Activation,
    Formula,
    activation,
    rebound,
)

__all__ = ["FORMULAS", "PRIMITIVES", "Activation", "Formula", "activation", "rebound"]
