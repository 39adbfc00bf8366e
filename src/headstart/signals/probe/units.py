"""What a probe sees of units: copies of one another, dead, saturated, and attention that looks at one place alone."""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.graph.words import JOIN, RESHAPE
from headstart.signals.probe.look import Look, share
from headstart.signals.probe.signal import LOST
from headstart.signals.probe.words import only
from headstart.signals.rule import Hit, Severity
from headstart.signals.trace import Row
from headstart.words import count, number, percent

_EDGED = frozenset({"hardtanh", "hardsigmoid", "relu6", "clamp", "clip", "hardswish"})
_HALF_FLAT = 0.6  # of units with an edge: a third of N(0, 1) lies beyond 1, where hardtanh is flat
_FLAT = 0.3  # where the lab's networks may have half: those are small, and train
_ROOT = 1.5  # standard deviations of logits from which a forgotten root is a fault
_CLOSE = 1.35
_MOSTLY = 0.5
_SEVERAL = 4
_CHANCE = 1.7  # 3.4 standard deviations of a share of random signs, whose own is 0.5/sqrt(units)


def copies(look: Look, limit: float) -> Iterator[Hit]:
    """Rows of a weight that are the same, zeros and single rows apart."""
    for weight in look.weights():
        if weight.distinct is None or not weight.rms or weight.role not in ("weight", "recurrent", "gate weight"):
            continue
        rows = look.units(weight)
        units = weight.distinct / max(rows, 1)
        if rows < 2 or units >= limit or not look.rows_of(weight.name) or _is_output(look, weight.name):
            continue
        row = look.rows_of(weight.name)[0]
        how = "are copies of one another" if weight.distinct == 1 else f"are only {weight.distinct} different ones"
        some: Severity | None = None if units <= 0.5 else "remark"
        yield Hit(units, f"The {count(rows, 'unit')} of {row.name} {how}: they get the same gradient and stay so.",
                  row.name, severity=some)  # fmt: skip


def dead(look: Look, limit: float) -> Iterator[Hit]:
    """Units that are zero for every input, more than random signs could make so."""
    for row in look.rows:
        if row.dead is None or look.trace.batch is None or look.trace.batch < 8:
            continue
        most = max(limit, 0.5 + _CHANCE / math.sqrt(max(look.width(row), 1)))
        before = look.given(row)
        inherited = any(each.batch_std == 0 or (share(each) or 1.0) < LOST for each in before if each.op >= 0)
        by_chance = most > 1 and not _stops(look, row) and not _is_whole(look, row)
        if row.dead < min(most, 1.0) or inherited or by_chance:
            continue
        source = behind(look, row)
        yield Hit(
            row.dead,
            f"{percent(row.dead, 0)} of the units of {row.name} are zero for every input: no gradient passes them. "
            f"They come from {source.name}.", source.name, limit=min(most, 1.0),
        )  # fmt: skip


def _is_whole(look: Look, row: Row) -> bool:
    """Whether so few units are dead at so many positions of every input that random signs would not make them so."""
    width = look.width(row)
    positions = math.prod(row.shape) / max(width * (look.trace.batch or 1), 1)
    return width >= _SEVERAL and positions > _SEVERAL


def saturated(look: Look, limit: float) -> Iterator[Hit]:
    """Bounded activations on their flat parts; a softmax that is one-hot, where it is no attention."""
    for row in look.rows:
        if row.saturated is None or row.op < 0:
            continue
        softmax = row.logit_std is not None
        if softmax and (attends(look, row) or _ends(look, row)):
            continue
        most = _HALF_FLAT if row.kind.partition("(")[0] in _EDGED else limit if softmax else _FLAT
        if row.saturated <= most:
            continue
        source = behind(look, row)
        gate = not softmax and _is_factor(look, row) and not _by_input(look, row)
        what = "rows give all to one place" if softmax else "activations lie where it is flat"
        inside = row is source  # a layer with gates of its own
        size = f"What comes in has size {number(_size_before(look, row), 3)}"
        yield Hit(
            row.saturated,
            f"{percent(row.saturated, 0)} of the {'gates lie where they are flat' if inside else what} in {row.name}, "
            f"so little gradient passes. {size}{'' if inside else f', from {source.name}'}.",
            source.name, limit=most, severity="remark" if gate else None, remedy=only(look, source.name),
        )  # fmt: skip


