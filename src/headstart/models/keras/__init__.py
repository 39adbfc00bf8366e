"""Keras 3: layers are read, one forward pass recorded by the backend's own recorder, plans written.

- `layers`: kinds of layers. `names`: paths and keys. `inputs`: how an example is handed over, and building.
- `read`, `write`, `digests`, `audit`, `measure`, `fix`: as every adapter has them.
- `backends`: what differs between torch, jax and others. `initializer`: `hs.keras.Initializer`.
"""

from headstart.models.keras.digests import locked
from headstart.models.keras.read import read
from headstart.models.keras.write import write

__all__ = ["locked", "read", "write"]
