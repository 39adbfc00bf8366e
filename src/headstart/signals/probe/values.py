"""What a probe sees of values that are none or that say nothing: not finite, a norm of one number, the first loss."""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.graph.values import Op
from headstart.signals.probe.look import OUTLIER, Look
from headstart.signals.probe.units import behind
from headstart.signals.probe.words import only
from headstart.signals.rule import Hit
from headstart.signals.trace import Row
from headstart.words import count, listed, number, times

_MSE = 100.0  # times what the best constant costs: the outputs are ten times as large as the targets differ
_LOUD = 10.0
_SURELY = 5.0  # times what guessing costs, whatever the outputs are
_FAR = 9.0  # size of logits: heads in wide use, drawn by their fan_out, start at up to 8
_NORMAL = 4.0  # times the usual factor of a layer: a head is not to blame for what comes in
_ONE_HOT = 0.3  # of the rows of an output's softmax


def not_finite(look: Look, limit: float) -> Iterator[Hit]:
    """Where values stop being finite, forward or back, on a way that reaches the outputs or the weights."""
    row = _origin(look)
    if row is not None:
        yield _forward(look, row)
        return
    if look.trace.loss is not None and not math.isfinite(look.trace.loss):
        last = look.rows[-1] if look.rows else None
        yield Hit(1.0, f"The loss is {number(look.trace.loss)}, though every output is finite: the loss makes it so.",
                  None if last is None else last.name)  # fmt: skip
        return
    bad = [weight for weight in look.trace.weights.values() if weight.grad_nonfinite]
    if bad:
        origin = _origin_of_gradient(look)
        name = bad[0].name if origin is None else origin.name
        yield Hit(
            float(sum(weight.grad_nonfinite for weight in bad)),
            f"The gradient is not finite from {name} on, on its way back, though every value is: {name} has a "
            f"derivative "
            f"without end at some of its inputs. Weights that get it: {count(len(bad), 'weight')}.",
            name, remedy="Add a small number under the root, the logarithm or the norm.",
        )  # fmt: skip


def one_number(look: Look, limit: float) -> Iterator[Hit]:
    """A norm whose mean and variance are of one number, which answers its shift; of two, +-1."""
    for op in look.graph.ops:
        seen = _numbers(look, op)
        row = look.by_op.get(op.index)
        if seen is None or seen > limit or row is None:
            continue
        if seen <= 1:
            said = "its output is its shift, whatever comes in" if op.call != "rms_norm" else "only a sign is left"
            yield Hit(1.0, f"{row.name} normalizes over one number: {said}.", row.name)
        else:
            yield Hit(float(seen), f"{row.name} normalizes over {seen} numbers: what comes in becomes +1 and "
                                   f"-1.", row.name,
                      severity="remark")  # fmt: skip


def first_loss(look: Look, limit: float) -> Iterator[Hit]:
    """The loss against what the best answer costs that ignores the inputs."""
    trace = look.trace
    if trace.loss is None or not trace.loss_guess or not math.isfinite(trace.loss):
        return
    entropy = trace.classes is not None
    factor = trace.loss / trace.loss_guess
    most, some = (limit, 2.0) if entropy else (_MSE, _LOUD)
    if factor <= some:
        return
    last, head = _head(look), _guilty(look)
    loud = not entropy or factor > _SURELY or last is None or last.rms is None or last.rms > _FAR
    guess = f"guessing among {trace.classes} classes" if entropy else "the best constant answer"
    size = f" The outputs have size {number(last.rms, 3)}." if last is not None and last.rms is not None else ""
    if head is not None and head is not last:
        size += f" {head.name} alone multiplies what it takes {times(look.own(head) or 0.0)}."
    yield Hit(
        factor, f"The first loss is {number(trace.loss)}, {times(factor)} of what {guess} costs.{size}",
        None if head is None else head.name, limit=most,
        severity="fault" if factor > most and loud else "remark",
        remedy="" if head is None else only(look, head.name),
    )  # fmt: skip


def certain(look: Look, limit: float) -> Iterator[Hit]:
    """Shares at the output that all but leave no choice."""
    for row in look.rows:
        shares = row.kind in ("softmax", "log_softmax") and row.saturated is not None and row.value in look.on_trunk
        share = row.saturated or 0.0
        if shares and share > _ONE_HOT and not any(look.graph.is_weighted(op) for op in _after(look, row)):
            source = behind(look, row)
            yield Hit(
                share,
                f"The outputs start saturated: of {number(100 * share, 2)} % of the rows one share is above 0.99.",
                source.name, limit=_ONE_HOT, remedy=only(look, source.name),
            )  # fmt: skip


def _origin(look: Look) -> Row | None:
    """The first row that is not finite, of those through which it comes to an output."""
    bad = {row.value: row for row in look.rows if row.nonfinite or (row.rms is not None and math.isnan(row.rms))}
    if not bad:
        return None
    led: set[int] = set()
    for value in look.graph.outputs:
        row = look.row_of(value)
        if row is not None and row.value in bad:
            led.add(row.value)
    for row in reversed(look.rows):
        if row.value in led:
            led |= {each.value for each in look.given(row) if each.value in bad}
    first = [row for row in look.rows if row.value in led]
    return first[0] if first else None


