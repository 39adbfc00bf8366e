"""Spec strings: `name(value, key=value)*multiplier`, the one notation for schemes, activations and data sets.

`parse` reads the notation and knows no catalogue; what a name means, and which arguments it takes, is the
catalogue's business.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from headstart.errors import InputError

type_of_value = float | bool | str

_SHAPE = re.compile(
    r"\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*(?:\((?P<arguments>(?:[^()]|\([^()]*\))*)\))?\s*(?:\*(?P<multiplier>.*))?"
)
_KEYWORD = re.compile(r"\s*(?P<key>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CALL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\s*\([^()]*\)")  # an argument with arguments: gain(leaky_relu(0.1))
_COMMA = re.compile(r",(?![^()]*\))")  # one that separates arguments: not within an argument's own parentheses


@dataclass(frozen=True)
class Spec:
    """A parsed spec string: the name, its arguments by position and by keyword, and the multiplier if one was given."""

    name: str
    positional: tuple[type_of_value, ...]
    keywords: dict[str, type_of_value]
    multiplier: float | None


def parse(text: str, kind: str, example: str) -> Spec:
    """Read `name`, `name(1, key=word)` or `name*1.3`.

    Args:
        text: what the user typed.
        kind: what it should be ("scheme", "activation"), for the messages.
        example: a correct spec string of that kind, for the messages.

    Raises:
        InputError: the text is not of this form, or a number in it is not finite.

    >>> parse("he(mode=fan_out)*1.3", "scheme", "he*1.3")
    Spec(name='he', positional=(), keywords={'mode': 'fan_out'}, multiplier=1.3)
    """
    if not isinstance(text, str):
        raise InputError(f"a {kind} is written as a string, got {text!r}. Write {example!r}.")
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise InputError(
            f"malformed {kind} {text!r}: the form is name, name(value, key=value) or either followed by *number. "
            f"Write {example!r}."
        )
    multiplier = None
    if match["multiplier"] is not None:
        multiplier = read_number(match["multiplier"], f"the multiplier of {kind} {text!r}")
    positional: list[type_of_value] = []
    keywords: dict[str, type_of_value] = {}
    if match["arguments"] is not None:
        for item in _COMMA.split(match["arguments"]):
            keyword = _KEYWORD.fullmatch(item)
            value = _read_value(keyword["value"] if keyword else item, text, kind, example)
            if keyword is None and keywords:
                raise InputError(f"malformed {kind} {text!r}: plain values come before key=value. Write {example!r}.")
            if keyword is None:
                positional.append(value)
            elif keyword["key"] in keywords:
                raise InputError(f"malformed {kind} {text!r}: {keyword['key']} is given twice. Write it once.")
            else:
                keywords[keyword["key"]] = value
    return Spec(match["name"].lower(), tuple(positional), keywords, multiplier)


def read_number(text: str, what: str) -> float:
    """A finite number, or an error that names what it was for."""
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{what} must be a number, got {text.strip()!r}. Write, for example, 1.3.") from None
    if not math.isfinite(value):
        raise InputError(f"{what} must be finite, got {text.strip()!r}. Write a number such as 1.3.")
    return value


def format_value(value: type_of_value) -> str:
    """A value as it stands in a spec string; numbers read back to the same float.

    >>> [format_value(v) for v in (10.0, 0.1, True, "fan_out")]
    ['10', '0.1', 'true', 'fan_out']
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return repr(float(value)).removesuffix(".0")


def _read_value(text: str, whole: str, kind: str, example: str) -> type_of_value:
    text = text.strip()
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _WORD.fullmatch(text) and text.lower() not in ("nan", "inf", "infinity"):
        return text
    if _CALL.fullmatch(text):
        return text
    if not text:
        raise InputError(f"malformed {kind} {whole!r}: an argument is empty. Write {example!r}.")
    return read_number(text, f"an argument of {kind} {whole!r}")
