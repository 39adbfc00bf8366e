"""What theory says of the rows of a pass, worked out when it is first asked for.

It takes the moments of the weights as they were, the inputs' own numbers, and the gradient that was measured at the
outputs; or a plan's draws in the place of weights, and no numbers at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.graph.predict import InputMoments, Prediction, WeightMoments, predict
from headstart.plans import Parameter, Plan
from headstart.signals.measure.moments import plain, root_mean_square, stride
from headstart.signals.trace import Row, Trace

SAMPLES = 4096  # of each value: the error that they leave in a size is 1 %
SAMPLE = 2048  # values of a weight that are kept
TABLE = 1 << 22  # elements of what may be a table of positions
LARGEST = 1 << 20  # elements of an input that are kept


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


def weight_moments(array: NDArray[Any], role: str, rms: float) -> WeightMoments | None:
    """The moments of a weight's values, and some of them where they are not only summed over; None without any."""
    if array.size == 0 or array.dtype.kind in "biuc":
        return None
    if role in ("weight", "recurrent"):
        return WeightMoments(rms**2, _mean(array))
    flat = array.reshape(-1)
    some = plain(flat[:: stride(flat.size, array.shape, SAMPLE)][:SAMPLE]).astype(np.float64)
    return WeightMoments(rms**2, _mean(array), some, _rows(array, rms**2))


def _mean(array: NDArray[Any]) -> float:
    with np.errstate(all="ignore"):
        return float(array.mean(dtype=np.float64 if array.dtype == np.float64 else np.float32))


def _rows(table: NDArray[Any], second: float) -> float:
    """The mean product of two rows' entries in one column: not zero in a table of sines."""
    if table.ndim not in (2, 3) or not 1 < table.size <= TABLE or table.shape[-1] < 2:
        return 0.0
    flat = plain(table).reshape(-1, table.shape[-1])
    return mean_product(float(np.square(flat.mean(0, dtype=np.float64)).mean()), len(flat), second)


def mean_product(columns: float, count: int, second: float) -> float:
    """Of two of so many rows, from the mean square of the columns' means and that of all entries."""
    return 0.0 if count < 2 else (count * columns - second) / (count - 1)


def input_of(array: NDArray[Any] | None, whole: bool) -> InputMoments:
    """What is known of one input; its own numbers where they are few enough. None: it has no numbers.

    Args:
        whole: whether it holds whole numbers or truth values.
    """
    if array is None or array.dtype.kind == "c" or (whole and array.size > LARGEST):
        return InputMoments(whole=whole)
    if array.size > LARGEST:
        return InputMoments(second=root_mean_square(array)[0] ** 2, mean=_mean(array))
    return InputMoments(whole=whole, array=np.array(array if whole else plain(array)))
