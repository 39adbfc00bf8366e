"""Plans: what each parameter of a model gets, and why. Plain data; knows no framework.

An adapter reads a model into `Parameter`s; `plan_parameters` gives each its draw and the reason; an adapter writes
the arrays. The lab's own networks take the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headstart.fans import LAYOUTS, Axes, Fans, fans
from headstart.schemes import Constant, Draw, Normal, Scheme


@dataclass(frozen=True)
class Parameter:
    """One array of a model: its name, shape, which axes are out and in, what it is for, and what follows it."""

    name: str
    shape: tuple[int, ...]
    role: str = "weight"  # "weight" or "bias"
    axes: Axes = LAYOUTS["out_in"]
    activation: str | None = None

    @property
    def fans(self) -> Fans | None:
        """fan_in and fan_out; None for a bias, which has neither."""
        return fans(self.shape, self.axes) if self.role == "weight" else None


@dataclass(frozen=True)
class Entry:
    """What one parameter gets, and the reason in words."""

    parameter: Parameter
    draw: Draw
    reason: str


Plan = tuple[Entry, ...]


def plan_parameters(parameters: Iterable[Parameter], scheme: Scheme, sigma_b: float = 0.0) -> Plan:
    """The draw of every parameter: weights by the scheme, biases N(0, sigma_b^2), which is zero unless asked.

    >>> from headstart.schemes import scheme
    >>> layer = [Parameter("weight", (5, 8)), Parameter("bias", (5,), role="bias")]
    >>> for entry in plan_parameters(layer, scheme("he")):
    ...     print(entry.parameter.name, entry.draw, entry.reason)
    weight Normal(std=0.5) he: variance 2/n_in, fan_in 8
    bias Constant(value=0.0) biases start at zero
    """
    return tuple(_entry(parameter, scheme, sigma_b) for parameter in parameters)


def _entry(parameter: Parameter, scheme: Scheme, sigma_b: float) -> Entry:
    if parameter.role == "bias" and sigma_b > 0:
        return Entry(parameter, Normal(sigma_b), f"biases N(0, {sigma_b:g}²), as asked")
    if parameter.role == "bias":
        return Entry(parameter, Constant(0.0), "biases start at zero")
    assert parameter.fans is not None
    reason = f"{scheme}: {scheme.family.formula}"
    if scheme.family.needs_fans:
        reason += f", fan_in {parameter.fans.fan_in}"
    if scheme.adapts and parameter.activation is not None:
        reason += f", for {parameter.activation}"
    return Entry(parameter, scheme.draw(parameter.fans, parameter.activation), reason)
