"""PyTorch: modules are read, one forward pass recorded, plans written.

- `names`, `layers`, `parametrized`: the parameters, by their layers' kinds. `record`, `ops`, `uses`, `views`, `replay`:
  the forward pass as a graph. `read`: both together. `write`: a plan's numbers into the model.
- `digests`: of what it holds. `restore`: a model is left as it was found.
- `measure`: one pass forward and back, measured and predicted. `fix`: remedies tried on a copy. `watch`, `watch_*`: the
  same numbers in a user's own training. `sick`, `sick_signals`: small sick models, the examples of the findings.
"""

from headstart.models.torch.digests import locked
from headstart.models.torch.read import read
from headstart.models.torch.write import write

__all__ = ["locked", "read", "write"]
