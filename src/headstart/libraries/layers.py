"""What other libraries' dense layers and rules start weights from, and PyTorch's gains.

Read in the libraries' sources; tests compare the numbers with what the installed libraries draw.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Rule(NamedTuple):
    """How a library's rule is written, and fan_in times the variance of its weights in a square layer."""

    call: str
    weight_variance: float


# The rules that do not look at the activation.
RULES: dict[str, Rule] = {
    "PyTorch default": Rule("nn.Linear", 1 / 3),
    "PyTorch kaiming": Rule("kaiming_normal_(w, nonlinearity='relu')", 2.0),
    "JAX default": Rule("flax.linen.Dense: lecun_normal", 1.0),
    "Keras default": Rule("Dense: glorot_uniform", 1.0),
    "Keras he": Rule("HeNormal()", 2.0),
}

# torch.nn.init.calculate_gain by headstart's names; it refuses every other. Of leaky_relu it is sqrt(2/(1 + slope^2)).
TORCH_GAINS: dict[str, float] = {"identity": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
