"""JAX's primitives: the canonical word of each, the name it goes by, and its operands' names. The table that grows.

A primitive that is not here is "other": it is shown, and it stops every walk. Names are those that laws and rules of
the graph know, so that one operation has one name in every framework.
"""

from __future__ import annotations

from typing import NamedTuple


class Known(NamedTuple):
    """A primitive: its canonical word, its operands' names in order, and the name it goes by ("": the primitive's)."""

    word: str
    slots: tuple[str, ...] = ()
    call: str = ""


_TWO = ("input", "other")
_ONE = ("input",)
_INDEX = ("input", "index", "index", "index", "index", "index", "index", "index")

OPS: dict[str, Known] = {
    "dot_general": Known("einsum", _TWO),
    "ragged_dot": Known("matmul", ("input", "other", "sizes")),
    "ragged_dot_general": Known("matmul", ("input", "other", "sizes")),
    "conv_general_dilated": Known("convolution", ("input", "weight")),
    "add": Known("add", _TWO),
    "add_any": Known("add", _TWO, "add"),
    "sub": Known("subtract", _TWO),
    "mul": Known("multiply", _TWO),
    "div": Known("divide", _TWO),
    **{name: Known("pointwise", _ONE) for name in (
        "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "bessel_i0e", "bessel_i1e", "cbrt", "ceil", "clz",
        "cos", "cosh", "digamma", "erf", "erf_inv", "erfc", "exp", "exp2", "expm1", "floor", "imag", "integer_pow",
        "is_finite", "lgamma", "log", "log1p", "logistic", "neg", "not", "population_count", "real", "round",
        "rsqrt", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh")},
    **{name: Known("pointwise", _TWO) for name in (
        "and", "atan2", "eq", "ge", "gt", "igamma", "igammac", "le", "lt", "ne", "nextafter", "or", "pow", "rem",
        "shift_left", "shift_right_arithmetic", "shift_right_logical", "xor", "eq_to", "le_to", "lt_to")},
    "max": Known("pointwise", _TWO, "maximum"),
    "min": Known("pointwise", _TWO, "minimum"),
    "select_n": Known("pointwise", ("condition", "input", "other"), "where"),
    "clamp": Known("pointwise", ("low", "input", "high")),
    "broadcast_in_dim": Known("expand", _ONE),
    "reshape": Known("reshape", _ONE),
    "squeeze": Known("reshape", _ONE),
    "expand_dims": Known("reshape", _ONE),
    "transpose": Known("permute", _ONE),
    "rev": Known("permute", _ONE, "flip"),
    "slice": Known("slice", _ONE),
    "dynamic_slice": Known("slice", _INDEX),
    "gather": Known("slice", ("input", "index")),
    "split": Known("split", _ONE),
    "concatenate": Known("concatenate", ()),
    "pad": Known("pad", ("input", "value")),
    "dynamic_update_slice": Known("write", ("input", "other", "index")),
    "scatter": Known("write", ("input", "index", "other")),
    "scatter-add": Known("write", ("input", "index", "other"), "index_add"),
    "scatter_add": Known("write", ("input", "index", "other"), "index_add"),
    **{name: Known("identity", _ONE) for name in (
        "convert_element_type", "copy", "copy_p", "reduce_precision", "name", "sharding_constraint",
        "layout_constraint", "optimization_barrier", "device_put", "pvary", "mesh_cast", "reshard")},
    "stop_gradient": Known("identity", _ONE),
    "reduce_sum": Known("reduce", _ONE, "sum"),
    "reduce_max": Known("reduce", _ONE, "amax"),
    "reduce_min": Known("reduce", _ONE, "amin"),
    "reduce_prod": Known("reduce", _ONE, "prod"),
    **{name: Known("reduce", _ONE) for name in (
        "cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp", "reduce_and", "reduce_or", "reduce_xor")},
    "reduce_window_sum": Known("pool", _ONE, "sum_pool"),
    "reduce_window_max": Known("pool", _ONE, "max_pool"),
    "reduce_window_min": Known("pool", _ONE, "min_pool"),
    "reduce_window": Known("pool", ("input", "value")),
    "psum": Known("identity", _ONE),
    "pmean": Known("identity", _ONE),
}  # fmt: skip

# what runs a function inside itself once, on all that it takes: looked into
CALLS = frozenset({
    "jit", "pjit", "closed_call", "core_call", "call", "custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr",
    "remat", "remat2", "checkpoint", "custom_vmap_call", "custom_lin", "core_closed_call", "xla_call", "named_call",
})  # fmt: skip
# what makes numbers of nothing but a key, whatever comes in
RANDOM = frozenset({
    "random_seed", "random_wrap", "random_unwrap", "random_bits", "random_fold_in", "random_split", "random_clone",
    "random_gamma", "threefry2x32", "rng_bit_generator", "rng_uniform",
})  # fmt: skip


def known(primitive: str) -> Known:
    """The row of a primitive."""
    return OPS.get(primitive, Known("other"))


def slots_of(primitive: str, count: int) -> tuple[str, ...]:
    """The names of so many operands."""
    slots = known(primitive).slots
    if primitive == "concatenate" or not slots:
        return tuple(
            f"tensors {place}" if primitive == "concatenate" else f"argument {place}" for place in range(count)
        )
    return tuple(slots[place] if place < len(slots) else f"argument {place}" for place in range(count))
