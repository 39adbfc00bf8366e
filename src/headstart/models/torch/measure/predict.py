"""What theory says of the rows of a pass, worked out when it is first asked for.

It takes the moments of the weights as they were, the inputs' own numbers, and the gradient that was measured at the
outputs; or a plan's draws in the place of weights, and no numbers at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from headstart.graph.graph import Graph
from headstart.graph.predict import InputMoments, Prediction, WeightMoments, predict
from headstart.models.torch.measure.moments import root_mean_square
from headstart.models.torch.values import missing, sample_of
from headstart.plans import Parameter, Plan
from headstart.signals.trace import Row, Trace

SAMPLES = 4096  # of each value: the error that they leave in a size is 1 %
_SAMPLE = 2048  # values of a weight that are kept


@dataclass(frozen=True)
class Theory:
    """What a prediction starts from: moments of weights by name, of inputs by value, gradients at outputs by value."""

    weights: Mapping[str, WeightMoments]
    inputs: Mapping[int, InputMoments]
    output_grad: Mapping[int, float] | None


class Predicted(Trace):
    """A trace whose rows are told what theory says of them when they are first looked at."""

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        later: Callable[[], tuple[Row, ...]] = self.__dict__.pop("_later")
        return later()


def with_predictions(trace: Trace, theory: Theory, seed: int) -> Trace:
    """A trace that knows what theory says of its rows; nothing is worked out yet."""
    rows = trace.rows

    def later() -> tuple[Row, ...]:
        told = predict(
            trace.graph, theory.weights, theory.inputs, batch=trace.batch, output_grad=theory.output_grad,
            samples=SAMPLES, seed=seed,
        )  # fmt: skip
        return tuple(_told(row, told.get(row.value)) for row in rows)

    found = Predicted(**{field.name: getattr(trace, field.name) for field in fields(Trace)})
    del found.__dict__["rows"]
    found.__dict__ |= {"_later": later, "rows_measured": rows}
    return found


def _told(row: Row, said: Prediction | None) -> Row:
    if said is None:
        return row
    return replace(
        row, predicted_rms=said.rms, predicted_cosine=said.cosine, predicted_batch_std=said.batch_std,
        predicted_grad=said.grad, noise=said.noise, grad_noise=said.grad_noise,
    )  # fmt: skip


def weight_moments(tensor: Tensor, role: str, rms: float) -> WeightMoments | None:
    """The moments of a weight's values, and some of them where they are not only summed over; None without any."""
    if tensor.numel() == 0 or not tensor.is_floating_point() or missing(tensor) or tensor.layout != torch.strided:
        return None
    summed = role in ("weight", "recurrent")
    sample = None if summed else sample_of(tensor, _SAMPLE)
    mean = float(tensor.detach().mean(dtype=torch.float64 if tensor.dtype is torch.float64 else torch.float32))
    return WeightMoments(rms**2, mean, sample, 0.0 if summed else _rows(tensor.detach(), rms**2))


_TABLE = 1 << 22  # elements of what may be a table of positions


def _rows(table: Tensor, second: float) -> float:
    """The mean product of two rows' entries in one column: not zero in a table of sines."""
    if table.dim() not in (2, 3) or not 1 < table.numel() <= _TABLE or table.shape[-1] < 2:
        return 0.0
    flat = table.reshape(-1, table.shape[-1])
    count = flat.shape[0]
    if count < 2:
        return 0.0
    columns = float(flat.mean(0, dtype=torch.float32).square().mean())
    return (count * columns - second) / (count - 1)


def moments_of_draws(parameters: Sequence[Parameter], plan: Plan) -> dict[str, WeightMoments]:
    """The moments that a plan will give; norms that it leaves alone start at one, shifts and biases at zero."""
    planned = {entry.name: entry for entry in plan.entries}
    found = {}
    for parameter in parameters:
        entry = planned.get(parameter.name)
        if entry is not None:
            mean = float(getattr(entry.draw, "value", getattr(entry.draw, "mean", 0.0)) or 0.0)
            found[parameter.name] = WeightMoments(entry.std**2 + mean**2, mean)
        elif parameter.role in STARTS:
            start = STARTS[parameter.role]
            found[parameter.name] = WeightMoments(start**2, start)
    return found


STARTS = {"norm scale": 1.0, "norm shift": 0.0, "bias": 0.0, "slope": 0.25}  # what layers begin with


def input_moments(graph: Graph, tensors: Sequence[Tensor]) -> dict[int, InputMoments]:
    """What is known of each input, by value number; copies, for the prediction may come late."""
    found: dict[int, InputMoments] = {}
    for value in graph.values:
        if value.kind == "data" and value.source.startswith("input"):
            found[value.number] = _input(tensors[int(value.source.split()[1])])
    return found


_LARGEST = 1 << 20  # elements of an input that are kept


def _input(tensor: Tensor) -> InputMoments:
    whole = not (tensor.is_floating_point() or tensor.is_complex())
    if missing(tensor) or tensor.is_complex() or tensor.layout != torch.strided:
        return InputMoments(whole=whole)
    if tensor.numel() > _LARGEST:
        rms = root_mean_square(tensor)[0] if not whole else 0.0
        return (
            InputMoments(whole=whole)
            if whole
            else InputMoments(rms**2, float(tensor.detach().mean(dtype=torch.float32)))
        )
    values: Any = tensor.detach().cpu()
    values = (values if whole else values.float()).numpy()
    return InputMoments(whole=whole, array=values.copy())
