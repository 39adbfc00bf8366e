"""PyTorch: modules are read, one forward pass recorded, plans written.

- `names`, `layers`, `parametrized`: the parameters, by their layers' kinds. `record`, `ops`, `uses`, `views`, `replay`:
  the forward pass as a graph. `read`: both together. `write`: a plan's numbers into the model.
- `digests`: of what it holds. `restore`: a model is left as it was found.
- `measure`: one pass forward and back, measured and predicted; `measure_*`: moments, batch axes, activations, attention,
  gradients, losses, draws, the Jacobian, rows, theory.
"""

from headstart.models.torch.digests import locked
from headstart.models.torch.read import read
from headstart.models.torch.write import write

__all__ = ["locked", "read", "write"]
