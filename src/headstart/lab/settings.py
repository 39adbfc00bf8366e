"""Studies: validated settings of an experiment. Every rule about a setting is here, and breaks before any work."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from headstart.errors import InputError
from headstart.schemes import scheme
from headstart.theory.activations import activation

DEFAULT_SCHEMES = ("zeros", "normal(10)", "normal(0.01)", "xavier", "he")
RECORDS = 150  # costs recorded per run unless the caller says otherwise: enough for a smooth curve


class CompareSettings(BaseModel):
    """The settings of a comparison; the defaults are the course's network and data."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=True)

    schemes: tuple[str, ...] = DEFAULT_SCHEMES
    data: str = "circles"
    label: str | None = None
    hidden: tuple[int, ...] = (10, 5)
    activation: str = "relu"
    seeds: int = Field(16, ge=1)
    steps: int = Field(15_000, ge=1)
    learning_rate: float = 0.01
    optimizer: str = "sgd"
    batch_size: int | None = Field(None, ge=1)
    record_every: int | None = Field(None, ge=1)
    dtype: Literal["float32", "float64"] = "float32"
    data_seed: int = Field(0, ge=0, lt=2**31)
    preset: Literal["course"] | None = None

    @field_validator("schemes")
    @classmethod
    def _known_schemes(cls, specs: tuple[str, ...]) -> tuple[str, ...]:
        if not specs:
            raise ValueError("at least one scheme is needed. Write, for example, he.")
        canonical = tuple(str(scheme(spec)) for spec in specs)
        twice = [spec for spec in canonical if canonical.count(spec) > 1]
        if twice:
            raise ValueError(f"scheme {twice[0]!r} is given twice. Leave one out.")
        return canonical

    @field_validator("activation")
    @classmethod
    def _known_activation(cls, spec: str) -> str:
        return str(activation(spec))

    @field_validator("optimizer")
    @classmethod
    def _known_optimizer(cls, spec: str) -> str:
        from headstart.lab.engine.optimizers import optimizer

        return str(optimizer(spec))

    @field_validator("hidden")
    @classmethod
    def _positive_sizes(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if any(size < 1 for size in sizes):
            raise ValueError(f"every hidden layer needs at least one unit, got {_listed(sizes)}. Write, say, 10,5.")
        return sizes

    @field_validator("learning_rate")
    @classmethod
    def _positive_rate(cls, rate: float) -> float:
        if not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"the learning rate must be positive and finite, got {rate:g}. Write, for example, 0.01.")
        return rate

    @property
    def every(self) -> int:
        """Steps from one recorded cost to the next."""
        return self.record_every or max(1, self.steps // RECORDS)


def compare_settings(**given: Any) -> CompareSettings:
    """The settings, or an InputError that names each one that breaks a rule.

    >>> compare_settings(seeds=0)
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: seeds: input should be greater than or equal to 1, got 0.
    """
    for name in ("schemes", "hidden"):
        if name in given:
            given[name] = _as_tuple(name, given[name])
    if "schemes" in given:
        given["schemes"] = tuple(str(scheme(item)) for item in given["schemes"])
    if isinstance(given.get("learning_rate"), int) and not isinstance(given["learning_rate"], bool):
        given["learning_rate"] = float(given["learning_rate"])
    try:
        return CompareSettings(**given)
    except ValidationError as error:
        raise InputError(" ".join(_sentence(dict(item)) for item in error.errors())) from None


def _as_tuple(name: str, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        example = "['zeros', 'he']" if name == "schemes" else "(10, 5)"
        raise InputError(f"{name} must be a list, got {value!r}. Write {example}.")
    return tuple(value)


def _sentence(error: dict[str, Any]) -> str:
    """One of Pydantic's errors in our form: the setting, the rule, the value."""
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "extra_forbidden":
        from headstart.errors import unknown

        return str(unknown("setting", where, CompareSettings.model_fields))
    message = error["msg"][0].lower() + error["msg"][1:]
    return f"{where}: {message}, got {error['input']!r}."


def _listed(values: tuple[int, ...]) -> str:
    return ",".join(str(value) for value in values)
