"""Names of rows: the module, and what the operation is where a module has several; each name once, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from headstart.graph.graph import Graph
from headstart.graph.values import Op


def names_of(graph: Graph, ops: Sequence[Op], words: Mapping[int, str]) -> dict[int, str]:
    """Operation -> the name of its row.

    Args:
        ops: those that have a row, in order.
        words: operation -> what it is, in a word.
    """
    per_call = Counter(_call(op) for op in ops)
    taken: Counter[str] = Counter()
    found = {}
    for op in ops:
        base = _base(graph, op, words[op.index], per_call[_call(op)] > 1)
        taken[base] += 1
        found[op.index] = base if taken[base] == 1 else f"{base} #{taken[base]}"
    return found


def _call(op: Op) -> tuple[str, int]:
    return op.module, op.calls[-1] if op.calls else -1


def _base(graph: Graph, op: Op, word: str, several: bool) -> str:
    if op.module and not several:
        return op.module
    own = parameters_of(graph, op, weights=True)
    if own:
        return own[0]
    return f"{op.module} {word}" if op.module else word


def parameters_of(graph: Graph, op: Op, weights: bool = False) -> tuple[str, ...]:
    """The parameters that an operation takes, as weights alone where that is asked."""
    uses = [use for use in graph.uses if use.op == op.index]
    heavy = ("weight", "recurrent", "lookup")
    return tuple(dict.fromkeys(use.parameter for use in uses if not weights or use.slot in heavy))
