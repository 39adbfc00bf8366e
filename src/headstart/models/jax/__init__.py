"""JAX: Flax NNX and Linen, Equinox, Haiku and plain trees are read, and plans written.

- `trees`: every form as one thing; `nnx`, `linen`, `haiku`, `plain` (with Equinox) make it. `layers`: what parameters are
  for, by `kinds_*`, each library's table. `read`: both together.
- `write`, `shards`: a plan's numbers into the model. `digests`: of what it holds.
"""

from headstart.models.jax.digests import locked
from headstart.models.jax.read import read
from headstart.models.jax.write import write

__all__ = ["locked", "read", "write"]
