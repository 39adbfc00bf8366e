"""Which backend is meant: the one that is named, or the library that `out` or `device` belongs to."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from headstart.errors import InputError, unknown

BACKENDS = ("numpy", "numba", "torch", "jax")
DEFAULT = "numba"


def backend_for(backend: str | None, out: Any, device: Any) -> str:
    """The backend of a call.

    Args:
        backend: its name, or None.
        out: a buffer to fill, or None; a torch tensor means torch.
        device: None, a torch device or its name ("cuda", "meta"), a JAX device or a sharding.

    Raises:
        InputError: an unknown name, or arguments that belong to different libraries.

    >>> backend_for(None, None, None), backend_for(None, None, "cpu"), backend_for("numpy", np.empty(3), None)
    ('numba', 'torch', 'numpy')
    """
    if backend is not None and backend not in BACKENDS:
        raise unknown("backend", str(backend), BACKENDS)
    if out is None and device is None:
        return backend or DEFAULT
    of_out, of_device = _library_of(out), _library_of(device)
    means = {
        library: told
        for library, told in (
            ("numpy" if backend == "numba" else backend, f"backend={backend!r}"),
            (of_out, f"out={type(out).__name__}"),
            (of_device, f"device={device!r}"),
        )
        if library is not None
    }
    if len(means) > 1:
        raise InputError(
            f"backend, out and device must mean one library, got {' and '.join(means.values())}. "
            "Name the backend alone, or leave it away."
        )
    if backend is None and isinstance(device, str):
        return "torch" if of_out in (None, "torch") else DEFAULT  # which refuses the device
    library = next(iter(means), None)
    return backend or (DEFAULT if library in (None, "numpy") else library)


def _library_of(value: Any) -> str | None:
    """The library a buffer or a device belongs to; None where it does not say, as a device's name does not.

    A library that is not loaded has made nothing, so none is imported.
    """
    if isinstance(value, np.ndarray):
        return "numpy"
    torch, jax = sys.modules.get("torch"), sys.modules.get("jax")
    if torch is not None and isinstance(value, (torch.Tensor, torch.device)):
        return "torch"
    if jax is not None and isinstance(value, (jax.Array, jax.Device, jax.sharding.Sharding)):
        return "jax"
    return None
