"""What activation a value has just left, as it runs: what its operations compute on a grid says where it is flat.

An activation may be one operation or several; all that depend on one value alone, element by element, are run on the
grid besides. So a sigmoid written by hand saturates like any other, and relu(x)^2 has dead units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils import _pytree as pytree

from headstart.graph.values import Op
from headstart.graph.words import POINTWISE
from headstart.models.torch.record import Given, Made
from headstart.signals.measure.shapes import POINTS, Shape, shape_of


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
        return shape_of(self.found[value][1]) if value in self.found else None

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
                    (POINTS if known is None else np.frombuffer(known[1])).copy()
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
        return phi.tobytes() if phi.shape == POINTS.shape else None


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
