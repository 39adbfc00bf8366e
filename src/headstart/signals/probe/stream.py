"""What a probe sees of whole blocks: tokens that grow alike, a stream that grows, a wide table, a slow first sine."""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.signals.probe.look import Look
from headstart.signals.probe.units import behind
from headstart.signals.probe.words import NO_CURE, init
from headstart.signals.rule import Hit
from headstart.signals.trace import Row
from headstart.words import count, number, times

_FAST = 5.0  # a factor before a sine from which it is meant to oscillate
_COORDINATES = 6  # inputs at most that are coordinates


def collapsed(look: Look, limit: float) -> Iterator[Hit]:
    """Positions of one input that grow alike behind attention."""
    rows = [row for row in look.rows if row.token_cosine is not None and row.value in look.on_trunk]
    if len(rows) < 3 or not any(row.logit_std is not None for row in look.rows):
        return
    first, last = rows[0], rows[-1]
    apart = 1 - (last.token_cosine or 0.0)
    before = 1 - (first.token_cosine or 0.0)
    if not before > 0.1 or not apart / before < limit:  # NaN is neither
        return
    near = next(row for row in rows if 1 - (row.token_cosine or 0.0) <= limit * before)
    yield Hit(
        apart / before,
        f"The positions of an input grow alike: the mean cosine between two of them is "
        f"{number(first.token_cosine or 0, 2)} "
        f"at {first.name} and {number(last.token_cosine or 0, 4)} at {last.name}; {near.name} is the first where they "
        "hardly differ.", near.name, remedy=f"{NO_CURE} attention without skips.",
    )  # fmt: skip


def stream(look: Look, limit: float) -> Iterator[Hit]:
    """Many residual sums, over which the stream grows."""
    sums = [look.by_op[each.op] for each in look.trace.sums if each.op in look.by_op]
    if look.trace.depth < 12 or len(sums) < 12 or not sums[0].rms or not sums[-1].rms:
        return
    growth = sums[-1].rms / sums[0].rms
    if growth > limit:
        yield Hit(
            growth, f"Over {count(len(sums), 'residual sum')}, from {sums[0].name} to {sums[-1].name}, the stream "
                    f"grows "
            f"{times(growth)}.", sums[-1].name, remedy=init('residual_scale="1/sqrt(2L)"'),
        )  # fmt: skip


def wide_table(look: Look, limit: float) -> Iterator[Hit]:
    """A table that the stream starts with and that all branches together hardly move."""
    sums = [each for each in look.trace.sums if not each.projected and each.op in look.by_op]
    if len(sums) < 2:
        return
    first = look.row_of(sums[0].skip)
    table = _table(look, first)
    branches = [row.rms for each in sums if (row := look.row_of(each.branch)) is not None and row.rms is not None]
    if table is None or first is None or not first.rms or len(branches) < len(sums):
        return
    moved = math.sqrt(sum(rms**2 for rms in branches)) / first.rms
    widths = sorted(weight.rms for weight in look.weights() if weight.rms and weight.role == "weight")
    wide = widths and (table.rms or 0) > 10 * widths[len(widths) // 2]
    if moved < limit and wide:
        yield Hit(
            moved, f"All {count(len(branches), 'branch', 'branches')} together add {times(moved)} of the stream's size "
            f"{number(first.rms, 3)}, which is that of {table.name}.", table.name,
        )  # fmt: skip


def slow_sine(look: Look, limit: float) -> Iterator[Hit]:
    """The first sine on a trunk, behind a factor that is meant to make it oscillate."""
    for trunk in look.trunks:
        for row in trunk.rows:
            if row.op < 0 or look.graph.ops[row.op].call not in ("sin", "sin_"):
                continue
            source = behind(look, row)
            if source.op < 0:
                return
            factor = _factor(look, row)
            inputs = look.graph.values[look.graph.data(look.graph.ops[source.op])[0]].shape[-1:]
            spread = source.batch_std * factor if source.batch_std is not None else math.inf
            if factor > _FAST and inputs and inputs[0] <= _COORDINATES and spread < limit:
                yield Hit(
                    spread, f"The phase of the first sine, in {row.name}, spreads over {number(spread, 3)} "
                    f"radians across the inputs: it hardly oscillates. It comes from {source.name}.", source.name,
                    remedy=f'hs.init(model, "siren", example=x, rules={{"{source.name}.weight": "siren(first=true)"}})',
                )  # fmt: skip
            return


def _factor(look: Look, row: Row) -> float:
    """What a value is multiplied by between its weights and a sine."""
    factor, value = 1.0, look.graph.data(look.graph.ops[row.op])[0]
    while (op := look.graph.maker(value)) is not None and not look.graph.is_weighted(op):
        data = look.graph.data(op)
        if len(data) != 1:
            break
        if op.name in ("multiply", "divide"):
            numbers = [each for each in op.attributes.values() if isinstance(each, (int, float))]
            numbers += [look.graph.numbers[given] for _, given in op.inputs if given in look.graph.numbers]
            for each in numbers[:1]:
                factor = factor * each if op.name == "multiply" else factor / each if each else math.inf
        value = data[0]
    return abs(factor)


def _table(look: Look, row: Row | None) -> Row | None:
    """The embedding that a stream starts with."""
    waiting = [row] if row is not None else []
    for _ in range(8):
        if not waiting:
            return None
        here = waiting.pop(0)
        if here.op >= 0 and look.graph.ops[here.op].name == "embedding":
            return here
        if (
            here.op >= 0
            and not look.graph.is_weighted(look.graph.ops[here.op])
            and not look.graph.is_norm(look.graph.ops[here.op])
        ):
            waiting += look.given(here)
    return None
