"""The kinds of Keras's layers: what each of their variables is for, and which axes it has. Data.

A layer's class decides, subclasses included, by its name among Keras's own: so a version that lacks a layer lacks a
row, and nothing is imported. A kind that is not here is read from what the forward pass does, and without one left
alone. Kernels end in (in, out), those of transposed convolutions in (out, in), depthwise ones in (in, multiplier).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from headstart.layout import LAYOUTS, Layout, uneven_strides


class Kind(NamedTuple):
    """What a variable of a layer is: its role, its layout where it has fans, why nobody may write it, a note."""

    role: str
    layout: Layout | None = None
    note: str = ""
    fixed: str = ""


Rule = Callable[[Any, str, Sequence[int]], Kind | None]  # of a layer, and a variable's name and shape
_BIAS = Kind("bias")
LORA = "it is a factor of LoRA, whose product starts at zero, so that the layer starts as it was"
OWN = ("keras.", "keras_hub.", "keras_nlp.")  # where Keras's own classes are defined


def kind_of(layer: Any, name: str, shape: Sequence[int] = (0, 0)) -> Kind | None:
    """What a variable of a layer is for; None where the layer's class does not say it.

    Args:
        name: the variable's own, such as "kernel".
        shape: its sizes.
    """
    if name.startswith("lora_"):
        return Kind("unknown", fixed=LORA)
    for kind in type(layer).__mro__:
        rule = KINDS.get(kind.__name__)
        if rule is not None and kind.__module__.startswith(OWN):
            return rule(layer, name, shape)
    return _norm(layer, name, shape) if "norm" in type(layer).__name__.lower() and not layer._layers else None


def _dense(layer: Any, name: str, shape: Sequence[int]) -> Kind | None:
    return {"kernel": Kind("weight", LAYOUTS["in_out"]), "bias": _BIAS}.get(name)


def _einsum(layer: Any, name: str, shape: Sequence[int]) -> Kind | None:
    if name != "kernel":
        return {"bias": _BIAS}.get(name)
    return Kind("weight", *einsum_layout(str(layer.equation)))


def einsum_layout(equation: str) -> tuple[Layout | None, str]:
    """What the axes of an EinsumDense's kernel are for; or None, and why that cannot be told.

    >>> einsum_layout("abc,cde->abde")[0]  # heads: (in, heads, size)
    Layout(out_axes=(1, 2), in_axes=(0,))
    """
    inputs, _, result = equation.replace(" ", "").partition("->")
    data, _, own = inputs.partition(",")
    if not own or "." in own or len(set(own)) < len(own):
        return None, f"the axes {own!r} of {equation!r} are not one use each"
    out = tuple(axis for axis, letter in enumerate(own) if letter in result and letter not in data)
    stack = tuple(axis for axis, letter in enumerate(own) if letter in result and letter in data)
    ins = tuple(axis for axis, letter in enumerate(own) if letter not in result)
    return (Layout(out, ins, stack), "") if out else (None, f"no axis of {own!r} is an output in {equation!r}")


def _convolution(layer: Any, name: str, shape: Sequence[int]) -> Kind | None:
    if name != "kernel":
        return {"bias": _BIAS}.get(name)
    return Kind("weight", Layout((-1,), (-2,), groups=layer.groups, stride=_stride(layer.strides)))


def _transposed(layer: Any, name: str, shape: Sequence[int]) -> Kind | None:
    if name != "kernel":
        return {"bias": _BIAS}.get(name)
    layout = Layout((-2,), (-1,), stride=_stride(layer.strides), transposed=True)
    return Kind("weight", layout, uneven_strides(layer.kernel_size, layer.strides))


def _depthwise(layer: Any, name: str, shape: Sequence[int]) -> Kind | None:
    if name in ("kernel", "depthwise_kernel"):
        return Kind("weight", depthwise_layout(shape[-2], layer.strides))
    if name == "pointwise_kernel":
        return Kind("weight", LAYOUTS["in_out"])
    return {"bias": _BIAS}.get(name)


def depthwise_layout(channels: int, strides: Sequence[int] = (1,)) -> Layout:
    """(*field, in, multiplier): each output has one input channel, so there are as many groups as channels."""
    return Layout((-2, -1), (), groups=channels, stride=_stride(strides))


def _stride(strides: Sequence[int]) -> int | tuple[int, ...]:
    return int(strides[0]) if len(set(strides)) == 1 else tuple(int(each) for each in strides)


def _embedding(layer: Any, name: str, shape: Sequence[int]) -> Kind | None:
    if name == "embeddings" and getattr(layer, "tie_weights", False):
        return Kind("tied lookup", LAYOUTS["out_in"])
    if name == "reverse_embeddings":
        return Kind("weight", LAYOUTS["in_out"])
    return Kind("lookup", LAYOUTS["rows_out"]) if name == "embeddings" else None


# the gates of a recurrent cell, in the order in which its kernels have them
GATES = {
    "LSTMCell": ("input", "forget", "cell", "output"), "ConvLSTMCell": ("input", "forget", "cell", "output"),
    "GRUCell": ("update", "reset", "new"), "SimpleRNNCell": (),
}  # fmt: skip


def gates_of(layer: Any) -> tuple[str, ...]:
    """The names of a cell's gates, in its kernels' order; none of a plain one."""
    return next((GATES[kind.__name__] for kind in type(layer).__mro__ if kind.__name__ in GATES), ())


def _cell(layer: Any, name: str, shape: Sequence[int]) -> Kind | None:
    gates = gates_of(layer)
    layout = Layout((-1,), (-2,), blocks=(-1, len(gates))) if gates else LAYOUTS["in_out"]
    note = f"blocks {', '.join(gates)}" if gates else ""
    if name == "kernel":
        return Kind("gate weight", layout, note)
    if name == "recurrent_kernel":
        return Kind("recurrent", layout, note)
    if name == "bias" and len(gates) == 4 and getattr(layer, "unit_forget_bias", False):
        return Kind("forget bias", Layout((0,), blocks=(0, 4)))
    return _BIAS if name == "bias" else None


def _prelu(layer: Any, name: str, shape: Sequence[int]) -> Kind | None:
    return Kind("slope") if name == "alpha" else None


def _attention(layer: Any, name: str, shape: Sequence[int]) -> Kind | None:
    return Kind("layer scale") if not shape else None


def _norm(layer: Any, name: str, shape: Sequence[int]) -> Kind | None:
    scales, shifts = ("gamma", "scale", "weight", "g"), ("beta", "shift", "bias", "b")
    return Kind("norm scale") if name in scales else Kind("norm shift") if name in shifts else None


def _nothing(layer: Any, name: str, shape: Sequence[int]) -> Kind | None:
    """Of a wrapper, whose variables are those of what it wraps."""
    return None


KINDS: dict[str, Rule] = {
    "Dense": _dense,
    "EinsumDense": _einsum,
    **{f"Conv{d}D": _convolution for d in (1, 2, 3)},
    **{f"Conv{d}DTranspose": _transposed for d in (1, 2, 3)},
    **{name: _depthwise for d in (1, 2) for name in (f"DepthwiseConv{d}D", f"SeparableConv{d}D")},
    "Embedding": _embedding,
    **dict.fromkeys(GATES, _cell),
    "PReLU": _prelu,
    "Attention": _attention,
    "SpectralNormalization": _nothing,
    **dict.fromkeys(
        ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization"),
        _norm,
    ),
}
