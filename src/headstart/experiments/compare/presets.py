"""The course preset: the published run of the course's exercise, replayed exactly.

Its data and weights come from NumPy's legacy RandomState with seeds 1, 2 (data) and 3 (weights), in float64; its cost
formula is infinite where the sigmoid rounds to 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError, unknown
from headstart.experiments.network import Network
from headstart.experiments.settings import READING
from headstart.schemes import Constant, Normal, Scheme

WEIGHT_SEED = 3

# The published run. Circles with seed 0 are the course's data: RandomState(1) for training, RandomState(2) for testing.
COURSE: dict[str, Any] = {
    "schemes": ("zeros", "normal(10)", "he"),
    "data": "circles",
    "hidden": (10, 5),
    "activation": "relu",
    "seeds": 1,
    "steps": 15_000,
    "learning_rate": 0.01,
    "record_every": 1_000,
    "dtype": "float64",
    "data_seed": 0,
}

# what the preset fixes: every setting but the schemes
FIXED = ("data", *READING, "hidden", "activation", "seeds", "steps", "learning_rate", "record_every", "dtype",
         "tune_learning_rate", "optimizer", "batch_size", "data_seed")  # fmt: skip

# The course's own table of the three, and what it says of each (in our words).
COURSE_TABLE: tuple[tuple[str, float, str], ...] = (
    ("zeros", 0.50, "fails to break symmetry"),
    ("normal(10)", 0.83, "weights too large"),
    ("he", 0.99, "the recommended method"),
)


def with_preset(
    preset: str | None, given: dict[str, Any], called: Callable[[str], str] = lambda name: name
) -> dict[str, Any]:
    """The settings that a preset and what was given beside it make.

    Args:
        preset: "course" or None.
        given: the settings that were given.
        called: what the caller calls a setting, for the message.

    Raises:
        InputError: no such preset, or a setting that it fixes.

    >>> with_preset("course", {"schemes": ("he",)})["steps"]
    15000
    >>> with_preset("course", {"steps": 100}, lambda name: "--" + name)
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: the course preset fixes --steps. Leave out --steps, or --preset.
    """
    if preset is None:
        return given
    if preset != "course":
        raise unknown("preset", str(preset), ["course"])
    clash = [name for name in FIXED if name in given]
    if clash:
        option = called(clash[0])
        raise InputError(f"the course preset fixes {option}. Leave out {option}, or {called('preset')}.")
    return COURSE | {"preset": preset} | given


def course_start(network: Network, scheme: Scheme) -> NDArray[np.float64]:
    """The course's starting weights: standard normals of RandomState(3) in layer order, times the scheme's std.

    Raises:
        InputError: the scheme is neither normal nor constant, so the course's numbers cannot make it.
    """
    state = np.random.RandomState(WEIGHT_SEED)
    pieces = []
    for entry in network.plan(scheme):
        shape, draw = entry.shape, entry.draw
        if isinstance(draw, Normal):
            pieces.append(state.randn(*shape) * draw.sigma)
        elif isinstance(draw, Constant):
            pieces.append(np.full(shape, draw.value))
        else:
            raise InputError(
                f"the course preset draws normal or constant weights, got scheme '{scheme}'. "
                "Leave out the preset, or the distribution."
            )
    return np.concatenate([piece.reshape(-1) for piece in pieces])
