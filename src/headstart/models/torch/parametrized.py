"""Weights that a layer computes from other parameters: what they are called, and how one is set.

`torch.nn.utils.parametrizations` and the older hooks keep parameters of their own (original0, weight_g, weight_orig)
and make the weight that is used from them. A plan speaks of the weight that is used; writing sets it through the layer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


class Effective(NamedTuple):
    """A weight that is computed.

    Args:
        attribute: its name in the layer.
        by: what computes it, in words.
        parts: the names of the parameters it is computed from.
        free: whether any weight can be set; otherwise what is set is changed on the way.
    """

    attribute: str
    by: str
    parts: tuple[str, ...]
    free: bool


_WORDS = {
    "_WeightNorm": ("weight norm", True),
    "_SpectralNorm": ("spectral norm", False),
    "_Orthogonal": ("an orthogonal parametrization", False),
}


def effective_weights(module: nn.Module) -> list[Effective]:
    """The weights that a layer computes."""
    found = []
    if parametrize.is_parametrized(module):
        for attribute, chain in module.parametrizations.items():  # type: ignore[union-attr, operator]
            kinds = [type(step).__name__ for step in chain]
            by, free = _WORDS.get(kinds[0], (kinds[0], False)) if len(kinds) == 1 else (" and ".join(kinds), False)
            parts = tuple(f"parametrizations.{attribute}.{name}" for name, _ in chain.named_parameters())
            found.append(Effective(attribute, by, parts, free))
    for hook in module._forward_pre_hooks.values():
        kind, attribute = type(hook).__name__, getattr(hook, "name", "")
        if kind == "WeightNorm":
            found.append(Effective(attribute, "weight norm", (f"{attribute}_g", f"{attribute}_v"), True))
        elif kind == "SpectralNorm":
            found.append(Effective(attribute, "spectral norm", (f"{attribute}_orig",), False))
    return found


def set_weight(module: nn.Module, effective: Effective, values: Tensor) -> None:
    """Make this the weight that the layer uses, as far as what computes it allows."""
    name = effective.attribute
    with torch.no_grad():
        if parametrize.is_parametrized(module, name):
            setattr(module, name, values)
        elif effective.by == "weight norm":
            hook: Any = next(h for h in module._forward_pre_hooks.values() if type(h).__name__ == "WeightNorm")
            dim = hook.dim
            getattr(module, f"{name}_v").copy_(values)
            getattr(module, f"{name}_g").copy_(torch.norm_except_dim(values, 2, dim))
            setattr(module, name, hook.compute_weight(module))
        else:
            getattr(module, f"{name}_orig").copy_(values)
