"""What names and shapes say of a parameter in a bare tree, where a library's own convention leaves no doubt.

Flax calls weights `kernel` (inputs before outputs), Haiku `w`, and a bias has the shape of a layer's outputs: so it tells
which axes those are. Whatever could be two things stays unknown; a pass on an example says more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headstart.layout import LAYOUTS, Layout
from headstart.models.jax.kind import Kind
from headstart.models.jax.trees import Place, is_array

ASK = "pass the module or function and an example, which tell"
NORMS = ("LayerNorm", "BatchNorm", "RMSNorm", "GroupNorm", "InstanceNorm")
LSTM = {"ii", "if", "ig", "io", "hi", "hf", "hg", "ho"}
GRU = {"ir", "iz", "in", "hr", "hz", "hn"}
WEIGHTS = {"kernel": ("bias",), "w": ("b", "bias"), "W": ("b",), "weight": ("bias", "b"), "weights": ("bias", "biases")}


def kind_of(place: Place, places: Mapping[str, Place]) -> Kind | None:
    """What a parameter is for by its name, its shape and its neighbours; None where that is not certain."""
    around = place.owners[-1] if place.owners else None
    if not isinstance(around, Mapping):
        return None
    name, beside = place.steps[-1], {str(key): value for key, value in around.items() if is_array(value)}
    made_by = _class(place.steps[-2]) if len(place.steps) > 1 else ""
    if name in ("scale", "offset") or (name == "bias" and "scale" in beside):
        return _norm(name, beside, made_by)
    if name == "bias" and "kernel" not in beside and made_by in NORMS:
        return Kind("norm shift", start=0.0, owner=made_by)
    if name in ("embedding", "embeddings") and len(beside) == 1 and len(place.shape) == 2:
        return Kind("lookup", LAYOUTS["rows_out"], owner=made_by or "Embed")
    cell = _haiku_cell(place)
    if cell is not None:
        return cell
    for weight, biases in WEIGHTS.items():
        if name == weight:
            bias = next((beside[each] for each in biases if each in beside), None)
            return _weight(place, bias, beside, made_by, places)
        if name in biases and weight in beside:
            return _bias(place, beside[weight], made_by)
    return None


def _class(step: str) -> str:
    """The class in a name that Flax (Dense_0) or Haiku (mlp/~/linear_1) made itself."""
    own = re.fullmatch(r"([A-Z][A-Za-z0-9]*?)_\d+", step)
    if own:
        return own[1]
    last = re.sub(r"_\d+$", "", step.rpartition("/")[2])
    return HAIKU.get(last, "")


def _haiku_cell(place: Place) -> Kind | None:
    """A weight of a recurrent layer by Haiku's names: lstm/linear has one for inputs and state, gru has three."""
    path = [re.sub(r"_\d+$", "", step) for step in place.steps[0].split("/")]
    name = place.steps[-1]
    if path[-2:] == ["lstm", "linear"] and name == "w" and len(place.shape) == 2 and place.shape[1] % 4 == 0:
        return Kind("gate weight", Layout((1,), (0,), blocks=(1, 4)), (None, None), "blocks input, cell, forget, output")
    if path[-1] == "gru" and name in ("w_i", "w_h") and len(place.shape) == 2 and place.shape[1] % 3 == 0:
        role = "gate weight" if name == "w_i" else "recurrent"
        return Kind(role, Layout((1,), (0,), blocks=(1, 3)), (None, None), "blocks update, reset, new")
    return Kind("bias") if path[-1] in ("gru", "bias") and name == "b" else None


HAIKU = {
    "linear": "Linear", "conv1_d": "Conv", "conv2_d": "Conv", "conv3_d": "Conv", "embed": "Embed", "layer_norm": "LayerNorm",
    "batch_norm": "BatchNorm", "rms_norm": "RMSNorm", "group_norm": "GroupNorm", "conv1_d_transpose": "ConvTranspose",
    "conv2_d_transpose": "ConvTranspose", "conv3_d_transpose": "ConvTranspose",
}  # fmt: skip


def _norm(name: str, beside: Mapping[str, Any], made_by: str) -> Kind | None:
    if "kernel" in beside or not set(beside) <= {"scale", "bias", "offset"}:
        return None
    known = made_by in NORMS or len(beside) == 2
    if name == "scale":
        return Kind("norm scale", start=1.0 if known else None, owner=made_by)
    return Kind("norm shift", start=0.0 if known else None, owner=made_by)


