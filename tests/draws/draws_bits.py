"""The bits of an array of any library, and one call that draws on all four backends."""

from __future__ import annotations

from typing import Any

import numpy as np

from headstart.draws import BACKENDS, draw_array
from headstart.draws.recipes import recipe
from headstart.draws.rectangles import rectangle
from headstart.draws.streams import stream


def bits(array: Any) -> np.ndarray:
    """The bit patterns as unsigned integers, in row-major order of the array's shape."""
    if type(array).__module__.startswith("torch"):
        import torch

        array = array.detach().contiguous()
        array = (array.view(torch.int16) if array.element_size() == 2 else array).numpy()
    array = np.array(array, order="C")
    return array.view(f"u{array.itemsize}")


def on_all_backends(
    draw: Any, shape: tuple[int, ...], seed: int, name: str, dtype: str = "float32", **more: Any
) -> dict:
    """backend -> bits; "torch" is the compiled kernel in a tensor's memory, "torch operations" the portable way."""
    import jax

    from headstart.draws.backends import torch_backend

    found = {}
    for backend in BACKENDS:
        with jax.enable_x64(dtype == "float64"):
            found[backend] = bits(draw_array(draw, shape, seed, name, dtype=dtype, backend=backend, **more))
    where = rectangle(shape, more.get("layout", "out_in"), more.get("region"))
    found["torch operations"] = bits(torch_backend.weights(recipe(draw, dtype), stream(seed, name), where))
    return found
