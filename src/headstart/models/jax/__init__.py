"""JAX: Flax NNX and Linen, Equinox, Haiku and plain trees are read, and plans written.

- `trees`: every form as one thing; `nnx`, `linen`, `haiku`, `plain` (with Equinox) make it. `layers`: what parameters
  are for, by `kinds_*`, each library's table. `record` and what it uses: a pass as a graph. `read`: all together.
- `write`, `shards`: a plan's numbers into the model. `keyed`: those of a random key. `digests`, `held`: what it holds.
- `measure`, `fix`, `audit`: as PyTorch's, over the recorded program.
"""

from headstart.models.jax.digests import locked
from headstart.models.jax.read import read
from headstart.models.jax.write import write

__all__ = ["locked", "read", "write"]
