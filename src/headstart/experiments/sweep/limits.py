"""Limits of a study: what it asks for is counted, and refused before it is written out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sized

from headstart import memory
from headstart.errors import InputError
from headstart.experiments.sweep.factors import LONGEST
from headstart.experiments.sweep.settings import FACTORS, MOST_RUNS, StudySettings

MOST_LAYERS = 100_000  # of a network; more is a slip of the pen, and would be written out before any check
RUN_BYTES = 4096  # of one run's settings, its identity and its row, in Python
NUMBER_BYTES = 16  # of one weight: itself, its gradient, and the optimizer's two, in float32


def check(settings: StudySettings, many: bool, added: int = 0) -> None:
    """See that a study may be written out and its largest network may be held.

    Args:
        many: whether it may have more than a hundred thousand runs.
        added: seeds beside the study's own.

    Raises:
        InputError: too many runs, or too large a network.
    """
    asked = settings.asked // len(settings.seed) * (len(settings.seed) + added) if added else settings.asked
    if asked > MOST_RUNS and not many:
        raise InputError(
            f"the study asks for {asked:,} runs, more than {MOST_RUNS:,}. "
            "Shorten a factor, or say that you mean it: --yes, or many=True."
        )
    memory.require(RUN_BYTES * asked, f"a study of {asked:,} runs", "Shorten a factor.")
    deepest = max((len(hidden) for hidden in settings.values_of("hidden")), default=0)
    deepest = max((deepest, *settings.values_of("depth")))
    if deepest > MOST_LAYERS:
        raise InputError(f"a network has at most {MOST_LAYERS:,} hidden layers, got {deepest:,}. Write fewer.")
    memory.require(
        NUMBER_BYTES * most_weights(settings), "the largest network of the study", "Write smaller or fewer layers."
    )


def most_weights(settings: StudySettings) -> int:
    """The weights and biases between the hidden layers of the study's largest network.

    >>> from headstart.experiments.sweep.settings import study_settings
    >>> most_weights(study_settings(hidden=[[10, 5], [20]])), most_weights(study_settings(depth=[3, 2], width=4))
    (65, 44)
    """
    listed = (_weights(hidden) for hidden in settings.values_of("hidden"))
    depths, widths = settings.values_of("depth"), settings.values_of("width")
    together = any({"depth", "width"} <= set(group) for group in settings.zip)
    pairs = zip(depths, widths, strict=True) if together else [(max(depths), max(widths))] if depths else []
    squares = ((depth - 1) * width**2 + depth * width for depth, width in pairs)
    return max(itertools.chain(listed, squares), default=0)


def _weights(hidden: tuple[int, ...]) -> int:
    return sum(a * b for a, b in itertools.pairwise(hidden)) + sum(hidden)


def seeds(wanted: Iterable[int]) -> tuple[int, ...]:
    """The seeds to add, checked; of too many none is looked at.

    Raises:
        InputError: one that is no seed, none, or more than a factor may have.

    >>> seeds(range(3))
    (0, 1, 2)
    """
    if not isinstance(wanted, Sized):
        wanted = tuple(itertools.islice(wanted, LONGEST + 1))
    try:
        count = len(wanted)
    except OverflowError:  # a range longer than any list
        count = LONGEST + 1
    if not 0 < count <= LONGEST:
        said = f"{count:,}" if count <= LONGEST else "more"
        raise InputError(f"from 1 to {LONGEST:,} seeds can be added, got {said}. Write, for example, 10:20.")
    kind = FACTORS["seed"]
    found = []
    for seed in wanted:
        try:
            found.append(kind.read(seed))
        except ValueError:
            raise InputError(f"a seed must be {kind.name}, got {seed!r}.") from None
    return tuple(found)
