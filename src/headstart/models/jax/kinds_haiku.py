"""The kinds of Haiku's layers: weights are (receptive field, inputs, outputs), named w and b. Data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headstart.layout import LAYOUTS, Layout
from headstart.models.jax.kind import Kind, alike, checkerboard, of_class
from headstart.models.jax.trees import Place

Rule = Callable[[Any, str, Place], Kind | None]


def kind_of(place: Place) -> Kind | None:
    """What a parameter of a Haiku module is for; None where its class does not say it."""
    modules = place.modules
    if not modules:
        return None
    known = of_class(modules[-1], "haiku")
    for kind in known:
        if kind in KINDS:
            return KINDS[kind](modules[-1], place.steps[-1], place)
    if known and "norm" in type(modules[-1]).__name__.lower():  # a norm of the user's own
        return {"scale": Kind("norm scale"), "offset": Kind("norm shift")}.get(place.steps[-1])
    return None


def _linear(owner: Any, name: str, place: Place) -> Kind | None:
    if name == "b":
        return Kind("bias", sizes=(owner.output_size,))
    if name != "w":
        return None
    sizes = (owner.input_size, owner.output_size)
    cells = [cell for around in place.modules[:-1] for cell in of_class(around, "haiku")]
    if "LSTM" in cells:  # one weight for inputs and state, and the forget gate's bias is added by the layer
        note = "blocks input, cell, forget, output, of inputs and state together"
        return Kind("gate weight", Layout((1,), (0,), blocks=(1, 4)), sizes, note)
    if "VanillaRNN" in cells:
        of_state = place.steps[0].endswith("_1")  # the second of its two layers
        return Kind("recurrent" if of_state else "gate weight", Layout((1,), (0,)), sizes)
    return Kind("weight", Layout((1,), (0,)), sizes)


def _conv(owner: Any, name: str, place: Place) -> Kind | None:
    kernel, count = tuple(owner.kernel_shape), len(owner.kernel_shape)
    groups = int(getattr(owner, "feature_group_count", 1))
    if hasattr(owner, "channel_multiplier"):  # depthwise: a group for each input
        groups = place.shape[-1] // int(owner.channel_multiplier)
    if name != "w":
        return Kind("bias") if name == "b" else None
    layout = Layout((count + 1,), (count,), groups=groups, stride=alike(tuple(owner.stride)))
    return Kind("weight", layout, (*kernel, None, None))


def _conv_transpose(owner: Any, name: str, place: Place) -> Kind | None:
    kernel, strides = tuple(owner.kernel_shape), tuple(owner.stride)
    if name != "w":
        return Kind("bias") if name == "b" else None
    layout = Layout((len(kernel),), (len(kernel) + 1,), stride=alike(strides), transposed=True)
    return Kind("weight", layout, (*kernel, owner.output_channels, None), checkerboard(kernel, strides))


def _embed(owner: Any, name: str, place: Place) -> Kind | None:
    return Kind("lookup", LAYOUTS["rows_out"], (owner.vocab_size, owner.embed_dim)) if name == "embeddings" else None


def _gru(owner: Any, name: str, place: Place) -> Kind | None:
    layout, note = Layout((1,), (0,), blocks=(1, 3)), "blocks update, reset, new"
    if name in ("w_i", "w_h"):
        return Kind("gate weight" if name == "w_i" else "recurrent", layout, (None, 3 * owner.hidden_size), note)
    return Kind("bias", sizes=(3 * owner.hidden_size,)) if name == "b" else None


def _norm(owner: Any, name: str, place: Place) -> Kind | None:
    return {"scale": Kind("norm scale", start=1.0), "offset": Kind("norm shift", start=0.0)}.get(name)


def _bias(owner: Any, name: str, place: Place) -> Kind | None:
    return Kind("bias") if name == "b" else None


KINDS: dict[str, Rule] = {
    "Linear": _linear, "ConvNDTranspose": _conv_transpose, "ConvND": _conv, "DepthwiseConvND": _conv, "Embed": _embed,
    "DepthwiseConv1D": _conv, "DepthwiseConv2D": _conv, "DepthwiseConv3D": _conv, "GRU": _gru, "LayerNorm": _norm,
    "BatchNorm": _norm, "RMSNorm": _norm, "GroupNorm": _norm, "InstanceNorm": _norm, "Bias": _bias,
}  # fmt: skip
