"""Read a model over JAX: its parameters with role, layout and ties, from the modules that own them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headstart.graph.graph import Graph
from headstart.graph.residual import ResidualSum
from headstart.models.jax.layers import parameters
from headstart.models.jax.trees import Model, model_of
from headstart.plans import Parameter


@dataclass(frozen=True)
class Reading:
    """What was read.

    Args:
        parameters: in the model's order.
        model: as a function of its parameters.
        graph: of the pass on the example; None without one.
        sums: the graph's residual sums. depth: how many lie one behind the other.
    """

    parameters: tuple[Parameter, ...]
    model: Model
    graph: Graph | None = None
    sums: tuple[ResidualSum, ...] = ()
    depth: int = 0


def read(model: Any, example: Any = None) -> Reading:
    """The parameters of a model in any of the forms that `trees.model_of` takes.

    Args:
        example: an array or its shape, a tuple of positional inputs, or a dict of inputs by name.

    Raises:
        InputError: it is no such form, or its forward pass fails on the example.
    """
    found = model_of(model, example=example)
    return Reading(tuple(parameters(found)), found)
