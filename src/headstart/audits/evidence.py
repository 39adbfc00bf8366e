"""What an audit judges: a model's arrays with what is known of each, the graph of a pass, and findings made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from headstart.audits.look import Look
from headstart.audits.values import Values
from headstart.graph.graph import Graph
from headstart.graph.residual import ResidualSum
from headstart.graph.values import Op, Use
from headstart.plans import Parameter
from headstart.signals.parameters import BY_CODE
from headstart.signals.rule import Finding, Severity

if TYPE_CHECKING:
    from headstart.audits.flow import Flow

HEAVY = ("weight", "recurrent", "lookup")  # the slots of what a scheme is for


@dataclass(frozen=True)
class Tensor:
    """One array of a model.

    Args:
        parameter: what it is; of a buffer, its name and shape.
        dtype: what its numbers are called.
        values, look, recipes: None and empty where it has no values; `missing` says why.
        padding: the row of a table that stands for padding.
        buffer: whether it is a buffer, which training does not change.
        library: whose model it is of.
    """

    parameter: Parameter
    dtype: str = ""
    values: Values | None = None
    look: Look | None = None
    recipes: tuple[str, ...] = ()
    missing: str = ""
    padding: int | None = None
    buffer: bool = False
    library: str = "torch"

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def is_weight(self) -> bool:
        """Whether a random start belongs here."""
        return self.parameter.what.fans and not self.buffer

    @property
    def is_zero(self) -> bool:
        return self.look is not None and self.look.kind == "zeros"


@dataclass(frozen=True)
class Ignored:
    """A weight that its layer computes anew, so that what stands in it now is not what is used."""

    name: str
    by: str
    difference: float


@dataclass(frozen=True)
class Evidence:
    """A model as the checks see it.

    Args:
        tensors: parameters and buffers by name, in the model's order; tied ones without values of their own.
        graph: of one pass; None without an example. sums, depth: its residual sums, and how many lie in a row.
        computed: the names of the parts of a computed weight -> the weight's name.
        ignored: weights whose layers overwrite them.
    """

    tensors: Mapping[str, Tensor]
    graph: Graph | None = None
    sums: tuple[ResidualSum, ...] = ()
    depth: int = 0
    computed: Mapping[frozenset[str], str] = field(default_factory=dict)
    ignored: tuple[Ignored, ...] = ()

    @cached_property
    def flow(self) -> Flow | None:
        """What the signal becomes on its way; None without a graph, or where nothing has values."""
        from headstart.audits.flow import Flow

        if self.graph is None or not any(tensor.look is not None for tensor in self.tensors.values()):
            return None
        return Flow(self)

    @cached_property
    def flow_if_drawn(self) -> Flow | None:
        """The same, were no weight and no norm's scale zero: what each zero does by itself shows beside it."""
        from headstart.audits.flow import Flow

        return None if self.flow is None else Flow(self, if_drawn=True)

    def weights(self) -> Iterator[tuple[Tensor, Look]]:
        """Every weight that has values."""
        for tensor in self.tensors.values():
            if tensor.is_weight and tensor.look is not None:
                yield tensor, tensor.look

    def of_roles(self, *roles: str) -> Iterator[tuple[Tensor, Look]]:
        """Every parameter with one of these roles that has values."""
        for tensor in self.tensors.values():
            if tensor.look is not None and not tensor.buffer and tensor.parameter.role in roles:
                yield tensor, tensor.look

    def tensor_of(self, value: int) -> Tensor | None:
        """The parameter or computed weight that a value is made of alone; None for anything mixed."""
        assert self.graph is not None
        names = self.graph.values[value].parameters
        name = next(iter(names)) if len(names) == 1 else self.computed.get(names)
        return self.tensors.get(self.computed.get(names, name or ""))

    def uses(self, name: str, slots: Iterable[str] = HEAVY) -> list[Use]:
        """How the pass uses a parameter."""
        if self.graph is None:
            return []
        parts = next((parts for parts, whole in self.computed.items() if whole == name), frozenset((name,)))
        return [use for part in sorted(parts) for use in self.graph.used.get(part, ()) if use.slot in slots]

    def ops(self, name: str, slots: Iterable[str] = HEAVY) -> list[Op]:
        """The operations that use a parameter so, each once."""
        assert self.graph is not None or not self.uses(name, slots)
        return (
            [self.graph.ops[index] for index in dict.fromkeys(use.op for use in self.uses(name, slots))]
            if self.graph
            else []
        )

    def meets_norm(self, name: str) -> bool:
        """Whether all that a weight makes goes into a normalization, to which its scale means nothing."""
        if self.graph is None:
            return False
        ops = self.ops(name)
        return bool(ops) and all(_only_norms(self.graph, op) for op in ops)


def _only_norms(graph: Graph, op: Op) -> bool:
    readers = [graph.ops[index] for value in op.outputs[:1] for index in graph.readers.get(value, ())]
    return bool(readers) and all(
        graph.is_norm(reader)
        or (reader.name in ("reshape", "permute", "dropout", "identity") and _only_norms(graph, reader))
        for reader in readers
    )


def found(
    code: str, layer: str, value: float, message: str, *, severity: Severity | None = None, limit: float | None = None,
    remedy: str | None = None,
) -> Finding:  # fmt: skip
    """A finding of a rule about one parameter."""
    rule = BY_CODE[code]
    return Finding(
        code=code, word=rule.word, severity=severity or rule.severity, layer=layer, value=value,
        limit=rule.limit if limit is None else limit, message=message, remedy=remedy or rule.fix,
    )  # fmt: skip
