"""PyTorch: modules are read, one forward pass recorded, plans written.

- `names`, `layers`, `parametrized`: the parameters, by their layers' kinds. `record`, `ops`, `uses`, `views`, `replay`:
  the forward pass as a graph. `read`: both together. `write`: a plan's numbers into the model.
- `digests`: of what it holds.
"""

from headstart.models.torch.digests import locked
from headstart.models.torch.read import read
from headstart.models.torch.write import write

__all__ = ["locked", "read", "write"]
