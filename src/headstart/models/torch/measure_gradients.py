"""Gradients as they pass: their size at every value that was measured, and at every parameter, of which none is kept.

A parameter's gradient is measured when it is whole and then dropped; one that is used several times is kept until the
end, since a reentrant checkpoint hands its gradient over in parts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from torch import Tensor

from headstart.models.torch.measure_moments import root_mean_square

Measured = tuple[float, int]  # root mean square, elements that are not finite


class Gradients:
    """What came back, by value and by parameter."""

    def __init__(self) -> None:
        self.values: dict[int, Measured] = {}
        self.parameters: dict[str, Measured] = {}

    def watch(self, value: int, tensor: Tensor) -> None:
        """Measure the gradient that reaches a value."""

        def look(gradient: Tensor) -> None:
            self.values[value] = root_mean_square(gradient)

        tensor.register_hook(look)

    @contextlib.contextmanager
    def of_parameters(self, arrays: Mapping[str, Tensor], often: Iterable[str]) -> Iterator[None]:
        """Measure the parameters' gradients in the backward pass inside; their own `.grad` must be set aside.

        Args:
            often: the names of those that are used more than once.
        """
        kept = set(often)
        handles: list[Any] = []
        for name, parameter in arrays.items():
            if parameter.requires_grad and parameter.is_leaf:

                def whole(tensor: Tensor, name: str = name) -> None:
                    if name not in kept and tensor.grad is not None:
                        self.parameters[name] = root_mean_square(_values(tensor.grad))
                        tensor.grad = None

                handles.append(parameter.register_post_accumulate_grad_hook(whole))
        try:
            yield
            for name in kept & set(arrays):
                gradient = arrays[name].grad
                if gradient is not None:
                    self.parameters[name] = root_mean_square(_values(gradient))
        finally:
            for handle in handles:
                handle.remove()


def _values(gradient: Tensor) -> Tensor:
    """Of a sparse gradient the rows that have one, as if the others were zeros."""
    return gradient.to_dense() if gradient.is_sparse else gradient
