"""Runs: the distinct settings a study asks for, and the identity under which each is stored.

A run's identity is the hash of its canonical settings and the engine's format version, so finished work is never
repeated, and what is stored is a function of the settings alone.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from headstart.errors import InputError
from headstart.experiments.data.datasets import is_csv
from headstart.experiments.sweep.settings import ALL, StudySettings
from headstart.schemes import Constant, Scheme, scheme

ENGINE_FORMAT = 1  # raised whenever the engine's results may change; stored runs of another format are run again


class Batch(NamedTuple):
    """What runs that are trained in one call of the engine share."""

    data: str
    digest: str | None  # of a CSV file's content, which is what counts, not its path
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
    """The canonical settings of one run."""

    batch: Batch
    scheme: str  # without its multiplier
    multiplier: float  # the scheme's own times the axis's; 1 for weights that are all zero
    sigma_b: float
    learning_rate: float
    seed: int


class Identified(NamedTuple):
    """A run, its identity, and its settings as the text that was hashed."""

    id: str
    run: Run
    text: str


def distinct_runs(
    settings: StudySettings, seeds: tuple[int, ...] = (), files: Mapping[str, str] | None = None
) -> dict[str, Identified]:
    """Identity -> run, in the order of the study's axes, each once.

    Args:
        settings: the study.
        seeds: more seeds, after the study's own (which must then not be zipped with another axis).
        files: what each CSV file held, in place of what it holds now.

    >>> from headstart.experiments.sweep.settings import study_settings
    >>> study = study_settings(scheme=["zeros", "he"], multiplier=[0.5, 1, 2], seed=0)
    >>> study.asked, len(distinct_runs(study))  # a multiplier does nothing to zeros
    (6, 4)
    """
    if seeds:
        settings = settings.model_copy(update={"seed": (*settings.seed, *seeds)})
    found: dict[str, Identified] = {}
    digests = {data: digest(data) if files is None else files.get(data) for data in settings.data}
    for point in settings.points():
        run = _run(settings, point, digests)
        text = settings_text(run)
        identity = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        if identity not in found:
            found[identity] = Identified(identity, run, text)
    return found


def _run(settings: StudySettings, point: dict[str, Any], digests: dict[str, str | None]) -> Run:
    name, factor, zero = _base(point["scheme"])
    hidden = point["hidden"] if "hidden" in point else (point["width"],) * point["depth"]
    batch_size = point["batch_size"]
    batch = Batch(
        point["data"], digests[point["data"]], settings.label, settings.data_seed, hidden, point["activation"],
        point["optimizer"], None if batch_size == ALL else batch_size, point["steps"], settings.dtype, settings.target,
    )  # fmt: skip
    multiplier = 1.0 if zero else factor * point["multiplier"]
    return Run(batch, name, multiplier, point["sigma_b"], point["learning_rate"], point["seed"])


@functools.cache
def _base(spec: str) -> tuple[str, float, bool]:
    """A scheme without its multiplier, the multiplier, and whether its weights are all zero, so that none matters."""
    given = scheme(spec)
    base = Scheme(given.name, given.arguments)
    zero = not given.family.needs_fans and not given.family.needs_activation and given.draw() == Constant(0.0)
    return str(base), given.multiplier, zero


def settings_text(run: Run) -> str:
    """The canonical settings of a run and the engine's format version, as JSON with the keys in fixed order.

    Put together by hand, because a study is expanded each time it is looked at, and may have a hundred thousand runs.
    """
    return (
        f'{_batch_text(run.batch)},"scheme":{_quoted(run.scheme)},"multiplier":{run.multiplier!r},'
        f'"sigma_b":{run.sigma_b!r},"learning_rate":{run.learning_rate!r},"seed":{run.seed}}}'
    )


@functools.lru_cache(maxsize=4096)
def _batch_text(batch: Batch) -> str:
    """The shared part of the settings, as JSON without its closing brace."""
    shared: dict[str, Any] = {"engine": ENGINE_FORMAT} | batch._asdict()
    if batch.digest is not None:
        shared["data"] = Path(batch.data).name
    return json.dumps(shared, separators=(",", ":"))[:-1]


@functools.cache
def _quoted(text: str) -> str:
    return json.dumps(text)


def digest(data: str) -> str | None:
    """The hash of a CSV file's content; None for a data set that is made."""
    if not is_csv(data):
        return None
    try:
        return hashlib.blake2b(Path(data).read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise InputError(f"cannot read the data {data!r}: {error.strerror}.") from None
