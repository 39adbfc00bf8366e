"""What a checkpoint holds, to be compared with a plan: arrays stay on disk, but for the numbers that are looked at."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.models.checkpoints.safetensors import Stored, read_checkpoint
from headstart.plans.verified import Held, Index, Piece


def held(path: str | Path, wanted: Iterable[str]) -> dict[str, Held]:
    """Name -> what a safetensors file, a folder of shards or an index holds; names that it has not are left out.

    Raises:
        InputError: it cannot be read.
    """
    arrays = read_checkpoint(Path(path))
    return {name: _held(arrays[name]) for name in wanted if name in arrays}


def _held(stored: Stored) -> Held:
    array, shape = stored.array, tuple(stored.shape)

    def read(index: Index) -> NDArray[Any]:
        return np.asarray(array[index])

    return Held(shape, stored.dtype, (Piece(tuple((0, size) for size in shape), read),))
