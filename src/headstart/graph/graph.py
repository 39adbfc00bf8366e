"""The graph of one forward pass: its operations in order, the values they took and made, and the parameters' uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from headstart.graph.values import Call, Op, Use, Value
from headstart.graph.words import WEIGHTED


@dataclass(frozen=True)
class Graph:
    """What one forward pass did.

    Args:
        values: by number.
        ops: in the order in which they ran.
        outputs: the values that the model gave back.
        uses: of parameters as weights, in order.
        calls: of modules, in order.
        numbers: what constants of one element are, by value; for replays.
        arrays: samples of what larger constants hold that meet data, and of computed weights; evenly spread.
        again: of loops whose body stands here once: what one round hands on -> where the next one takes it.
    """

    values: tuple[Value, ...]
    ops: tuple[Op, ...]
    outputs: tuple[int, ...]
    uses: tuple[Use, ...]
    calls: tuple[Call, ...] = ()
    numbers: dict[int, float] = field(default_factory=dict)
    arrays: dict[int, Any] = field(default_factory=dict, compare=False, repr=False)
    again: dict[int, int] = field(default_factory=dict)

    @cached_property
    def readers(self) -> dict[int, tuple[int, ...]]:
        """Value -> the operations that take it, in order."""
        found: dict[int, list[int]] = {}
        for op in self.ops:
            for _, value in op.inputs:
                places = found.setdefault(value, [])
                if not places or places[-1] != op.index:
                    places.append(op.index)
        return {value: tuple(places) for value, places in found.items()}

    @cached_property
    def used(self) -> dict[str, tuple[Use, ...]]:
        """Parameter -> its uses; a parameter that the pass never met is not there."""
        found: dict[str, list[Use]] = {}
        for use in self.uses:
            found.setdefault(use.parameter, []).append(use)
        return {name: tuple(uses) for name, uses in found.items()}

    @cached_property
    def taken(self) -> dict[int, tuple[Use, ...]]:
        """Operation -> the uses of parameters in it."""
        found: dict[int, list[Use]] = {}
        for use in self.uses:
            found.setdefault(use.op, []).append(use)
        return {op: tuple(uses) for op, uses in found.items()}

    def data(self, op: Op) -> tuple[int, ...]:
        """The data that an operation takes, each value once."""
        return tuple(dict.fromkeys(value for _, value in op.inputs if self.values[value].kind == "data"))

    def maker(self, value: int) -> Op | None:
        """The operation that made a value; None for inputs, parameters and constants."""
        index = self.values[value].op
        return None if index is None else self.ops[index]

    def weights(self, op: Op) -> tuple[int, ...]:
        """The weights that an operation takes."""
        return tuple(value for _, value in op.inputs if self.values[value].kind == "weight")

    def made_by(self, op: Op, slot: str) -> frozenset[str]:
        """The parameters in one slot of an operation."""
        value = op.operand(slot)
        return frozenset() if value is None else self.values[value].parameters

    def is_weighted(self, op: Op) -> bool:
        """Whether it sums over inputs with weights: what a scheme is for."""
        return op.name in WEIGHTED and bool(self.data(op)) and bool(self.weights(op))

    def is_norm(self, op: Op) -> bool:
        """Whether it is a normalization, or a part of one that was written by hand."""
        return op.name == "norm" or any(call in self.norm_calls for call in op.calls)

    @cached_property
    def norm_calls(self) -> frozenset[int]:
        """The calls of modules that are norms by their class's name, and have no weighted operation inside."""
        weighted = {call for op in self.ops if self.is_weighted(op) for call in op.calls}
        return frozenset(
            number for number, call in enumerate(self.calls) if "norm" in call.kind.lower() and number not in weighted
        )
