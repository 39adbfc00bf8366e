"""fan_in and fan_out of any weight. Axes are data: a layout names which axes are outputs, inputs and receptive field.

fan_in is how many inputs feed one unit, fan_out how many units one input feeds (He et al. 2015, section 2.2;
Glorot & Bengio 2010, section 4.2). Every axis that is neither out nor in belongs to the receptive field and counts
in both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from headstart.errors import InputError, unknown

Mode = Literal["fan_in", "fan_out", "fan_avg", "fan_geo"]
MODES: tuple[Mode, ...] = ("fan_in", "fan_out", "fan_avg", "fan_geo")


@dataclass(frozen=True)
class Axes:
    """Which axes of a weight are its output and its input channels; the others are its receptive field.

    Negative axes count from the end, as in NumPy. `groups` is the number of groups of a grouped convolution: its
    input axis holds the channels of one group, its output axis those of all groups.
    """

    out_axes: tuple[int, ...]
    in_axes: tuple[int, ...]
    groups: int = 1


# One row per way frameworks store a weight. A framework's adapter names its row once.
LAYOUTS: dict[str, Axes] = {
    "out_in": Axes(out_axes=(0,), in_axes=(1,)),  # PyTorch Linear (out, in) and Conv (out, in, *field)
    "in_out": Axes(out_axes=(-1,), in_axes=(-2,)),  # JAX, Flax and Keras: Dense (in, out), Conv (*field, in, out)
}


@dataclass(frozen=True)
class Fans:
    """How many inputs feed one unit (fan_in), and how many units one input feeds (fan_out)."""

    fan_in: int
    fan_out: int

    def of(self, mode: Mode) -> float:
        """The fan a variance is divided by: fan_in, fan_out, their mean (fan_avg) or geometric mean (fan_geo).

        >>> Fans(2, 8).of("fan_avg"), Fans(2, 8).of("fan_geo")
        (5.0, 4.0)
        """
        if mode == "fan_in":
            return float(self.fan_in)
        if mode == "fan_out":
            return float(self.fan_out)
        if mode == "fan_avg":
            return (self.fan_in + self.fan_out) / 2
        if mode == "fan_geo":
            return math.sqrt(self.fan_in * self.fan_out)
        raise unknown("mode", str(mode), MODES)


def fans(shape: Sequence[int], layout: str | Axes = "out_in") -> Fans:
    """fan_in and fan_out of a weight.

    With F the product of the receptive-field axes and g groups: fan_in = F prod(in axes),
    fan_out = F prod(out axes) / g.

    Args:
        shape: the weight's shape, all sizes at least 1; rank 2 or more.
        layout: a name in `LAYOUTS`, or the `Axes` themselves.

    Raises:
        InputError: the shape has no such axes, a size below 1, or outputs that the groups do not divide.

    >>> fans((64, 3, 5, 5))
    Fans(fan_in=75, fan_out=1600)
    >>> fans((5, 5, 3, 64), layout="in_out")
    Fans(fan_in=75, fan_out=1600)

    References: He et al. 2015, eq. 10 and 14; Glorot & Bengio 2010, eq. 16.
    """
    axes = _axes(layout)
    shape = tuple(shape)
    if any(not isinstance(size, int) or isinstance(size, bool) or size < 1 for size in shape):
        raise InputError(f"every size of a shape must be an integer of at least 1, got {shape}.")
    rank = len(shape)
    named = (*axes.out_axes, *axes.in_axes)
    if any(not -rank <= axis < rank for axis in named) or len({axis % rank for axis in named}) != len(named):
        raise InputError(
            f"a weight needs separate axes for outputs {axes.out_axes} and inputs {axes.in_axes}, got shape {shape}. "
            "Pass the Axes of your layout, or a scheme that needs no fans (zeros, constant, normal)."
        )
    out = math.prod(shape[axis] for axis in axes.out_axes)
    inputs = math.prod(shape[axis] for axis in axes.in_axes)
    field = math.prod(shape) // (out * inputs)
    if axes.groups < 1 or out % axes.groups:
        raise InputError(f"groups must divide the {out} outputs of shape {shape}, got groups={axes.groups}.")
    return Fans(fan_in=field * inputs, fan_out=field * out // axes.groups)


def _axes(layout: str | Axes) -> Axes:
    if isinstance(layout, Axes):
        return layout
    if layout not in LAYOUTS:
        raise unknown("layout", str(layout), LAYOUTS)
    return LAYOUTS[layout]
