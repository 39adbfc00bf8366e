"""How a size changes along a trunk: in all, and which layers do it.

A norm starts the signal's size anew, so that a stretch between two norms is judged by itself, and one that ends in a
norm not at all. The gradient passes a norm by what it passes on of a relative change: root mean square of the value
times the norm of its gradient, which a norm keeps. Means over positions shrink both alike for no fault of anybody's,
and a branch that begins with a norm adds its own size, whatever the stream has: both change the reference.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headstart.graph.values import Op
from headstart.signals.probe.look import Look, share
from headstart.signals.probe.trunk import Layer, Trunk, size
from headstart.signals.trace import Row

_MOST_OF = 0.25  # of the worst layer's logarithm: what is less is not to blame
_MOST = 0.8  # of what its stretch does
_ADDED = 1e-5  # by most norms to the variance
_DATA = 2.0  # how far the scale of inputs may be off
_MOSTLY = 0.75  # of the layers
_FLOOR = 1e-7  # of a share: below it float32 knows no difference
_AVERAGES = frozenset({
    "mean", "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
    "adaptive_avg_pool3d", "nanmean",
})  # fmt: skip


@dataclass(frozen=True)
class Drift:
    """How a size changed.

    Args:
        total: the factor at the row where it was worst.
        row: that row.
        names: the layers that did it, in the order of the pass. worst: the one that did most of it. factors: of each.
        before: the row that the first of them takes.
    """

    total: float
    row: Row
    names: tuple[str, ...]
    worst: str
    factors: dict[str, float]
    before: Row | None = None

    @property
    def alone(self) -> bool:
        """Whether one layer did it."""
        return len(self.names) == 1

    @property
    def per_layer(self) -> float:
        """The factor of one of the layers to blame, in the geometric mean."""
        logs = [math.log(max(self.factors[name], 1e-300)) for name in self.names if name in self.factors]
        return math.exp(sum(logs) / len(logs)) if logs else self.total


def forward(look: Look, trunk: Trunk, shrinks: bool) -> Drift | None:
    """What becomes of the deviation across the batch: the worst of the stretches between norms."""
    return _worst(look, trunk, _forward_totals(look, trunk, shrinks), shrinks)


def independence(look: Look, trunk: Trunk) -> Drift | None:
    """What becomes of the part that the input decides, up to the last weights."""
    rows = _without_last(trunk)
    totals: dict[int, float] = {}
    reference = None
    for place in range(rows):
        here = share(trunk.rows[place])
        if here is None:
            continue
        if reference is None or (place and _picks(trunk.steps[place - 1]) and here > 0):
            reference = here / totals.get(place - 1, 1.0) if reference is not None else here
        if reference:
            totals[place] = here / reference
    return _worst(look, trunk, totals, True, floor=_FLOOR)


def backward(look: Look, trunk: Trunk, shrinks: bool) -> Drift | None:
    """What becomes of the gradient on its way back from the last hidden layer."""
    totals = _backward_totals(look, trunk)
    return _worst(look, trunk, totals, shrinks, back=True)


def _forward_totals(look: Look, trunk: Trunk, shrinks: bool) -> dict[int, float]:
    """Place on the trunk -> deviation there by the one at the start of its stretch."""
    totals: dict[int, float] = {}
    reference: float | None = None
    last = _without_last(trunk) if shrinks else len(trunk.rows)
    pending: dict[int, float] = {}
    begins = _begins(trunk)
    for place, row in enumerate(trunk.rows):
        if place and trunk.norm_at(place - 1):
            if shrinks and _too_small_for_a_norm(trunk.rows[place - 1], trunk.steps[place - 1]):
                totals |= pending
            pending, reference = {}, None
        here = row.batch_std
        if here is None or (not math.isfinite(here)):
            continue
        if reference is not None and place and _resets(look, trunk.steps[place - 1]):
            before = pending.get(place - 1)
            reference = here / before if before else None
        if (reference is None and here > 0) or place == begins:
            reference = here
        if reference and place < last:
            pending[place] = here / reference
    return totals | pending


def _backward_totals(look: Look, trunk: Trunk) -> dict[int, float]:
    """Place on the trunk -> gradient there by the one at the last hidden layer."""
    rows = trunk.rows
    end = _without_last(trunk) - 1
    start = max((place + 1 for place in range(end) if trunk.norm_at(place)), default=0)  # of the stretch to the output
    totals: dict[int, float] = {}
    if end < 0 or not size(rows[end]):
        return totals
    total = 1.0
    totals[end] = total
    for place in range(end - 1, -1, -1):
        here, there = rows[place], rows[place + 1]
        gradient, after = size(here), size(there)
        if gradient is None or not after:
            break
        if not _averages(trunk.steps[place]):
            factor = gradient / after
            if place < start:
                factor *= _ratio(here.rms, there.rms)
            total *= factor
        totals[place] = total
    return totals


def _worst(
    look: Look, trunk: Trunk, totals: dict[int, float], shrinks: bool, back: bool = False, floor: float = 0.0
) -> Drift | None:
    known = {place: total for place, total in totals.items() if math.isfinite(total)}
    if not known:
        return None
    extreme = min if shrinks else max
    place = extreme(known, key=lambda each: known[each])
    factors: dict[str, float] = {}
    logs: list[tuple[float, Layer]] = []
    places = {row.value: index for index, row in enumerate(trunk.rows)}
    for layer in trunk.layers:
        first, last = places[layer.before.value], places[layer.after.value]
        if back:
            inside = place <= first
            a, b = known.get(last), known.get(first)
        else:
            inside = first < place
            last = min(last, place)
            a, b = known.get(first), known.get(last)
        if inside and a and b is not None:
            logs.append((math.log(max(b, floor, 1e-300) / max(a, floor)), layer))
    logs = _ends_of_branches(look, logs)
    sign = -1 if shrinks else 1
    most = max((sign * log for log, _ in logs), default=0.0)
    blamed = [(log, layer) for log, layer in logs if most > 0 and sign * log >= _MOST_OF * most]
    names: list[str] = []
    worst = ""
    for log, layer in blamed:
        found = (() if back else _norm_in(layer, log, known, places)) or look.names(layer, shrinks)
        names += found
        factors |= dict.fromkeys(found, math.exp(log))
        if sign * log == most:
            worst = found[0]
    if not names:
        names, worst = [trunk.rows[place].name], trunk.rows[place].name
    before = blamed[0][1].before if blamed else None
    return Drift(known[place], trunk.rows[place], tuple(dict.fromkeys(names)), worst, factors, before)


def _norm_in(layer: Layer, log: float, known: dict[int, float], places: dict[int, int]) -> tuple[str, ...]:
    """The norm of a stretch, or what else has parameters of its own, where it does most of what the stretch does."""
    before = known.get(places[layer.before.value])
    for row in layer.rows[1:]:
        here = known.get(places[row.value])
        is_norm = bool(row.parameters) and row.kind == "norm"
        if before and here is not None and is_norm and abs(math.log(max(here, 1e-300) / before)) > _MOST * abs(log) > 0:
            return (row.name,)
        before = here
    return ()


def _ends_of_branches(look: Look, logs: list[tuple[float, Layer]]) -> list[tuple[float, Layer]]:
    """Where most of the layers are residual, those alone, and what does far more than they do."""
    sums = {each.op for each in look.trace.sums}
    inside = [any(op.index in sums for op in layer.ops) for _, layer in logs]
    if not logs or sum(inside) < _MOSTLY * len(logs):
        return logs
    usual = statistics.median(log for (log, _), each in zip(logs, inside, strict=True) if each)
    return [
        (log, layer) for (log, layer), each in zip(logs, inside, strict=True) if each or abs(log) > 2 * abs(usual)
    ]  # fmt: skip


def _begins(trunk: Trunk) -> int:
    """Where the first weights end, if they change the signal by less than twice: the scale of inputs is the data's."""
    first = trunk.rows[0]
    if len(trunk.layers) < 2 or first.op >= 0 or not first.batch_std:
        return 0
    made = next((row for row in trunk.layers[0].rows if row.parameters and row.batch_std), None)
    if made is None or not made.batch_std or not 1 / _DATA <= made.batch_std / first.batch_std <= _DATA:
        return 0
    return trunk.rows.index(made)