def sharp(look: Look, limit: float) -> Iterator[Hit]:
    """Logits of attention that spread too far: without the root of the width, or with too large queries or keys."""
    for row in look.rows:
        if row.logit_std is None or row.op < 0 or not attends(look, row):
            continue
        query, key, width = operands(look, row)
        root, size = 0.0, ""
        if query is not None and key is not None and query.rms and key.rms:
            root = row.logit_std / (query.rms * key.rms)
            size = f" (queries {number(query.rms, 2)}, keys {number(key.rms, 2)})"
        forgotten = width >= 8 and root > 0 and 1 / _CLOSE < root / math.sqrt(width) < _CLOSE
        if row.logit_std <= limit and not (forgotten and row.logit_std > _ROOT):
            continue
        if forgotten:
            message = (f"The logits of {row.name} have standard deviation {number(row.logit_std, 3)}{size}, "
                       f"{number(math.sqrt(width), 3)} times what they would have over the root of the width "
                       f"{width}.")  # fmt: skip
            yield Hit(row.logit_std, message, row.name, limit=_ROOT,
                      remedy=f"Divide the logits by sqrt({width}) before the softmax.")  # fmt: skip
        else:
            larger = query if query is not None and (key is None or (query.rms or 0) >= (key.rms or 0)) else key
            source = behind(look, larger) if larger is not None else row
            yield Hit(row.logit_std,
                      f"The logits of {row.name} have standard deviation {number(row.logit_std, 3)}{size}: its shares "
                      f"go "
                      "to one place.", source.name, remedy=only(look, source.name))  # fmt: skip


def behind(look: Look, row: Row) -> Row:
    """The nearest layer with parameters before a row, where one way leads back to it; else the row itself."""
    seen = row
    for _ in range(24):
        if seen.parameters or seen.op < 0:
            return seen
        before = look.given(seen)
        if not before:
            return row
        if len(before) > 1:
            known = [each for each in before if each.parameters]
            return known[0] if len(known) == 1 else row
        seen = before[0]
    return row


def attends(look: Look, row: Row) -> bool:
    """Whether a row is attention: in one operation, or a softmax whose shares weigh other data."""
    op = look.graph.ops[row.op]
    if op.name in ("attention", "attention layer"):
        return True
    return op.name == "softmax" and any(
        look.graph.ops[reader].name in ("matmul", "einsum") and len(look.graph.data(look.graph.ops[reader])) > 1
        for reader in _readers(look, op.outputs)
    )


def operands(look: Look, row: Row) -> tuple[Row | None, Row | None, int]:
    """The rows of queries and keys, and their width."""
    op = look.graph.ops[row.op]
    if op.name == "attention":
        values = op.operand("query"), op.operand("key")
        width = look.graph.values[values[0]].shape[-1] if values[0] is not None else 0
        rows = [None if value is None else look.row_of(value) for value in values]
        return rows[0], rows[1], width
    value = op.inputs[0][1] if op.inputs else None
    for _ in range(12):
        maker = None if value is None else look.graph.maker(value)
        if maker is None:
            break
        data = look.graph.data(maker)
        if maker.name in ("matmul", "einsum") and len(data) == 2:
            return look.row_of(data[0]), look.row_of(data[1]), look.graph.values[data[0]].shape[-1]
        value = data[0] if data else None
    return None, None, 0


def _readers(look: Look, values: tuple[int, ...]) -> list[int]:
    """What takes these values, through what moves them or drops some."""
    found: list[int] = []
    waiting = list(values)
    while waiting:
        for reader in look.graph.readers.get(waiting.pop(), ()):
            op = look.graph.ops[reader]
            if op.name in RESHAPE | JOIN | {"dropout"}:
                waiting += op.outputs
            else:
                found.append(reader)
    return found


def _ends(look: Look, row: Row) -> bool:
    """Whether no weights come after it."""
    after = set(look.graph.ops[row.op].outputs)
    for op in look.graph.ops[row.op + 1 :]:
        if after.intersection(look.graph.data(op)):
            if look.graph.is_weighted(op):
                return False
            after |= set(op.outputs)
    return True


def _is_factor(look: Look, row: Row) -> bool:
    """Whether a row multiplies other data: a gate, which may be open or shut."""
    readers = [look.graph.ops[index] for index in _readers(look, look.graph.ops[row.op].outputs)]
    return any(op.name == "multiply" and len(look.graph.data(op)) > 1 for op in readers)


def _by_input(look: Look, row: Row) -> bool:
    """Whether it is the input that drives a row onto its flat parts: a gate that a bias holds open is a design."""
    return any((share(before) or 0.0) > _MOSTLY for before in look.given(row))


def _is_output(look: Look, parameter: str) -> bool:
    """Whether a weight makes the outputs themselves, whose targets tell its units apart."""
    rows = look.rows_of(parameter)
    return all(_ends(look, row) for row in rows if row.op >= 0)


def _size_before(look: Look, row: Row) -> float:
    return max((each.rms or 0.0 for each in look.given(row)), default=0.0)


def _stops(look: Look, row: Row) -> bool:
    """Whether a row lies on a trunk, so that nothing gets past it."""
    return row.value in look.on_trunk
