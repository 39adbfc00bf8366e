"""What a probe sees of the signal on its way forward: HS201, HS202, HS204 and HS210.

Vanishing is told where the signal itself gets small, independence where it keeps its size and the part that the input
decides is what gets small: a bias, or the mean of a sigmoid, hides it from whoever looks at the size alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.signals.probe.drifts import Drift, forward, independence
from headstart.signals.probe.look import Look, share
from headstart.signals.probe.trunk import Trunk
from headstart.signals.probe.words import cure, from_to, init, mild, only
from headstart.signals.probe.zeros import lost
from headstart.signals.rule import Hit
from headstart.words import count, number, times

_MOSTLY = 0.7  # of the logarithm: then it is the share that shrank, and not the size
_STILL = 0.05  # of its size: what the input decides still
LOST = 1e-6  # of a row's size: what float32 makes of equal inputs


def vanishing(look: Look, limit: float) -> Iterator[Hit]:
    """The deviation across the batch shrinks along a trunk, and the size with it."""
    for trunk in look.trunks:
        drift = forward(look, trunk, shrinks=True)
        if drift is None or drift.total >= limit or _hides(look, trunk, drift, limit):
            continue
        if drift.total == 0 and (lost(look) is None or trunk is not look.trunks[0]):
            continue  # of one input alone: what is zero says so itself
        if drift.total == 0:
            yield Hit(0.0, f"The signal is lost in {drift.worst}: every input gives the same.", drift.worst)
            continue
        yield Hit(
            drift.total, f"The signal shrinks {from_to(drift)}.", drift.names[0] if not drift.alone else drift.worst,
            severity=mild(drift.total, limit), remedy=cure(look, drift, trunk), layers=drift.names,
        )  # fmt: skip


def exploding(look: Look, limit: float) -> Iterator[Hit]:
    """The deviation across the batch grows along a trunk."""
    for trunk in look.trunks:
        drift = forward(look, trunk, shrinks=False)
        if drift is not None and drift.total > limit:
            ends = any(set(drift.names) & _rows_of_ends(look, each.ends) for each in look.trace.sums)
            remedy = init('residual_scale="1/sqrt(2L)"') if ends and not drift.alone else cure(look, drift, trunk)
            layer = drift.worst if drift.alone else drift.names[0]
            yield Hit(drift.total, f"The signal grows {from_to(drift)}.", layer,
                      severity=mild(drift.total, limit), remedy=remedy, layers=drift.names)  # fmt: skip

    for rows in look.loops:
        first, last = rows[0].rms, rows[-1].rms
        if first and last and math.isfinite(last) and last / first > limit:
            yield Hit(last / first, f"The signal grows {times(last / first)} over {count(len(rows), 'step')} of the "
                                    f"recurrence "
                      f"in {rows[0].name}.", rows[0].name, remedy=only(look, rows[0].name))  # fmt: skip


def independent(look: Look, limit: float) -> Iterator[Hit]:
    """The share of the size that the input decides falls along every trunk, and the size does not."""
    found = [(trunk, independence(look, trunk)) for trunk in look.trunks]
    for trunk, drift in found:
        if drift is None or drift.total >= limit or (drift.row.batch_std == 0 and lost(look) is None):
            continue
        layer = drift.worst if drift.alone else drift.names[0]
        if drift.row.batch_std == 0 and trunk is not look.trunks[0]:
            continue
        rms = drift.row.rms or 0.0
        yield Hit(
            drift.total,
            f"The output hardly depends on the input: of the size {number(rms, 2)} at {drift.row.name} the input "
            f"decides {number(drift.row.batch_std or 0.0, 2)}. That share falls {from_to(drift)}.",
            layer, remedy=cure(look, drift, trunk), layers=drift.names,
        )  # fmt: skip


def alike(look: Look, limit: float) -> Iterator[Hit]:
    """Inputs that differed are nearly parallel at the end, and yet the output depends on them."""
    for trunk in look.trunks[:1]:
        rows = [row for row in trunk.rows if row.cosine is not None]
        if len(rows) < 2 or len(trunk.layers) < 2:
            continue
        first, last = rows[0], max(rows[1:], key=lambda row: row.cosine or 0.0)
        if last.cosine > limit and first.cosine < 0.5 and (share(last) or 0.0) > _STILL:  # type: ignore[operator]  # rows without one are left out
            yield Hit(
                last.cosine or 0.0,
                f"Inputs grow alike: the mean cosine between two of them is {number(first.cosine or 0.0, 2)} at "
                f"{first.name} and {number(last.cosine or 0.0, 4)} at {last.name}.",
                last.name,
            )  # fmt: skip


def _hides(look: Look, trunk: Trunk, drift: Drift, limit: float) -> bool:
    """Whether it is independence: what shrinks is the share that the input decides, more than the size."""
    shared = independence(look, trunk)
    if shared is None or shared.total >= limit or not shared.total or not drift.total:
        return False
    return math.log(shared.total) < _MOSTLY * math.log(drift.total)


def _rows_of_ends(look: Look, ends: tuple[str, ...]) -> set[str]:
    return {row.name for end in ends for row in look.rows_of(end)}
