"""JAX: Flax NNX and Linen, Equinox, Haiku and plain trees are read, and plans written.

- `trees`: every form as one thing; `nnx`, `linen`, `haiku`, `plain` (with Equinox) make it. `layers`: what parameters are
  for, by `kinds_*`, each library's table. `read`: both together. `write`, `shards`: a plan's numbers into the model.
"""

from headstart.models.jax.read import read

__all__ = ["read"]
