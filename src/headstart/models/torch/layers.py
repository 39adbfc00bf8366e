"""The kinds of PyTorch's layers: what each of their parameters is for, and which axes its weight has. Data.

A module's class decides, subclasses included; a kind that is not here is read from what the forward pass does with its
parameters, and without a pass left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from headstart.layout import LAYOUTS, Layout, uneven_strides


class Kind(NamedTuple):
    """What a parameter of a layer is: its role, its layout where it has fans, and what else is worth saying."""

    role: str
    layout: Layout | None = None
    note: str = ""


Rule = Callable[[nn.Module, str], Kind | None]
_BIAS = Kind("bias")


def kind_of(module: nn.Module, name: str) -> Kind | None:
    """What a parameter of a module is for; None where the module's class does not say it."""
    for classes, rule in KINDS:
        if isinstance(module, classes):
            return rule(module, name)
    return _norm(module, name) if "norm" in type(module).__name__.lower() and not list(module.children()) else None


def _linear(module: nn.Module, name: str) -> Kind | None:
    return {"weight": Kind("weight", LAYOUTS["out_in"]), "bias": _BIAS}.get(name)


def _bilinear(module: nn.Module, name: str) -> Kind | None:
    return {"weight": Kind("weight", LAYOUTS["out_in"]), "bias": _BIAS}.get(name)


def _convolution(module: nn.Module, name: str) -> Kind | None:
    if name != "weight":
        return {"bias": _BIAS}.get(name)
    assert isinstance(module, nn.modules.conv._ConvNd)
    strides: tuple[int, ...] = tuple(module.stride)
    stride = strides[0] if len(set(strides)) == 1 else strides
    if not module.transposed:
        return Kind("weight", Layout((0,), (1,), groups=module.groups, stride=stride))
    layout = Layout((1,), (0,), groups=module.groups, groups_on="in", stride=stride, transposed=True)
    return Kind("weight", layout, uneven_strides(module.kernel_size, module.stride))


def _embedding(module: nn.Module, name: str) -> Kind | None:
    return Kind("lookup", LAYOUTS["rows_out"]) if name == "weight" else None


GATES = {"LSTM": 4, "GRU": 3, "LSTMCell": 4, "GRUCell": 3}
BLOCKS = {4: "blocks input, forget, cell, output", 3: "blocks reset, update, new", 1: ""}


def _recurrent(module: nn.Module, name: str) -> Kind | None:
    gates = next((GATES[kind.__name__] for kind in type(module).__mro__ if kind.__name__ in GATES), 1)
    layout = Layout((0,), (1,), blocks=(0, gates)) if gates > 1 else LAYOUTS["out_in"]
    if name.startswith("weight_hr"):
        return Kind("weight", LAYOUTS["out_in"])
    if name.startswith("weight_ih"):
        return Kind("gate weight", layout, BLOCKS[gates])
    if name.startswith("weight_hh"):
        return Kind("recurrent", layout, BLOCKS[gates])
    if name.startswith("bias_ih"):
        return Kind("forget bias" if gates == 4 else "bias", Layout((0,), blocks=(0, 4)) if gates == 4 else None)
    return _BIAS if name.startswith("bias") else None


def _attention(module: nn.Module, name: str) -> Kind | None:
    if name == "in_proj_weight":
        return Kind("weight", Layout((0,), (1,), blocks=(0, 3)), "blocks query, key, value")
    if name.endswith("_proj_weight"):
        return Kind("weight", LAYOUTS["out_in"])
    return {"in_proj_bias": _BIAS, "bias_k": Kind("token"), "bias_v": Kind("token")}.get(name)


def _prelu(module: nn.Module, name: str) -> Kind | None:
    return Kind("slope") if name == "weight" else None


def _norm(module: nn.Module, name: str) -> Kind | None:
    scales, shifts = ("weight", "scale", "gamma", "g"), ("bias", "shift", "beta", "b")
    return Kind("norm scale") if name in scales else Kind("norm shift") if name in shifts else None


KINDS: tuple[tuple[tuple[type[nn.Module], ...], Rule], ...] = (
    ((nn.Linear,), _linear),
    ((nn.Bilinear,), _bilinear),
    ((nn.modules.conv._ConvNd,), _convolution),
    ((nn.Embedding, nn.EmbeddingBag), _embedding),
    ((nn.RNNBase, nn.RNNCellBase), _recurrent),
    ((nn.MultiheadAttention,), _attention),
    ((nn.PReLU,), _prelu),
    ((nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm), _norm),
)
