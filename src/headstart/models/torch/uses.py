"""How an operation uses its weights: which axes are outputs, inputs, stack and rows, read from the operation itself.

The rules speak of the axes of the array that the operation was given; `translated` says what those are in the
parameter it is a view of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headstart.graph.uses import Axes, Operand, translated
from headstart.graph.values import Op, Use, Value

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
COMPUTED = "its values are computed from parameters, so it has no axes of its own"


def uses_of(op: Op, arguments: Mapping[str, Any], operands: Sequence[Operand], values: Sequence[Value]) -> list[Use]:
    """The uses of parameters in one operation."""
    found = []
    for operand in operands:
        axes = _axes(op, operand, arguments, values)
        if axes is None:
            continue
        for parameter in sorted(operand.parameters):
            if operand.view is None:
                found.append(Use(parameter, op.index, axes.slot, None, None, COMPUTED))
            else:
                layout, note = translated(axes, operand.view)
                found.append(Use(parameter, op.index, axes.slot, layout, operand.view.part, note or axes.note))
    return found


def _axes(op: Op, operand: Operand, arguments: Mapping[str, Any], values: Sequence[Value]) -> Axes | None:
    """What an operation does with one of its weights; None for what only passes it on."""
    rule = _RULES.get(op.name)
    if rule is not None:
        return rule(op, operand, arguments, values)
    has_data = any(values[value].kind == "data" for _, value in op.inputs)
    return (
        Axes("other", note=f"used by {op.call}, which nobody here knows") if has_data and op.name == "other" else None
    )


# --- weighted operations --------------------------------------------------------------------------------------------


def _linear(op: Op, operand: Operand, arguments: Any, values: Any) -> Axes:
    if operand.slot != "weight":
        return Axes("bias")
    return Axes(out=(0,), ins=(1,)) if len(operand.shape) == 2 else Axes(ins=(0,))


def _convolution(op: Op, operand: Operand, arguments: Mapping[str, Any], values: Any) -> Axes:
    if operand.slot != "weight":
        return Axes("bias")
    rest = {"groups": int(arguments.get("groups", 1)), "stride": arguments.get("stride", 1)}
    rest["stride"] = rest["stride"] if isinstance(rest["stride"], int) else tuple(rest["stride"])
    if isinstance(rest["stride"], tuple) and len(set(rest["stride"])) == 1:
        rest["stride"] = rest["stride"][0]
    if op.name == "convolution":
        return Axes(out=(0,), ins=(1,), rest=rest)
    return Axes(out=(1,), ins=(0,), rest=rest | {"transposed": True, "groups_on": "in"})


def _bilinear(op: Op, operand: Operand, arguments: Any, values: Any) -> Axes:
    return Axes(out=(0,), ins=(1,)) if operand.slot == "weight" else Axes("bias")  # the second input is its field


def _embedding(op: Op, operand: Operand, arguments: Any, values: Any) -> Axes:
    return Axes("lookup", out=(1,), lookup=(0,)) if operand.slot == "weight" else Axes("scale")


def _matmul(op: Op, operand: Operand, arguments: Any, values: Sequence[Value]) -> Axes:
    if operand.slot == "bias":
        return Axes("bias")
    both = {slot: values[value] for slot, value in op.inputs}
    others = [value for slot, value in both.items() if slot not in (operand.slot, "bias")]
    if others and others[0].parameters == operand.parameters:  # a norm of its own, as spectral norm takes
        return Axes("other", note="multiplied with itself")
    if others and others[0].kind == "constant":
        return Axes("other", note="multiplied with constants")
    last = len(operand.shape) - 1
    if last == 0:
        return Axes(ins=(0,))
    stack = tuple(axis for axis in range(last - 1) if operand.shape[axis] > 1)
    left = operand.slot == "input"  # W x: (..., out, in); x W: (..., in, out)
    if others and others[0].kind == "weight":  # a product of two weights acts as (out, rank) (rank, in)
        return Axes(out=(last - 1,), ins=(last,), stack=stack)
    return Axes(out=(last - 1,) if left else (last,), ins=(last,) if left else (last - 1,), stack=stack)


def _einsum(op: Op, operand: Operand, arguments: Mapping[str, Any], values: Any) -> Axes:
    equation = arguments.get("equation")
    place = int(operand.slot.partition(" ")[2] or 0)
    if not isinstance(equation, str):
        return Axes("weight", note="an einsum by numbers of axes")
    terms, _, result = equation.replace(" ", "").partition("->")
    parts = terms.split(",")
    own, others = parts[place], "".join(parts[:place] + parts[place + 1 :])
    if not result and "->" not in equation:
        letters = terms.replace(",", "").replace(".", "")
        result = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    if "." in own or len(set(own)) < len(own):
        return Axes("weight", note=f"the axes {own!r} in einsum {equation!r} are not one use each")
    found: dict[str, list[int]] = {"out": [], "in": [], "stack": []}
    for axis, letter in enumerate(own):
        in_others, in_result = letter in others, letter in result
        use = "stack" if in_others and in_result else "out" if in_result else "in"
        found[use].append(axis)
    return Axes(out=tuple(found["out"]), ins=tuple(found["in"]), stack=tuple(found["stack"]))


def _recurrent(op: Op, operand: Operand, arguments: Any, values: Sequence[Value]) -> Axes:
    if len(operand.shape) == 1:
        return Axes("bias")
    matrices = [(slot, values[value].shape) for slot, value in op.inputs if slot.startswith(("weights", "w_"))]
    matrices = [(slot, shape) for slot, shape in matrices if len(shape) == 2]
    rows = matrices[0][1][0]  # of all gates
    if operand.shape[0] != rows:  # what an LSTM's output is projected with
        return Axes(out=(0,), ins=(1,))
    gates = GATES.get(op.call.removesuffix("_cell"), 1)
    pairs = [slot for slot, shape in matrices if shape[0] == rows]  # input, recurrent, input, recurrent, ...
    hidden = pairs.index(operand.slot) % 2 == 1
    rest = {"blocks": (0, gates)} if gates > 1 else {}
    return Axes("recurrent" if hidden else "weight", out=(0,), ins=(1,), rest=rest)


def _attention_layer(op: Op, operand: Operand, arguments: Any, values: Any) -> Axes:
    if operand.slot == "in_proj_weight":
        return Axes(out=(0,), ins=(1,), rest={"blocks": (0, 3)})
    if operand.slot.endswith("weight"):
        return Axes(out=(0,), ins=(1,))
    return Axes("token" if operand.slot in ("bias_k", "bias_v") else "bias")


# --- other operations -----------------------------------------------------------------------------------------------


def _norm(op: Op, operand: Operand, arguments: Any, values: Any) -> Axes | None:
    return {"weight": Axes("scale"), "bias": Axes("shift")}.get(operand.slot)


def _pointwise(op: Op, operand: Operand, arguments: Any, values: Sequence[Value]) -> Axes | None:
    if not any(values[value].kind == "data" for _, value in op.inputs):
        return None
    if operand.slot == "slope":
        return Axes("slope")
    if op.name in ("multiply", "divide"):
        return Axes("scale")
    if op.name in ("add", "subtract"):
        return Axes("bias" if sum(size > 1 for size in operand.shape) <= 1 else "table")
    return Axes("slope")


def _slice(op: Op, operand: Operand, arguments: Any, values: Sequence[Value]) -> Axes | None:
    """Rows picked by an array of indices; what slices alone do is a view."""
    kinds = [values[value].kind for slot, value in op.inputs if slot != "input"]
    if operand.slot != "input" or not kinds:
        return None
    rest = tuple(range(1, len(operand.shape)))
    return Axes("lookup" if "data" in kinds else "table", out=rest, lookup=(0,))


def _joined(op: Op, operand: Operand, arguments: Any, values: Sequence[Value]) -> Axes | None:
    return Axes("token") if any(values[value].kind == "data" for _, value in op.inputs) else None


_RULES = {
    "linear": _linear, "convolution": _convolution, "transposed convolution": _convolution, "bilinear": _bilinear,
    "embedding": _embedding, "embedding bag": _embedding, "matmul": _matmul, "einsum": _einsum,
    "recurrent": _recurrent, "attention layer": _attention_layer, "norm": _norm, "pointwise": _pointwise,
    "multiply": _pointwise, "divide": _pointwise, "add": _pointwise, "subtract": _pointwise, "slice": _slice,
    "concatenate": _joined, "stack": _joined, "write": _joined, "attention": _joined,
}  # fmt: skip
