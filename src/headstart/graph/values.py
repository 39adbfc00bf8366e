"""Values and operations: what one forward pass did, in order. Plain data; knows no framework.

A value is one array that the pass met: an input, a parameter, a constant, or what an operation made. Values that were
made from parameters and constants alone are weights too: a view of a parameter, or an effective weight W + BA.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from headstart.layout import Layout

Kind = Literal["data", "weight", "constant"]


@dataclass(frozen=True)
class Value:
    """One array.

    Args:
        number: its place among the graph's values.
        shape: its sizes.
        kind: data where an input of the model went into it, weight where only parameters did, else constant.
        source: "input 0", "parameter NAME", "constant", or "op" for what an operation made.
        op: the operation that made it; None for the others.
        parameters: the names of the parameters that it was made from without any data.
    """

    number: int
    shape: tuple[int, ...]
    kind: Kind
    source: str
    op: int | None = None
    parameters: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Use:
    """How an operation uses a parameter as a weight.

    Args:
        parameter: its name.
        op: the operation's place.
        slot: which of the operation's operands it is: weight, query, recurrent, bias, scale, ...
        layout: what its axes are for, in the parameter's own order; None where that cannot be known.
        part: (axis, start, stop) of the parameter that is used, None for all of it.
        note: why the layout is not known, or what else a reader should know.
    """

    parameter: str
    op: int
    slot: str
    layout: Layout | None = None
    part: tuple[int, int, int] | None = None
    note: str = ""


@dataclass(frozen=True)
class Call:
    """One call of a module: its name, and the name of its class."""

    module: str
    kind: str


@dataclass(frozen=True)
class Op:
    """One operation.

    Args:
        index: its place in the order of the pass.
        name: a canonical word: linear, convolution, attention, add, relu, ...; "other" where nobody knows it.
        call: what the framework calls it.
        module: the name of the module it ran in, "" for the model itself.
        calls: the module calls it ran in, outermost first, by their number in the graph's `calls`.
        inputs: (slot, value) of each array it took, in order.
        outputs: the values it made.
        attributes: plain numbers and words of the call: stride, groups, a probability.
        replay: computes the outputs from other arrays in the place of `inputs`; None where that makes no sense.
    """

    index: int
    name: str
    call: str
    module: str
    calls: tuple[int, ...]
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[int, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    replay: Callable[[Sequence[Any]], Any] | None = field(default=None, compare=False, repr=False)

    def operand(self, slot: str) -> int | None:
        """The value in a slot."""
        return next((value for name, value in self.inputs if name == slot), None)
