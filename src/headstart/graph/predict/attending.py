"""Rules for attention: as one call, as a layer, and by hand as a product, a softmax and another product."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from headstart.graph.predict import axes as axis
from headstart.graph.predict.axes import PLACE, UNIT, Atom
from headstart.graph.predict.elements import HIDES, seen, softmax_axis, softmax_over_units
from headstart.graph.predict.moves import source_of
from headstart.graph.predict.walk import NoRule, Step, Walk
from headstart.graph.values import Op
from headstart.theory.laws import attention, sums
from headstart.theory.laws.attention import Shares
from headstart.theory.laws.samples import Array, Pairs, pairs_of

Gradients = Sequence[Array | None]


def attend(walk: Walk, op: Op) -> Step:
    """scaled_dot_product_attention."""
    query, key, value = (op.operand(slot) for slot in ("query", "key", "value"))
    if query is None or key is None or value is None:
        raise NoRule("attention without query, key and value")
    _independent(walk, query, key)
    q, k, v = (walk.signal(each) for each in (query, key, value))
    size, length = walk.shape(key)[-1], walk.shape(key)[-2]
    given = op.attributes.get("scale")
    scale = float(given) if isinstance(given, (int, float)) else 1 / math.sqrt(max(size, 1))
    causal, visible, more = _mask(walk, op)
    logits = attention.scores(pairs_of(q), pairs_of(k), size, scale)
    logits = logits._replace(own=logits.own + more, inputs=logits.inputs + more)
    by = attention.shares(walk.draws, logits, length, causal, visible)
    back = _Backward(walk, by, pairs_of(q), pairs_of(k), pairs_of(v), size, scale, (query, key, value), op.outputs[0])
    axes = walk.axes.get(query)
    after = (*axes[:-1], (Atom(UNIT, walk.shape(value)[-1]),)) if axes else None
    uneven = attention.unevenness(pairs_of(v), by)
    return Step([attention.mixed(walk.draws, v, by)], back, {value: 1.0}, axes=(after,), uneven=uneven)


def layer(walk: Walk, op: Op) -> Step:
    """A whole layer of attention: three projections, attention, one more projection."""
    query, key, value = (op.operand(slot) for slot in ("query", "key", "value"))
    if query is None or key is None or value is None:
        raise NoRule("attention without query, key and value")
    if op.operand("bias_k") is not None:
        raise NoRule("attention with a key of its own")
    whole, last = op.operand("in_proj_weight"), op.operand("out_proj_weight")
    parts = [op.operand(f"{name}_proj_weight") for name in "qkv"]
    into = (
        [walk.moments(whole)] * 3 if whole is not None else [walk.moments(part) for part in parts if part is not None]
    )
    if len(into) != 3 or last is None:
        raise NoRule("attention without its projections")
    sources = (query, key, value)
    fans = [walk.shape(each)[-1] for each in sources]
    bias = _operand(walk, op, "in_proj_bias")
    q, k, v = (
        sums.weighted(walk.draws, walk.signal(source), fan, moments) + bias
        for source, fan, moments in zip(sources, fans, into, strict=True)
    )
    width, heads = walk.shape(op.outputs[0])[-1], op.attributes.get("num_heads", 1)
    size = max(width // heads if isinstance(heads, int) else width, 1)
    length = walk.shape(key)[0]  # (places, inputs, units), as the layer moves them
    causal, visible = bool(op.attributes.get("is_causal", False)), 1.0
    mask = op.operand("attn_mask")
    if mask is not None:
        found = walk.operand(mask)
        if found is not None and found.ndim:  # of a layer's mask, true is what is hidden
            hidden = found.astype(bool) if found.dtype == bool else found < HIDES
            causal, visible = seen(np.logical_not(hidden), walk.shape(mask))
    scale = 1 / math.sqrt(size)
    by = attention.shares(walk.draws, attention.scores(pairs_of(q), pairs_of(k), size, scale), length, causal, visible)
    mixed = attention.mixed(walk.draws, v, by)
    out = walk.moments(last)
    made = sums.weighted(walk.draws, mixed, width, out) + _operand(walk, op, "out_proj_bias")
    inner = _Backward(walk, by, pairs_of(q), pairs_of(k), pairs_of(v), size, scale, (0, 1, 2), op.outputs[0])

    def back(gradients: Gradients) -> Mapping[int, Array]:
        g = gradients[0]
        if g is None:
            return {}
        found: dict[int, Array] = {}
        for place, own in inner([sums.backward(walk.draws, g, width, out)]).items():
            here = sums.backward(walk.draws, own, width, into[place])
            found[sources[place]] = found[sources[place]] + here if sources[place] in found else here
        return found

    return Step(
        [made] + [by.samples] * (len(op.outputs) - 1), back, {value: 1.0}, weighted=True, axes=(walk.axes.get(query),)
    )


class _Backward:
    """The gradient's way back through attention, to query, key and value."""

    def __init__(
        self, walk: Walk, by: Shares, q: Pairs, k: Pairs, v: Pairs, size: int, scale: float,
        values: tuple[int, int, int], out: int,
    ) -> None:  # fmt: skip
        self.walk, self.by, self.q, self.k, self.v = walk, by, q, k, v
        self.size, self.scale, self.values = size, scale, values
        rows = walk.size(out) / max(walk.size(values[2]), 1) if values != (0, 1, 2) else 1.0
        self.per_key = rows

    def __call__(self, gradients: Gradients) -> Mapping[int, Array]:
        (g,) = gradients
        assert g is not None
        draws, by = self.walk.draws, self.by
        logits = attention.logits_backward(pairs_of(g), self.v, by, self.size) * self.scale**2
        spread = max(self.k.own - self.k.places, 0.0)
        found = {self.values[2]: attention.values_backward(draws, g, by, self.per_key)}
        for place, second in ((0, by.length * logits * spread), (1, by.length * self.per_key * logits * self.q.own)):
            here = draws.of(Pairs(second, 0.0, 0.0, 0.0))
            value = self.values[place]
            found[value] = found[value] + here if value in found else here
        return found


