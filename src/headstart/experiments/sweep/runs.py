"""Runs: the distinct settings a study asks for, and the identity under which each is stored.

A run's identity is the hash of its canonical settings and the engine's format version, so finished work is never
repeated, and what is stored is a function of the settings alone. Schemes that are the same distribution are one run.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from headstart.errors import InputError
from headstart.experiments.data.source import Source
from headstart.experiments.store.identity import compact, run_identity
from headstart.experiments.sweep.settings import ALL, StudySettings
from headstart.schemes import Scheme, scheme

# Raised whenever the engine's results may change; stored runs of another format are run again. 2: a target reached at
# the last record counts, and elu of a negative alpha has its own slope. 3: multiply-adds are written out, so that the
# bits are no compiler's, and costs are by functions that are no C library's.
ENGINE_FORMAT = 3


class Batch(NamedTuple):
    """What runs that are trained in one call of the engine share."""

    data: Source
    digest: str | None  # of a table's content, which is what counts, not its path
    label: str | None
    data_seed: int
    hidden: tuple[int, ...]
    activation: str
    optimizer: str
    batch_size: int | None
    steps: int
    dtype: str
    target: float | None


class Run(NamedTuple):
    """The settings of one run, its scheme as it was asked for."""

    batch: Batch
    scheme: str  # without its multiplier
    multiplier: float  # the scheme's own times the factor's; 1 for weights that are all zero
    sigma_b: float
    learning_rate: float
    seed: int


class Identified(NamedTuple):
    """A run and its identity."""

    id: str
    run: Run

    @property
    def text(self) -> str:
        """Its settings as they are stored."""
        return settings_text(self.run)


def distinct_runs(
    settings: StudySettings, seeds: tuple[int, ...] = (), files: Mapping[str, str] | None = None
) -> dict[str, Identified]:
    """Identity -> run, in the order of the study's factors, each once.

    Args:
        settings: the study.
        seeds: more seeds, after the study's own (which must then not be zipped with another factor).
        files: what each table held, by its name in the study, in place of what it holds now; of a
            study that is stored, and so was checked by the rules of its time.

    >>> from headstart.experiments.sweep.settings import study_settings
    >>> study = study_settings(scheme=["zeros", "he"], multiplier=[0.5, 1, 2], seed=0)
    >>> study.asked, len(distinct_runs(study))  # a multiplier does nothing to zeros
    (6, 4)
    """
    if seeds:
        settings = settings.model_copy(update={"seed": (*settings.seed, *seeds)})
    found: dict[str, Identified] = {}
    digests = held_by(settings) if files is None else files
    for point in settings.points():
        run = _run(settings, point, digests, files is None)
        identity = run_identity(
            _batch_text(run.batch), run.scheme, run.multiplier, run.sigma_b, run.learning_rate, run.seed
        )
        if identity not in found:
            found[identity] = Identified(identity, run)
    return found


def held_by(settings: StudySettings) -> dict[str, str]:
    """What each table of a study holds, by its name in the study.

    Raises:
        InputError: a file that cannot be read.
    """
    sources = [settings.source_of(value) for value in settings.data]
    found = {str(source.data): source.digest() for source in sources}
    return {name: digest for name, digest in found.items() if digest is not None}


def _run(settings: StudySettings, point: dict[str, Any], digests: Mapping[str, str], new: bool) -> Run:
    source = settings.source_of(point["data"], digests)
    name, factor, zero = _base(point["scheme"])
    hidden = point["hidden"] if "hidden" in point else (point["width"],) * point["depth"]
    batch_size = point["batch_size"]
    batch = Batch(
        source, digests.get(str(source.data)), source.reading.label, settings.data_seed, hidden, point["activation"],
        point["optimizer"], None if batch_size == ALL else batch_size, point["steps"], settings.dtype, settings.target,
    )  # fmt: skip
    if new and not zero:
        _check_product(point["scheme"], factor, point["multiplier"])
    multiplier = 1.0 if zero else factor * point["multiplier"]
    return Run(batch, name, multiplier, point["sigma_b"], point["learning_rate"], point["seed"])


@functools.lru_cache(maxsize=4096)
def _check_product(spec: str, own: float, asked: float) -> None:
    """A scheme's own multiplier times the study's: beyond what a number holds there is nothing to train."""
    product = own * asked
    if not 0 < product < math.inf:
        raise InputError(
            f"the scheme {spec!r} with the multiplier {asked!r} has the multiplier {product!r} in all, which must be a "
            f"positive, finite number. Write a {'larger' if product == 0 else 'smaller'} one."
        )
    try:
        scheme((scheme(spec) * asked).canonical)  # normal(1e300) has its number within
    except InputError as error:
        raise InputError(f"the scheme {spec!r} with the multiplier {asked!r}: {error}") from None


@functools.cache
def _base(spec: str) -> tuple[str, float, bool]:
    """A scheme without its multiplier, the multiplier, and whether its weights are all zero, so that none matters."""
    given = scheme(spec)
    base = Scheme(given.name, given.arguments)
    return str(base), given.multiplier, given.canonical == "zeros"


def settings_text(run: Run) -> str:
    """The settings of a run and the engine's format version, as JSON with the keys in fixed order.

    Put together by hand, because a study may have a hundred thousand runs.
    """
    return (
        f'{_batch_text(run.batch)},"scheme":{json.dumps(run.scheme)},"multiplier":{run.multiplier!r},'
        f'"sigma_b":{run.sigma_b!r},"learning_rate":{run.learning_rate!r},"seed":{run.seed}}}'
    )


@functools.lru_cache(maxsize=4096)
def _batch_text(batch: Batch) -> str:
    """The shared part of the settings, as JSON without its closing brace."""
    shared: dict[str, Any] = {"engine": ENGINE_FORMAT} | batch._asdict() | {"data": batch.data.name}
    return compact(shared)[:-1]