def _forward(look: Look, row: Row) -> Hit:
    if row.op < 0:
        bad = count(row.nonfinite or 1, "value")
        return Hit(float(row.nonfinite or 1), f"The input holds {bad} that {'is' if row.nonfinite == 1 else 'are'} not "
                   "finite: what the model makes of it says nothing.", row.name,
                   remedy="Mend the data: torch.nan_to_num, or leave those inputs out.")  # fmt: skip
    none = [name for name in row.parameters if not _is_finite(look, name)]
    if none:
        return Hit(float(row.nonfinite or 1), f"{row.name} makes values that are not finite: {listed(none)} holds "
                                              f"some.",
                   row.name, remedy=only(look, row.name))  # fmt: skip
    zeros = _zero_parents(look, row)
    if zeros:
        return Hit(float(row.nonfinite or 1), f"{row.name} makes values that are not finite: it divides by what comes "
                                              f"of "
                   f"{listed(zeros)}, which is zero.", zeros[0], remedy=only(look, zeros[0]))  # fmt: skip
    before = [each.rms for each in look.given(row) if each.rms is not None]
    size = f", from values of size {number(max(before), 3)}" if before else ""
    return Hit(float(row.nonfinite or 1), f"Values stop being finite in {row.name} ({row.kind}){size}: all before it "
                                          f"are.",
               row.name)  # fmt: skip


def _is_finite(look: Look, name: str) -> bool:
    weight = look.trace.weights.get(name)
    return weight is None or weight.rms is None or math.isfinite(weight.rms)


def _zero_parents(look: Look, row: Row) -> list[str]:
    """Parameters of zeros that an operation's operands are made of."""
    if row.op < 0:
        return []
    names: dict[str, None] = {}
    waiting, seen = [row.op], {row.op}
    while waiting and len(seen) < 12:
        op = look.graph.ops[waiting.pop()]
        for _, value in op.inputs:
            names |= dict.fromkeys(look.graph.values[value].parameters)
            maker = look.graph.maker(value)
            if maker is not None and maker.index not in seen and not look.graph.is_weighted(maker):
                seen.add(maker.index)
                waiting.append(maker.index)
    weights = look.trace.weights
    return [name for name in names if name in weights and weights[name].rms == 0 and len(weights[name].shape) > 1]


def _origin_of_gradient(look: Look) -> Row | None:
    """The last row whose own gradient is finite while that of what it takes is not."""
    for row in reversed(look.rows):
        if row.grad_rms is None or not math.isfinite(row.grad_rms):
            continue
        for before in look.given(row):
            if before.grad_rms is not None and not math.isfinite(before.grad_rms):
                return row
    return None


def _numbers(look: Look, op: Op) -> int | None:
    """How many numbers a norm takes its mean and variance of; None for what is no norm or does not say."""
    if op.name != "norm":
        return None
    value = op.operand("input")
    shape = look.graph.values[value].shape if value is not None else ()
    if op.call in ("layer_norm", "rms_norm"):
        sizes = op.attributes.get("normalized_shape")
        if isinstance(sizes, int):
            return sizes
        return math.prod(sizes) if isinstance(sizes, tuple) else None
    told = op.attributes.get("numbers")  # by a library whose channels may stand anywhere
    if isinstance(told, int):
        return told
    if len(shape) < 2:
        return None
    space = math.prod(shape[2:])
    if op.call == "group_norm":
        groups = op.attributes.get("num_groups")
        return shape[1] // groups * space if isinstance(groups, int) and groups else None
    if op.call == "instance_norm":
        return space
    if op.call == "batch_norm" and op.attributes.get("training"):
        return shape[0] * space
    return None


def _head(look: Look) -> Row | None:
    """The last weighted operation before the outputs."""
    for trunk in look.trunks:
        if trunk.layers:
            rows = list(look.weighted(trunk.layers[-1].ops))
            if rows:
                return rows[-1]
    rows = list(look.weighted(look.graph.ops))
    return rows[-1] if rows else None


def _guilty(look: Look) -> Row | None:
    """The last weighted operation, unless another one multiplies far more than it does."""
    head = _head(look)
    factors = [(own, row) for row in look.weighted(look.graph.ops) if (own := look.own(row)) is not None]
    if head is None or not factors or any(look.graph.is_norm(op) for op in look.graph.ops):
        return head
    most, worst = max(factors, key=lambda each: each[0])
    own = look.own(head)
    return worst if own is not None and most > OUTLIER and most > _NORMAL * own else head


def _after(look: Look, row: Row) -> list[Op]:
    values, found = set(look.graph.ops[row.op].outputs), []
    for op in look.graph.ops[row.op + 1 :]:
        if any(value in values for _, value in op.inputs):
            values |= set(op.outputs)
            found.append(op)
    return found
