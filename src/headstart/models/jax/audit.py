"""Audit a model over JAX: what its parameters and statistics hold, as evidence for the checks. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from headstart.audits import evidence as audit
from headstart.audits.evidence import Evidence
from headstart.audits.look import look_at
from headstart.audits.recipes import fitting
from headstart.models.jax.read import Reading, read
from headstart.models.jax.values import missing, values_of
from headstart.plans import Parameter


def evidence_of(model: Any, example: Any = None) -> Evidence:
    """What an audit sees of a model.

    Args:
        model: any form that `trees.model_of` takes. example: inputs for one forward pass.

    Raises:
        InputError: it is no such form, or its forward pass fails on the example.
    """
    reading = read(model, example)
    tensors = {found.name: found for found in (*_parameters(reading), *_buffers(reading))}
    return Evidence(tensors, reading.graph, reading.sums, reading.depth)


def _parameters(reading: Reading) -> Iterator[audit.Tensor]:
    places, library = reading.model.places, _library(reading)
    for parameter in reading.parameters:
        if parameter.tied_to is not None:
            yield audit.Tensor(parameter)
            continue
        yield _looked_at(parameter, places[parameter.name].value, reading.depth, library, _beside(parameter, reading))


def _buffers(reading: Reading) -> Iterator[audit.Tensor]:
    library = _library(reading)
    for name, value in reading.model.buffers.items():
        if hasattr(value, "shape") and hasattr(value, "dtype"):
            found = _looked_at(Parameter(name, tuple(value.shape), "unknown"), value, 0, library)
            yield replace(found, buffer=True, recipes=(), missing="")


def _looked_at(parameter: Parameter, array: Any, sums: int, library: str, beside: tuple[int, ...] = ()) -> audit.Tensor:
    values = values_of(array)
    if values is None:
        return audit.Tensor(parameter, str(array.dtype), missing=missing(array), library=library)
    look = look_at(values, parameter.layout if parameter.what.fans else None)
    return audit.Tensor(
        parameter, str(array.dtype), values, look, fitting(look, parameter, sums, beside, library), library=library
    )


def _beside(parameter: Parameter, reading: Reading) -> tuple[int, ...]:
    """The shape of the weight that stands beside a bias."""
    layer = parameter.name.rpartition(".")[0]
    if "bias" not in parameter.role:
        return ()
    found = (other.shape for other in reading.parameters if other.what.fans and other.name.rpartition(".")[0] == layer)
    return next(found, ())


def _library(reading: Reading) -> str:
    """The library whose layers' starts its parameters may have."""
    return {"nnx": "flax", "linen": "flax", "tree": "jax"}.get(reading.model.library, reading.model.library)
