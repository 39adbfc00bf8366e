"""HS618, HS621: biases that kill their units, and forget biases that reached one layer alone."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from headstart.audits.evidence import Evidence, Tensor, found
from headstart.audits.flow import Flow
from headstart.audits.values import Array
from headstart.graph.follow import follows
from headstart.graph.values import Op
from headstart.layout import blocks
from headstart.signals.parameters import BY_CODE
from headstart.signals.rule import Finding
from headstart.words import number, percent

_NEVER = -3.09  # standard deviations: one input in a thousand is beyond


def dead_units(evidence: Evidence) -> Iterator[Finding]:
    """HS618: for each bias before an activation that is flat on its negative side."""
    flow, limit = evidence.flow, BY_CODE["HS618"].limit
    if flow is None:
        return
    for tensor, look in evidence.of_roles("bias"):
        if tensor.values is None or look.nonfinite or look.low >= 0:
            continue
        for op in evidence.ops(tensor.name, ("bias",)):
            spread = flow.before_bias.get(op.index)
            threshold = _threshold(evidence, flow, op)
            if not spread or threshold is None:
                continue
            values = tensor.values.sample()
            dead = float(np.mean((values - threshold) / spread < _NEVER))
            if dead > limit:
                message = (
                    f"It keeps {percent(dead, 0)} of its units at zero: down to {number(look.low, 3)}, where the "
                    f"weights make sums of standard deviation {number(spread, 3)}."
                )
                yield found("HS618", tensor.name, dead, message, severity="fault" if dead >= 0.5 else "remark")
                break


def _threshold(evidence: Evidence, flow: Flow, op: Op) -> float | None:
    """Where what follows an operation starts to answer; None where it answers everywhere."""
    for use in flow.graph.uses:
        if use.op != op.index or use.slot != "weight":
            continue
        for met in follows(flow.graph, use, evidence.sums):
            if met.function is None or met.via:
                continue
            grid = np.linspace(-40, 40, 8001)
            with np.errstate(all="ignore"):
                values: Array = met.function(grid)
            flat = np.flatnonzero(values != values[0])
            if flat.size and grid[flat[0]] > -20 and abs(values[0]) < 1e-6:
                return float(grid[flat[0]])
    return None


def forget_biases(evidence: Evidence) -> Iterator[Finding]:
    """HS621: the mean of both biases' forget block, layer by layer."""
    means: dict[str, float] = {}
    own: dict[str, float] = {}
    for tensor, _ in evidence.of_roles("bias", "forget bias"):
        stem = tensor.parameter.owner
        if stem not in ("LSTM", "LSTMCell") or tensor.values is None:
            continue
        part = _forget(tensor)
        own[tensor.name] = part
        means[_layer(tensor.name)] = means.get(_layer(tensor.name), 0.0) + part
    if len(means) < 2:
        return
    most, limit = max(means.values()), BY_CODE["HS621"].limit
    kind = "bias_hh" if _mostly(own, means, most) else "bias_ih"
    for name in own:
        mean = means[_layer(name)]
        if kind in name and most - mean > limit:
            message = f"Its layer's forget gates start at {number(mean, 2)}, those of others at {number(most, 2)}."
            yield found("HS621", name, most - mean, message)


def _forget(tensor: Tensor) -> float:
    assert tensor.values is not None
    size = tensor.values.shape[0]
    layout = tensor.parameter.layout
    start, stop = size // 4, size // 2
    if layout.blocks is not None:
        block = blocks(tensor.values.shape, layout)[1]
        start, stop = block.start, block.stop
    values = tensor.values.part((slice(start, stop),))
    return float(values.mean()) if values.size else math.nan


def _layer(name: str) -> str:
    return name.replace("bias_ih", "bias").replace("bias_hh", "bias")


def _mostly(own: dict[str, float], means: dict[str, float], most: float) -> bool:
    """Whether the layers with the largest forget bias carry it in bias_hh."""
    ahead = [name for name in own if means[_layer(name)] == most]
    hh = sum(own[name] for name in ahead if "bias_hh" in name)
    return hh >= sum(own[name] for name in ahead if "bias_ih" in name)
