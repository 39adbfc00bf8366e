"""Run one recorded operation again, on other arrays: how an activation made of several operations is recognised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import _disable_current_modes


class _Place:
    """Where an operation took its n-th tensor."""

    def __init__(self, number: int) -> None:
        self.number = number


def replay_of(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Callable[[Sequence[Any]], Any]:
    """The operation as a function of the arrays that it took, in their order; nothing of the call's tensors is kept."""
    leaves, shape = [*args, *kwargs.values()], None
    if any(isinstance(leaf, (list, tuple, dict)) for leaf in leaves):  # not the usual call, which costs less
        leaves, shape = pytree.tree_flatten((args, dict(kwargs)))
    words, positions, count = tuple(kwargs), len(args), 0
    for i, leaf in enumerate(leaves):
        if isinstance(leaf, Tensor):
            leaves[i] = _Place(count)
            count += 1

    def replay(arrays: Sequence[Any]) -> Any:
        # a copy of each: an operation that writes in place must not write into the caller's
        # the caller may be in another device's context, or among fake tensors
        with torch.no_grad(), torch.device("cpu"), _disable_current_modes():
            tensors = [torch.from_numpy(_copy(array)) for array in arrays]
            filled = [tensors[leaf.number] if isinstance(leaf, _Place) else leaf for leaf in leaves]
            given, named = (
                (filled[:positions], dict(zip(words, filled[positions:], strict=True)))
                if shape is None else pytree.tree_unflatten(filled, shape)
            )  # fmt: skip
            made = function(*given, **named)
            made = tensors[0] if made is None else made
            return tuple(map(_array, made)) if isinstance(made, (tuple, list)) else _array(made)

    return replay


def _copy(array: Any) -> Any:
    found = np.array(array)
    return found if found.dtype == bool else found.astype(np.float64)


def _array(made: Any) -> Any:
    if not isinstance(made, Tensor):
        return made
    return made.numpy() if made.dtype == torch.bool else made.double().numpy()
