"""Read a Keras model: its variables with role, layout, and what follows each weight. It is left as it is.

The class of a layer says what its variables are for; where it does not, the forward pass on an example does, recorded
by the backend's own recorder. A model that has no variables yet is built by the example, as its first call would.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from headstart.draws.dtypes import FORMATS
from headstart.errors import InputError
from headstart.graph.graph import Graph
from headstart.graph.reading import informed as said_by_pass
from headstart.graph.residual import ResidualSum, longest_path, residual_sums
from headstart.layout import LAYOUTS
from headstart.models.keras import names
from headstart.models.keras.backends import backend
from headstart.models.keras.inputs import build, check_built, inputs_of
from headstart.models.keras.layers import Kind, kind_of
from headstart.plans import Parameter
from headstart.plans.starts import LARGEST, UNKNOWN, constant_of, is_kept

OLDEST = (3, 0)


@dataclass(frozen=True)
class Reading:
    """What was read.

    Args:
        parameters: in the model's order.
        places: a parameter's name -> where its variable is.
        states: likewise, of variables that no gradient changes (moving means).
        graph: of the pass on the example; None without one.
        sums: the graph's residual sums. depth: how many lie one behind the other.
    """

    parameters: tuple[Parameter, ...]
    places: Mapping[str, names.Place]
    states: Mapping[str, names.Place]
    graph: Graph | None = None
    sums: tuple[ResidualSum, ...] = ()
    depth: int = 0


def read(model: Any, example: Any = None) -> Reading:
    """The parameters of a model.

    Args:
        model: a keras.Model, or any layer.
        example: its inputs: one array; a list or dict of them; of a layer that takes several arguments a tuple, or a
            dict by their names. None to read the layers alone.

    Raises:
        InputError: no model of Keras 3, one without weights and no example, or a pass that fails on it.
    """
    check_model(model)
    if example is None:
        check_built(model)
        return without_pass(model)
    args, kwargs = inputs_of(model, example)
    build(model, args, kwargs)
    found = without_pass(model)
    return informed(found, backend().record(model, found, args, kwargs))


def check_model(model: Any) -> None:
    """Whether it is a model or layer of Keras 3.

    Raises:
        InputError: it is not.
    """
    if tuple(int(part) for part in keras.__version__.split(".")[:1]) < OLDEST[:1]:
        raise InputError(
            f"headstart reads models of Keras 3, got one of Keras {keras.__version__}. Install keras>=3 and build the "
            "model with it."
        )
    if not isinstance(model, keras.Layer):
        raise InputError(f"a Keras model is a keras.Model or a layer, got {type(model).__name__}. Pass the model.")


def without_pass(model: Any) -> Reading:
    """What the layers alone say."""
    places = names.variables(model)
    weights = {place.name: place for place in places if not place.state}
    parameters = [parameter for place in places if (parameter := _parameter(place)) is not None]
    return Reading(tuple(parameters), weights, {place.name: place for place in places if place.state})


def informed(reading: Reading, graph: Graph) -> Reading:
    """What the layers say, and what a pass says besides."""
    sums = residual_sums(graph)
    parameters = said_by_pass(reading.parameters, graph, sums, dict.fromkeys(reading.places, ()))
    return Reading(parameters, reading.places, reading.states, graph, sums, longest_path(graph, sums))


def _parameter(place: names.Place) -> Parameter | None:
    """What a layer says of a variable; None of one that is no parameter."""
    variable, layer = place.variable, place.layer
    shape, owner = tuple(int(size) for size in variable.shape), type(layer).__name__
    if place.state:
        mode = getattr(layer, "quantization_mode", None)
        if mode is None or not any(word in str(variable.name) for word in ("kernel", "embeddings")):
            return None
        return Parameter(place.name, shape, "unknown", key=place.key, owner=owner, fixed=f"it is quantized ({mode})")
    kind = kind_of(layer, str(variable.name), shape) or Kind("unknown")
    return Parameter(
        place.name, shape, kind.role, kind.layout or LAYOUTS["in_out"], key=place.key, owner=owner,
        trainable=bool(variable.trainable), fixed=kind.fixed or _fixed(variable), note=kind.note,
        start=_start(variable, kind.role),
    )  # fmt: skip


def _start(variable: Any, role: str) -> float | None:
    """The number that its layer filled it with; nan where it is not one."""
    if not is_kept(role) or not 0 < math.prod(variable.shape) <= LARGEST:
        return UNKNOWN
    try:
        return constant_of(keras.ops.convert_to_numpy(variable))
    except Exception:  # on a device without numbers: what is usual holds
        return None


def _fixed(variable: Any) -> str:
    """Why a variable cannot be drawn; "" if it can."""
    dtype = str(keras.backend.standardize_dtype(variable.dtype))
    return "" if dtype in FORMATS else f"its numbers are of type {dtype}"
