"""Draws: how numbers are made. Weights are a pure function of (seed, parameter name, shape).

- `streams`: random numbers keyed by seed and name.
- `arrays`: a draw and a shape become an array.
"""

from headstart.draws.arrays import draw_array
from headstart.draws.streams import standard_normal, uniform_open

__all__ = ["draw_array", "standard_normal", "uniform_open"]
