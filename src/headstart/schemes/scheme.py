"""Scheme: the rule for one weight, before any shape is known, times an explicit multiplier."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from headstart.errors import InputError
from headstart.fans import Fans
from headstart.schemes.catalogue import FAMILIES, FOLLOWING, Family
from headstart.schemes.distributions import DeltaOrthogonal, Draw, Identity, Orthogonal
from headstart.spec import Spec, format_value, parse, type_of_value


@dataclass(frozen=True)
class Scheme:
    """A rule for one weight: a family of the catalogue, its arguments, and a multiplier on the weights.

    Weights are `multiplier` times what the family draws, so their standard deviation is multiplied too. Schemes are
    values: compare them, print them (`str` parses back to an equal scheme), multiply them.

    >>> he = Scheme("he")
    >>> he * 1.3
    Scheme('he*1.3')
    >>> he(mode="fan_out", distribution="uniform")
    Scheme('he(mode=fan_out, distribution=uniform)')
    >>> he.std(fan_in=8, fan_out=3)
    0.5
    """

    name: str
    arguments: Mapping[str, type_of_value] = field(default_factory=dict)
    multiplier: float = 1.0

    def __post_init__(self) -> None:
        complete = self.family.complete((), dict(self.arguments))
        object.__setattr__(self, "arguments", MappingProxyType(complete))
        object.__setattr__(self, "multiplier", _check_multiplier(self.multiplier))

    @property
    def family(self) -> Family:
        """The catalogue's entry: formula, when to use it, paper."""
        return FAMILIES[self.name]

    def draw(self, fans: Fans | None = None, activation: str | None = None) -> Draw:
        """The complete distribution for a weight with these fans.

        Args:
            fans: fan_in and fan_out; None where they are not known, which suits schemes that do not use them.
            activation: the one that follows, as a spec string; None where it is not known. Only `gain` uses it, and
                only if it does not name one itself.

        Raises:
            InputError: the scheme needs fans, or the activation that follows, and there is none.

        >>> Scheme("he").draw(Fans(8, 3))
        Normal(std=0.5)
        """
        if fans is None and self.family.needs_fans:
            raise InputError(f"scheme '{self}' needs fan_in and fan_out, which a bias or a vector does not have.")
        return self.family.draw({**self.arguments, **self._following(activation)}, fans, self.multiplier)

    @property
    def adapts(self) -> bool:
        """Whether the draw depends on the activation behind the weight: the scheme needs one and names none itself."""
        return self.family.needs_activation and self.arguments["activation"] == FOLLOWING

    def _following(self, activation: str | None) -> dict[str, str]:
        """The activation a scheme is for, where it needs one and does not name it itself."""
        if not self.adapts:
            return {}
        if activation is None:
            raise InputError(
                f"scheme '{self}' needs the activation that follows the weight, and none is known here. "
                f"Name it: '{self.name}(gelu)'."
            )
        return {"activation": activation}

    def std(self, fan_in: int, fan_out: int) -> float:
        """Standard deviation of the weights of a layer with these fans.

        Of `orthogonal` it is that of a layer without receptive field: a convolution's fans do not tell its channels.

        >>> Scheme("glorot").std(fan_in=12, fan_out=20)
        0.25
        """
        if min(fan_in, fan_out) < 1:
            raise InputError(f"fans must be at least 1, got fan_in={fan_in}, fan_out={fan_out}.")
        draw = self.draw(Fans(fan_in, fan_out))
        if isinstance(draw, (Orthogonal, DeltaOrthogonal, Identity)):
            # The squared weights sum to gain^2 times the smaller number of channels: the larger fan x std^2 = gain^2.
            return draw.gain / math.sqrt(max(fan_in, fan_out))
        return draw.std

    def __call__(self, *positional: type_of_value, **keywords: type_of_value) -> Scheme:
        """The same family with other arguments: `he(mode="fan_out")`, as it stands in the spec string."""
        given = [argument.name for argument in self.family.arguments[: len(positional)]]
        kept = {name: value for name, value in self.arguments.items() if name not in given}
        return replace(self, arguments=self.family.complete(positional, {**kept, **keywords}))

    def __mul__(self, factor: float) -> Scheme:
        return replace(self, multiplier=self.multiplier * _check_multiplier(factor))

    __rmul__ = __mul__

    def __str__(self) -> str:
        shown = self.family.show(self.arguments)
        multiplier = "" if self.multiplier == 1 else f"*{format_value(self.multiplier)}"
        return f"{self.name}{f'({shown})' if shown else ''}{multiplier}"

    def __repr__(self) -> str:
        return f"Scheme({str(self)!r})"

    def __hash__(self) -> int:
        return hash(str(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return scheme, (str(self),)


def scheme(spec: str | Scheme) -> Scheme:
    """The scheme a spec string names.

    Args:
        spec: `name`, `name(value, key=value)`, each with an optional `*multiplier`; a Scheme is returned as it is.

    Raises:
        InputError: malformed, unknown name, wrong argument, or a multiplier that is not a positive number.

    >>> scheme("he*1.3") == Scheme("he") * 1.3
    True
    >>> str(scheme("normal( 10.0 )"))
    'normal(10)'
    >>> scheme("hee")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: unknown scheme 'hee'. Did you mean 'he'? Known: ...
    """
    if isinstance(spec, Scheme):
        return spec
    return _of_spec(parse(spec, "scheme", "he*1.3"))


def family_scheme(name: str, *positional: type_of_value, **keywords: type_of_value) -> Scheme:
    """A scheme from a family's name and arguments given as Python values."""
    return _of_spec(Spec(name, positional, keywords, None))


def _of_spec(spec: Spec) -> Scheme:
    family = FAMILIES[spec.name]
    return Scheme(
        spec.name,
        family.complete(spec.positional, spec.keywords),
        1.0 if spec.multiplier is None else spec.multiplier,
    )


def _check_multiplier(factor: float) -> float:
    if isinstance(factor, bool) or not isinstance(factor, (int, float)):
        raise InputError(f"a multiplier must be a number, got {factor!r}. Write, for example, he * 1.3.")
    if not (math.isfinite(factor) and factor > 0):
        raise InputError(
            f"a multiplier must be positive and finite, got {factor:g}. For weights of zero use the scheme 'zeros'."
        )
    return float(factor)
