"""`hs.sample`: the weights of one layer from a scheme, without any model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headstart.draws.arrays import draw_array
from headstart.draws.rectangles import Region
from headstart.draws.untraced import untraced
from headstart.layout import Layout, check_shape
from headstart.schemes import Constant, Draw, Scheme, scheme


@untraced
def sample(
    spec: str | Scheme,
    shape: Sequence[int],
    seed: int = 0,
    name: str = "w",
    layout: str | Layout = "out_in",
    activation: Any = None,
    dtype: Any = "float32",
    region: Region | None = None,
    out: Any = None,
    backend: str | None = None,
    *,
    device: Any = None,
    threads: int | None = None,
    role: str = "weight",
) -> Any:
    """The weights a scheme gives to a layer of this shape: the same bits from the same arguments, everywhere.

    Args:
        spec: a scheme or its spec string.
        shape: the weight's whole shape; a size of 0 gives an empty array.
        seed: 0 to 2^64 - 1; the same seed and name give the same weights.
        name: the parameter's name. Each slice of a stack is drawn under a name of its own: its index takes the place
            of the `*` in "layers.*.weight", or else is appended, "experts.weight.0".
        layout: "out_in" (PyTorch), "in_out" (JAX, Keras), another name in `layout.LAYOUTS`, or a `Layout` with stack
            axes, groups, stride and blocks; the numbers are the same, transposed.
        activation: what follows the layer, for a scheme that adapts to it; the named schemes do not.
        dtype: float32, float64, float16 or bfloat16; 16-bit weights are the float32 ones rounded.
        region: one (start, stop) or slice per axis: only this part of the weight, at the cost of the part.
        out: fill this array or torch tensor in place, with no temporary of its size, and return it.
        backend: "numba" or "numpy" for a NumPy array, "torch" for a tensor, "jax" for a JAX array; None for the library
            that `out` or `device` belongs to, or else "numba".
        device: of the torch tensor ("cuda", a torch.device); or the JAX device or sharding.
        threads: at most so many; the number changes no bit.
        role: which stream of that name: "weight", or "bias" for what a plan draws for a bias.

    Returns:
        The array, of shape `shape` or of the region's shape.

    Raises:
        InputError: an argument breaks these rules, or the shape has no fans for a scheme that needs them.

    >>> weights = sample("he", (256, 128), seed=0)
    >>> weights.dtype, weights.shape, abs(float(weights.std()) - (2 / 128) ** 0.5) < 0.001
    (dtype('float32'), (256, 128), True)
    >>> part = sample("he", (256, 128), seed=0, region=[(10, 12), (0, 128)])
    >>> bool((part == weights[10:12]).all())
    True
    """
    rule, sizes = scheme(spec), check_shape(shape)
    if 0 in sizes:
        draws: Draw | tuple[Draw, ...] = Constant(0.0)  # nothing to draw; the other arguments are checked all the same
    else:
        draws = rule.draws(sizes, layout, None if activation is None else str(activation))
        draws = draws[0] if len(draws) == 1 else draws
    return draw_array(
        draws, sizes, seed, name, role, dtype, layout=layout, region=region, out=out, backend=backend, device=device,
        threads=threads,
    )  # fmt: skip
