"""Scheme: the rule for one weight, before any shape is known, times an explicit multiplier."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from headstart.check import is_number, positive
from headstart.errors import InputError
from headstart.layout import Fans, Layout, block_fans, block_shape, blocks, layout_of
from headstart.schemes.catalogue import FAMILIES, FOLLOWING, Family
from headstart.schemes.distributions import Constant, Draw, OfShape, Sparse, TruncatedNormal
from headstart.schemes.foreign import foreign, tell, translated
from headstart.spec import Spec, format_value, parse, type_of_value


@dataclass(frozen=True, eq=False)
class Scheme:
    """A rule for one weight: a family of the catalogue, its arguments, and a multiplier on the weights.

    Weights are `multiplier` times what the family draws, so their standard deviation is multiplied too. Schemes are
    values: compare them, print them (`str` parses back to an equal scheme), multiply them. Schemes that draw the same
    distribution are equal, whatever their names; `canonical` is the spec string that they share.

    >>> he = Scheme("he")
    >>> he * 1.3
    Scheme('he*1.3')
    >>> he(mode="fan_out", distribution="uniform")
    Scheme('he(mode=fan_out, distribution=uniform)')
    >>> he.std(fan_in=8, fan_out=3)
    0.5
    >>> Scheme("lecun") == Scheme("xavier"), Scheme("lecun").canonical
    (True, 'xavier')
    """

    name: str
    arguments: Mapping[str, type_of_value] = field(default_factory=dict)
    multiplier: float = 1.0

    def __post_init__(self) -> None:
        complete = self.family.signature.bind((), self.arguments)
        object.__setattr__(self, "arguments", MappingProxyType(complete))
        object.__setattr__(self, "multiplier", _check_multiplier(self.multiplier))
        self._refuse_lost_size()
        object.__setattr__(self, "__doc__", self.family.documentation)  # what help(hs.he) shows

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
        Normal(sigma=0.5)
        """
        if fans is None and self.family.needs_fans:
            raise InputError(f"scheme '{self}' needs fan_in and fan_out, which a bias or a vector does not have.")
        found = self.family.draw({**self.arguments, **self._following(activation)}, fans, self.multiplier)
        sizes = [*vars(found).values(), *([found.parent_std] if isinstance(found, TruncatedNormal) else [])]
        if not all(map(math.isfinite, sizes)) or (0 in sizes and not isinstance(found, Constant)):
            where = "" if fans is None else f" at fan_in={fans.fan_in:g}, fan_out={fans.fan_out:g}"
            raise InputError(
                f"a draw needs numbers that float64 holds, got {found!r} from scheme '{self}'{where}. "
                "Write numbers nearer 1."
            )
        return found

    def _refuse_lost_size(self) -> None:
        """A size times the multiplier is one number: the weights', and that of the spec string schemes are equal by."""
        size = float(self.arguments[self.family.size]) if self.family.size else 1.0
        product = size * self.multiplier
        if not math.isfinite(product) or (product == 0 and size != 0):
            raise InputError(
                f"{self.family.size} of scheme '{self.name}' times its multiplier must be a number that float64 holds, "
                f"got {size:g} times {self.multiplier:g}. Write a multiplier nearer 1."
            )

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

    def draws(
        self, shape: Sequence[int], layout: str | Layout = "out_in", activation: str | None = None
    ) -> tuple[Draw, ...]:
        """The draw of each block of a weight of this shape; a weight without blocks is one block.

        Args:
            shape: the weight's shape, as it is stored.
            layout: a name or a `Layout`.
            activation: what follows, as for `draw`.

        Raises:
            InputError: the scheme needs fans and the shape has none, or a sparse scheme leaves no weight.

        >>> Scheme("glorot").draws((24, 8), Layout((0,), (1,), blocks=(0, 3)))[0]  # q, k, v: fans 8 and 8, not 24
        Normal(sigma=0.3535533905932738)
        """
        found = layout_of(layout)
        if self.family.needs_fans and (len(shape) > 1 or found.stack_axes):
            return tuple(self.draw(fans, activation) for fans in block_fans(shape, found))
        draw = self.draw(None, activation)
        parts = blocks(tuple(shape), found)
        if isinstance(draw, Sparse):
            self._refuse_nothing(draw, [block_shape(tuple(shape), part) for part in parts] or [tuple(shape)], found)
        return (draw,) * max(len(parts), 1)

    def _refuse_nothing(self, draw: Sparse, shapes: Sequence[tuple[int, ...]], layout: Layout) -> None:
        whole = replace(layout, blocks=None)
        for shape in shapes:
            if len(shape) > 1 and draw.std(shape, whole) == 0:
                raise InputError(
                    f"scheme '{self}' leaves none of the weights that enter a unit of shape {shape}: it rounds the "
                    "zeros up. Write a smaller sparsity, or 'zeros'."
                )

    def std(self, fan_in: float, fan_out: float) -> float:
        """Standard deviation of the weights of a layer with these fans, where the fans alone decide it.

        Raises:
            InputError: fans that are not positive numbers; or the shape decides it (orthogonal, delta_orthogonal,
                identity, sparse): `draw().std(shape, layout)` has it then.

        >>> Scheme("glorot").std(fan_in=12, fan_out=20)
        0.25
        >>> Scheme("orthogonal").draw().std((64, 3, 3, 3))
        0.125
        """
        draw = self.draw(Fans(positive(fan_in, "fan_in", "64"), positive(fan_out, "fan_out", "64")))
        if isinstance(draw, OfShape):
            raise InputError(
                f"the standard deviation of scheme '{self}' depends on the weight's shape, not on its fans alone, got "
                f"fan_in={fan_in:g}, fan_out={fan_out:g}. Call scheme.draw().std(shape, layout)."
            )
        return draw.std()

    def __call__(self, *positional: type_of_value, **keywords: type_of_value) -> Scheme:
        """The same family with other arguments: `he(mode="fan_out")`, as it stands in the spec string."""
        given = self.family.signature.given(positional, keywords)
        return replace(self, arguments={**self.arguments, **given})

    def __mul__(self, factor: float) -> Scheme:
        return replace(self, multiplier=self.multiplier * _check_multiplier(factor))

    __rmul__ = __mul__

    @cached_property
    def canonical(self) -> str:
        """The spec string of this distribution: one for all schemes that are equal.

        >>> Scheme("dirac").canonical, (Scheme("normal", {"std": 2}) * 3).canonical
        ('identity', 'normal(6)')
        """
        if self.family.same is None:
            return str(self)
        return _written(*self.family.same(self.arguments, self.multiplier))

    def __eq__(self, other: object) -> bool:
        return self.canonical == other.canonical if isinstance(other, Scheme) else NotImplemented

    def __str__(self) -> str:
        return _written(self.name, self.arguments, self.multiplier)

    def __repr__(self) -> str:
        return f"Scheme({str(self)!r})"

    def __hash__(self) -> int:
        return hash(self.canonical)

    def __reduce__(self) -> tuple[Any, ...]:
        return scheme, (str(self),)


