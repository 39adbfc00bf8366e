"""The kinds of Flax's layers, NNX and Linen alike: their classes and fields have the same names. Data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headstart.layout import LAYOUTS, Layout
from headstart.models.jax.kind import GATES, Kind, alike, checkerboard, each, of_class
from headstart.models.jax.trees import Place

Rule = Callable[[Any, str, Place], Kind | None]


def kind_of(place: Place) -> Kind | None:
    """What a parameter of a Flax module is for; None where its class does not say it."""
    modules = place.modules
    if not modules:
        return None
    owner, name = modules[-1], place.steps[-1]
    for kind in of_class(owner, "flax"):
        if kind in KINDS:
            found = KINDS[kind](owner, name, place)
            return None if found is None else _wrapped(found, modules)
    if of_class(owner, "flax") and "norm" in type(owner).__name__.lower():  # a norm of the user's own
        return {"scale": Kind("norm scale"), "weight": Kind("norm scale"), "bias": Kind("norm shift")}.get(name)
    return None


def _dense(owner: Any, name: str, place: Place) -> Kind | None:
    inputs = getattr(owner, "in_features", None)
    outputs = getattr(owner, "out_features", None) or getattr(owner, "features", None)
    if name == "bias":
        return _gate_bias(place, Kind("bias", sizes=(outputs,)))
    return _gate(place, Kind("weight", Layout((1,), (0,)), (inputs, outputs))) if name == "kernel" else None


def _several(owner: Any, name: str, place: Place) -> Kind | None:
    """Weights with several axes of inputs or outputs: (batch, inputs, outputs)."""
    outputs = _tuple(getattr(owner, "out_features", None) or getattr(owner, "features", None))
    batched = getattr(owner, "batch_axis", None)
    batch: tuple[int | None, ...]
    if batched is None:
        batch = (None,) * len(_tuple(getattr(owner, "batch_dims", ())))
    else:
        batch = tuple(batched.values()) if isinstance(batched, Mapping) else (None,) * len(_tuple(batched))
    given = getattr(owner, "in_features", None)
    inputs: tuple[int | None, ...] = (
        _tuple(given) if given is not None else (None,) * len(_tuple(getattr(owner, "axis", -1)))
    )
    first, second = len(batch), len(batch) + len(inputs)
    axes = tuple(range(first))
    if name == "kernel":
        layout = Layout(tuple(range(second, second + len(outputs))), tuple(range(first, second)), axes)
        return Kind("weight", layout, (*batch, *inputs, *outputs))
    if name == "bias":
        layout = Layout(tuple(range(first, first + len(outputs))), (), axes)
        return Kind("bias", layout, (*batch, *outputs))
    return None


def _einsum(owner: Any, name: str, place: Place) -> Kind | None:
    if name == "bias":
        return Kind("bias")
    text = getattr(owner, "einsum_str", None)
    shape = _tuple(getattr(owner, "kernel_shape", None) or getattr(owner, "shape", None))
    if name != "kernel" or not shape:
        return None
    if not text:
        return Kind("unknown", sizes=shape, note="its einsum is told at the call")
    inputs, _, result = text.replace(" ", "").replace("...", "").partition("->")
    data, _, weight = inputs.partition(",")
    ins = tuple(axis for axis, letter in enumerate(weight) if letter in data and letter not in result)
    outs = tuple(axis for axis, letter in enumerate(weight) if letter in result and letter not in data)
    stack = tuple(axis for axis, letter in enumerate(weight) if letter in result and letter in data)
    if len(ins) + len(outs) + len(stack) < len(weight) or not outs:
        return Kind("unknown", sizes=shape, note=f"its einsum {text} has an axis of no use known here")
    return Kind("weight", Layout(outs, ins, stack), shape)


def _conv(owner: Any, name: str, place: Place) -> Kind | None:
    kernel = _tuple(owner.kernel_size)
    outputs = getattr(owner, "out_features", None) or getattr(owner, "features", None)
    groups = int(getattr(owner, "feature_group_count", 1))
    inputs = getattr(owner, "in_features", None)
    count = len(kernel)
    if name == "bias":
        return Kind("bias", sizes=(outputs,))
    if name != "kernel":
        return None
    channels = None if inputs is None else inputs // groups
    layout = Layout((count + 1,), (count,), groups=groups, stride=alike(each(owner.strides, count)))
    return _gate(place, Kind("weight", layout, (*kernel, channels, outputs)))


def _conv_transpose(owner: Any, name: str, place: Place) -> Kind | None:
    kernel = _tuple(owner.kernel_size)
    outputs = getattr(owner, "out_features", None) or getattr(owner, "features", None)
    inputs, count = getattr(owner, "in_features", None), len(kernel)
    if name == "bias":
        return Kind("bias", sizes=(outputs,))
    if name != "kernel":
        return None
    strides = each(owner.strides, count)
    swapped = bool(getattr(owner, "transpose_kernel", False))
    out, into = (count, count + 1) if swapped else (count + 1, count)
    channels = (outputs, inputs) if swapped else (inputs, outputs)
    layout = Layout((out,), (into,), stride=alike(strides), transposed=True)
    return Kind("weight", layout, (*kernel, *channels), checkerboard(kernel, strides))


def _conv_local(owner: Any, name: str, place: Place) -> Kind | None:
    """A layer of its own at every position of the output: (positions, kernel × inputs, outputs)."""
    count = len(_tuple(owner.kernel_size))
    positions = tuple(range(count))
    if name == "kernel":
        return Kind("weight", Layout((count + 1,), (count,), positions), (None,) * (count + 1) + (owner.features,))
    if name == "bias":
        return Kind("bias", Layout((count,), (), positions), (None,) * count + (owner.features,))
    return None


def _embed(owner: Any, name: str, place: Place) -> Kind | None:
    sizes = (owner.num_embeddings, owner.features)
    return Kind("lookup", LAYOUTS["rows_out"], sizes) if name == "embedding" else None


def _norm(owner: Any, name: str, place: Place) -> Kind | None:
    return {"scale": Kind("norm scale", start=1.0), "bias": Kind("norm shift", start=0.0)}.get(name)


def _scale_of_weights(owner: Any, name: str, place: Place) -> Kind | None:
    """A wrapper that normalizes another layer's weights and has their scale."""
    return Kind("norm scale", start=1.0) if name.endswith("scale") or "scale" in place.steps else None


