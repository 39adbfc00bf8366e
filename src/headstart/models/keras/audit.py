"""Audit a Keras model: what its variables hold, as evidence for the checks. The model is not changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headstart.audits import evidence as audit
from headstart.audits.evidence import Evidence
from headstart.audits.look import look_at
from headstart.audits.recipes import fitting
from headstart.draws.dtypes import FORMATS
from headstart.models.keras.backends import backend
from headstart.models.keras.names import Place
from headstart.models.keras.read import Reading, read
from headstart.plans import Parameter


def evidence_of(model: Any, example: Any = None) -> Evidence:
    """What an audit sees of a model.

    Args:
        example: inputs for one forward pass; a model without variables is built by them.

    Raises:
        InputError: no model of Keras 3, one without variables and no example, or a pass that fails on it.
    """
    reading = read(model, example)
    tensors = {found.name: found for found in (*_parameters(reading), *_states(reading))}
    return Evidence(tensors, reading.graph, reading.sums, reading.depth)


def _parameters(reading: Reading) -> Iterator[audit.Tensor]:
    for parameter in reading.parameters:
        place = reading.places.get(parameter.name) or reading.states[parameter.name]
        yield _looked_at(parameter, place, reading.depth)


def _states(reading: Reading) -> Iterator[audit.Tensor]:
    known = {parameter.name for parameter in reading.parameters}
    for name, place in reading.states.items():
        if name not in known:
            shape = tuple(int(size) for size in place.variable.shape)
            found = _looked_at(Parameter(name, shape, "unknown", owner=type(place.layer).__name__), place, 0)
            yield audit.Tensor(found.parameter, found.dtype, found.values, found.look, buffer=True, library="keras")


def _looked_at(parameter: Parameter, place: Place, sums: int) -> audit.Tensor:
    values = backend().values(place.variable)
    if values.dtype not in FORMATS:
        return audit.Tensor(parameter, values.dtype)
    look = look_at(values, parameter.layout if parameter.what.fans else None)
    return audit.Tensor(
        parameter, values.dtype, values, look, fitting(look, parameter, sums, library="keras"), library="keras"
    )
