"""The numbers of one entry of a plan, or of a part of it: what every adapter and every file of weights holds."""

from __future__ import annotations

from typing import Any

from headstart.draws.arrays import draw_array
from headstart.draws.rectangles import Region
from headstart.draws.untraced import untraced
from headstart.plans import Entry


@untraced
def draw_entry(
    entry: Entry,
    seed: int,
    dtype: Any = "float32",
    *,
    region: Region | None = None,
    out: Any = None,
    backend: str | None = None,
    device: Any = None,
    threads: int | None = None,
) -> Any:
    """The numbers that a plan gives a parameter: the same bits whoever asks, and however it is cut.

    Args:
        entry: of a plan.
        seed, dtype, region, out, backend, device, threads: as `draw_array` has them; a region is of the stored shape.

    Raises:
        InputError: as `draw_array`, with the parameter's name.

    >>> from headstart.plans import Parameter, plan_parameters
    >>> entry = plan_parameters([Parameter("weight", (4, 3))], "he")["weight"]
    >>> bool((draw_entry(entry, 0, region=[(1, 2), (0, 3)]) == draw_entry(entry, 0)[1:2]).all())
    True
    """
    draws = entry.draws if len(entry.draws) > 1 else entry.draw
    return draw_array(
        draws, entry.shape, seed, entry.key, entry.stream_role, dtype, layout=entry.layout, region=region, out=out,
        backend=backend, device=device, threads=threads,
    )  # fmt: skip
