"""What one look at a value leaves: its moments, where its inputs lie, and what single kinds of operations show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.signals.measure.attention import Shares
from headstart.signals.measure.shapes import Shape

UNDER_NO_GRAD = "it ran without gradients: under no_grad, or in a reentrant checkpoint"
NOT_TRAINED = "nothing that is trained comes before it"
CUT = "it is cut off from what is trained before it"
NOT_REACHED = "the loss does not depend on it"
LEFT_OUT = "what a mask takes away is left out"

Measured = tuple[float, int]  # of a gradient: root mean square, elements that are not finite


class Mixed(Exception):
    """An operation mixes what was taken for the inputs of a batch."""


class Batch(NamedTuple):
    """Where the inputs of a batch lie: an axis is (outer, inputs, inner)."""

    axis: int
    outer: int
    inputs: int
    inner: int

    @property
    def per_input(self) -> int:
        return self.outer * self.inner


class Moments(NamedTuple):
    """What one array is like; None where that needs a batch.

    Args:
        silent: (outer, inner) whether each unit is zero for every input, if asked for.
    """

    rms: float | None = None
    mean: float | None = None
    nonfinite: int = 0
    batch_std: float | None = None
    cosine: float | None = None
    silent: NDArray[np.bool_] | None = None


@dataclass
class Seen:
    """One operation's output, as it was when it was made."""

    op: int
    value: int
    moments: Moments
    batch: Batch | None
    shape: Shape | None = None
    dead: float | None = None
    saturated: float | None = None
    shares: Shares | None = None
    token_cosine: float | None = None
    products: NDArray[np.float64] | None = None  # of pairs of inputs
    grad_note: str = ""
    note: str = ""
    unit_axis: int | None = None  # where that is known, and not by the kind of array alone


class Regions(Protocol):
    """Which values are functions of one other value, element by element."""

    def root(self, value: int) -> int | None:
        """The value that another one is a function of."""

    def shape(self, value: int) -> Shape | None:
        """What a value is of the one it is a function of; None where it is none of a single one."""


@dataclass(frozen=True)
class Passed:
    """What a meter saw of a pass.

    Args:
        seen: by operation; an input of the model is -1, -2, ...
        gradients: by value.
        looks: whether numbers were looked at.
        modules: operation -> the module that its weights say it is of, where the pass names none.
        biases: operation -> the one that adds its bias, whose result is the row's.
    """

    seen: Mapping[int, Seen]
    regions: Regions
    gradients: Mapping[int, Measured]
    looks: bool = True
    modules: Mapping[int, str] = field(default_factory=dict)
    biases: Mapping[int, int] = field(default_factory=dict)
