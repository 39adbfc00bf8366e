"""The walk back: the gradient's samples at each value, from what its readers send."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from headstart.graph.predict import axes as axis
from headstart.graph.predict.walk import Walk
from headstart.graph.values import Op
from headstart.theory.laws.noise import scatter
from headstart.theory.laws.samples import Array, Pairs

VAGUE = "a sum over units of the gradient times the signal, which depend on one another"


class Gradient(NamedTuple):
    """The second moment of the gradient at a value, and its relative variance over draws."""

    second: float
    variance: float


def walk_back(walk: Walk, output_grad: Mapping[int, float]) -> tuple[dict[int, Gradient], dict[int, str]]:
    """The gradient at each value, and why there is none at others.

    Args:
        output_grad: root mean square of the gradient at outputs.
    """
    return _Back(walk).run(output_grad)


class _Back:
    """One walk back."""

    def __init__(self, walk: Walk) -> None:
        self.walk, self.graph = walk, walk.graph
        self.arrived: dict[int, Array] = {}
        self.parts: dict[int, list[Array | None]] = {}  # of values some of whose places are walked by themselves
        self.noise: dict[int, float] = {}
        self.found: dict[int, Gradient] = {}
        self.why: dict[int, str] = {}
        self.clear: set[int] = set()  # values to which some gradient came by laws alone
        self.vague: dict[int, str] = {}

    def run(self, output_grad: Mapping[int, float]) -> tuple[dict[int, Gradient], dict[int, str]]:
        self.clear |= set(output_grad)
        for value, rms in output_grad.items():
            self.arrived[value] = self.walk.draws.of(Pairs(rms**2, 0.0, 0.0, 0.0))
        for op in reversed(self.graph.ops):
            self._pass(op)
        for value in list(self.arrived):
            self._tell(value)
        return {value: each for value, each in self.found.items() if value not in self.vague}, self.why | self.vague

    def _pass(self, op: Op) -> None:
        for out in op.outputs:
            self._tell(out)
        came = [out for out in op.outputs if out in self.arrived or out in self.parts]
        unknown = next((self.why[out] for out in op.outputs if out in self.why), None)
        if unknown is None and not came:
            return
        if unknown is None and op.index in self.walk.back and self.walk.back[op.index] is None:
            unknown = self.walk.why.get(op.outputs[0])
        if unknown is not None:
            self.why |= {value: unknown for value in self.graph.data(op) if value not in self.why}
        else:
            self._send(op)
        for out in op.outputs:
            self.arrived.pop(out, None)
            self.parts.pop(out, None)

    def _send(self, op: Op) -> None:
        own, apart = self.walk.back.get(op.index), self.walk.parted.get(op.index)
        with np.errstate(all="ignore"):
            if apart is not None:
                sent = apart([self._by_parts(out) for out in op.outputs])
            else:
                sent = {} if own is None else own([self._whole(out) for out in op.outputs])
        variances = [self.found[out].variance if self.graph.is_weighted(op) else self.noise.get(out, 0.0)
                     for out in op.outputs if out in self.found]  # fmt: skip
        clear = any(out in self.clear for out in op.outputs)
        for value, gradient in sent.items():
            if clear and (op.index, value) not in self.walk.vague:
                self.clear.add(value)
            self._arrive(value, gradient, max(variances, default=0.0))

    def _arrive(self, value: int, gradient: Array | list[Array | None], variance: float) -> None:
        known = [part for part in gradient if part is not None] if isinstance(gradient, list) else [gradient]
        if not all(np.all(np.isfinite(part)) for part in known):
            self.why[value] = "its size leaves the numbers that a computer has"
            return
        before = self._size(value)
        if isinstance(gradient, list):
            now = self.parts.get(value, [None] * len(gradient))
            self.parts[value] = [
                b if a is None else a if b is None else a + b for a, b in zip(now, gradient, strict=True)
            ]
        else:
            self.arrived[value] = self.arrived[value] + gradient if value in self.arrived else gradient
        after = self._size(value)
        share = min(max(1 - before / after, 0.0), 1.0) if after > 0 else 1.0
        self.noise[value] = (share * math.sqrt(variance) + (1 - share) * math.sqrt(self.noise.get(value, 0.0))) ** 2

    def _by_parts(self, value: int) -> list[Array | None]:
        """The gradient at each part; what came for the whole is the same at each."""
        tracks = self.walk.tracks.get(value)
        if tracks is None:
            return [self.arrived.get(value)]
        parts = self.parts.get(value, [None] * len(tracks.split.bounds))
        whole = self.arrived.get(value)
        if whole is None:
            return parts
        return [whole if part is None else part + self.walk.draws.shuffled(whole) for part in parts]

    def _whole(self, value: int) -> Array | None:
        """The gradient at all places, the parts mixed."""
        found = self.arrived.get(value)
        if value not in self.parts:
            return found
        for share, part in zip(self.walk.tracks[value].split.shares, self.parts[value], strict=True):
            if part is not None:
                found = math.sqrt(share) * part if found is None else found + math.sqrt(share) * part
        return found

    def _size(self, value: int) -> float:
        if value not in self.parts:
            return float(np.mean(self.arrived[value] ** 2)) if value in self.arrived else 0.0
        shares = self.walk.tracks[value].split.shares
        known = [(share, part) for share, part in zip(shares, self._by_parts(value), strict=True) if part is not None]
        return float(sum(share * float(np.mean(part**2)) for share, part in known))

    def _tell(self, value: int) -> None:
        if value in self.why or value in self.found:
            return
        whole = self._whole(value)
        if whole is None:
            return
        axes = self.walk.axes.get(value)
        units, places = (axis.count(axes, axis.UNIT), axis.count(axes, axis.PLACE)) if axes else (1, 1)
        own = scatter(whole, units, self.walk.count_inputs, places)
        if value not in self.clear:
            self.vague[value] = VAGUE
        self.found[value] = Gradient(self._size(value), self.noise.get(value, 0.0) + own)