def _weight(
    place: Place, bias: Any, beside: Mapping[str, Any], made_by: str, places: Mapping[str, Place]
) -> Kind | None:  # fmt: skip
    shape, name = place.shape, place.steps[-1]
    if name == "kernel" or "/" in place.steps[0] or made_by in ("Linear", "Conv", "ConvTranspose"):
        return _flax(place, None if bias is None else tuple(bias.shape), made_by)
    if len(shape) != 2 or set(beside) - {name, *WEIGHTS[name]}:
        return None
    turn = _turned(place, places)
    if turn is None:
        return Kind("unknown", note=f"it is {shape[0]} × {shape[1]}: which of them are inputs does not show; {ASK}")
    return Kind("weight", LAYOUTS["out_in"] if turn else Layout((1,), (0,)))


def _turned(place: Place, places: Mapping[str, Place]) -> bool | None:
    """Whether weights of this name are (outputs, inputs), as those beside biases say of all; None where none does."""
    said: set[bool] = set()
    for other in places.values():
        around = other.owners[-1] if other.owners else None
        if other.steps[-1] != place.steps[-1] or len(other.shape) != 2 or not isinstance(around, Mapping):
            continue
        bias = next((around[name] for name in WEIGHTS[place.steps[-1]] if name in around), None)
        rows, columns = other.shape
        if rows != columns and is_array(bias) and tuple(bias.shape) in ((rows,), (columns,)):
            said.add(tuple(bias.shape) == (rows,))
    return said.pop() if len(said) == 1 else None


def _flax(place: Place, bias: tuple[int, ...] | None, made_by: str) -> Kind:
    """A kernel, its inputs before its outputs."""
    shape, layer = place.shape, place.steps[-2] if len(place.steps) > 1 else ""
    if len(shape) == 2:
        return _gate(place, Kind("weight", Layout((1,), (0,)), (None, None), owner=made_by or "Dense"))
    if made_by == "ConvTranspose":
        return Kind("unknown", note=f"the stride of a transposed convolution does not stand here; {ASK}", owner=made_by)
    low = layer.lower()
    plain = "conv" in low and not any(word in low for word in ("transpose", "deconv", "up", "local"))
    if len(shape) >= 3 and (made_by == "Conv" or plain) and (bias is None or bias == shape[-1:]):
        rank = len(shape)
        return Kind("weight", Layout((rank - 1,), (rank - 2,)), (None,) * rank, "read as a convolution of one group", owner="Conv")
    if len(shape) == 3 and bias is not None:
        heads, slices = bias == shape[1:], bias == (shape[0], shape[2])
        if heads and (not slices or layer in ("query", "key", "value")):
            return Kind("weight", Layout((1, 2), (0,)), (None,) * 3, owner="DenseGeneral")
        if slices and not heads:
            return Kind("weight", Layout((1,), (0,)), (None, None), owner=made_by or "Dense")
        if bias == shape[2:] and layer == "out":
            return Kind("weight", Layout((2,), (0, 1)), (None,) * 3, owner="DenseGeneral")
    sizes = " × ".join(map(str, shape))
    return Kind("unknown", note=f"a kernel of {sizes} may be of several layers; {ASK}")


def _bias(place: Place, weight: Any, made_by: str) -> Kind:
    of = tuple(weight.shape)
    sliced = len(of) == 3 and place.shape == (of[0], of[2]) and place.shape != of[1:]
    return _gate(place, Kind("bias", sizes=(None,) if sliced else (None,) * len(place.shape), owner=made_by))


def _gate(place: Place, kind: Kind) -> Kind:
    """A layer inside a recurrent cell of Linen's, which has a layer for each gate."""
    cell = place.owners[-2] if len(place.owners) > 1 else None
    layer = place.steps[-2] if len(place.steps) > 1 else ""
    if not isinstance(cell, Mapping) or {str(key) for key in cell} not in (LSTM, GRU):
        return kind
    if kind.role == "bias":
        forget = layer == "hf" and len(place.shape) == 1
        return kind._replace(role="forget bias", layout=Layout((0,))) if forget else kind
    return kind._replace(role="recurrent" if layer.startswith("h") else "gate weight")
