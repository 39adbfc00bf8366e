"""Activations whose Gaussian expectations are known in closed form: what the quadratures are held against.

For x, y ~ N(0, q) with correlation c: E[phi^2], its derivative by q, E[phi'^2], E[phi'^4], E[phi(x) phi(y)] and
E[phi'(x) phi'(y)]. The formulas take floats, or mpmath's numbers and functions where digits near c = 1 are asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol


class Law(Protocol):
    spec: str

    def second(self, q: Any, m: Any = math) -> Any: ...
    def second_slope(self, q: Any) -> float: ...
    def slopes(self, q: Any, power: int = 2) -> float: ...
    def pair(self, q: Any, c: Any, m: Any = math) -> Any: ...
    def slope_pair(self, q: Any, c: Any) -> float: ...


@dataclass(frozen=True)
class Erf:
    """Williams 1997, eq. 11."""

    spec: str = "erf"

    def second(self, q: Any, m: Any = math) -> Any:
        return self.pair(q, 1, m)

    def second_slope(self, q: Any) -> float:
        return 4 / math.pi / ((1 + 2 * q) * math.sqrt(1 + 4 * q))

    def slopes(self, q: Any, power: int = 2) -> float:
        return (4 / math.pi) ** (power / 2) / math.sqrt(1 + 2 * power * q)

    def pair(self, q: Any, c: Any, m: Any = math) -> Any:
        return 2 / m.pi * m.asin(2 * q * c / (1 + 2 * q))

    def slope_pair(self, q: Any, c: Any) -> float:
        return 4 / math.pi / math.sqrt((1 + 2 * q) ** 2 - 4 * q * q * c * c)


@dataclass(frozen=True)
class LeakyRelu:
    """phi = a z + (1 - a) relu(z), with Cho & Saul 2009, eq. 6, for the pair of ReLUs."""

    a: float = 0.0

    @property
    def spec(self) -> str:
        return f"leaky_relu({self.a!r})"

    def second(self, q: Any, m: Any = math) -> Any:
        return self.pair(q, 1, m)

    def second_slope(self, q: Any) -> float:
        return self.slopes(q)

    def slopes(self, q: Any, power: int = 2) -> float:
        return (1 + self.a**power) / 2

    def pair(self, q: Any, c: Any, m: Any = math) -> Any:
        angle = m.acos(c)
        relus = q / (2 * m.pi) * (m.sin(angle) + (m.pi - angle) * c)
        return self.a * self.a * q * c + self.a * (1 - self.a) * q * c + (1 - self.a) ** 2 * relus

    def slope_pair(self, q: Any, c: Any) -> float:
        both = (math.pi - math.acos(c)) / (2 * math.pi)
        return self.a**2 + self.a * (1 - self.a) + (1 - self.a) ** 2 * both


@dataclass(frozen=True)
class SquaredRelu:
    """Cho & Saul 2009: the arc-cosine kernel of degree 2."""

    spec: str = "squared_relu"

    def second(self, q: Any, m: Any = math) -> Any:
        return 3 * q * q / 2

    def second_slope(self, q: Any) -> float:
        return 3 * q

    def slopes(self, q: Any, power: int = 2) -> float:
        return {2: 2 * q, 4: 24 * q * q}[power]

    def pair(self, q: Any, c: Any, m: Any = math) -> Any:
        angle = m.acos(c)
        return q * q / (2 * m.pi) * (3 * m.sin(angle) * c + (m.pi - angle) * (1 + 2 * c * c))

    def slope_pair(self, q: Any, c: Any) -> float:
        return 4 * LeakyRelu().pair(q, c)


@dataclass(frozen=True)
class Sin:
    spec: str = "sin"

    def second(self, q: Any, m: Any = math) -> Any:
        return (1 - m.exp(-2 * q)) / 2

    def second_slope(self, q: Any) -> float:
        return math.exp(-2 * q)

    def slopes(self, q: Any, power: int = 2) -> float:
        return (1 + math.exp(-2 * q)) / 2 if power == 2 else 3 / 8 + math.exp(-2 * q) / 2 + math.exp(-8 * q) / 8

    def pair(self, q: Any, c: Any, m: Any = math) -> Any:
        return (m.exp(-q * (1 - c)) - m.exp(-q * (1 + c))) / 2

    def slope_pair(self, q: Any, c: Any) -> float:
        return (math.exp(-q * (1 - c)) + math.exp(-q * (1 + c))) / 2


@dataclass(frozen=True)
class Cos:
    """The variance map falls, and the mean is not 0."""

    spec: str = "cos"

    def second(self, q: Any, m: Any = math) -> Any:
        return (1 + m.exp(-2 * q)) / 2

    def second_slope(self, q: Any) -> float:
        return -math.exp(-2 * q)

    def slopes(self, q: Any, power: int = 2) -> float:
        return (1 - math.exp(-2 * q)) / 2 if power == 2 else 3 / 8 - math.exp(-2 * q) / 2 + math.exp(-8 * q) / 8

    def pair(self, q: Any, c: Any, m: Any = math) -> Any:
        return (m.exp(-q * (1 - c)) + m.exp(-q * (1 + c))) / 2

    def slope_pair(self, q: Any, c: Any) -> float:
        return (math.exp(-q * (1 - c)) - math.exp(-q * (1 + c))) / 2


LAWS: tuple[Law, ...] = (Erf(), LeakyRelu(), LeakyRelu(0.3), LeakyRelu(-0.5), SquaredRelu(), Sin(), Cos())
BOUNDED: tuple[Law, ...] = (Erf(), Sin(), Cos())  # their variance always settles
