"""Gradients as they pass: their size at every value that was measured, and at every parameter, of which none is kept.

A parameter's gradient is measured when it is whole and then dropped; one that is used several times is kept until the
end, since a reentrant checkpoint hands its gradient over in parts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from headstart.models.torch.measure.moments import root_mean_square
from headstart.signals.measure.seen import Measured


class Gradients:
    """What came back, by value and by parameter."""

    def __init__(self) -> None:
        self.values: dict[int, Measured] = {}
        self.parameters: dict[str, Measured] = {}
        self.left_out: set[int] = set()

    def watch(self, value: int, tensor: Tensor) -> None:
        """Measure the gradient that reaches a value."""

        def look(gradient: Tensor) -> None:
            if value not in self.left_out:
                self.values[value] = root_mean_square(gradient)

        hooked: Any = tensor  # torch has no type for it
        hooked.register_hook(look)

    def forget(self, value: int) -> None:
        """Leave a value out."""
        self.left_out.add(value)

    @contextlib.contextmanager
    def of_parameters(self, model: nn.Module, arrays: Mapping[str, Tensor], often: Iterable[str]) -> Iterator[None]:
        """Measure the parameters' gradients in the backward pass inside; their own `.grad` must be set aside.

        Hooks that others left for when a gradient is there do not run: they may take a step.

        Args:
            arrays: the parameters by name. often: the names of those that are used more than once.
        """
        kept, named = set(often), {id(tensor): name for name, tensor in arrays.items()}
        handles: list[Any] = []

        def whole(tensor: Tensor) -> None:
            name = named.get(id(tensor))
            if name not in kept and tensor.grad is not None:
                if name is not None:
                    self.parameters[name] = root_mean_square(_values(tensor.grad))
                tensor.grad = None

        others: list[tuple[Tensor, Any]] = []
        try:
            for parameter in {id(each): each for each in (*model.parameters(), *arrays.values())}.values():
                if parameter.requires_grad and parameter.is_leaf:
                    others.append((parameter, getattr(parameter, "_post_accumulate_grad_hooks", None)))
                    hooked: Any = parameter
                    hooked._post_accumulate_grad_hooks = None
                    handles.append(hooked.register_post_accumulate_grad_hook(whole))
            yield
            for name in kept & set(arrays):
                gradient = arrays[name].grad
                if gradient is not None:
                    self.parameters[name] = root_mean_square(_values(gradient))
        finally:
            for handle in handles:
                handle.remove()
            for hooked, hooks in others:
                hooked._post_accumulate_grad_hooks = hooks


def leaves_of(tensor: Tensor) -> tuple[dict[int, Tensor], bool]:
    """The tensors that a gradient would be left at, by their id; and whether a reentrant checkpoint hides others."""
    found: dict[int, Tensor] = {}
    if tensor.grad_fn is None:
        return {id(tensor): tensor} if tensor.requires_grad else found, False
    seen, stack, hides = {tensor.grad_fn}, [tensor.grad_fn], False
    while stack:
        node = stack.pop()
        variable = getattr(node, "variable", None)
        if isinstance(variable, Tensor):
            found[id(variable)] = variable
        elif node.name().startswith("CheckpointFunction"):
            hides = True
        for other, _ in node.next_functions:
            if other is not None and other not in seen:
                seen.add(other)
                stack.append(other)
    return found, hides


@contextlib.contextmanager
def gradients_set_aside(leaves: Iterable[Tensor]) -> Iterator[None]:
    """Put back what tensors that are none of the model's hold as their gradient."""
    before = [(tensor, tensor.grad) for tensor in leaves]
    try:
        for tensor, gradient in before:
            if gradient is not None:
                tensor.grad = None
        yield
    finally:
        for tensor, gradient in before:
            tensor.grad = gradient


def _values(gradient: Tensor) -> Tensor:
    """Of a sparse gradient the rows that have one, as if the others were zeros."""
    return gradient.to_dense() if gradient.is_sparse else gradient
