"""Factors: one value, a list, or a range of values, read into the tuple of values that a study goes through.

    0.01                                  one value
    [0.01, 0.1]                           a list
    { range = [0, 10] }                   0, 1, ... 9; whole numbers, the end left out, with an optional step
    { linear = [1, 4], count = 7 }        evenly spaced, both ends included
    { log = [0.25, 4.0], count = 9 }      evenly spaced in the logarithm, both ends included

Every rule about a factor is here and names the place: `depth[1] must be ..., got ...`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from headstart.check import is_number, is_whole
from headstart.errors import InputError, unknown

LONGEST = 1_000_000  # values of one factor; more is a slip of the pen, and would fill the memory before any check
DIGITS = 12  # significant digits of a spaced value: the same number on every machine, and 1 in the middle of 1/4 to 4
FORMS = {"range": {"range"}, "linear": {"linear", "count"}, "log": {"log", "count"}}


@dataclass(frozen=True)
class Kind:
    """What the values of a factor are.

    Args:
        name: as it stands in a message: "a whole number of at least 1".
        read: one value, checked and in canonical form; raises ValueError or InputError for any other.
        example: what to write instead.
        schema: of one value, in JSON Schema.
        numbers: the ranges that may be written: "whole" for all three, "real" for linear and log, None for none.
        lists: one value is itself a list, so that a flat list is one value.
    """

    name: str
    read: Callable[[Any], Any]
    example: str
    schema: dict[str, Any]
    numbers: Literal["whole", "real"] | None = None
    lists: bool = False


def read_factor(factor: str, given: Any, kind: Kind) -> tuple[Any, ...]:
    """The values of a factor, at least one and none twice.

    Raises:
        InputError: with the place, the rule, the value and what to write.

    >>> rate = Kind("a number", float, "0.01", {"type": "number"}, "real")
    >>> read_factor("multiplier", {"log": [0.25, 4.0], "count": 5}, rate)
    (0.25, 0.5, 1.0, 2.0, 4.0)
    """
    if isinstance(given, dict):
        values = _spaced(factor, given, kind)
        if isinstance(values, range):  # what lies between its ends is as good as they are
            for place in (0, len(values) - 1):
                _read(f"{factor}[{place}]", values[place], kind)
            return tuple(values)
    elif isinstance(given, (list, tuple)) and not (kind.lists and not _nested(given)):
        values = list(given)
        if not values:
            raise InputError(
                f"{factor} is empty: a factor needs at least one value. Write, for example, {kind.example}."
            )
    else:
        return (_read(factor, given, kind),)
    read = [_read(f"{factor}[{place}]", value, kind) for place, value in enumerate(values)]
    if len(set(read)) < len(read):
        twice = next(value for place, value in enumerate(read) if value in read[:place])
        shown = list(twice) if isinstance(twice, tuple) else twice
        raise InputError(f"{factor} has the value {shown!r} twice. Leave one out.")
    return tuple(read)


def factor_schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of a factor of this kind."""
    forms: list[dict[str, Any]] = [kind.schema, {"type": "array", "items": kind.schema, "minItems": 1}]
    if kind.numbers == "whole":
        forms.append(_form("range", {"type": "integer"}, 3))
    if kind.numbers:
        forms += [_form(name, {"type": "number"}, 2) for name in ("linear", "log")]
    return {"anyOf": forms}


def _form(name: str, item: dict[str, Any], longest: int) -> dict[str, Any]:
    properties: dict[str, Any] = {name: {"type": "array", "items": item, "minItems": 2, "maxItems": longest}}
    if "count" in FORMS[name]:
        properties["count"] = {"type": "integer", "minimum": 2}
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(FORMS[name]),
        "additionalProperties": False,
    }


def _nested(given: Any) -> bool:
    """Whether this is a list of lists."""
    return any(isinstance(item, (list, tuple)) for item in given)


def _read(place: str, value: Any, kind: Kind) -> Any:
    try:
        return kind.read(value)
    except InputError as error:  # a catalogue's own words: an unknown name, a malformed spec string
        raise InputError(f"{place}: {error}") from None
    except (TypeError, ValueError):
        raise InputError(f"{place} must be {kind.name}, got {value!r}. Write, for example, {kind.example}.") from None


def _spaced(factor: str, given: dict[str, Any], kind: Kind) -> Any:
    """The values of a range."""
    form = next((name for name in FORMS if name in given), None)
    if kind.numbers is None:
        raise InputError(f"{factor} holds no numbers, so it takes no range, got {given!r}. Write a list of values.")
    if form is None:
        raise unknown(f"form of factor {factor}", str(next(iter(given), "")), FORMS)
    for key in given:
        if key not in FORMS[form]:
            raise unknown(f"key of {factor}.{form}", str(key), sorted(FORMS[form]))
    ends = given[form]
    if form == "range":
        return _range(factor, ends, kind)
    count: Any = given.get("count")
    if not is_whole(count) or not 2 <= count <= LONGEST:
        raise InputError(
            f"{factor}.count must be a whole number from 2 to {LONGEST:,}, got {count!r}. "
            f"Write {factor} = {{ {form} = [1, 4], count = 7 }}."
        )
    if not (isinstance(ends, (list, tuple)) and len(ends) == 2 and all(_finite(end) for end in ends)):
        raise InputError(f"{factor}.{form} must be two numbers, first and last, got {ends!r}. Write [1, 4].")
    first, last = float(ends[0]), float(ends[1])
    if form == "log" and min(first, last) <= 0:
        raise InputError(f"{factor}.log needs positive ends, got {ends!r}. Write, for example, [0.25, 4.0].")
    if first == last:
        raise InputError(f"{factor}.{form} needs two different ends, got {ends!r}. Write a single value instead.")
    values = np.linspace(first, last, count) if form == "linear" else np.geomspace(first, last, count)
    rounded = [float(f"{value:.{DIGITS}g}") for value in values]
    return [int(value) if kind.numbers == "whole" and value == int(value) else value for value in rounded]


def _range(factor: str, ends: Any, kind: Kind) -> range:
    if kind.numbers != "whole":
        raise InputError(
            f"{factor} takes no range of whole numbers, got range = {ends!r}. "
            f"Write {factor} = {{ linear = [1, 4], count = 7 }} or {{ log = [0.25, 4], count = 9 }}."
        )
    whole = isinstance(ends, (list, tuple)) and all(map(is_whole, ends))
    if not whole or len(ends) not in (2, 3) or (len(ends) == 3 and ends[2] == 0):
        raise InputError(
            f"{factor}.range must be two whole numbers, first and end (left out), and an optional step, got {ends!r}. "
            "Write [0, 10] for 0 to 9."
        )
    values = range(*ends)
    if not 0 < len(values) <= LONGEST:
        raise InputError(f"{factor}.range holds {len(values):,} values, got {ends!r}. Write [0, 10] for 0 to 9.")
    return values


def _finite(value: Any) -> bool:
    return is_number(value) and math.isfinite(value)
