"""The engine: many small networks trained by compiled kernels, one network per thread.

- `train`: the one function others call: network + data + starting weights + schedule -> history.
- `schedule`, `samples`: its settings and data, checked before any work. `program`: one network after another.
  `history`: what is left behind.
- `loop`: the training loop, compiled. `kernels`: its matrix products. `losses`: outputs and costs. `optimizers`: steps.
- `rows`: activations compiled for rows of numbers. `arithmetic`: exp, tanh, ... that LLVM can vectorise.
- `simd`: the inner loops with explicit vectors. `caching`: compiled code on disk.
"""

from headstart.experiments.engine.history import Cancelled, History
from headstart.experiments.engine.rows import njit_activation
from headstart.experiments.engine.samples import Samples
from headstart.experiments.engine.schedule import Schedule
from headstart.experiments.engine.train import evaluate_networks, memory_needed, train_networks

__all__ = [
    "Cancelled",
    "History",
    "Samples",
    "Schedule",
    "evaluate_networks",
    "memory_needed",
    "njit_activation",
    "train_networks",
]
