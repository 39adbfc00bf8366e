"""A plan as a short program that makes its weights with `hs.sample` alone, for PyTorch, Flax, Equinox, Keras or NumPy.

- `specs`: what a draw is called in the notation of schemes. `calls`: one parameter as calls of `hs.sample`.
- `loops`: parameters that repeat with an index, told once. `translate`: another library's names and axes.
- `program`: the whole text.
"""

from headstart.show.code.program import LIBRARIES, program

__all__ = ["LIBRARIES", "program"]
