"""What an equation's settings say in the graph's words: letters of a product, axes of a convolution, axes of a sum."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from headstart.graph.values import Value

HIDES = -1e4  # what logits are filled with that no row shall see is below this


class Said(NamedTuple):
    """What there is to say besides the primitive's row; "" and () where the row says it."""

    word: str = ""
    call: str = ""
    slots: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = {}


def described(
    name: str, params: Mapping[str, Any], operands: Sequence[Value], out: Sequence[int], numbers: Mapping[int, float]
) -> Said:
    """What an equation does.

    Args:
        operands: the values it takes. out: the shape of what it makes. numbers: constants of one number.
    """
    rule = _RULES.get(name)
    return Said() if rule is None else rule(params, operands, out, numbers)


def _product(params: Mapping[str, Any], operands: Sequence[Value], out: Any, numbers: Any) -> Said:
    (contracted, batch) = params["dimension_numbers"]
    left, right = operands
    equation = letters(contracted, batch, len(left.shape), len(right.shape))
    attributes = {"equation": equation}
    weights = [place for place, operand in enumerate(operands) if operand.kind == "weight"]
    if len(weights) == 1 and "data" in {left.kind, right.kind} and not batch[0] and len(contracted[0]) == 1:
        (place,) = weights
        weight, data = operands[place], operands[1 - place]
        last = contracted[1 - place][0] == len(data.shape) - 1
        if len(weight.shape) == 2 and last and (place == 1 or len(data.shape) == 1):
            slots = ("input", "weight") if place == 1 else ("weight", "input")
            return Said("linear", "linear", slots, attributes)
    return Said("einsum", "einsum", ("operands 0", "operands 1"), attributes)


def letters(contracted: Any, batch: Any, left: int, right: int) -> str:
    """A product of two arrays as an einsum's equation.

    >>> letters(((2,), (0,)), ((), ()), 3, 2)
    'abc,cd->abd'
    """
    alphabet = iter(string.ascii_letters)
    first = [next(alphabet) for _ in range(left)]
    second: list[str] = [""] * right
    for a, b in (*zip(*batch, strict=True), *zip(*contracted, strict=True)):
        second[b] = first[a]
    second = [letter or next(alphabet) for letter in second]
    shared = [first[a] for a in batch[0]]
    rest = [x for x in first if x not in second] + [x for x in second if x not in first]
    return f"{''.join(first)},{''.join(second)}->{''.join(shared + rest)}"


def _convolution(params: Mapping[str, Any], operands: Sequence[Value], out: Any, numbers: Any) -> Said:
    spec = params["dimension_numbers"]
    spread = tuple(map(int, params["lhs_dilation"]))
    dilation = tuple(map(int, params["rhs_dilation"]))
    kernel = [operands[1].shape[axis] for axis in spec.rhs_spec[2:]]
    low = [int(pad[0]) for pad in params["padding"]]
    transposed = any(step > 1 for step in spread)
    stride = spread if transposed else tuple(map(int, params["window_strides"]))
    if transposed:  # as what is cut off the ends of the whole
        low = [d * (k - 1) - pad for d, k, pad in zip(dilation, kernel, low, strict=True)]
    attributes = {
        "axes": tuple(map(int, spec.lhs_spec)), "weight_axes": tuple(map(int, spec.rhs_spec)),
        "out_axes": tuple(map(int, spec.out_spec)), "stride": stride, "padding": tuple(low), "dilation": dilation,
        "groups": int(params["feature_group_count"]),
    }  # fmt: skip
    if int(params.get("batch_group_count", 1)) > 1:
        return Said("other", "", (), attributes)
    word, dims = ("transposed convolution", "conv_transpose") if transposed else ("convolution", "conv")
    return Said(word, f"{dims}{len(kernel)}d", ("input", "weight"), attributes)


def _reduced(params: Mapping[str, Any], operands: Any, out: Any, numbers: Any) -> Said:
    return Said(attributes={"dim": tuple(int(axis) for axis in params["axes"])})


def _running(params: Mapping[str, Any], operands: Any, out: Any, numbers: Any) -> Said:
    return Said(attributes={"dim": int(params["axis"])})


def _window(params: Mapping[str, Any], operands: Any, out: Any, numbers: Any) -> Said:
    sizes = tuple(map(int, params["window_dimensions"]))
    axes = tuple(axis for axis, size in enumerate(sizes) if size > 1)
    return Said(attributes={
        "kernel_size": tuple(sizes[axis] for axis in axes), "pooled": axes,
        "stride": tuple(int(params["window_strides"][axis]) for axis in axes),
    })  # fmt: skip


def _where(params: Any, operands: Sequence[Value], out: Any, numbers: Mapping[int, float]) -> Said:
    """As `where`; as `masked_fill` where the condition says what is hidden."""
    if len(operands) != 3:
        return Said(slots=("condition", *(f"tensors {place}" for place in range(len(operands) - 1))))
    hides = numbers.get(operands[2].number, 0.0) < HIDES
    return Said(call="masked_fill" if hides else "where", slots=("condition", "other", "input"))


def _rows(params: Mapping[str, Any], operands: Sequence[Value], out: Any, numbers: Any) -> Said:
    """Rows picked along one axis: a table read."""
    numbered, sizes, table = params["dimension_numbers"], params["slice_sizes"], operands[0].shape
    picked = tuple(numbered.start_index_map)
    batched = getattr(numbered, "operand_batching_dims", ())
    whole = all(size == of for axis, (size, of) in enumerate(zip(sizes, table, strict=True)) if axis not in picked)
    if len(picked) == 1 and tuple(numbered.collapsed_slice_dims) == picked and whole and not batched:
        axis = int(picked[0])
        if operands[0].kind == "weight" and len(table) > 1:
            return Said("embedding", "embedding", ("weight", "input"), {"axis": axis})
        return Said(call="index_select", attributes={"dim": axis})
    return Said()


_RULES: dict[str, Callable[..., Said]] = {
    "dot_general": _product, "conv_general_dilated": _convolution, "select_n": _where, "gather": _rows,
    **{f"reduce_{name}": _reduced for name in ("sum", "max", "min", "prod", "and", "or", "xor")},
    **dict.fromkeys(("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"), _running),
    **{f"reduce_window_{name}": _window for name in ("sum", "max", "min")},
    "concatenate": lambda params, *_: Said(attributes={"dim": int(params["dimension"])}),
    "split": lambda params, *_: Said(attributes={"dim": int(params["axis"])}),
    "integer_pow": lambda params, *_: Said(attributes={"exponent": int(params["y"])}),
    "broadcast_in_dim": lambda params, *_: Said(attributes={"places": tuple(map(int, params["broadcast_dimensions"]))}),
    "transpose": lambda params, *_: Said(attributes={"dims": tuple(map(int, params["permutation"]))}),
}  # fmt: skip
