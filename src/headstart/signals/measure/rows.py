"""Rows from what a meter saw: which operations are worth one, what each is called, what kind it is.

What only moves elements has none. Operations that together are an activation or a normalization have one row, that of
the value that leaves them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from headstart.graph.graph import Graph
from headstart.graph.norms import written_norm
from headstart.graph.residual import ResidualSum
from headstart.graph.values import Op
from headstart.graph.words import POINTWISE, RESHAPE
from headstart.signals.measure.moments import effective_rank
from headstart.signals.measure.seen import NOT_REACHED, Passed, Seen
from headstart.signals.trace import Row


def rows_of_pass(graph: Graph, passed: Passed, sums: Iterable[ResidualSum]) -> tuple[Row, ...]:
    """The rows of a pass, the inputs first."""
    norms, hidden = _norms(graph, passed)
    hidden |= _inside_activations(graph, passed)
    begins = _beginnings(graph, passed)
    seen = [each for index, each in passed.seen.items() if index < 0 or index not in hidden or index in begins]
    kinds = {each.op: "norm" if each.op in norms else _kind(graph, each) for each in seen}
    modules = {each.op: norms.get(each.op, _module(graph, passed, each)) for each in seen}
    called = names_of(graph, [graph.ops[each.op] for each in seen if each.op >= 0], kinds, modules)
    ends = {found.op for found in sums}
    inputs = [each.op for each in seen if each.op < 0]
    called |= {op: "input" if len(inputs) == 1 else f"input {place}" for place, op in enumerate(inputs)}
    return tuple(
        _row(graph, passed, each, called[each.op], kinds[each.op], modules[each.op], each.op in ends, each.op in begins)
        for each in seen
    )


def _row(
    graph: Graph, passed: Passed, seen: Seen, name: str, kind: str, module: str, ends_block: bool, begins: bool
) -> Row:  # fmt: skip
    found, batch, shares = seen.moments, seen.batch, seen.shares
    gradient = passed.gradients.get(seen.value)
    note = seen.note
    rank = None
    if seen.products is not None and (ends_block or seen.value in graph.outputs):
        rank = effective_rank(seen.products)
    return Row(
        op=max(seen.op, -1), value=seen.value, name=name, kind=kind, module=module,
        parameters=_parameters(graph, passed, seen),
        shape=graph.values[seen.value].shape, batch_axis=None if batch is None else batch.axis,
        per_input=1 if batch is None else batch.per_input, unit_axis=seen.unit_axis,
        rms=found.rms, mean=found.mean, batch_std=found.batch_std,
        cosine=found.cosine, dead=seen.dead, saturated=seen.saturated if shares is None else shares.one_hot,
        nonfinite=found.nonfinite, token_cosine=seen.token_cosine, rank=rank,
        rank_inputs=None if rank is None or seen.products is None else len(seen.products),
        logit_std=None if shares is None else shares.logit_std, entropy=None if shares is None else shares.entropy,
        grad_rms=None if gradient is None else gradient[0],
        grad_note=seen.grad_note or ("" if gradient is not None or not passed.looks else NOT_REACHED),
        note="; ".join(filter(None, (note, "it is the first that is not finite" if begins else ""))),
    )  # fmt: skip


# --- which have a row -----------------------------------------------------------------------------------------------


def _norms(graph: Graph, passed: Passed) -> tuple[dict[int, str], set[int]]:
    """Normalizations written by hand: the operation that each leaves by and its module, and all others in them."""
    found: dict[int, str] = {}
    hidden: set[int] = set()
    whole = {call for op in graph.ops if op.name == "norm" for call in op.calls}
    by_call: dict[int, list[int]] = {}
    for op in graph.ops:
        call = next((call for call in op.calls if call in graph.norm_calls and call not in whole), None)
        if call is not None and op.index in passed.seen:
            by_call.setdefault(call, []).append(op.index)
    for call, ops in by_call.items():
        found[ops[-1]] = graph.calls[call].module
        hidden |= set(ops[:-1])
    taken = {op for ops in by_call.values() for op in ops}
    for value in _starts(graph, taken):
        norm = written_norm(graph, value)
        if norm is None or norm[0] & taken:
            continue
        last = graph.values[norm[1]].op
        if last is not None and last in passed.seen:
            taken |= norm[0]
            found[last] = graph.ops[last].module
            hidden |= norm[0] - {last}
    return found, hidden


def _starts(graph: Graph, taken: set[int]) -> list[int]:
    """Values of which a mean is taken, at once or of a power, beside another use."""
    found: dict[int, None] = {}
    for op in graph.ops:
        if op.name != "reduce" or op.index in taken or not graph.data(op):
            continue
        value = graph.data(op)[0]
        for _ in range(3):
            if len(graph.readers.get(value, ())) > 1 and graph.values[value].shape != graph.values[op.outputs[0]].shape:
                found[value] = None
            maker = graph.maker(value)
            if maker is None or maker.name not in POINTWISE | {"identity"} or len(graph.data(maker)) != 1:
                break
            value = graph.data(maker)[0]
    return sorted(found)


def _inside_activations(graph: Graph, passed: Passed) -> set[int]:
    """Operations whose results only make an activation that has a name, or are none themselves."""
    root = passed.regions.root
    named: dict[int, bool] = {}  # value -> whether all that leaves its region behind it has a name
    hidden = set()
    for op in reversed(graph.ops):
        if not op.outputs or root(value := op.outputs[0]) is None:
            continue
        readers = [graph.ops[index] for index in graph.readers.get(value, ())]
        inside = [
            reader.outputs[0] for reader in readers
            if reader.outputs and root(reader.outputs[0]) == root(value)
        ]  # fmt: skip
        shape = passed.regions.shape(value)
        own = bool(shape and shape.name)
        if value in graph.outputs or not readers or len(inside) < len(readers):
            named[value] = own and all(named.get(other, False) for other in inside)
            continue
        named[value] = all(named.get(other, False) for other in inside)
        if named[value] or not own:
            hidden.add(op.index)
    return hidden


def _beginnings(graph: Graph, passed: Passed) -> set[int]:
    """Operations that are the first that are not finite: what they take is."""
    bad = {each.value for each in passed.seen.values() if each.moments.nonfinite}
    if not bad:
        return set()
    tainted: set[int] = {each.value for each in passed.seen.values() if each.op < 0 and each.moments.nonfinite}
    begins = {each.op for each in passed.seen.values() if each.value in tainted}
    for op in graph.ops:
        if any(value in tainted for _, value in op.inputs):
            tainted |= set(op.outputs) if op.name in RESHAPE else set(op.outputs) & bad
        elif op.index in passed.seen and passed.seen[op.index].moments.nonfinite:
            begins.add(op.index)
            tainted |= set(op.outputs)
    return begins


def _module(graph: Graph, passed: Passed, seen: Seen) -> str:
    return "" if seen.op < 0 else graph.ops[seen.op].module or passed.modules.get(seen.op, "")


def _parameters(graph: Graph, passed: Passed, seen: Seen) -> tuple[str, ...]:
    ops = [] if seen.op < 0 else [seen.op, *([passed.biases[seen.op]] if seen.op in passed.biases else [])]
    return tuple(dict.fromkeys(name for op in ops for name in parameters_of(graph, graph.ops[op])))


# --- names ----------------------------------------------------------------------------------------------------------


def _kind(graph: Graph, seen: Seen) -> str:
    if seen.op < 0:
        return "input"
    op = graph.ops[seen.op]
    if op.name == "pointwise" or (op.name in POINTWISE and seen.shape is not None and seen.shape.name):
        return (seen.shape.name if seen.shape is not None else "") or op.call.strip("_")
    return op.call.strip("_") if op.name == "other" else op.name


def names_of(graph: Graph, ops: Sequence[Op], kinds: Mapping[int, str], modules: Mapping[int, str]) -> dict[int, str]:
    """Operation -> the name of its row: its module, and what it is where a module has several; unique.

    Args:
        ops: those that have a row, in order.
    """
    several = Counter((modules[op.index], op.calls[-1] if op.calls else -1) for op in ops)
    taken: Counter[str] = Counter()
    found = {}
    for op in ops:
        module = modules[op.index]
        alone = bool(module) and several[module, op.calls[-1] if op.calls else -1] == 1
        own = parameters_of(graph, op, weights=True)
        base = module if alone else own[0] if own else f"{module} {kinds[op.index]}".strip()
        taken[base] += 1
        found[op.index] = base if taken[base] == 1 else f"{base} #{taken[base]}"
    return found


def parameters_of(graph: Graph, op: Op, weights: bool = False) -> tuple[str, ...]:
    """The parameters that an operation takes; as weights alone where that is asked."""
    heavy = ("weight", "recurrent", "lookup")
    return tuple(
        dict.fromkeys(use.parameter for use in graph.taken.get(op.index, ()) if not weights or use.slot in heavy)
    )
