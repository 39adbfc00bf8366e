"""Draws: how numbers are made. Weights are a pure function of (seed, parameter name, element index).

- `philox`, `streams`: random words keyed by seed and name, for any element alone.
- `normal`: the integer inverse CDF; `recipes`: a draw as integer x float; `matrices`: orthogonal and other draws.
- `arrays`: a draw and a shape become an array, by one of `backends/`: NumPy (the reference), Numba (with `kernels` and
  `vector_ir`), PyTorch or JAX; `many`: one parameter of many small networks in one call.
"""

from headstart.draws.arrays import BACKENDS, draw_array
from headstart.draws.many import draw_many
from headstart.draws.philox import philox4x32
from headstart.draws.streams import FORMAT_VERSION, stream_words

__all__ = ["BACKENDS", "FORMAT_VERSION", "draw_array", "draw_many", "philox4x32", "stream_words"]
