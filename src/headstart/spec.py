"""Spec strings: `name(value, key=value)*multiplier`, the one notation for schemes, activations, data sets, optimizers.

`parse` reads the notation and knows no catalogue. A catalogue says in a `Signature` which arguments each of its names
takes; binding the values to it, with their types, limits and messages, is the same for all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headstart.check import is_number, told
from headstart.errors import InputError, unknown

type_of_value = float | bool | str
LONGEST = 1000  # characters of a spec string; one that a person writes has fewer than 100

_SHAPE = re.compile(
    r"\s*(?P<path>(?:[A-Za-z_][A-Za-z0-9_]*\.)*)(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*(?:\((?P<arguments>(?:[^()]|\([^()]*\))*)\))?\s*(?:\*(?P<multiplier>.*))?"
)
_KEYWORD = re.compile(r"\s*(?P<key>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CALL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\s*\([^()]*\)")  # an argument with arguments: gain(leaky_relu(0.1))
_COMMA = re.compile(r",(?![^()]*\))")  # one that separates arguments: not within an argument's own parentheses


@dataclass(frozen=True)
class Spec:
    """A parsed spec string: the name, its arguments by position and by keyword, and the multiplier if one was given.

    `path` is what stood before the name, "torch.nn.init."; `written` is the name as it was written.
    """

    name: str
    positional: tuple[type_of_value, ...]
    keywords: dict[str, type_of_value]
    multiplier: float | None
    path: str = field(default="", repr=False)
    written: str = field(default="", repr=False, compare=False)


def parse(text: str, kind: str, example: str, *, dotted: bool = False) -> Spec:
    """Read `name`, `name(1, key=word)` or `name*1.3`.

    Args:
        text: what the user typed.
        kind: what it should be ("scheme", "activation"), for the messages.
        example: a correct spec string of that kind, for the messages.
        dotted: whether a library's path may stand before the name: `nn.GELU`.

    Raises:
        InputError: the text is not of this form, or a number in it is not finite.

    >>> parse("he(mode=fan_out)*1.3", "scheme", "he*1.3")
    Spec(name='he', positional=(), keywords={'mode': 'fan_out'}, multiplier=1.3)
    """
    if not isinstance(text, str):
        raise InputError(f"{_article(kind)} {kind} is written as a string, got {told(text)}. Write {example!r}.")
    if len(text) > LONGEST:
        raise InputError(
            f"{_article(kind)} {kind} has at most {LONGEST:,} characters, got {len(text):,}: {told(text)}. "
            f"Write, say, {example!r}."
        )
    match = _SHAPE.fullmatch(text)
    if match is None or (match["path"] and not dotted):
        raise InputError(
            f"malformed {kind} {text!r}: the form is name, name(value, key=value) or either followed by *number. "
            f"Write {example!r}."
        )
    multiplier = None
    if match["multiplier"] is not None:
        multiplier = read_number(match["multiplier"], f"the multiplier of {kind} {text!r}")
    positional: list[type_of_value] = []
    keywords: dict[str, type_of_value] = {}
    if (match["arguments"] or "").strip():
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
    return Spec(match["name"].lower(), tuple(positional), keywords, multiplier, match["path"].lower(), match["name"])


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def read_number(text: str, what: str) -> float:
    """A finite number, or an error that names what it was for."""
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{what} must be a number, got {told(text.strip())}. Write, for example, 1.3.") from None
    if not math.isfinite(value):
        raise InputError(f"{what} must be finite, got {told(text.strip())}. Write a number such as 1.3.")
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


@dataclass(frozen=True)
class Argument:
    """One argument of a signature: what values it takes, and its default (None: it must be given).

    A number unless it has `choices`, a default that is true or false, or `read`, which turns a spec string of another
    catalogue into its canonical form. Numbers are above `above`, at least `least` and below `below`.
    """

    name: str
    default: type_of_value | None = None
    choices: tuple[str, ...] | None = None
    read: Callable[[str], str] | None = None
    whole: bool = False
    least: float = -math.inf
    above: float = -math.inf
    below: float = math.inf
    example: str = "0.1"
    zero_hint: str = ""  # what else to write where 0 is refused

    def check(self, owner: str, remedy: str, value: Any) -> type_of_value:
        """The value in its canonical type.

        Args:
            owner: "scheme 'he'", for the message.
            remedy: a correct spec string, for the message.

        Raises:
            InputError: not a value of this argument.
        """
        where = f"{self.name} of {owner}"
        if self.read is not None:
            return str(value) if str(value) == self.default else self.read(str(value))
        if self.choices is not None:
            if not isinstance(value, str) or value not in self.choices:
                raise unknown(where, str(value), self.choices)
            return str(value)
        if isinstance(self.default, bool):
            if not isinstance(value, (bool, np.bool_)):
                raise InputError(f"{where} must be true or false, got {told(value)}.")
            return bool(value)
        if not is_number(value):
            kind = self.rule if self.whole else "a number"
            raise InputError(f"{where} must be {kind}, got {told(value)}. Write {remedy}.")
        if not self._holds(value):
            hint = f"; {self.zero_hint}" if value == 0 and self.zero_hint else ""
            shown = f"{value:g}" if isinstance(value, float) else told(value)
            raise InputError(f"{where} must be {self.rule}, got {shown}. Write {remedy}{hint}.")
        return int(value) if self.whole else float(value)

    def _holds(self, value: Any) -> bool:
        try:
            number = float(value)
        except OverflowError:  # a whole number beyond float64
            return False
        inside = math.isfinite(number) and self.least <= number < self.below and number > self.above
        return inside and (not self.whole or value == int(value))

    @property
    def rule(self) -> str:
        """The limits in words.

        >>> Argument("beta", least=0, below=1).rule, Argument("samples", whole=True, least=10).rule
        ('from 0 to below 1', 'a whole number of at least 10')
        """
        number = "a whole number" if self.whole else "a number"
        if self.above == 0:
            return "positive and finite" if self.below == math.inf else f"positive and below {self.below:g}"
        if self.least == -math.inf:
            return "finite" if self.below == math.inf else f"below {self.below:g}"
        return (
            f"{number} of at least {self.least:g}"
            if self.below == math.inf
            else f"from {self.least:g} to below {self.below:g}"
        )


@dataclass(frozen=True)
class Signature:
    """Which arguments a name of a catalogue takes.

    Args:
        kind: what it is ("scheme", "optimizer"), for the messages.
        name: the name.
        arguments: in the order of plain values.
        aliases: other words for its arguments.
        noun: what an argument is called.
    """

    kind: str
    name: str
    arguments: tuple[Argument, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    noun: str = "argument"

    def bind(self, positional: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, type_of_value]:
        """Every argument by name, checked, defaults filled in.

        Raises:
            InputError: too many values, an unknown or repeated argument, a missing one, or a value outside its rule.

        >>> adam = Signature("optimizer", "adam", (Argument("beta1", 0.9, least=0, below=1), Argument("epsilon", 1e-8)))
        >>> adam.bind((0.5,), {})
        {'beta1': 0.5, 'epsilon': 1e-08}
        """
        given = self.given(positional, keywords)
        for argument in self.arguments:
            if argument.name not in given and argument.default is None:
                raise InputError(f"{self.owner} needs its {argument.name}. Write {self.example!r}.")
        return {
            argument.name: argument.check(
                self.owner, f"{self.name}({argument.example})", given.get(argument.name, argument.default)
            )
            for argument in self.arguments
        }

    def bind_spec(self, spec: Spec) -> dict[str, type_of_value]:
        """The arguments of a spec string of a kind that has no multiplier."""
        if spec.multiplier is not None:
            raise InputError(
                f"{self.owner} takes no multiplier, got {self.name}*{spec.multiplier:g}. Write {self.example!r}."
            )
        return self.bind(spec.positional, spec.keywords)

    def given(self, positional: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
        """The values by the names of their arguments, not yet checked, and no defaults."""
        names = [argument.name for argument in self.arguments]
        if len(positional) > len(names):
            takes = f"takes {', '.join(names)}" if names else f"takes no {self.noun}s"
            raise InputError(f"{self.owner} {takes}, got {len(positional)} values. Write {self.example!r}.")
        given = dict(zip(names, positional, strict=False))
        for word, value in keywords.items():
            name = word if word in names else self.aliases.get(word, word)
            if name not in names:
                raise unknown(f"{self.noun} of {self.owner}", name, names or ["none"])
            if name in given:
                raise InputError(f"{self.owner} got {name} twice. Write it once.")
            given[name] = value
        return given

    @property
    def owner(self) -> str:
        """What the arguments belong to, for messages: "scheme 'he'"."""
        return f"{self.kind} '{self.name}'"

    @property
    def defaults(self) -> dict[str, type_of_value | None]:
        """The default of every argument; None where it must be given."""
        return {argument.name: argument.default for argument in self.arguments}

    @property
    def example(self) -> str:
        """A correct spec string of this name."""
        required = [argument.example for argument in self.arguments if argument.default is None]
        return written(self.name, required)


def written(name: str, arguments: Sequence[str]) -> str:
    """A spec string from its parts.

    >>> written("normal", ["0.01"]), written("he", [])
    ('normal(0.01)', 'he')
    """
    return f"{name}({', '.join(arguments)})" if arguments else name
