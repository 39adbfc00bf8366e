"""The same pass over several draws of the weights: how far each number moves from draw to draw.

The draws lie in memory of their own; the model's weights are set aside meanwhile, and stand where they stood.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from headstart.errors import InputError
from headstart.graph.graph import Graph
from headstart.models.torch.measure.moments import root_mean_square
from headstart.models.torch.read import Reading, informed
from headstart.models.torch.restore import left_as_found
from headstart.models.torch.write import write
from headstart.plans import Plan, plan_parameters
from headstart.schemes import Scheme
from headstart.schemes.distributions import Normal
from headstart.signals.trace import Row

SPREAD = ("rms", "mean", "batch_std", "cosine", "token_cosine", "dead", "saturated", "rank", "logit_std", "entropy",
          "grad_rms")  # fmt: skip


def plan_of(given: Any, reading: Reading, graph: Graph) -> Plan:
    """A plan as it is given, or made from a scheme; None for normal draws of the sizes that the weights have.

    Raises:
        InputError: it is neither.
    """
    if isinstance(given, Plan):
        return given
    if given is not None and not isinstance(given, (str, Scheme)):
        raise InputError(f"a plan to draw from is a Plan or a scheme, got {type(given).__name__}. Pass hs.plan(model).")
    known = informed(reading, graph)
    made = plan_parameters(known.parameters, "he" if given is None else given, depth=known.depth)
    if given is not None:
        return made
    entries = []
    for entry in made.entries:
        size = root_mean_square(reading.places[entry.name].tensor)[0]
        if entry.role != "bias" and size > 0:
            entries.append(
                dataclasses.replace(entry, draws=(Normal(size),), layout=dataclasses.replace(entry.layout, blocks=None))
            )
    return Plan(tuple(entries), made.left_alone)


@contextlib.contextmanager
def drawn(model: nn.Module, plan: Plan, seed: int) -> Iterator[None]:
    """The model with weights drawn from a plan; its own are set aside, and put back after."""
    with left_as_found(model):
        memories: dict[int, torch.UntypedStorage] = {}
        for parameter in model.parameters():
            if parameter.layout != torch.strided:
                continue
            own = parameter.untyped_storage()
            if own._cdata not in memories:
                memories[own._cdata] = own.clone()  # type: ignore[no-untyped-call]  # torch's own
            moved = torch.empty(0, dtype=parameter.dtype, device=parameter.device)
            moved.set_(memories[own._cdata], parameter.storage_offset(), parameter.shape, parameter.stride())
            parameter.data = moved
        write(plan, model, seed)
        yield


def with_spread(rows: Sequence[Row], others: Sequence[Sequence[Row]]) -> tuple[Row, ...]:
    """Rows, each with the least and the most of every number over all passes."""
    named = [{row.name: row for row in each} for each in others]
    return tuple(
        dataclasses.replace(row, spread=_spread([row, *(each[row.name] for each in named if row.name in each)]))
        for row in rows
    )


def _spread(rows: Sequence[Row]) -> Mapping[str, tuple[float, float]]:
    found = {}
    for field in SPREAD:
        values = [value for row in rows if (value := getattr(row, field)) is not None]
        if values:
            found[field] = min(values), max(values)
    return found
