"""What a probe sees of the gradient on its way back: HS301 to HS305."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import replace

from headstart.signals.probe.drifts import Drift, backward
from headstart.signals.probe.look import Look
from headstart.signals.probe.trunk import size
from headstart.signals.probe.units import behind
from headstart.signals.probe.words import cure, from_to, mild, only
from headstart.signals.probe.zeros import wakes
from headstart.signals.rule import Hit
from headstart.signals.trace import Row
from headstart.words import count, number, times

_STEEP = 5.0
_BORNE = 10.0  # times the limit, of residual blocks with norms
_MOSTLY = 0.7  # of the layers
_NEXT_TO_NOTHING = 1e-2  # of a layer scale: 1e-6 to 1e-4 in the papers (Touvron et al. 2021)
_ZERO = "Draw the token or the row that is zero at the scale of the others: N(0, 0.02²)."


def vanishing(look: Look, limit: float) -> Iterator[Hit]:
    for trunk in look.trunks:
        drift = backward(look, trunk, shrinks=True)
        if drift is None or drift.total >= limit:
            continue
        if drift.total == 0 and wakes(look, trunk):
            continue
        if drift.total == 0:
            yield Hit(0.0, f"Of the gradient nothing gets back through {drift.names[-1]}.", drift.names[-1])
            continue
        drift = _from_the_last_reached(look, drift)
        layer = drift.worst if drift.alone else drift.names[0]
        severity = "remark" if _scaled_down(look, drift) else mild(drift.total, limit)
        yield Hit(drift.total, f"The gradient shrinks {from_to(drift)}, on its way back.", layer,
                  severity=severity, remedy=cure(look, drift, trunk), layers=drift.names)  # fmt: skip


def exploding(look: Look, limit: float) -> Iterator[Hit]:
    steep = next(steep_norm(look, _STEEP), None)  # then it is one token's gradient that grows, and that says so itself
    for trunk in look.trunks:
        drift = backward(look, trunk, shrinks=False)
        if drift is not None and drift.total > limit:
            drift = _from_the_last_reached(look, drift)
            layer = drift.worst if drift.alone else drift.names[0]
            borne = steep is not None or (drift.total < _BORNE * limit and _held_by_norms(look, drift))
            yield Hit(drift.total, f"The gradient grows {from_to(drift)}, on its way back.", layer,
                      severity="remark" if borne else mild(drift.total, limit),
                      remedy=cure(look, drift, trunk) if steep is None else _ZERO, layers=drift.names)  # fmt: skip
    for rows in look.loops:
        first, last = _elasticity(rows[0]), _elasticity(rows[-1])
        if first and last and math.isfinite(first) and first / last > limit:
            yield Hit(first / last, f"The gradient grows {times(first / last)} over {count(len(rows), 'step')} of the "
                      f"recurrence in {rows[0].name}, on its way back.", rows[0].name,
                      remedy=only(look, rows[0].name))  # fmt: skip


def _held_by_norms(look: Look, drift: Drift) -> bool:
    """Whether the gradient grows from residual block to residual block with norms in their branches: in a small batch
    every batch norm adds some, and what a norm follows learns at a rate that its own size sets."""
    ends = {end for each in look.trace.sums for end in each.ends}
    inside = sum(bool(ends.intersection(row.parameters)) for row in look.rows if row.name in drift.names)
    return inside >= _MOSTLY * len(drift.names) and any(look.graph.is_norm(op) for op in look.graph.ops)


def _scaled_down(look: Look, drift: Drift) -> bool:
    """Whether the layers to blame are branches that a learned scale lets start as next to nothing, beside a skip."""
    blamed = {name for row in look.rows if row.name in drift.names for name in row.parameters}
    ends = [each for each in look.trace.sums if blamed.intersection(each.ends)]
    scales = [weight for weight in look.trace.weights.values() if weight.role == "layer scale"]
    small = {weight.name for weight in scales if weight.rms is not None and weight.rms <= _NEXT_TO_NOTHING}
    return bool(ends) and any(
        small.intersection(look.graph.values[value].parameters)
        for each in ends
        for value in _scales_of(look, each.branch)
    )


def _scales_of(look: Look, branch: int) -> Iterator[int]:
    """The weights that a branch is multiplied by between its last weighted operation and the sum."""
    op = look.graph.maker(branch)
    while op is not None and not look.graph.is_weighted(op):
        yield from look.graph.weights(op)
        data = look.graph.data(op)
        op = look.graph.maker(data[0]) if len(data) == 1 else None


def _from_the_last_reached(look: Look, drift: Drift) -> Drift:
    """With the layer whose output the gradient comes to at last: its weights are what gets so much or so little."""
    source = None if drift.before is None else behind(look, drift.before)
    while source is not None and source.op >= 0 and not look.graph.is_weighted(look.graph.ops[source.op]):
        given = look.given(source)  # through a norm, which has parameters too
        source = behind(look, given[0]) if len(given) == 1 else None
    if drift.alone or source is None or source.op < 0 or source.name in drift.names:
        return drift
    return replace(drift, names=(source.name, *drift.names))


def nothing(look: Look, limit: float) -> Iterator[Hit]:
    """No weight at all has a gradient."""
    sizes = [weight.grad_rms for weight in look.trace.weights.values() if weight.trainable]
    known = [each for each in sizes if each is not None]
    if look.trace.measured and sizes and max(known, default=0.0) <= limit:
        yield Hit(max(known, default=0.0),
                  "The gradient of every parameter is exactly zero at the start: gradient descent has nothing to "
                  "follow.")  # fmt: skip


def unbalanced(look: Look, limit: float) -> Iterator[Hit]:
    """The gradient by the weight's own size, of one layer against the median of all."""
    rates = {
        weight.name: weight.grad_rms / weight.rms
        for weight in look.weights()
        if weight.grad_rms and weight.rms and math.isfinite(weight.grad_rms / weight.rms)
    }
    if len(rates) < 3:
        return
    middle = statistics.median(rates.values())
    far = {name: rate / middle for name, rate in rates.items() if not 1 / limit <= rate / middle <= limit}
    if far:
        name = max(far, key=lambda each: abs(math.log(far[each])))
        row = next(iter(look.rows_of(name)), None)
        others = f" So it is with {count(len(far) - 1, 'other')}." if len(far) > 1 else ""
        yield Hit(
            far[name],
            f"One step moves {name} {times(far[name])} as far, relative to its size, as it moves the median "
            f"weight.{others}",
            row.name if row is not None else name,
        )  # fmt: skip