def product(walk: Walk, op: Op) -> Step:
    """A product of two values that no weight enters: logits, attention's mean over places, or what is summed so."""
    values = [value for _, value in op.inputs if walk.graph.values[value].kind == "data"]
    if len(values) != 2 or len(op.inputs) != 2 or values[0] == values[1]:
        raise NoRule("a product of dependent values" if len(set(values)) < 2 else "a product with a constant")
    over, axes, after = _contracted(walk, op, values)
    for place, value in enumerate(values):
        by = walk.shares.get(value)
        if by is not None:
            assert isinstance(by, Shares)
            return _mix(walk, op, value, values[1 - place], by, after)
    _independent(walk, *values)
    return _scores(walk, op, values, over, axes, after)


def _mix(walk: Walk, op: Op, share: int, value: int, by: Shares, after: axis.Axes | None) -> Step:
    v = walk.signal(value)
    pairs = pairs_of(v)
    per_key = walk.size(op.outputs[0]) / max(walk.size(value), 1)
    size = walk.size(op.outputs[0]) * by.length / max(walk.size(share), 1)

    def back(gradients: Gradients) -> Mapping[int, Array]:
        g = gradients[0]
        assert g is not None
        second = size * pairs_of(g).own * max(pairs.own - pairs.places, 0.0)
        return {
            value: attention.values_backward(walk.draws, g, by, per_key),
            share: walk.draws.of(Pairs(second, 0.0, 0.0, 0.0)),
        }

    uneven = attention.unevenness(pairs, by)
    return Step([attention.mixed(walk.draws, v, by)], back, {value: 1.0}, axes=(after,), uneven=uneven)


def _scores(
    walk: Walk, op: Op, values: Sequence[int], over: int, contracted: frozenset[str], after: axis.Axes | None
) -> Step:  # fmt: skip
    x, y = (walk.signal(value) for value in values)
    a, b = pairs_of(x), pairs_of(y)
    middle = float(x.mean()) * float(y.mean())
    if PLACE in contracted and over > 1:  # sums over places have what places share in common
        a_own, b_own = a, b
        own = over * a_own.own * b_own.own + over * (over - 1) * a.places * b.places
        inputs = over * a.inputs * b.inputs + over * (over - 1) * a.both * b.both
        pairs = Pairs(own, inputs, own, inputs)
    else:
        pairs = Pairs(*(over * p * q for p, q in zip(a, b, strict=True)))
    pairs = Pairs(*(each - over * middle**2 for each in pairs))
    made = over * middle + walk.draws.of(pairs)
    out = op.outputs[0]
    walk.scores[out] = attention.scores(a, b, over, 1.0)
    terms = [walk.size(out) * over / max(walk.size(value), 1) for value in values]  # products in one sum back

    def back(gradients: Gradients) -> Mapping[int, Array]:
        g = gradients[0]
        assert g is not None
        own = pairs_of(g).own
        spread = b.own - b.places if out in walk.softened else b.own
        return {
            values[0]: walk.draws.of(Pairs(terms[0] * own * max(spread, 0.0), 0.0, 0.0, 0.0)),
            values[1]: walk.draws.of(Pairs(terms[1] * own * a.own, 0.0, 0.0, 0.0)),
        }

    return Step([made], back, {values[0]: 1.0, values[1]: 1.0}, axes=(after,))


