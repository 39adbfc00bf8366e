"""The same pass over several draws of the weights: how far each number moves from draw to draw.

The draws lie in memory of their own; the model's weights are set aside meanwhile, and stand where they stood.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from headstart.graph.graph import Graph
from headstart.models.torch.measure.moments import root_mean_square
from headstart.models.torch.read import Reading, informed
from headstart.models.torch.restore import left_as_found
from headstart.models.torch.write import write
from headstart.plans import Plan
from headstart.signals.measure.draws import plan_from


def plan_of(given: Any, reading: Reading, graph: Graph) -> Plan:
    """A plan as it is given, or made from a scheme; None for normal draws of the sizes that the weights have."""
    known = informed(reading, graph)
    return plan_from(
        given, known.parameters, known.depth, lambda name: root_mean_square(reading.places[name].tensor)[0]
    )


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