def scheme(spec: str | Scheme) -> Scheme:
    """The scheme a spec string names.

    Args:
        spec: `name`, `name(value, key=value)`, each with an optional `*multiplier`; a Scheme is returned as it is.
            Another library's name (kaiming_normal, HeNormal, jax.nn.initializers.lecun_normal) means what that library
            draws, and a note on stderr says what it is here.

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
    return _of_text(spec) if isinstance(spec, str) else _of_spec(_parsed(spec))


def family_scheme(name: str, *positional: type_of_value, **keywords: type_of_value) -> Scheme:
    """A scheme from a family's name and arguments given as Python values."""
    return _of_spec(Spec(name, positional, keywords, None))


@lru_cache(maxsize=1024)
def _of_text(spec: str) -> Scheme:
    """Cached, so that a note is told once."""
    parsed = _parsed(spec)
    row = foreign(parsed, FAMILIES)
    if row is None:
        return _of_spec(parsed)
    name, arguments, multiplier = translated(parsed, row)
    found = Scheme(name, FAMILIES[name].signature.bind((), arguments), multiplier)
    tell(parsed, row, str(found))
    return found


def _parsed(spec: Any) -> Spec:
    return parse(spec, "scheme", "he*1.3", dotted=True)


def _of_spec(spec: Spec) -> Scheme:
    arguments = FAMILIES[spec.name].signature.bind(spec.positional, spec.keywords)
    return Scheme(spec.name, arguments, 1.0 if spec.multiplier is None else spec.multiplier)


def _written(name: str, arguments: Mapping[str, type_of_value], multiplier: float) -> str:
    factor = "" if multiplier == 1 else f"*{format_value(multiplier)}"
    return f"{FAMILIES[name].show(arguments)}{factor}"


def _check_multiplier(factor: Any) -> float:
    if not is_number(factor):
        raise InputError(f"a multiplier must be a number, got {factor!r}. Write, for example, he * 1.3.")
    if factor == 0:
        raise InputError("a multiplier must be positive and finite, got 0. For weights of zero use the scheme 'zeros'.")
    return positive(factor, "a multiplier", "he * 1.3")
