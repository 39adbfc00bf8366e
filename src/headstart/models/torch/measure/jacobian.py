"""The largest singular values of the derivative of one input's output by it, by products with vectors alone.

Golub and Kahan's bidiagonalization with full orthogonalization: each step is one product with the Jacobian and one
with its transpose; the matrix itself is never made. The product with the Jacobian is the derivative of the other one
(two backward passes), so that every operation with a second derivative can be in the model.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from headstart.errors import InputError

_EXTRA = 12  # steps beyond the values that are wanted: the largest converge first
_STEPS = 80


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

    return _bidiagonal(times, transposed, point, y, count, seed)


def _bidiagonal(
    times: Callable[[Tensor], Tensor], transposed: Callable[[Tensor], Tensor], x: Tensor, y: Tensor, count: int,
    seed: int,
) -> tuple[float, ...]:  # fmt: skip
    most = min(x.numel(), y.numel())
    steps = min(most, count + _EXTRA, _STEPS) if count + _EXTRA < most else most if most <= _STEPS else count + _EXTRA
    numbers = np.random.default_rng(seed).normal(size=y.numel())
    v = transposed(torch.from_numpy(numbers).to(y.device, y.dtype))  # of the row space, so that it ends with the rank
    if float(v.norm()) == 0:
        return (0.0,) * min(count, most)
    rights, lefts = [v / v.norm()], list[Tensor]()
    diagonal, beside = list[float](), list[float]()
    for step in range(steps):
        u = times(rights[-1].to(x.dtype)) - (beside[-1] * lefts[-1] if lefts else 0)
        u, size = _orthogonal(u, lefts)
        diagonal.append(size)
        if size == 0:
            break
        lefts.append(u)
        v = transposed(u.to(y.dtype)) - size * rights[-1]
        v, size = _orthogonal(v, rights)
        if size <= 1e-12 * max(diagonal) or step == steps - 1:
            break
        beside.append(size)
        rights.append(v)
    matrix = np.diag(diagonal) + np.diag(beside[: len(diagonal) - 1], 1)
    found = np.linalg.svd(matrix, compute_uv=False)
    return tuple(float(value) for value in found[:count])


def _orthogonal(vector: Tensor, others: list[Tensor]) -> tuple[Tensor, float]:
    """A unit vector orthogonal to others, and the length of what was left."""
    for _ in range(2):  # twice is enough (Kahan)
        for other in others:
            vector = vector - (vector @ other) * other
    size = float(vector.norm())
    return (vector / size if size > 0 else vector), size