def _without_last(trunk: Trunk) -> int:
    """How many rows there are before the last weights make theirs: a head may start small, or at zero."""
    if not trunk.layers:
        return len(trunk.rows)
    return next(place for place, row in enumerate(trunk.rows) if row.value == trunk.layers[-1].before.value) + 1


def _resets(look: Look, step: Sequence[Op]) -> bool:
    """Whether a step changes the reference: a mean, a pick, or a residual branch behind a norm of its own."""
    if _averages(step) or _picks(step):
        return True
    norms = any(look.graph.is_norm(op) or ((row := look.by_op.get(op.index)) and row.kind == "norm") for op in step)
    return norms and any(each.op == op.index for each in look.trace.sums for op in step)


def _averages(step: Sequence[Op]) -> bool:
    return _only(step, lambda op: op.call in _AVERAGES)


def _picks(step: Sequence[Op]) -> bool:
    """Whether a step takes some of the positions, as a class token is taken."""
    return _only(step, lambda op: op.name in ("slice", "split"))


def _only(step: Sequence[Op], does: Callable[[Op], bool]) -> bool:
    from headstart.graph.words import RESHAPE

    return any(does(op) for op in step) and all(does(op) or op.name in RESHAPE for op in step)


def _too_small_for_a_norm(row: Row, step: Sequence[Op]) -> bool:
    """Whether the small number that a norm adds to the variance is more than the variance."""
    added = [op.attributes["eps"] for op in step if isinstance(op.attributes.get("eps"), float)]
    return row.rms is not None and row.rms**2 < (added[0] if added else _ADDED)


def _ratio(a: float | None, b: float | None) -> float:
    return a / b if a and b else 1.0
