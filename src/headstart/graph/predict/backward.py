"""The walk back: the gradient's samples at each value, from what its readers send."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from headstart.graph.predict import axes as axis
from headstart.graph.predict.walk import Walk
from headstart.theory.laws.noise import scatter
from headstart.theory.laws.samples import Array, Pairs


class Gradient(NamedTuple):
    """The second moment of the gradient at a value, and its relative variance over draws."""

    second: float
    variance: float


def walk_back(walk: Walk, output_grad: Mapping[int, float]) -> tuple[dict[int, Gradient], dict[int, str]]:
    """The gradient at each value, and why there is none at others.

    Args:
        output_grad: root mean square of the gradient at outputs.
    """
    graph = walk.graph
    arrived: dict[int, Array] = {}
    noise: dict[int, float] = {}
    found: dict[int, Gradient] = {}
    why: dict[int, str] = {}
    for value, rms in output_grad.items():
        second = rms**2
        arrived[value] = walk.draws.of(Pairs(second, 0.0, 0.0, 0.0))
    for op in reversed(graph.ops):
        outs = [arrived.pop(out, None) for out in op.outputs]
        for out, gradient in zip(op.outputs, outs, strict=True):
            if gradient is not None and out not in why:
                found[out] = _told(walk, out, gradient, noise.get(out, 0.0))
        unknown = next((why[out] for out in op.outputs if out in why), None)
        data = graph.data(op)
        if unknown is None and all(gradient is None for gradient in outs):
            continue
        step = walk.back.get(op.index)
        if unknown is None and step is None and op.index in walk.back and op.outputs[0] in walk.why:
            unknown = walk.why[op.outputs[0]]
        if unknown is not None:
            why |= {value: unknown for value in data if value not in why}
            continue
        if step is None:
            continue
        with np.errstate(all="ignore"):
            sent = step(outs)
        inherited = max((found[out].variance if graph.is_weighted(op) else noise.get(out, 0.0) for out in op.outputs if out in found), default=0.0)
        for value, gradient in sent.items():
            if not np.all(np.isfinite(gradient)):
                why[value] = "its size leaves the numbers that a computer has"
                continue
            before = arrived.get(value)
            own, now = float(np.mean(gradient**2)), 0.0 if before is None else float(np.mean(before**2))
            arrived[value] = gradient if before is None else before + gradient
            share = own / (own + now) if own + now > 0 else 1.0
            noise[value] = (share * math.sqrt(inherited) + (1 - share) * math.sqrt(noise.get(value, 0.0))) ** 2
    for value, gradient in arrived.items():
        if value not in why:
            found[value] = _told(walk, value, gradient, noise.get(value, 0.0))
    return found, why


def _told(walk: Walk, value: int, gradient: Array, inherited: float) -> Gradient:
    axes = walk.axes.get(value)
    units, places = (axis.count(axes, axis.UNIT), axis.count(axes, axis.PLACE)) if axes else (1, 1)
    own = scatter(gradient, units, walk.count_inputs, places)
    return Gradient(float(np.mean(gradient**2)), inherited + own)
