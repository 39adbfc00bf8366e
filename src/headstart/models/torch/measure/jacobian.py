"""The largest singular values of the derivative of one input's output by it, by products with vectors alone.

The product with the Jacobian is the derivative of the other one
(two backward passes), so that every operation with a second derivative can be in the model.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from headstart.errors import InputError
from headstart.signals.measure import spectrum

Array = NDArray[np.float64]


def singular_values(function: Callable[[Tensor], Tensor], x: Tensor, count: int, seed: int) -> tuple[float, ...]:
    """The largest singular values at a point, the largest first.

    Args:
        function: of an array; its output of any shape.
        x: where. count: how many; as many as there are, at most.

    Raises:
        InputError: an operation has no second derivative.

    >>> w = torch.diag(torch.tensor([3.0, 2.0, 1.0]))
    >>> [round(value, 4) for value in singular_values(lambda x: w @ x, torch.zeros(3), 2, 0)]
    [3.0, 2.0]
    """
    point = x.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        y = function(point)
        ghost = torch.zeros_like(y, requires_grad=True)  # J^T ghost is linear in it: its derivative is J
        try:
            (pulled,) = torch.autograd.grad(y, point, ghost, create_graph=True, allow_unused=True)
        except RuntimeError as error:
            raise InputError(f"the Jacobian needs a second derivative: {error}. Leave jacobian out.") from error
    if pulled is None:
        return (0.0,) * min(count, x.numel(), y.numel())

    def transposed(u: Tensor) -> Tensor:
        (found,) = torch.autograd.grad(y, point, u.view_as(y), retain_graph=True)
        return found.detach().reshape(-1).double()

    def times(v: Tensor) -> Tensor:
        if not pulled.requires_grad:
            return torch.zeros(y.numel(), dtype=torch.float64)
        try:
            (found,) = torch.autograd.grad(pulled, ghost, v.view_as(point), retain_graph=True, allow_unused=True)
        except RuntimeError as error:
            raise InputError(f"the Jacobian needs a second derivative: {error}. Leave jacobian out.") from error
        return torch.zeros(y.numel(), dtype=torch.float64) if found is None else found.detach().reshape(-1).double()

    def on_arrays(product: Callable[[Tensor], Tensor], like: Tensor) -> Callable[[Array], Array]:
        def found(vector: Array) -> Array:
            made: Array = product(torch.from_numpy(vector).to(like.device, like.dtype)).cpu().numpy()
            return made

        return found

    return spectrum.singular_values(
        on_arrays(times, point), on_arrays(transposed, y), y.numel(), point.numel(), count, seed
    )
