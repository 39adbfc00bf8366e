"""What activation a value has just left, as it runs: what its operations compute on a grid says where it is flat.

An activation may be one operation or several; all that depend on one value alone, element by element, are run on the
grid besides. So a sigmoid written by hand saturates like any other, and relu(x)^2 has dead units.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils import _pytree as pytree

from headstart.graph.follow import GRID
from headstart.graph.recognise import is_affine, recognised
from headstart.graph.values import Op
from headstart.graph.words import POINTWISE
from headstart.models.torch.record import Given, Made

_ENDS = np.array([7.0, 9.0, 12.0, 20.0, 30.0])  # far out, where a bounded activation is at its limits
_POINTS = np.concatenate([-_ENDS[::-1], GRID, _ENDS])
_FLAT = 0.04  # of the steepest slope: for a sigmoid this is 0.01, where the lab's flat part begins
_ARRIVED = 0.02  # of its range: how little a bounded activation still moves far out
_RUN = 4  # zeros in a row on the grid that are a part where nothing comes through
_CACHED = 512


@dataclass(frozen=True)
class Shape:
    """What an activation is like.

    Args:
        name: its spec string; "" where the catalogue has none.
        affine: whether it is none.
        silent: whether it is zero on a whole part.
        low, high: the outputs at which its flat parts begin; None where it has no such part.
    """

    name: str = ""
    affine: bool = False
    silent: bool = False
    low: float | None = None
    high: float | None = None


class Activations:
    """Value -> the value that it is a function of, element by element, and this function on the grid."""

    def __init__(self) -> None:
        self.found: dict[int, tuple[int, bytes]] = {}
        self._known: dict[Any, bytes | None] = {}  # one call of a function on one activation -> what it makes

    def carry(
        self, op: Op, made: Sequence[tuple[int, Tensor]], given: Sequence[Given], data: set[int], call: Made
    ) -> None:
        """Through one operation. data: the values among its inputs that are data."""
        if op.name not in POINTWISE and op.name != "identity":
            return
        roots = {self.found[value][0] if value in self.found else value for value in data}
        if len(roots) != 1:
            return
        for each in given:
            if each.value not in data and each.tensor.numel() != 1 and each.slot != "slope":
                return
        (root,) = roots
        key = self._key(op, given, data, call)
        if key in self._known:
            phi = self._known[key]
        else:
            phi = self._known[key] = self._computed(given, data, call)
        if phi is not None:
            self.found[made[0][0]] = root, phi

    def root(self, value: int) -> int | None:
        """The value that another one is a function of."""
        return self.found[value][0] if value in self.found else None

    def shape(self, value: int) -> Shape | None:
        """What a value is of the one it is a function of; None where it is none of a single one."""
        return _shape(self.found[value][1]) if value in self.found else None

    def _key(self, op: Op, given: Sequence[Given], data: set[int], call: Made) -> Any:
        """The function, and what it takes."""
        taken = tuple(
            (each.slot, self.found[each.value][1] if each.value in self.found else b"")
            if each.value in data else (each.slot, None if each.slot == "slope" else float(each.tensor.detach()))
            for each in given
        )  # fmt: skip
        rest = tuple((slot, value if isinstance(value, (int, float, str, bool)) else None)
                     for slot, value in call.arguments.items())  # fmt: skip
        return op.call, taken, rest

    def _computed(self, given: Sequence[Given], data: set[int], call: Made) -> bytes | None:
        arrays: dict[int, Tensor] = {}
        for each in given:
            if each.value in data:
                known = self.found.get(each.value)
                arrays[id(each.tensor)] = torch.from_numpy(
                    (_POINTS if known is None else np.frombuffer(known[1])).copy()
                )
            elif each.slot == "slope":
                arrays[id(each.tensor)] = torch.full((1,), 0.25, dtype=torch.float64)  # PReLU's own start
            else:
                arrays[id(each.tensor)] = each.tensor.detach().reshape(()).cpu().double()

        def put(tensor: Tensor) -> Tensor:
            return arrays.get(id(tensor), tensor)

        try:
            with torch.no_grad():
                args, kwargs = pytree.tree_map_only(Tensor, put, (call.args, dict(call.kwargs)))
                made = call.function(*args, **kwargs)
            phi: NDArray[np.float64] = made.double().numpy()
        except Exception:  # whatever a function does not like about a grid
            return None
        return phi.tobytes() if phi.shape == _POINTS.shape else None


@functools.lru_cache(maxsize=_CACHED)
def _shape(data: bytes) -> Shape:
    phi = np.frombuffer(data)
    inner = phi[len(_ENDS) : -len(_ENDS)]
    if not np.isfinite(inner).all():
        return Shape()
    if is_affine(GRID, inner):
        return Shape(affine=True)
    low, high = _flat_parts(phi)
    return Shape(recognised(GRID, inner), False, _has_silent_part(inner), low, high)


def _has_silent_part(phi: NDArray[np.float64]) -> bool:
    run = 0
    for value in phi:
        run = run + 1 if value == 0 else 0
        if run >= _RUN:
            return True
    return False


def _flat_parts(phi: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """The outputs beyond which a bounded activation is flat; a side on which it rests at zero input is not counted."""
    first, last = phi[0], phi[-1]
    reach = last - first
    moved = max(abs(phi[1] - first), abs(phi[-2] - last))
    if not np.isfinite(phi).all() or reach == 0 or moved > _ARRIVED * abs(reach):
        return None, None
    if np.min(phi) < min(first, last) - 0.01 * abs(reach) or np.max(phi) > max(first, last) + 0.01 * abs(reach):
        return None, None  # it goes beyond its limits and comes back
    slopes = np.abs(np.diff(phi)) / np.diff(_POINTS)
    steep = np.flatnonzero(slopes > _FLAT * slopes.max())
    left, right = phi[steep[0]], phi[steep[-1] + 1]
    middle, near = phi[int(np.argmin(np.abs(_POINTS)))], 0.02 * abs(reach)
    below = None if abs(middle - first) < near else float(left)
    above = None if abs(middle - last) < near else float(right)
    return (below, above) if reach > 0 else (above, below)


def flat_share(y: Tensor, shape: Shape) -> float | None:
    """The share of elements on the flat parts; None where there is none."""
    if shape.low is None and shape.high is None:
        return None
    y, count = y.detach(), max(y.numel(), 1)
    slack = 1e-6 * max(abs(shape.low or 0), abs(shape.high or 0))
    flat = 0
    for piece in torch.split(y.reshape(-1), 1 << 20) if y.is_contiguous() else (y,):
        if shape.low is not None:
            flat += int((piece <= shape.low + slack).sum())
        if shape.high is not None:
            flat += int((piece >= shape.high - slack).sum())
    return flat / count
