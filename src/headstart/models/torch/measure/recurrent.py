"""Recurrent layers are one operation: how many of their gates' sums lie where a gate is flat, worked out beside it.

The sums of each layer, x W' + h U' + biases, are made anew of some of what comes in and of some of the states, at other
steps than they belong to: enough for how large they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from headstart.models.torch.record import Made
from headstart.models.torch.uses import GATES

_ROWS = 256  # inputs and states that are looked at
_FLAT_SIGMOID, _FLAT_TANH = 4.595, 2.993  # from here on the slope is below 0.01


def flat_gates(call: Made, made: Tensor) -> float | None:
    """The largest share, over the layers, of sums on a flat part; None for what is no layer of bounded gates."""
    kind = call.function.__name__
    gates = GATES.get(kind.removesuffix("_cell"))
    if gates is None or "relu" in kind:
        return None
    tensors = [each for each in _tensors([*call.args, *call.kwargs.values()]) if each.is_floating_point()]
    weights = [each.detach().float() for each in tensors if each.dim() == 2 and isinstance(each, torch.nn.Parameter)]
    pairs = [(w, u) for w, u in zip(weights[::2], weights[1::2], strict=False) if w.shape[0] == u.shape[0]]
    biases = [each.detach().float() for each in tensors if each.dim() == 1]
    if not pairs or len(pairs) * 2 != len(weights) or tensors[0].numel() == 0:
        return None
    states, given = _rows(made), _rows(tensors[0])
    shares = []
    with torch.no_grad():
        for place, (w, u) in enumerate(pairs):
            x = given if w.shape[1] == given.shape[1] else _wide(states, w.shape[1])
            count = min(len(x), len(states))
            sums = x[:count] @ w.T + _wide(states, u.shape[1])[:count].flip(0) @ u.T
            for bias in biases[2 * place : 2 * place + 2]:
                sums = sums + bias
            shares.append(_flat(sums.abs(), kind, gates))
    return max(shares)


def _flat(sums: Tensor, kind: str, gates: int) -> float:
    """The share of sums on the flat part of their gate: of four gates the third is a tanh, of three the last."""
    blocks = sums.chunk(gates, 1)
    of_tanh = {4: 2, 3: 2, 1: 0}[gates]
    beyond = [
        (block > (_FLAT_TANH if place == of_tanh else _FLAT_SIGMOID)).float().mean()
        for place, block in enumerate(blocks)
    ]
    return float(torch.stack(beyond).mean())


def _rows(tensor: Tensor) -> Tensor:
    rows = tensor.detach().reshape(-1, tensor.shape[-1])
    return rows[:: max(1, len(rows) // _ROWS)][:_ROWS].float()


def _wide(rows: Tensor, width: int) -> Tensor:
    """Rows of another width, of the same numbers: those of one direction, or of both."""
    repeated = rows.repeat(1, -(-width // rows.shape[1]))
    return repeated[:, :width]


def _tensors(arguments: Sequence[object]) -> list[Tensor]:
    found: list[Tensor] = []
    for each in arguments:
        if isinstance(each, Tensor):
            found.append(each)
        elif isinstance(each, (list, tuple)):
            found += _tensors(each)
    return found
