"""Keras on PyTorch: the model is seen through a module that has its variables as parameters, by their paths.

So PyTorch's own recorder, meter and writer do the work, and speak Keras's names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from headstart.audits.values import Values
from headstart.graph.graph import Graph
from headstart.models.keras import names
from headstart.models.keras.backends.torch_norms import whole_batch_norms
from headstart.models.keras.inputs import forward_failed
from headstart.models.keras.variables import is_variable
from headstart.models.torch import write as torch_write
from headstart.models.torch.held import held_of as torch_held
from headstart.models.torch.measure import trace_of
from headstart.models.torch.names import Place as TorchPlace
from headstart.models.torch.read import Reading as TorchReading
from headstart.models.torch.record import ForwardError, Tape
from headstart.models.torch.record import record as recorded
from headstart.models.torch.restore import left_as_found
from headstart.models.torch.values import TensorValues
from headstart.plans import Entry, Plan
from headstart.plans.verified import Held
from headstart.signals.trace import Trace


class VariableTape(Tape):
    """A tape that sees Keras's variables where they stand in the place of tensors."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        if any(is_variable(arg) for arg in (*args, *(kwargs or {}).values())):
            args = tuple(self._tensor(arg) for arg in args)
            kwargs = {name: self._tensor(arg) for name, arg in (kwargs or {}).items()}
        return super().__torch_function__(function, types, args, kwargs)

    def _tensor(self, given: Any) -> Any:
        if not is_variable(given):
            return given
        value = given.value
        own = given._value if isinstance(getattr(given, "_value", None), Tensor) else value
        if value is own or id(own) not in self.names or value.is_meta:
            return value
        return super().__torch_function__(Tensor.to, (Tensor,), (own, value.dtype))  # of a mixed policy: it is cast


class View(nn.Module):
    """A Keras model as a module: its variables are parameters and buffers under their own names.

    Layers in lists, which no attribute of a module holds, are among its modules too.
    """

    make_tape = VariableTape
    model: Any
    inside: list[names.Inside]

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.__dict__["model"] = model  # no child: its own parameters would come twice
        self.__dict__["inside"] = names.layers(model)
        for place in names.variables(model):
            (self._buffers if place.state else self._parameters)[place.name] = place.variable.value
        for number, variable in enumerate(names.seeds(model)):
            self._buffers[f"seed {number}"] = variable.value

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.model(*args, **kwargs)

    def named_modules(
        self, memo: set[nn.Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, nn.Module]]:
        """Itself, and every layer by its path."""
        yield prefix, self
        for inside in self.inside:
            yield inside.name, inside.layer

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, nn.Parameter]]:
        """Every variable that a gradient may change, by its path."""
        for name, parameter in self._parameters.items():
            assert parameter is not None
            yield name, parameter


def record(model: Any, reading: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Graph:
    """The graph of one pass."""
    view = View(model)
    with whole_batch_norms(model), left_as_found(view) as found:
        try:
            return recorded(view, args, kwargs, _arrays(view, reading), about_to_write=found.about_to_write)[0]
        except ForwardError as failed:
            raise forward_failed(args, kwargs, failed.error, failed.module) from failed.error


def trace(model: Any, reading: Any, args: Sequence[Any], kwargs: Mapping[str, Any], **how: Any) -> Trace:
    """One pass forward and back, measured."""
    view = View(model)
    with whole_batch_norms(model):
        return trace_of(view, args, kwargs, reading=read_of(view, reading), **how)


def read_of(view: View, reading: Any) -> TorchReading:
    """What was read, as PyTorch's adapter has it."""
    places = {name: TorchPlace(view, name, name, tensor) for name, tensor in _arrays(view, reading).items()}
    buffers = {name: TorchPlace(view, name, name, tensor) for name, tensor in view.named_buffers(recurse=False)}
    return TorchReading(reading.parameters, places, buffers)


def put(entries: Sequence[tuple[Entry, names.Place]], seed: int, threads: int | None) -> None:
    """Draw every entry into its variable's own memory."""
    view = nn.Module()
    for entry, place in entries:
        view._parameters[entry.name] = place.variable.value
    torch_write(Plan(tuple(entry for entry, _ in entries)), view, seed, threads)


def values(variable: Any) -> Values:
    """A variable's numbers."""
    return TensorValues(variable.value)


def _arrays(view: View, reading: Any) -> dict[str, Tensor]:
    known = {parameter.name for parameter in reading.parameters}
    return {name: tensor for name, tensor in view.named_parameters() if name in known}


def held(variable: Any) -> Held:
    """What this process holds of a variable."""
    return torch_held(TorchPlace(nn.Module(), "value", "value", variable.value))
