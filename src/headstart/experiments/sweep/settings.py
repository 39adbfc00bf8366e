"""The study file: data x network x schemes x multipliers x seeds x training, validated; a factor is values or a range.

A study says what is to be known, never how it is computed: no threads, no store, no machine.
"""

from __future__ import annotations

import itertools
import json
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from headstart.check import is_number, is_whole
from headstart.errors import InputError, unknown
from headstart.experiments.data.datasets import check_spec
from headstart.experiments.settings import (
    DataSeed,
    Dtype,
    TrainingSettings,
    explained,
    known_activation,
    known_optimizer,
)
from headstart.experiments.sweep.factors import Kind, factor_schema, read_factor
from headstart.schemes import scheme

MOST_RUNS = 100_000  # more are asked for on purpose, or not at all
ALL = "all"  # the batch size of full-batch descent, since TOML has no null


def _whole(least: int, most: int = 2**31 - 1) -> Any:
    def read(value: Any) -> int:
        if type(value) is not int and not is_whole(value):  # the first is quick, for a million values
            raise ValueError
        if not least <= value <= most:
            raise ValueError
        return int(value)

    return read


def _real(above: float, or_equal: bool = False) -> Any:
    def read(value: Any) -> float:
        if not is_number(value) or not math.isfinite(value):
            raise ValueError
        if not (value > above or (or_equal and value == above)):
            raise ValueError
        return float(value) + 0.0  # -0.0 becomes 0.0

    return read


