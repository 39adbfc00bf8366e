"""One pass of a model over JAX forward and back, measured at each operation, and beside it what theory predicts.

`trace` is the whole of it. `question` records the pass as a program and refuses what cannot be measured; `run` runs the
program operation by operation, forward and back; `loss` says where the backward pass starts; `jacobian` is a pass of
its own. All that looks at numbers is in `signals/measure`.
"""

from headstart.models.jax.measure.trace import trace_of

__all__ = ["trace_of"]
