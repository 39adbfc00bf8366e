"""The kinds of Equinox's layers: weights are (outputs, inputs, receptive field), layers take one example. Data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headstart.layout import LAYOUTS, Layout
from headstart.models.jax.kind import GATES, Kind, alike, checkerboard, of_class
from headstart.models.jax.trees import Place

Rule = Callable[[Any, str], Kind | None]


def kind_of(place: Place) -> Kind | None:
    """What a parameter of an Equinox module is for; None where its class does not say it."""
    modules = place.modules
    if not modules:
        return None
    owner, name = modules[-1], place.steps[-1]
    known = of_class(owner, "equinox")
    for kind in known:
        if kind in KINDS:
            found = KINDS[kind](owner, name)
            return None if found is None else _wrapped(found, modules, name)
    if known and "norm" in type(owner).__name__.lower():  # a norm of the user's own
        return {"scale": Kind("norm scale"), "weight": Kind("norm scale"), "bias": Kind("norm shift")}.get(name)
    return None


def _linear(owner: Any, name: str) -> Kind | None:
    outputs, inputs = (1 if size == "scalar" else size for size in (owner.out_features, owner.in_features))
    if name == "weight":
        return Kind("weight", LAYOUTS["out_in"], (outputs, inputs))
    return Kind("bias", sizes=(outputs,)) if name == "bias" else None


def _conv(owner: Any, name: str) -> Kind | None:
    sizes = (owner.out_channels, owner.in_channels // owner.groups, *owner.kernel_size)
    if name == "weight":
        return Kind("weight", Layout((0,), (1,), groups=owner.groups, stride=alike(tuple(owner.stride))), sizes)
    return Kind("bias", sizes=(owner.out_channels, *(1 for _ in owner.kernel_size))) if name == "bias" else None


def _conv_transpose(owner: Any, name: str) -> Kind | None:
    kind, strides = _conv(owner, name), tuple(owner.stride)
    if kind is None or kind.layout is None:
        return kind
    layout = Layout((0,), (1,), groups=owner.groups, stride=alike(strides), transposed=True)
    return kind._replace(layout=layout, note=checkerboard(tuple(owner.kernel_size), strides))


def _embedding(owner: Any, name: str) -> Kind | None:
    sizes = (owner.num_embeddings, owner.embedding_size)
    return Kind("lookup", LAYOUTS["rows_out"], sizes) if name == "weight" else None


def _lstm(owner: Any, name: str) -> Kind | None:
    return _recurrent(owner, name, 4)


def _gru(owner: Any, name: str) -> Kind | None:
    return _recurrent(owner, name, 3)


def _recurrent(owner: Any, name: str, gates: int) -> Kind | None:
    inputs, hidden = owner.input_size, owner.hidden_size
    layout = Layout((0,), (1,), blocks=(0, gates))
    if name == "weight_ih":
        return Kind("gate weight", layout, (gates * hidden, inputs), GATES[gates])
    if name == "weight_hh":
        return Kind("recurrent", layout, (gates * hidden, hidden), GATES[gates])
    if name == "bias" and gates == 4:
        return Kind("forget bias", Layout((0,), blocks=(0, 4)), (4 * hidden,))
    sizes = {"bias": (gates * hidden,), "bias_n": (hidden,)}.get(name)
    return Kind("bias", sizes=sizes) if name.startswith("bias") else None


def _norm(owner: Any, name: str) -> Kind | None:
    return {"weight": Kind("norm scale", start=1.0), "bias": Kind("norm shift", start=0.0)}.get(name)


def _prelu(owner: Any, name: str) -> Kind | None:
    return Kind("slope", start=0.25) if name == "negative_slope" else None


def _weight_norm(owner: Any, name: str) -> Kind | None:
    return Kind("norm scale") if name == "g" else None


def _wrapped(kind: Kind, modules: tuple[Any, ...], name: str) -> Kind:
    """A weight that a wrapper normalizes after it was drawn."""
    for wrapper in modules[:-1]:
        names = [known for known in of_class(wrapper, "equinox") if known in ("SpectralNorm", "WeightNorm")]
        if names and getattr(wrapper, "weight_name", "weight") == name and kind.role == "weight":
            return kind._replace(note="; ".join(filter(None, (kind.note, f"{names[0]} changes its scale afterwards"))))
    return kind


KINDS: dict[str, Rule] = {
    "Linear": _linear, "ConvTranspose": _conv_transpose, "Conv": _conv, "Embedding": _embedding, "LSTMCell": _lstm,
    "GRUCell": _gru, "LayerNorm": _norm, "RMSNorm": _norm, "GroupNorm": _norm, "BatchNorm": _norm, "PReLU": _prelu,
    "WeightNorm": _weight_norm,
}  # fmt: skip