def _text(read: Any) -> Any:
    def checked(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError
        return str(read(value))

    return checked


def _sizes(value: Any) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError
    return tuple(_whole(1)(size) for size in value)


def _batch_size(value: Any) -> int | str:
    return ALL if value == ALL else int(_whole(1)(value))


_STRING, _NUMBER = {"type": "string"}, {"type": "number"}
_POSITIVE = {"type": "number", "exclusiveMinimum": 0}


def _integer(least: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least}


# In this order an expansion goes through the factors, the last the fastest.
FACTORS: dict[str, Kind] = {
    "data": Kind("a data set or the path of a CSV file", _text(check_spec), '"circles"', _STRING),
    "hidden": Kind(
        "a list of layer sizes of at least 1", _sizes, "[10, 5]", {"type": "array", "items": _integer(1)}, lists=True
    ),
    "depth": Kind("a whole number of hidden layers, at least 1", _whole(1), "[2, 5]", _integer(1), "whole"),
    "width": Kind("a whole number of units per hidden layer, at least 1", _whole(1), "32", _integer(1), "whole"),
    "activation": Kind("the name of an activation", _text(known_activation), '"relu"', _STRING),
    "optimizer": Kind("the name of an optimizer", _text(known_optimizer), '"sgd"', _STRING),
    "batch_size": Kind(
        'a whole number of at least 1, or "all"', _batch_size, "64", {"anyOf": [_integer(1), {"const": ALL}]}, "whole"
    ),
    "steps": Kind("a whole number of at least 1", _whole(1), "2000", _integer(1), "whole"),
    "scheme": Kind("the name of a scheme", _text(scheme), '"he"', _STRING),
    "multiplier": Kind("a positive number", _real(0), "1.3", _POSITIVE, "real"),
    "sigma_b": Kind(
        "a number that is not negative", _real(0, or_equal=True), "0.05", {"type": "number", "minimum": 0}, "real"
    ),
    "learning_rate": Kind("a positive number", _real(0), "0.01", _POSITIVE, "real"),
    "seed": Kind(
        "a whole number from 0 to 2^63 - 1", _whole(0, 2**63 - 1), "{ range = [0, 10] }", _integer(0), "whole"
    ),
}  # fmt: skip


def _publish_factors(schema: dict[str, Any]) -> None:
    """Put the factors' own schemas into the model's: how each may be written, not the tuple it becomes."""
    for name, kind in FACTORS.items():
        found = schema["properties"][name]
        kept = {key: found[key] for key in ("description", "default") if found.get(key) is not None}
        schema["properties"][name] = factor_schema(kind) | kept


Values = tuple[Any, ...]  # of a factor, read by its kind
_SAID = TrainingSettings.model_fields  # what a study shares with one comparison, with the same words and defaults


def _shared(name: str) -> Any:
    """A setting with the default and the description that it has everywhere."""
    return Field(_SAID[name].default, description=_described(name))


def _described(name: str) -> str:
    """What a setting is, and what happens without it."""
    unset = cast(dict[str, Any], _SAID[name].json_schema_extra)["unset"]
    return f"{_SAID[name].description}  [{unset}]" if unset else str(_SAID[name].description)


def _factor(name: str) -> Any:
    """A factor of one value, the setting's default; a study writes the missing batch size as ALL."""
    default = _SAID[name].default
    return Field((ALL if default is None else default,), description=_SAID[name].description)


class StudySettings(BaseModel):
    """A study: every run is one point of the product of its factors (zipped factors count as one)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, title="headstart study", json_schema_extra=_publish_factors
    )

    name: str | None = Field(
        None, min_length=1, max_length=255, description="Of the study in its store; the file's name by default."
    )
    data: Values = _factor("data")
    hidden: Values | None = Field(
        None, description=f"{_SAID['hidden'].description} {list(_SAID['hidden'].default)} by default."
    )
    depth: Values | None = Field(None, description="Hidden layers, each of `width` units.")
    width: Values | None = Field(None, description="Units of every hidden layer.")
    activation: Values = _factor("activation")
    optimizer: Values = _factor("optimizer")
    batch_size: Values = _factor("batch_size")
    steps: Values = _factor("steps")
    scheme: Values = Field(("he",), description="Initial weights, before the multiplier.")
    multiplier: Values = Field((1.0,), description="Of the initial weights.")
    sigma_b: Values = Field((0.0,), description="Standard deviation of the initial biases.")
    learning_rate: Values = _factor("learning_rate")
    seed: Values = Field(tuple(range(10)), description="Of weights, biases and batches.")
    label: str | None = _shared("label")
    data_seed: DataSeed = _shared("data_seed")
    dtype: Dtype = _shared("dtype")
    target: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="A cost at which a run has got there and stops (steps_to_target)."
    )
    zip: tuple[tuple[str, ...], ...] = Field((), description="Groups of factors of equal length that move together.")

    @field_validator("name")
    @classmethod
    def _printable(cls, given: str | None) -> str | None:
        """A name is shown, and a database takes no control characters."""
        if given is not None and not given.isprintable():
            raise ValueError(f"a study's name has no control characters, got {given!r}. Write letters and digits.")
        return given

    @field_validator(*FACTORS, mode="before")
    @classmethod
    def _read_factors(cls, given: Any, info: ValidationInfo) -> Values:
        name = str(info.field_name)
        return read_factor(name, given, FACTORS[name])

    @model_validator(mode="before")
    @classmethod
    def _groups(cls, given: Any) -> Any:
        """A single group may be written without its outer brackets; lists become tuples."""
        if isinstance(given, dict) and isinstance(given.get("zip"), list):
            groups = given["zip"]
            flat = bool(groups) and all(isinstance(item, str) for item in groups)
            groups = [groups] if flat else groups
            return given | {"zip": tuple(tuple(group) if isinstance(group, list) else group for group in groups)}
        return given

    @model_validator(mode="after")
    def _together(self) -> StudySettings:
        given = self.model_fields_set
        if self.hidden is not None and (self.depth is not None or self.width is not None):
            other = "depth" if self.depth is not None else "width"
            raise ValueError(f"hidden already says every layer's size, so {other} is too much. Leave one of them out.")
        if (self.depth is None) != (self.width is None):
            lacking, present = ("width", "depth") if self.width is None else ("depth", "width")
            raise ValueError(f"{present} needs {lacking} beside it. Write, for example, depth = [2, 5] and width = 32.")
        seen: set[str] = set()
        for group in self.zip:
            for name in group:
                if name not in FACTORS:
                    raise unknown("factor in zip", name, FACTORS)
                if name not in given:
                    raise ValueError(f"zip names {name}, which the study does not give. Give it a list of values.")
                if name in seen:
                    raise ValueError(f"zip names {name} twice. A factor moves with one group.")
                seen.add(name)
            lengths = {name: len(self.values_of(name)) for name in group}
            if len(group) < 2 or len(set(lengths.values())) > 1:
                shown = ", ".join(f"{name} has {length}" for name, length in lengths.items())
                raise ValueError(f"a zip group needs two or more factors with equally many values: {shown or 'none'}.")
        return self

    def values_of(self, name: str) -> tuple[Any, ...]:
        """The values of a factor; of `hidden` its default where no layer sizes are given at all."""
        values = getattr(self, name)
        if name == "hidden" and values is None and self.depth is None:
            values = (_SAID["hidden"].default,)
        return values if values is not None else ()

    @property
    def asked(self) -> int:
        """How many runs the factors ask for, repeated ones included."""
        return math.prod(len(points) for _, points in self._loops())

    def points(self) -> Iterator[dict[str, Any]]:
        """Factor -> value for every run asked for, the last factor the fastest."""
        loops = self._loops()
        names = [name for group, _ in loops for name in group]
        for values in itertools.product(*(points for _, points in loops)):
            yield dict(zip(names, itertools.chain.from_iterable(values), strict=True))

    def _loops(self) -> list[tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
        """The loops of the expansion: the factors that move together, and their values point by point."""
        groups = {name: group for group in self.zip for name in group}
        loops: list[tuple[tuple[str, ...], list[tuple[Any, ...]]]] = []
        seen: set[str] = set()
        for name in FACTORS:
            group = groups.get(name, (name,))
            if self.values_of(name) and name not in seen:
                seen.update(group)
                loops.append((group, list(zip(*(self.values_of(member) for member in group), strict=True))))
        return loops

    def document(self) -> dict[str, Any]:
        """The study as plain data, ranges written out: equal for equal studies, however they were typed."""
        plain: dict[str, Any] = json.loads(self.model_dump_json(exclude={"name"}))
        return plain


def study_settings(**given: Any) -> StudySettings:
    """The settings, or an InputError that names each key that breaks a rule.

    >>> study_settings(scheme=["zeros", "he"], multiplier={"log": [0.25, 4], "count": 3}).asked
    60
    >>> study_settings(multipliers=2)
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: unknown key 'multipliers'. Did you mean 'multiplier'? Known: ...
    """
    try:
        return StudySettings(**given)
    except ValidationError as error:
        raise explained(error, StudySettings, "key") from None


def read_study(path: str | Path) -> StudySettings:
    """The study in a TOML or JSON file; its name is the file's unless it says another.

    Raises:
        InputError: no such file, malformed, or a key that breaks a rule; with the file's name.
    """
    file = Path(path)
    if file.suffix.lower() not in (".toml", ".json"):
        raise InputError(f"a study is a .toml or .json file, got {str(path)!r}. Write, for example, study.toml.")
    try:
        text = file.read_text(encoding="utf-8")
        given = tomllib.loads(text) if file.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise InputError(f"cannot read the study {str(path)!r}: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError too
        raise InputError(f"{path} is not {file.suffix[1:].upper()}: {error}.") from None
    if not isinstance(given, dict):
        raise InputError(f'{path} must hold an object of keys and values, got {given!r}. Write {{"scheme": "he"}}.')
    given.pop("$schema", None)  # editors look there for the published schema
    try:
        settings = study_settings(**given)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return settings if settings.name else settings.model_copy(update={"name": file.stem})


def study_schema() -> dict[str, Any]:
    """The JSON Schema of a study file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **StudySettings.model_json_schema()}
