"""Arrays where their sharding puts them: each device's part is drawn alone, and nothing ever holds the whole.

A region of a weight equals that region of the whole, so no part needs to know another: no communication, and no shape
larger than a part. On the host's processor the compiled draws make each part; on other devices a program of that device
alone does, so that nothing passes through the host. Matrices (orthogonal) are made whole on the host, part by part cut.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from headstart.draws.rectangles import Region
from headstart.draws.weights import draw_entry
from headstart.errors import InputError
from headstart.plans import Entry
from headstart.schemes.distributions import OfShape

Index = tuple[slice, ...]


def draw_sharded(entry: Entry, seed: int, dtype: str, sharding: Any, threads: int | None = None) -> jax.Array:
    """The numbers of an entry, laid out as a sharding says: this process makes the parts of its own devices."""
    made: dict[tuple[tuple[int, int], ...], Any] = {}

    def part(device: Any, region: tuple[tuple[int, int], ...]) -> Any:
        key = region if device.platform == "cpu" else (*region, (device.id, device.id))
        if key not in made:
            made[key] = _part(entry, seed, dtype, region, device, threads)
        return _put(made[key], device, sharding)

    places = sharding.addressable_devices_indices_map(entry.shape)
    parts = [part(device, _spans(index, entry.shape)) for device, index in places.items()]
    return jax.make_array_from_single_device_arrays(
        entry.shape, sharding, parts, dtype=np.dtype(dtype) if parts else None
    )


def constrained(traced: jax.Array, sharding: Any) -> Any:
    """An array of a traced program where it shall lie: what the compiler is told."""
    kinds = getattr(getattr(sharding, "mesh", None), "axis_types", ())
    if not isinstance(sharding, jax.sharding.Sharding) or any(
        getattr(kind, "name", "") == "Explicit" for kind in kinds
    ):
        return jax.sharding.reshard(traced, sharding)  # type: ignore[no-untyped-call]  # likewise
    return jax.lax.with_sharding_constraint(traced, sharding)  # type: ignore[no-untyped-call]  # JAX leaves it untyped


def check_sharding(name: str, shape: tuple[int, ...], sharding: Any) -> None:
    """Refuse a sharding that does not fit the shape."""
    try:
        sharding.shard_shape(shape)
    except (ValueError, TypeError) as error:
        said = str(error).strip().partition("\n")[0]
        raise InputError(
            f"{name} of shape {shape} does not fit its sharding: {said}. Shard it along axes that the mesh divides."
        ) from None


def _part(
    entry: Entry, seed: int, dtype: str, region: tuple[tuple[int, int], ...], device: Any, threads: int | None
) -> Any:  # fmt: skip
    on_host = device.platform == "cpu" or any(isinstance(draw, OfShape) for draw in entry.draws)
    if on_host:
        return draw_entry(entry, seed, dtype, region=_region(region), backend="numba", threads=threads)
    return draw_entry(entry, seed, dtype, region=_region(region), backend="jax", device=device)


def _put(values: Any, device: Any, sharding: Any) -> Any:
    kind = sharding.memory_kind
    place = jax.sharding.SingleDeviceSharding(device, memory_kind=kind) if kind else device
    return jax.device_put(values, place)


def _region(spans: tuple[tuple[int, int], ...]) -> Region:
    return list(spans)


def _spans(index: Index, shape: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """(start, stop) of each axis."""
    return tuple(part.indices(size)[:2] for part, size in zip(index, shape, strict=True))