def softmax(walk: Walk, op: Op) -> Step:
    """Of logits over places: what they share is found by drawing them; else over units."""
    value = source_of(walk, op)
    logits = walk.scores.get(value)
    shape = walk.shape(value)
    place = softmax_axis(op, len(shape))
    axes = walk.axes.get(value)
    over_places = (
        axes is not None and len(axes) == len(shape) and {a.role for a in axes[place] if a.size > 1} == {PLACE}
    )
    if op.call != "softmax" or (logits is None and not over_places):
        return softmax_over_units(walk, op)
    if logits is None:  # one logit for each place, as in attention that pools
        pairs = pairs_of(walk.signal(value))
        logits = Pairs(max(pairs.own - pairs.places, 0.0), max(pairs.inputs - pairs.both, 0.0), 0.0, 0.0)
    causal, visible = walk.masks.get(value, (False, 1.0))
    by = attention.shares(walk.draws, logits, shape[place], causal, visible)
    out = op.outputs[0]
    walk.shares[out] = by
    walk.softened |= walk.scores_before(value)

    def back(gradients: Gradients) -> Mapping[int, Array]:
        g = gradients[0]
        assert g is not None
        left = by.spread / by.own if by.own > 0 else 0.0
        return {value: by.samples * walk.draws.shuffled(g) * math.sqrt(left)}

    return Step([by.samples], back, {value: 0.0}, axes=(axes,))


def _contracted(walk: Walk, op: Op, values: Sequence[int]) -> tuple[int, frozenset[str], axis.Axes | None]:
    """How many products are summed, over axes of which roles, and the axes of the result."""
    axes = [walk.axes.get(value) for value in values]
    shapes = [walk.shape(value) for value in values]
    out = walk.shape(op.outputs[0])
    if op.name == "einsum":
        return _einsum(op, axes, shapes)
    first, second = axes
    over = shapes[0][-1] if shapes[0] else 1
    if first is None or second is None or len(first) < 2 or len(second) < 2:
        return over, frozenset({UNIT}), axis.guessed(out, channels_first=False)
    roles = frozenset(atom.role for atom in first[-1] if atom.size > 1)
    longer = first if len(first) >= len(second) else second
    return over, roles, (*longer[:-2], first[-2], second[-1])


def _einsum(
    op: Op, axes: Sequence[axis.Axes | None], shapes: Sequence[Sequence[int]]
) -> tuple[int, frozenset[str], axis.Axes | None]:
    equation = op.attributes.get("equation")
    if not isinstance(equation, str) or "." in equation:
        raise NoRule("an einsum without letters for its axes")
    terms, _, result = equation.replace(" ", "").partition("->")
    parts = terms.split(",")
    if "->" not in equation:
        result = "".join(sorted(letter for letter in set(terms) - {","} if terms.count(letter) == 1))
    known: dict[str, tuple[Atom, ...]] = {}
    sizes: dict[str, int] = {}
    for part, each, shape in zip(parts, axes, shapes, strict=True):
        sizes |= dict(zip(part, shape, strict=True))
        if each is not None and len(each) == len(part):
            known = dict(zip(part, each, strict=True)) | known
    gone = [letter for letter in sizes if letter not in result]
    over = math.prod(sizes[letter] for letter in gone)
    roles = frozenset(atom.role for letter in gone for atom in known.get(letter, ()) if atom.size > 1)
    return over, roles, tuple(known.get(letter, (Atom(UNIT, sizes[letter]),)) for letter in result)


def _independent(walk: Walk, first: int, second: int) -> None:
    if walk.roots.get(first, frozenset()) & walk.roots.get(second, frozenset()):
        raise NoRule("a product of dependent values")


def _mask(walk: Walk, op: Op) -> tuple[bool, float, float]:
    """Whether attention is causal, which share of the keys a row sees, and the variance of what is added to logits."""
    given = op.attributes.get("is_causal", op.attributes.get("argument 5", False))
    mask = op.operand("mask")
    if mask is None:
        mask = op.operand("attn_mask")
    if mask is None:
        return bool(given) is True, 1.0, 0.0
    found = walk.operand(mask)
    if found is None or found.ndim == 0:
        shape = walk.shape(mask)
        return len(shape) > 1 and shape[-1] == shape[-2] > 1, 1.0, 0.0
    visible = found.astype(bool) if found.dtype == bool else found > HIDES
    bias = found[visible] if found.dtype != bool and visible.any() else np.zeros(1)
    return *seen(visible, walk.shape(mask)), float(np.var(bias))


def _operand(walk: Walk, op: Op, slot: str) -> Array | float:
    value = op.operand(slot)
    if value is None:
        return 0.0
    found = walk.operand(value)
    if found is None:
        raise NoRule("the values of a bias are not known")
    return found
