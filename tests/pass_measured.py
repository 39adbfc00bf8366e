"""One pass of a model measured value by value, beside its prediction: what the tests of predictions compare."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from headstart.graph.graph import Graph
from headstart.graph.predict import Prediction, predict
from headstart.models.torch import names, record
from headstart.models.torch.measure.moments import root_mean_square
from headstart.models.torch.measure.predict import input_moments, weight_moments


class Measured(NamedTuple):
    rms: float
    cosine: float | None
    grad: float | None


class Compared(NamedTuple):
    graph: Graph
    measured: dict[int, Measured]
    predicted: dict[int, Prediction]

    def ratios(self, backward: bool = False) -> dict[int, tuple[float, float]]:
        """Value -> predicted over measured, and the noise, wherever both are known."""
        found = {}
        for value, own in self.measured.items():
            told = self.predicted.get(value)
            given, theory = (own.grad, told and told.grad) if backward else (own.rms, told and told.rms)
            noise = (told and (told.grad_noise if backward else told.noise)) or 0.0
            if given is None or theory is None or self.graph.values[value].op is None:
                continue
            if given == theory == 0:
                found[value] = (1.0, noise)
            else:
                found[value] = (theory / given if given > 0 else math.inf, noise)
        return found

    def within(self, backward: bool = False) -> float:
        """Share of rows within max(20 %, 3 spreads) forward, within 1.5x backward."""
        ratios = self.ratios(backward).values()
        good = [_near(ratio, math.log(1.5) if backward else max(math.log(1.2), 3 * noise)) for ratio, noise in ratios]
        return sum(good) / max(len(good), 1)


def _near(ratio: float, limit: float) -> bool:
    return 0 < ratio < math.inf and abs(math.log(ratio)) <= limit


class _Tape(record.Tape):
    """A tape that measures what it sees."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.measured: dict[int, list[Any]] = {}

    def add(self, tensor: Tensor, kind: Any, *args: Any, **kwargs: Any) -> int:
        number = super().add(tensor, kind, *args, **kwargs)
        if kind == "data" and tensor.is_floating_point():
            with torch.no_grad():
                x = tensor.detach().double()
                cosine = None
                if x.dim() > 1 and x.shape[0] > 1:
                    flat = x.reshape(x.shape[0], -1)
                    unit = flat / flat.norm(dim=1, keepdim=True).clamp_min(1e-300)
                    count = x.shape[0]
                    cosine = float((unit.sum(0).square().sum() - count) / (count * (count - 1)))
                own = [float(x.square().mean().sqrt()), cosine, None]
            self.measured[number] = own
            if tensor.requires_grad:
                tensor.register_hook(lambda g: own.__setitem__(2, float(g.detach().double().square().mean().sqrt())))
        return number


def compared(model: nn.Module, *args: Any, batch: int | None = None, seed: int = 0, **kwargs: Any) -> Compared:
    """Measure a pass and the gradient of a random projection of the first output, and predict both."""
    parameters = {place.name: place.tensor for place in names.parameters(model)}
    tape = _Tape(parameters, {id(tensor): name for name, tensor in parameters.items()})
    given = [x for x in pytree.tree_leaves((tuple(args), dict(kwargs))) if isinstance(x, Tensor)]
    for place, tensor in enumerate(given):
        tape.add(tensor, "data", f"input {place}")
    with record._module_names(model, tape), tape:
        result = model(*args, **kwargs)
    leaves = [x for x in pytree.tree_leaves(record.plain_result(result)) if isinstance(x, Tensor)]
    outputs = [tape.value_of(x) for x in leaves]
    graph = Graph(tuple(tape.values), tuple(tape.ops), tuple(outputs), tuple(tape.uses), tuple(tape.calls),
                  tape.numbers, tape.arrays)  # fmt: skip
    first = next(x for x in leaves if x.is_floating_point())
    projection = torch.randn(first.shape, generator=torch.Generator().manual_seed(seed))
    (first * projection.to(first.dtype)).sum().backward()
    model.zero_grad()
    weights = {name: weight_moments(x, "unknown", root_mean_square(x)[0]) for name, x in parameters.items()}
    known = {name: moments for name, moments in weights.items() if moments is not None}
    batch = batch or (given[0].shape[0] if given else None)
    told = predict(graph, known, input_moments(graph, given), batch=batch, output_grad={tape.value_of(first): 1.0})
    return Compared(graph, {number: Measured(*own) for number, own in tape.measured.items()}, told)
