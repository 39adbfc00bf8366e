"""Read a model over JAX: its parameters with role, layout and ties, and what follows each weight. It is left as it is.

The modules that own the parameters say what those are for; where there are none, or none that is known, the pass on an
example does. Without an example what only a pass can show stays unknown, and is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax

from headstart.errors import InputError
from headstart.graph.graph import Graph
from headstart.graph.reading import from_uses
from headstart.graph.reading import informed as said_by_pass
from headstart.graph.residual import ResidualSum, longest_path, residual_sums
from headstart.layout import LAYOUTS
from headstart.models.jax.calls import fitted
from headstart.models.jax.layers import key_of, parameters
from headstart.models.jax.record import ForwardError, Recorded, record
from headstart.models.jax.trees import Model, example_inputs, is_container, model_of
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
    reading = Reading(tuple(parameters(found)), found)
    if example is None:
        return reading
    return informed(reading, recorded(found, example).graph)


def informed(reading: Reading, graph: Graph) -> Reading:
    """What the layers say, and what a pass says besides."""
    sums = residual_sums(graph)
    met: dict[str, tuple[str, ...]] = dict.fromkeys(reading.model.tree, ())
    found = said_by_pass([_unnamed(each, reading.model, graph) for each in reading.parameters], graph, sums, met)
    found = _keyed(found, reading)
    return replace(reading, parameters=found, graph=graph, sums=sums, depth=longest_path(graph, sums))


def _unnamed(parameter: Parameter, model: Model, graph: Graph) -> Parameter:
    """A parameter without what only its name made likely, where the pass knows better."""
    place, uses = model.places[parameter.name], graph.used.get(parameter.name, ())
    bare = replace(parameter, role="unknown", layout=LAYOUTS["out_in"], note="")
    if place.modules or not uses or (seen := from_uses(bare, uses).role) == "unknown":
        return parameter
    of_gates = parameter.role in ("gate weight", "recurrent", "forget bias")
    return parameter if of_gates and seen in ("weight", "recurrent", "bias") else bare


def _keyed(parameters: Sequence[Parameter], reading: Reading) -> tuple[Parameter, ...]:
    """The parameters, those that the pass showed to be stacks with the keys that stacks have."""
    before = {each.name: each.layout.stack_axes for each in reading.parameters}
    stacks: dict[str, tuple[int, ...] | None] = {
        each.name: each.layout.stack_axes for each in parameters
        if each.what.fans or each.layout.stack_axes or before[each.name]
    }  # fmt: skip
    for each in parameters:  # what has no axes of its own is a stack where its neighbours all are
        others = {stacks[other.name] for other in parameters if other.what.fans and _beside(other.name, each.name)}
        if not each.what.fans and len(others) == 1:
            stacks[each.name] = others.pop()
    if all(stacks[name] == before[name] for name in stacks):
        return tuple(parameters)
    places = reading.model.places
    return tuple(
        replace(each, key=key_of(places[each.name], stacks[each.name] or (), stacks, reading.model))
        if each.layout.stack_axes != before[each.name] else each
        for each in parameters
    )  # fmt: skip


def _beside(first: str, second: str) -> bool:
    return first.rpartition(".")[0] == second.rpartition(".")[0]


def recorded(model: Model, example: Any, unroll: bool = False) -> Recorded:
    """The pass on an example; of a model that is mapped over its batch, on one of it where scans stand once.

    Raises:
        InputError: the model cannot be called, or fails on the example.
    """
    if model.call is None:
        kind = "a tree alone" if model.library == "tree" else f"this {type(model.given).__name__}"
        raise InputError(
            f"an example needs something to call, got {kind}. Pass (function, tree), or params=tree with the function "
            "or module first; or leave the example out."
        )
    args, kwargs = example_inputs(example)
    try:
        fit = fitted(model, args, kwargs)
        call, args, kwargs = (fit.call, args, fit.kwargs) if fit.alone is None or unroll else fit.alone
        return record(call, model.tree, args, kwargs, model.names, unroll, root_of(model))
    except ForwardError as failed:
        raise forward_failed(model, args, kwargs, failed.error) from failed.error
    except InputError:
        raise
    except Exception as error:
        raise forward_failed(model, args, kwargs, error) from error


def root_of(model: Model) -> str:
    """The scope that stands for the model itself: Linen names its outermost module too."""
    if model.library != "linen":
        return ""
    module = model.given[0]
    return str(getattr(module, "name", None) or type(module).__name__)


def forward_failed(model: Model, args: Sequence[Any], kwargs: Mapping[str, Any], error: Exception) -> InputError:
    """What to tell of a forward pass that raised: on which shapes, and in which module."""
    leaves = [leaf for leaf in jax.tree.leaves((tuple(args), dict(kwargs))) if hasattr(leaf, "shape")]
    shapes = ", ".join(str(tuple(leaf.shape)) for leaf in leaves)
    example = f"the example of shape {shapes}" if shapes else "an example without arrays"
    where = failed_in(model, error)
    said = str(error).strip().partition("\n")[0].rstrip(".")
    return InputError(
        f"the model's forward pass fails on {example}{where}: {type(error).__name__}: {said}. "
        "Pass inputs that the model takes, and parameters of this model."
    )


def failed_in(model: Model, error: BaseException) -> str:
    """The innermost module that an error came out of, in words; "" where there is none."""
    found: Any = None
    trace = error.__traceback__
    while trace is not None:
        inside = trace.tb_frame.f_locals.get("self")
        if inside is not None and _is_layer(inside):
            found = inside
        trace = trace.tb_next
    if found is None or type(found) is type(model.given):
        return ""
    path = getattr(found, "path", None)
    name = ".".join(map(str, path)) if isinstance(path, tuple) else _name_of(model, found)
    kind = type(found).__name__
    return f", in {name} ({kind})" if name else f", in a {kind}"


def _is_layer(given: Any) -> bool:
    """Whether this is a module of a library over JAX, which is called."""
    kinds = ("flax.linen", "flax.nnx", "equinox", "haiku")
    bases = [base for base in type(given).__mro__ if base.__module__.startswith(kinds) and "odule" in base.__name__]
    return bool(bases) and not is_container(given)


def _name_of(model: Model, layer: Any) -> str:
    """Where the one layer of this class and these shapes stands; "" where several do, or nobody knows."""
    names = {
        ".".join(place.steps[:at])
        for place in model.places.values()
        for at, owner in enumerate(place.owners)
        if type(owner) is type(layer) and _alike(owner, layer)
    }
    return names.pop() if len(names) == 1 else ""


def _alike(first: Any, second: Any) -> bool:
    try:
        return [leaf.shape for leaf in jax.tree.leaves(first)] == [leaf.shape for leaf in jax.tree.leaves(second)]
    except (AttributeError, TypeError, ValueError):
        return False
