"""HS606, HS607: weights, slices and units that are the same bit for bit, where each should be drawn by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from headstart.audits.evidence import Evidence, Tensor, found
from headstart.audits.values import Array, Values
from headstart.graph.graph import Graph
from headstart.signals.rule import Finding, Severity
from headstart.words import count, percent

_HASHED = 4096
_UNITS, _COLUMNS = 512, 32


def identical(evidence: Evidence) -> Iterator[Finding]:
    """HS606: two weights with the same values, and stacks whose slices are the same."""
    groups: dict[tuple[tuple[int, ...], bytes], list[Tensor]] = {}
    for tensor in evidence.tensors.values():
        look = tensor.look
        if look is None or tensor.values is None or not look.random or look.size < 16 or not _is_matrix(tensor):
            continue
        groups.setdefault((tensor.values.shape, tensor.values.sample(_HASHED).tobytes()), []).append(tensor)
        yield from _slices(tensor)
    for group in groups.values():
        for place, tensor in enumerate(group):
            first = next((other for other in group[:place] if _are_copies(tensor, other)), None)
            if first is not None:
                severity, words = _relation(evidence, first, tensor)
                yield found(
                    "HS606", tensor.name, 0.0, f"Bit for bit the same as {first.name}{words}.", severity=severity
                )


def _is_matrix(tensor: Tensor) -> bool:
    """Whether it is a weight, or may be one: nobody knows what a bare parameter is for without a pass."""
    return tensor.is_weight or (
        not tensor.buffer and tensor.parameter.role == "unknown" and len(tensor.parameter.shape) > 1
    )


def _are_copies(tensor: Tensor, other: Tensor) -> bool:
    """Whether two weights are equal, and both learn: a frozen copy is meant as one."""
    return (
        tensor.parameter.trainable and other.parameter.trainable
        and tensor.values is not None and other.values is not None and tensor.values.same(other.values)
    )  # fmt: skip


def _relation(evidence: Evidence, first: Tensor, second: Tensor) -> tuple[Severity, str]:
    """Copies side by side stay alike; one behind the other they see different inputs."""
    graph = evidence.graph
    if graph is None:
        if _differ_in_a_number(first.name, second.name):
            return "remark", ": layers in a row part, members side by side stay alike"
        return "fault", ""
    ops, others = evidence.ops(first.name), evidence.ops(second.name)
    if ops and others and any(_behind(graph, op.outputs[0], other.index) for op in ops for other in others):
        return "remark", ", which lies before it: they part, but start alike"
    return "fault", ": side by side they stay alike"


def _differ_in_a_number(first: str, second: str) -> bool:
    one, two = first.split("."), second.split(".")
    apart = [(a, b) for a, b in zip(one, two, strict=False) if a != b]
    return len(one) == len(two) and len(apart) == 1 and all(part.isdigit() for part in apart[0])


def _behind(graph: Graph, value: int, op: int) -> bool:
    """Whether an operation takes anything that comes of a value."""
    stack, seen = [value], set[int]()
    while stack:
        here = stack.pop()
        for index in graph.readers.get(here, ()):
            if index == op:
                return True
            if index < op and index not in seen:
                seen.add(index)
                stack += graph.ops[index].outputs
    return False


def _slices(tensor: Tensor) -> Iterator[Finding]:
    """A stack whose slices are the same: experts, heads, scanned layers."""
    assert tensor.values is not None
    shape, layout = tensor.values.shape, tensor.parameter.layout
    rank = len(shape)
    if tensor.is_weight:  # experts that all see the same input are a second axis of outputs
        axes = [axis % rank for axis in (*layout.stack_axes, *(layout.out_axes if len(layout.out_axes) > 1 else ()))]
    else:
        axes = [0] if rank > 2 else []
    for axis in axes:
        size = shape[axis]
        if size < 2 or math.prod(shape) // size < 8:
            continue
        slices = [_slice(tensor.values, axis, at) for at in range(min(size, 256))]
        distinct = len({each.tobytes() for each in slices})
        if distinct < len(slices):
            words = "all the same" if distinct == 1 else f"{distinct} different ones"
            message = f"Its {count(len(slices), 'slice')} along axis {axis} are {words}: they stay alike."
            yield found("HS606", tensor.name, 0.0 if distinct == 1 else distinct / len(slices), message)
            return


def _slice(values: Values, axis: int, at: int) -> Array:
    """A sample of one slice of a stack."""
    index = tuple(at if place == axis else slice(None) for place in range(axis + 1))
    rest = [size for place, size in enumerate(values.shape) if place != axis]
    if math.prod(rest) > 1 << 16:  # thinned along its longest axis
        longest = max(range(len(values.shape)), key=lambda place: -1 if place == axis else values.shape[place])
        step = max(1, math.prod(rest) >> 14)
        index = tuple(
            at if place == axis else slice(None, None, step) if place == longest else slice(None)
            for place in range(len(values.shape))
        )
    return values.part(index)


def units(evidence: Evidence) -> Iterator[Finding]:
    """HS607: units of one layer with the same incoming weights."""
    for tensor, look in evidence.weights():
        if tensor.values is None or look.kind in ("zeros", "identity", "orthogonal", "empty") or look.nonfinite:
            continue
        rows = _rows(tensor)
        if rows is None:
            continue
        alive = rows[np.any(rows != 0, axis=1)]
        if len(alive) < 2 or rows.shape[1] < 2:
            continue
        distinct = len(np.unique(alive, axis=0))
        twins = len(alive) - distinct
        if twins == 0 or (look.random and twins < 0.02 * len(alive) and rows.shape[1] < 8):  # by chance, in few digits
            continue
        share = distinct / len(alive)
        name = "row" if tensor.parameter.role == "lookup" else "unit"
        words = f"All its {count(len(alive), name)} are the same" if distinct == 1 else (
            f"Of {count(len(alive), name)} only {distinct:,} differ ({percent(share, 0)})")  # fmt: skip
        severity: Severity = "fault" if share <= 0.5 else "remark"
        yield found("HS607", tensor.name, share, f"{words}: they compute the same.", severity=severity)


def _rows(tensor: Tensor) -> Array | None:
    """Each unit's incoming weights, of some units and some inputs; one slice of a stack."""
    assert tensor.values is not None
    shape, layout = tensor.values.shape, tensor.parameter.layout
    rank = len(shape)
    if rank < 2 or math.prod(shape) == 0:
        return None
    outs = [axis % rank for axis in (layout.lookup_axes or layout.out_axes)]
    stack = [axis % rank for axis in layout.stack_axes]
    if len(outs) != 1:
        return None
    index: list[int | slice] = []
    left = _COLUMNS
    for place, size in enumerate(shape):
        if place in stack:
            index.append(0)
        elif place == outs[0]:
            index.append(slice(0, min(size, _UNITS)))
        else:
            take = min(size, left)
            index.append(slice(0, take))
            left = max(1, left // take)
    part = tensor.values.part(tuple(index))
    kept = sum(1 for place in range(outs[0]) if place not in stack)
    return np.moveaxis(part, kept, 0).reshape(part.shape[kept], -1)
