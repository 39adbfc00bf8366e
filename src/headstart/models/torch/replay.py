"""Run one recorded operation again, on other arrays: how an activation made of several operations is recognised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree


class _Place:
    """Where an operation took its n-th tensor."""

    def __init__(self, number: int) -> None:
        self.number = number


def replay_of(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Callable[[Sequence[Any]], Any]:
    """The operation as a function of the arrays that it took, in their order; nothing of the call's tensors is kept."""
    leaves, shape = pytree.tree_flatten((args, dict(kwargs)))
    count = 0
    for i, leaf in enumerate(leaves):
        if isinstance(leaf, Tensor):
            leaves[i] = _Place(count)
            count += 1

    def replay(arrays: Sequence[Any]) -> Any:
        # a copy each: an operation that writes in place must not write into the caller's
        tensors = [torch.tensor(np.asarray(array, np.float64)) for array in arrays]
        filled = [tensors[leaf.number] if isinstance(leaf, _Place) else leaf for leaf in leaves]
        given, named = pytree.tree_unflatten(filled, shape)
        with torch.no_grad():
            made = function(*given, **named)
        made = tensors[0] if made is None else made
        return made.double().numpy() if isinstance(made, Tensor) else made

    return replay
