"""What a probe sees of the gradient on its way back: HS301 to HS305."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

from headstart.signals.drifts import backward
from headstart.signals.look import Look
from headstart.signals.probe_words import cure, from_to, mild, only
from headstart.signals.probe_zeros import wakes
from headstart.signals.rule import Hit
from headstart.signals.trace import Row
from headstart.signals.trunk import size
from headstart.words import count, number, times

_STEEP = 5.0
_ZERO = "Draw the token or the row that is zero at the scale of the others: N(0, 0.02²)."


def vanishing(look: Look, limit: float) -> Iterator[Hit]:
    for trunk in look.trunks:
        drift = backward(look, trunk, shrinks=True)
        if drift is None or drift.total >= limit:
            continue
        layer = drift.worst if drift.alone else drift.names[0]
        if drift.total == 0 and wakes(look, trunk):
            continue
        if drift.total == 0:
            yield Hit(0.0, f"Of the gradient nothing gets back through {drift.names[-1]}.", drift.names[-1])
            continue
        yield Hit(drift.total, f"The gradient shrinks {from_to(drift)}, on its way back.", layer,
                  severity=mild(drift.total, limit), remedy=cure(look, drift, trunk), layers=drift.names)  # fmt: skip


def exploding(look: Look, limit: float) -> Iterator[Hit]:
    steep = next(steep_norm(look, _STEEP), None)  # then it is one token's gradient that grows, and that says so itself
    for trunk in look.trunks:
        drift = backward(look, trunk, shrinks=False)
        if drift is not None and drift.total > limit:
            layer = drift.worst if drift.alone else drift.names[0]
            yield Hit(drift.total, f"The gradient grows {from_to(drift)}, on its way back.", layer,
                      severity="remark" if steep is not None else mild(drift.total, limit),
                      remedy=cure(look, drift, trunk) if steep is None else _ZERO, layers=drift.names)  # fmt: skip
    for rows in look.loops:
        first, last = _elasticity(rows[0]), _elasticity(rows[-1])
        if first and last and math.isfinite(first) and first / last > limit:
            yield Hit(first / last, f"The gradient grows {times(first / last)} over {count(len(rows), 'step')} of the "
                      f"recurrence in {rows[0].name}, on its way back.", rows[0].name,
                      remedy=only(look, rows[0].name))  # fmt: skip


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
