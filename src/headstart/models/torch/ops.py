"""PyTorch's operations: the canonical word of each, and the names of its operands by position. The table that grows.

A name that is not here is "other": it is shown, and it stops every walk. Functions written in Python are bound by
their own signature; those of the C library have none, so theirs stand here.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Known(NamedTuple):
    """An operation: its canonical word, and its operands' names in order."""

    word: str
    slots: tuple[str, ...] = ()


_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_TRANSPOSED = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
_CELL = ("input", "hx", "w_ih", "w_hh", "b_ih", "b_hh")
_TWO = ("input", "other")

OPS: dict[str, Known] = {
    "linear": Known("linear", ("input", "weight", "bias")),
    "bilinear": Known("bilinear", ("input1", "input2", "weight", "bias")),
    **{f"conv{d}d": Known("convolution", _CONVOLUTION) for d in (1, 2, 3)},
    **{f"conv_transpose{d}d": Known("transposed convolution", _TRANSPOSED) for d in (1, 2, 3)},
    "embedding": Known("embedding", ("input", "weight", "padding_idx")),
    "embedding_bag": Known("embedding bag", ("input", "weight", "offsets")),
    **{name: Known("matmul", _TWO) for name in (
        "matmul", "mm", "bmm", "mv", "dot", "inner", "__matmul__", "_grouped_mm")},
    "__rmatmul__": Known("matmul", ("other", "input")),
    "addmm": Known("matmul", ("bias", "input", "other")),
    "addmm_": Known("matmul", ("bias", "input", "other")),
    "addmv": Known("matmul", ("bias", "input", "other")),
    "baddbmm": Known("matmul", ("bias", "input", "other")),
    "addbmm": Known("matmul", ("bias", "input", "other")),
    "einsum": Known("einsum", ("equation", "operands")),
    "tensordot": Known("tensordot", _TWO),
    **{name: Known("recurrent", ("input", "hx", "weights")) for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")},
    **{name: Known("recurrent", _CELL) for name in ("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")},
    "multi_head_attention_forward": Known("attention layer"),
    "scaled_dot_product_attention": Known("attention", ("query", "key", "value", "mask")),
    "batch_norm": Known("norm", ("input", "running_mean", "running_var", "weight", "bias", "training")),
    "instance_norm": Known("norm", ("input", "running_mean", "running_var", "weight", "bias")),
    "layer_norm": Known("norm", ("input", "normalized_shape", "weight", "bias", "eps")),
    "group_norm": Known("norm", ("input", "num_groups", "weight", "bias", "eps")),
    "rms_norm": Known("norm", ("input", "normalized_shape", "weight", "eps")),
    "normalize": Known("norm", ("input", "p", "dim", "eps")),
    "local_response_norm": Known("norm", ("input", "size")),
    "prelu": Known("pointwise", ("input", "slope")),
    **{name: Known("softmax", ("input",)) for name in ("softmax", "log_softmax", "softmin", "gumbel_softmax")},
    "glu": Known("glu", ("input", "dim")),
    **{name: Known("dropout", ("input", "p")) for name in (
        "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "dropout_")},
    **{name: Known("pool", ("input",)) for name in (
        "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d", "adaptive_avg_pool1d",
        "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
        "adaptive_max_pool3d", "lp_pool1d", "lp_pool2d", "fractional_max_pool2d", "interpolate", "upsample",
        "grid_sample", "boolean_dispatch", "fn")},
    **{name: Known("reduce", ("input",)) for name in (
        "mean", "sum", "amax", "max", "amin", "min", "logsumexp", "var", "std", "var_mean", "std_mean", "norm",
        "vector_norm", "linalg_vector_norm", "prod", "median", "nanmean", "cumsum")},
    **{name: Known("add", _TWO) for name in ("add", "__add__", "__radd__", "add_", "__iadd__")},
    **{name: Known("subtract", _TWO) for name in ("sub", "subtract", "__sub__", "sub_", "__isub__")},
    **{name: Known("subtract", ("other", "input")) for name in ("rsub", "__rsub__")},
    **{name: Known("multiply", _TWO) for name in ("mul", "multiply", "__mul__", "__rmul__", "mul_", "__imul__")},
    **{name: Known("divide", _TWO) for name in ("div", "divide", "true_divide", "__truediv__", "div_", "__itruediv__")},
    **{name: Known("divide", ("other", "input")) for name in ("__rtruediv__", "__rdiv__")},
    **{name: Known("concatenate", ("tensors", "dim")) for name in ("cat", "concat", "concatenate", "hstack", "vstack")},
    "stack": Known("stack", ("tensors", "dim")),
    **{name: Known("reshape", ("input",)) for name in (
        "reshape", "view", "flatten", "unflatten", "squeeze", "unsqueeze", "squeeze_", "unsqueeze_", "view_as",
        "reshape_as", "unfold", "fold", "pixel_shuffle", "pixel_unshuffle", "ravel", "atleast_2d")},
    **{name: Known("permute", ("input",)) for name in (
        "permute", "transpose", "transpose_", "t", "swapaxes", "movedim", "moveaxis", "T.__get__", "mT.__get__",
        "H.__get__", "roll", "flip", "channel_shuffle", "swapdims", "rot90", "adjoint")},
    **{name: Known("slice", ("input",)) for name in (
        "__getitem__", "narrow", "select", "index_select", "gather", "masked_select", "diagonal", "take_along_dim",
        "tril", "triu")},
    **{name: Known("split", ("input",)) for name in ("chunk", "split", "tensor_split", "unbind", "split_with_sizes",
                                                      "__iter__")},
    **{name: Known("expand", ("input",)) for name in ("expand", "expand_as", "repeat", "repeat_interleave", "tile",
                                                       "broadcast_to", "broadcast_tensors", "meshgrid")},
    **{name: Known("identity", ("input",)) for name in (
        "contiguous", "clone", "to", "type", "type_as", "float", "half", "bfloat16", "double", "detach", "cpu", "cuda",
        "requires_grad_", "data.__get__", "real.__get__", "alias", "identity", "checkpoint_name", "positive",
        "__deepcopy__", "as_strided", "pin_memory", "detach_", "as_subclass", "nan_to_num", "values")},
    **{name: Known("write", _TWO) for name in ("copy_", "index_add", "index_add_", "index_copy", "index_copy_",
                                                "scatter_add", "scatter_add_", "index_put", "index_put_", "scatter",
                                                "scatter_", "masked_scatter")},
    "__setitem__": Known("write", ("input", "index", "other")),
    "pad": Known("pad", ("input",)),
    **{name: Known("pointwise", ("input",)) for name in (
        "relu", "relu_", "relu6", "leaky_relu", "leaky_relu_", "elu", "elu_", "selu", "selu_", "celu", "celu_", "gelu",
        "silu", "silu_", "mish", "softplus", "softsign", "tanh", "tanh_", "sigmoid", "sigmoid_", "log_sigmoid",
        "hardtanh",
        "hardtanh_", "hardswish", "hardsigmoid", "logsigmoid", "tanhshrink", "softshrink", "hardshrink", "threshold",
        "threshold_",
        "rrelu", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "square", "pow", "__pow__", "pow_",
        "float_power", "sin", "cos", "tan", "sinh", "cosh", "asinh", "acosh", "atanh", "asin", "acos", "atan", "arctan",
        "erf", "erfc", "abs", "absolute", "neg", "__neg__", "sign", "sgn", "clamp", "clamp_", "clamp_min", "clamp_max",
        "clip", "reciprocal", "round", "floor", "ceil", "trunc", "frac", "sinc", "special_expit", "sin_", "exp_",
        "relu6_", "rsqrt_", "sqrt_", "square_", "neg_", "abs_", "reciprocal_", "clamp_min_", "clamp_max_", "nan_to_num",
        "logit", "heaviside", "exp2", "lerp", "zeros_like",
        "ones_like", "full_like")},
    **{name: Known("pointwise", _TWO) for name in (
        "maximum", "minimum", "fmax", "fmin", "where", "__rpow__", "atan2", "__gt__", "__lt__", "__ge__", "__le__",
        "gt", "lt", "ge", "le", "masked_fill", "masked_fill_", "xlogy", "logaddexp", "copysign", "remainder", "addcmul",
        "addcdiv")},
}  # fmt: skip
# properties and questions, which make no array of the signal
SILENT = frozenset({
    "size", "dim", "numel", "ndimension", "stride", "storage_offset", "is_contiguous", "data_ptr", "element_size",
    "__len__", "__repr__", "__str__", "__format__", "__hash__", "item", "tolist", "is_floating_point", "is_complex",
    "register_hook", "untyped_storage", "storage", "get_device", "type", "__bool__", "__int__", "__float__",
    "__index__",
    "__contains__", "is_same_size", "equal", "allclose", "numpy", "is_set_to", "is_shared", "has_names", "nelement",
    "is_nonzero", "register_post_accumulate_grad_hook", "retain_grad", "is_inference", "__dir__", "__reduce_ex__",
    "backward",
})  # fmt: skip
_MADE_BY_GET = frozenset({"T", "mT", "H", "mH", "data", "real", "imag"})


def name_of(function: Callable[..., Any]) -> str:
    """The name an operation goes by; a property that makes an array is NAME.__get__, another one is ""."""
    name: str = getattr(function, "__name__", "") or type(function).__name__
    if name == "__get__":
        of = getattr(getattr(function, "__self__", None), "__name__", "")
        return f"{of}.__get__" if of in _MADE_BY_GET else ""
    return "" if name in ("__set__", "__delete__") or name in SILENT else name


def bound(function: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The call's arguments by name; those beyond the names that are known are called by their place."""
    if name == "einsum":  # its operands are one list, or the rest of the arguments
        rest = args[1:]
        return {"equation": args[0], "operands": rest[0] if rest and isinstance(rest[0], (list, tuple)) else rest}
    names = OPS[name].slots if name in OPS and OPS[name].slots else _signature(function)
    found = {names[i] if i < len(names) else f"argument {i}": value for i, value in enumerate(args)}
    return found | dict(kwargs)


@functools.cache
def _signature(function: Callable[..., Any]) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()