def _prelu(owner: Any, name: str, place: Place) -> Kind | None:
    start = getattr(owner, "negative_slope_init", 0.01)
    return Kind("slope", sizes=(), start=float(start)) if name == "negative_slope" else None


def _lora(owner: Any, name: str, place: Place) -> Kind | None:
    inputs, outputs = getattr(owner, "in_features", None), getattr(owner, "out_features", None)
    if name == "lora_a":
        return Kind("weight", Layout((1,), (0,)), (inputs, None))
    note = "it starts at zero, so that the layer starts as the one it adapts"
    return Kind("layer scale", Layout((1,), (0,)), (None, outputs), note, start=0.0) if name == "lora_b" else None


# a cell's class -> how many gates; the names of its layers say which side and which gate they are
CELLS = {"LSTMCell": 4, "OptimizedLSTMCell": 4, "ConvLSTMCell": 4, "GRUCell": 3, "MGUCell": 2, "SimpleCell": 1}
_FUSED = ("dense_i", "dense_h", "ih", "hh")


def _cell(place: Place) -> tuple[str, int, str] | None:
    """The class and gates of the cell that has this layer, and the layer's name in it."""
    modules = place.modules
    if len(modules) < 2:
        return None
    for kind in of_class(modules[-2], "flax"):
        if kind in CELLS:
            return kind, CELLS[kind], place.steps[-2]
    return None


def _gate(place: Place, kind: Kind) -> Kind:
    """A layer inside a recurrent cell: a gate's weight from the inputs, or from the state."""
    cell = _cell(place)
    if cell is None or kind.layout is None:
        return kind
    name, gates, layer = cell
    from_state = layer == "dense_h" or layer.startswith("h")
    note = ""
    layout = kind.layout
    if layer in _FUSED and gates > 1:
        note = "blocks input, cell, forget, output" if name == "ConvLSTMCell" else GATES[gates]
        layout = Layout(
            layout.out_axes, layout.in_axes, stride=layout.stride, blocks=(layout.out_axes[0], gates)
        )  # fmt: skip
    role = "recurrent" if from_state else "gate weight"
    if name == "ConvLSTMCell" and from_state:
        role = "gate weight"  # a convolution: no orthogonal matrix
    return kind._replace(role=role, layout=layout, note=note)


def _gate_bias(place: Place, kind: Kind) -> Kind:
    cell = _cell(place)
    if cell is None or cell[0] not in ("LSTMCell", "OptimizedLSTMCell"):
        return kind
    if cell[2] == "dense_h":
        return kind._replace(role="forget bias", layout=Layout((0,), blocks=(0, 4)))
    return kind._replace(role="forget bias", layout=Layout((0,))) if cell[2] == "hf" else kind


def _wrapped(kind: Kind, modules: tuple[Any, ...]) -> Kind:
    """A weight that a wrapper normalizes after it was drawn."""
    for wrapper in modules[:-1]:
        names = [name for name in of_class(wrapper, "flax") if name in ("SpectralNorm", "WeightNorm")]
        if names and kind.role == "weight":
            return kind._replace(note="; ".join(filter(None, (kind.note, f"{names[0]} changes its scale afterwards"))))
    return kind


def _tuple(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


KINDS: dict[str, Rule] = {
    "Dense": _dense, "DenseParams": _dense, "Linear": _dense, "DenseGeneral": _several, "LinearGeneral": _several,
    "Einsum": _einsum, "Conv": _conv, "ConvLocal": _conv_local, "ConvTranspose": _conv_transpose, "Embed": _embed,
    "BatchNorm": _norm, "LayerNorm": _norm, "RMSNorm": _norm, "GroupNorm": _norm, "InstanceNorm": _norm,
    "WeightNorm": _scale_of_weights, "PReLU": _prelu, "LoRA": _lora,
}  # fmt: skip
