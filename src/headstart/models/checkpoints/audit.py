"""A checkpoint as evidence for an audit: its arrays looked at where they lie on disk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from headstart.audits.evidence import Evidence, Tensor
from headstart.audits.look import look_at
from headstart.audits.recipes import fitting
from headstart.audits.values import Values
from headstart.models.checkpoints.guess import COPIES, is_buffer, parameter_of
from headstart.models.checkpoints.safetensors import Stored, read_checkpoint
from headstart.plans import Parameter


def evidence_of(path: str | Path) -> Evidence:
    """What an audit sees of a checkpoint.

    Raises:
        InputError: it cannot be read as safetensors.
    """
    return evidence_of_arrays(read_checkpoint(Path(path)))


def evidence_of_arrays(arrays: Mapping[str, Values]) -> Evidence:
    """The same of arrays that were read already."""
    shapes = {name: values.shape for name, values in arrays.items()}
    return Evidence({tensor.name: tensor for tensor in _tensors(arrays, shapes)})


def _tensors(arrays: Mapping[str, Values], shapes: Mapping[str, tuple[int, ...]]) -> Iterator[Tensor]:
    for name, values in arrays.items():
        parameter = parameter_of(name, values.shape, shapes)
        if COPIES.search(name):  # meant to be equal to something
            parameter = replace(parameter, trainable=False)
        if (table := _tie(parameter, values, arrays)) is not None:
            yield Tensor(replace(parameter, tied_to=table), values.dtype)
            continue
        if isinstance(values, Stored) and not values.is_real:
            yield Tensor(parameter, values.dtype, buffer=is_buffer(name))
            continue
        look = look_at(values, parameter.layout if parameter.what.fans else None)
        yield Tensor(
            parameter,
            values.dtype,
            values,
            look,
            fitting(look, parameter, beside=_beside(name, shapes)),
            buffer=is_buffer(name),
        )


def _beside(name: str, shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The shape of the weight that stands beside a bias."""
    return shapes.get(name.removesuffix("bias") + "weight", ()) if name.endswith("bias") else ()


def _tie(parameter: Parameter, values: Values, arrays: Mapping[str, Values]) -> str | None:
    """The embedding that a head is equal to: written twice, it is one array all the same."""
    if not re.search(r"head|output|decoder|classifier", parameter.name) or len(parameter.shape) != 2:
        return None
    for name, other in arrays.items():
        alike = name != parameter.name and other.shape == values.shape
        if alike and parameter_of(name, other.shape, {}).role == "lookup" and values.same(other):
            return name
    return None