def steep_norm(look: Look, limit: float) -> Iterator[Hit]:
    """A norm that enlarges a relative change: some vector that enters it is next to zero."""
    for row in look.rows:
        before = look.given(row)
        if not _is_norm(look, row) or len(before) != 1 or before[0].value == row.value:
            continue
        given = before[0]
        inside, outside = _elasticity(given), _passed_on(look, given)
        if not inside or not outside or not math.isfinite(inside) or given.rms is None:
            continue
        factor = inside / outside
        if factor > limit:
            yield Hit(
                factor,
                f"A vector that enters {row.name} is next to zero, so the norm multiplies its gradient by up to "
                f"1/sqrt(eps): {times(factor)} of what a norm passes on. Size before it {number(given.rms, 2)}.",
                row.name,
            )  # fmt: skip


def _is_norm(look: Look, row: Row) -> bool:
    return row.op >= 0 and look.graph.ops[row.op].name == "norm" and look.graph.ops[row.op].call != "batch_norm"


def _elasticity(row: Row) -> float | None:
    """What a relative change of a row does to the loss."""
    gradient = size(row)
    return None if gradient is None or row.rms is None else gradient * row.rms


def _passed_on(look: Look, row: Row) -> float:
    """What a relative change of all that takes a row does to the loss, together: a skip beside the norm too."""
    rows = (look.by_op.get(reader) for reader in look.graph.readers.get(row.value, ()))
    return sum(_elasticity(each) or 0.0 for each in rows if each is not None)
