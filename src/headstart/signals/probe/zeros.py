"""Weights of zeros as a probe sees them: HS604, HS605, HS608 and HS609, by what the pass made of them.

A zero weight that gets a gradient wakes at the first step, and with it all that waits for it: LoRA's B, a zero head,
the last norm of a branch. One that gets none and waits for nobody sleeps for ever. And one on the only way from the
inputs, before the last weights, loses the input: a fault even where it would wake.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.signals.probe.look import Look
from headstart.signals.probe.trunk import Trunk
from headstart.signals.probe.words import only
from headstart.signals.rule import Hit
from headstart.signals.trace import Row, Weight
from headstart.words import listed

_SHIFTS = ("bias", "forget bias", "norm shift")
_SCALES = ("norm scale", "layer scale")


def lost(look: Look) -> tuple[Row, Row] | None:
    """(the last row at which the output still depended on the input, the first at which it does not); None where it
    does up to the last weights on some trunk."""
    found = [_lost(trunk) for trunk in look.trunks if _known(trunk)]
    if not found or any(each is None for each in found):
        return None
    return found[0]


def layers(look: Look, limit: float) -> Iterator[Hit]:
    """HS604: a zero weight that loses the input, or sleeps."""
    where = lost(look)
    paired = {name for pair in pairs(look) for name in pair}
    for weight in _zeros(look):
        if weight.role in _SCALES or weight.name in paired:
            continue
        rows = [row for row in look.rows_of(weight.name) if look.graph.is_weighted(look.graph.ops[row.op])]
        name = rows[0].name if rows else weight.name
        if where is not None and _made(look, where[1], weight):
            yield Hit(0.0, f"All weights of {name} are zero, and everything goes through it: every input gives the "
                           f"same.",
                      name, remedy=only(look, name))  # fmt: skip
        elif weight.grad_nonfinite or (weight.grad_rms is not None and not math.isfinite(weight.grad_rms)):
            yield Hit(0.0, f"All weights of {name} are zero, and its gradient is not finite: something is divided by "
                           f"it.",
                      name, remedy=only(look, name))  # fmt: skip
        elif not weight.grad_rms and not _waits(look, weight):
            yield Hit(0.0, f"All weights of {name} are zero and their gradient is zero too: it never learns.", name,
                      remedy=only(look, name))  # fmt: skip
        else:
            yield Hit(0.0, f"All weights of {name} are zero: a recipe, if it is meant.", name, severity="remark",
                      remedy="Nothing, if it is meant.")  # fmt: skip


def dead_pairs(look: Look, limit: float) -> Iterator[Hit]:
    """HS605: zero weights that wait for one another."""
    for pair in pairs(look):
        for name in pair:
            rows = look.rows_of(name)
            others = [other for other in pair if other != name]
            yield Hit(0.0, f"{name} is zero, and so is {listed(others)}, which it multiplies: neither gets a gradient.",
                      rows[0].name if rows else name, remedy=only(look, rows[0].name if rows else name))  # fmt: skip


def norm_scales(look: Look, limit: float) -> Iterator[Hit]:
    """HS608: a norm whose scale is zero, on the only way."""
    where = lost(look)
    if where is None:
        return
    for weight in _zeros(look):
        if weight.role in _SCALES and weight.name in where[1].parameters:
            yield Hit(0.0, f"The scale of {where[1].name} is zero: it answers its shift, whatever comes in.",
                      where[1].name, remedy=f"Set its scale to 1 and its shift to 0: "
                                            f"nn.init.ones_(model.{weight.name}).")  # fmt: skip


def factors(look: Look, limit: float) -> Iterator[Hit]:
    """HS609: a product with what a layer of zeros makes, on the only way."""
    where = lost(look)
    if where is None or where[1].kind not in ("multiply", "divide", "glu") or where[1].op < 0:
        return
    before = _before(look, where[1])
    for weight in _zeros(look):
        for row in look.rows_of(weight.name):
            if row.op in before and weight.role not in _SCALES:
                yield Hit(0.0, f"{row.name} makes a factor of the signal, and the factor is zero: nothing of the input "
                          "gets through.", row.name,
                          remedy="Write 1 + scale, or start the bias of this layer at 1.")  # fmt: skip


def pairs(look: Look) -> list[tuple[str, ...]]:
    """Zero weights without a gradient of which one takes what the other makes; nobody else would wake them."""
    asleep = [weight for weight in _zeros(look) if not weight.grad_rms and not _waits(look, weight)]
    found: list[tuple[str, ...]] = []
    for place, one in enumerate(asleep):
        for other in asleep[place + 1 :]:
            if _meet(look, one, other):
                found.append((one.name, other.name))
    return found


def wakes(look: Look, trunk: Trunk) -> bool:
    """Whether a trunk has a zero weight that gets a gradient: after one step all that waits for it gets one too."""
    ops = {op.index for step in trunk.steps for op in step}
    return any(
        weight.rms == 0 and weight.grad_rms and weight.role not in _SHIFTS
        and any(use.op in ops for use in look.graph.used.get(weight.name, ()))
        for weight in look.trace.weights.values()
    )  # fmt: skip


def _zeros(look: Look) -> list[Weight]:
    return [
        weight for weight in look.trace.weights.values()
        if weight.trainable and weight.rms == 0 and weight.role not in _SHIFTS and weight.name in look.graph.used
        and look.rows_of(weight.name)
    ]  # fmt: skip


def _lost(trunk: Trunk) -> tuple[Row, Row] | None:
    last = trunk.layers[-1].before.value if trunk.layers else None
    if trunk.rows[0].op >= 0 and trunk.rows[0].batch_std == 0:  # the first thing that words make
        return (trunk.rows[0], trunk.rows[0])
    for before, row in zip(trunk.rows, trunk.rows[1:], strict=False):
        if row.batch_std == 0 and (before.batch_std or 0) > 0:
            return (before, row)
        if row.value == last:
            break
    return None


def _known(trunk: Trunk) -> bool:
    first = trunk.rows[0]
    return len(trunk.layers) > 1 and first.batch_std is not None and (first.op >= 0 or first.batch_std > 0)


def _made(look: Look, row: Row, weight: Weight) -> bool:
    return weight.name in row.parameters or any(
        weight.name in each.parameters for each in look.weighted(look.graph.ops[op] for op in _step(look, row))
    )


def _step(look: Look, row: Row) -> list[int]:
    """The operations between a row of a trunk and the one before."""
    for trunk in look.trunks:
        for place, each in enumerate(trunk.rows[1:]):
            if each.value == row.value:
                return [op.index for op in trunk.steps[place]]
    return []


def _waits(look: Look, weight: Weight) -> bool:
    """Whether some zero parameter that does get a gradient stands before or behind it: what wakes it."""
    waking = [
        other for other in look.trace.weights.values()
        if other.rms == 0 and other.grad_rms and other.role not in _SHIFTS and other.name != weight.name
    ]  # fmt: skip
    return any(_meet(look, weight, other) for other in waking)


def _meet(look: Look, one: Weight, other: Weight) -> bool:
    """Whether what one of two weights makes comes to the other."""
    ops = {use.op for use in look.graph.used.get(one.name, ())}
    others = {use.op for use in look.graph.used.get(other.name, ())}
    return bool(_behind(look, ops) & others or _behind(look, others) & ops)


def _behind(look: Look, ops: set[int]) -> set[int]:
    """The operations that come after these, and these."""
    values = {value for index in ops for value in look.graph.ops[index].outputs}
    found = set(ops)
    for op in look.graph.ops[min(ops, default=0) :]:
        if any(value in values for _, value in op.inputs):
            values |= set(op.outputs)
            found.add(op.index)
    return found


def _before(look: Look, row: Row) -> set[int]:
    """The operations that a row comes from."""
    waiting, found = [row.op], {row.op}
    while waiting:
        op = look.graph.ops[waiting.pop()]
        for _, value in op.inputs:
            maker = look.graph.maker(value)
            if maker is not None and maker.index not in found:
                found.add(maker.index)
                waiting.append(maker.index)
    return found
