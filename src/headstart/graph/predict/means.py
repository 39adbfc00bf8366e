"""Rules for pooling and for reductions over places, inputs and units."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from headstart.graph.predict import axes as axis
from headstart.graph.predict.axes import INPUT, PLACE, UNIT, Atom
from headstart.graph.predict.moves import source_of
from headstart.graph.predict.walk import NoRule, Step, Walk
from headstart.graph.values import Op
from headstart.theory.laws import pools
from headstart.theory.laws.norms import without_common
from headstart.theory.laws.samples import Array

Gradients = Sequence[Array | None]
_SQUARES = ("norm", "vector_norm", "linalg_vector_norm", "std", "var")


def pool(walk: Walk, op: Op) -> Step:
    """Windows over places, by means, maxima or interpolation."""
    value = source_of(walk, op)
    x, shape, out = walk.signal(value), walk.shape(value), walk.shape(op.outputs[0])
    axes = walk.axes.get(value)
    if axes is None or len(axes) != len(shape):
        axes = axis.guessed(shape, channels_first=True)
    after = axis.resized(axes, out)
    ratio = walk.size(op.outputs[0]) / max(walk.size(value), 1)
    whole = math.prod(out[2:]) == 1 if len(out) > 2 else False
    if isinstance(pooled := op.attributes.get("pooled"), tuple):  # the axes that windows lie on, in any order
        whole = bool(pooled) and all(out[place] == 1 for place in pooled)
    if op.call in ("grid_sample", "lp_pool1d", "lp_pool2d"):
        raise NoRule(f"{op.call} takes places by what it is told")
    if "max" in op.call or op.call in ("fn", "boolean_dispatch"):
        count = float(_window(op, shape, out))
        made = pools.largest(walk.draws, x, count, whole)
        odds = np.sqrt(pools.chances(x, count)).astype(np.float32)

        def back(gradients: Gradients) -> Mapping[int, Array]:
            g = gradients[0]
            assert g is not None
            return {value: walk.draws.shuffled(g) * odds * math.sqrt(ratio)}

        return Step([made] * len(op.outputs), back, {value: 1.0}, axes=(after,) * len(op.outputs))
    own = _squared_weights(op, shape, out)
    if own is None:
        own = min(ratio, 1.0)
    made = pools.averaged(walk.draws, x, own, whole)
    return Step(
        [made], lambda gradients: {value: pools.averaged_backward(walk.draws, _given(gradients), own, ratio, whole)},
        {value: 1.0}, axes=(after,),
    )  # fmt: skip


def reduce(walk: Walk, op: Op) -> Step:
    """Means, sums and sizes along axes; which ones the shapes show."""
    value = source_of(walk, op)
    shape, out = walk.shape(value), walk.shape(op.outputs[0])
    axes = walk.axes.get(value)
    if axes is None or len(axes) != len(shape):
        axes = axis.guessed(shape, channels_first=False)
    if op.call == "cumsum":
        raise NoRule("a running sum")
    given = op.attributes.get("dim", op.attributes.get("argument 1"))
    given = (
        op.attributes.get("argument 2", given) if op.call in _SQUARES[:3] and not isinstance(given, tuple) else given
    )
    kept = axis.kept_axes(shape, out, given if not isinstance(given, bool) else None)
    if kept is None:
        raise NoRule(f"{op.call} over axes that the shapes do not show")
    gone = [atom for place, each in enumerate(axes) if place not in kept for atom in each]
    after = axis.reduced(axes, kept, out)
    return _Reduction(walk, op, value, gone, after).step()


class _Reduction:
    """One reduction over some inputs, places and units."""

    def __init__(self, walk: Walk, op: Op, value: int, gone: Sequence[Atom], after: axis.Axes) -> None:
        self.walk, self.op, self.value, self.after = walk, op, value, after
        self.x = walk.signal(value)
        self.inputs, self.places, self.units = (
            math.prod(atom.size for atom in gone if atom.role == role) for role in (INPUT, PLACE, UNIT)
        )
        self.count = self.inputs * self.places * self.units
        self.everywhere = self.places > 1 and self.places >= walk.places(value)

    def step(self) -> Step:
        call = self.op.call
        if call in ("mean", "sum", "nanmean"):
            return self.mean(self.count if call == "sum" else 1.0)
        if call in _SQUARES:
            return self.size()
        if call in ("max", "amax", "min", "amin") and self.places > 1 and self.units == 1 and self.inputs == 1:
            return self.largest(-1.0 if "min" in call else 1.0)
        raise NoRule(f"{call} over {'units' if self.units > 1 else 'inputs'}")

    def averaged(self, x: Array) -> Array:
        draws = self.walk.draws
        if self.places > 1:
            x = pools.averaged(draws, x, 1 / self.places, self.everywhere)
        if self.inputs > 1:
            x = pools.over_inputs(draws, x, self.inputs)
        return pools.over_units(draws, x, self.units) if self.units > 1 else x

    def mean(self, times: float) -> Step:
        made = times * self.averaged(self.x)
        size, middle = float(np.mean(made**2)), float(np.mean(self.x**2))
        passes = {self.value: 1.0 if size > 0 and middle > 0 else 0.0}

        def back(gradients: Gradients) -> Mapping[int, Array]:
            g = _given(gradients) * (times / self.count)
            return {self.value: g[[0, 1, 0, 1]] if self.everywhere else g}

        return Step([made], back, passes, axes=(self.after,))

    def size(self) -> Step:
        """Norms and standard deviations: the root of a mean of squares, or without the root."""
        x, call, walk = self.x, self.op.call, self.walk
        centred = call in ("std", "var")
        if centred and self.units == 1 and self.count > 1:
            x = without_common(x, self.inputs if self.inputs > 1 else None, max(self.places, 1))
        elif centred:
            x = x - x.mean(1, keepdims=True)
        square = self.averaged(x**2) * (1 if centred else self.count)
        square = np.maximum(square, 0.0)
        made = square if call == "var" else np.sqrt(square)
        slope = 2 * x if call == "var" else x / np.maximum(made, 1e-300)
        share = 1 / max(self.count, 1) if centred else 1.0

        def back(gradients: Gradients) -> Mapping[int, Array]:
            g = _given(gradients)
            return {self.value: walk.draws.shuffled(g) * slope * share}

        return Step([made], back, {self.value: 2.0 if call == "var" else 1.0}, axes=(self.after,))

    def largest(self, sign: float) -> Step:
        draws, count = self.walk.draws, float(self.places)
        made = sign * pools.largest(draws, sign * self.x, count, self.everywhere)
        odds = np.sqrt(pools.chances(sign * self.x, count) / count)
        outs = [made] * len(self.op.outputs)
        return Step(
            outs, lambda gradients: {self.value: draws.shuffled(_given(gradients)) * odds}, {self.value: 1.0},
            axes=(self.after,) * len(outs),
        )  # fmt: skip


def _window(op: Op, shape: Sequence[int], out: Sequence[int]) -> int:
    """How many places one window has."""
    dims = max(len(shape) - 2, 1)
    kernel = op.attributes.get("kernel_size", op.attributes.get("argument 1"))
    if "adaptive" not in op.call and kernel is not None:
        if isinstance(kernel, int):
            kernel = (kernel,) * dims
        if isinstance(kernel, tuple) and all(isinstance(size, int) for size in kernel):
            return max(math.prod(kernel), 1)
    return max(math.prod(-(-a // b) for a, b in zip(shape[-dims:], out[-dims:], strict=False) if b), 1)


def _squared_weights(op: Op, shape: Sequence[int], out: Sequence[int]) -> float | None:
    """The sum of the squared weights of a mean over places: the variance that it leaves of noise."""
    if "avg" in op.call and "adaptive" not in op.call:
        return 1 / _window(op, shape, out)
    if "avg" in op.call:
        return math.prod(b / a for a, b in zip(shape[2:], out[2:], strict=False))
    if op.replay is None or math.prod(shape[2:]) * 8 > 2**17:
        return None
    noise = np.random.default_rng(0).standard_normal((1, 8, *shape[2:]))
    try:
        made = op.replay([noise])
    except Exception:  # sizes that depend on the batch
        return None
    return float(np.mean(made**2) / np.mean(noise**2)) if isinstance(made, np.ndarray) else None


def _given(gradients: Gradients) -> Array:
    found = next((each for each in gradients if each is not None), None)
    assert found is not None
    return found
