"""A study and its store: plan it, run it, see how far it is, and read what came of it.

What trains networks is loaded by the methods that do, so that a look at a study does not wait for a compiler.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from headstart.errors import InputError, Interrupted, unknown
from headstart.experiments.store import Store, StoredStudy
from headstart.experiments.store.identity import stored_identity
from headstart.experiments.sweep.rows import Row, frame, rows_of, write_parquet
from headstart.experiments.sweep.runs import Identified, digest, distinct_runs
from headstart.experiments.sweep.settings import FACTORS, MOST_RUNS, StudySettings, study_settings
from headstart.experiments.sweep.status import Status

MEMORY = "sqlite://"


@dataclass(frozen=True)
class StudyPlan:
    """What running a study would mean.

    Args:
        asked: runs the factors ask for. distinct: those that differ. stored: those already finished in the store.
        seconds: that the others will take on `workers` workers, from a timed sample. memory: bytes they will take.
    """

    asked: int
    distinct: int
    stored: int
    seconds: float
    memory: int
    workers: int


class Sweep:
    """A study bound to a store.

    Args:
        settings: the validated study.
        store: where its runs are kept.
        many: whether it may have more than a hundred thousand runs.
    """

    def __init__(self, settings: StudySettings, store: Store, many: bool = False) -> None:
        if settings.asked > MOST_RUNS and not many:
            raise InputError(
                f"the study asks for {settings.asked:,} runs, more than {MOST_RUNS:,}. "
                "Shorten a factor, or say that you mean it: --yes, or many=True."
            )
        self.settings, self.store = settings, store
        self.name: str = settings.name or "study"

    @cached_property
    def _document(self) -> dict[str, Any]:
        """The study as it is stored: its settings, and what its data files held."""
        files = {data: digest(data) for data in self.settings.data}
        return self.settings.document() | {"files": {path: held for path, held in files.items() if held}}

    def _stored(self) -> StoredStudy | None:
        """The store's study of this name.

        Raises:
            InputError: it is another one; with the differences.
        """
        stored = self.store.study(self.name)
        if stored is None or stored.document == self._document:
            return stored
        # Read as a study again, so that a key this version has added has its default.
        document = _settings_of(stored).document() | {"files": stored.document["files"]}
        if document != self._document:
            raise InputError(
                f"the store {self.store} has another study named {self.name!r}:\n"
                + "\n".join(_differences(document, self._document))
                + '\nPut the study back, give it another name (name = "..."), or use another store. '
                "For more seeds write: headstart sweep extend FILE --seeds 10:20"
            )
        return stored

    def runs(self) -> dict[str, Identified]:
        """Identity -> run, for every distinct run, those of added seeds included."""
        stored = self._stored()
        return distinct_runs(self.settings, stored.seeds if stored else ())

    def plan(self, workers: int | None = None) -> StudyPlan:
        """What running the study would mean; trains a few networks for a moment, and stores nothing."""
        from headstart.experiments.engine.train import available_cores
        from headstart.experiments.sweep.coordinator import CHUNK_SECONDS
        from headstart.experiments.sweep.estimate import memory_per_chunk, seconds_per_run

        runs = self.runs()
        states = self.store.states() if self.store.exists() else {}
        left = [run for identity, run in runs.items() if identity not in states]
        workers = workers or available_cores()
        seconds = seconds_per_run(left)
        stored = self._stored()
        added = len(stored.seeds) if stored else 0
        return StudyPlan(
            asked=self.settings.asked // len(self.settings.seed) * (len(self.settings.seed) + added),
            distinct=len(runs),
            stored=len(runs) - len(left),
            seconds=sum(seconds[run.run.batch] for run in left) / workers,
            memory=workers * memory_per_chunk(left, seconds, CHUNK_SECONDS),
            workers=workers,
        )

    def status(self) -> Status:
        """How far the study is."""
        states = self.store.states() if self.store.exists() else {}
        found = [states.get(identity) for identity in self.runs()]
        return Status(len(found), found.count("done"), found.count("failed"))

    def run(
        self,
        *,
        executor: Executor | None = None,
        workers: int | None = None,
        scheduler: str | None = None,
        progress: Callable[[int, int], None] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> Status:
        """Run everything that is not in the store yet.

        Args:
            executor: any `concurrent.futures.Executor`; by default threads, one per processor.
            workers: chunks at a time.
            scheduler: the address of a Dask scheduler, in place of an executor.
            progress: called with (runs done, runs in all).
            say: called with a line for the reader, by default on stderr.

        Raises:
            InputError: the store has another study of this name, with the differences.
            StoreError: the store cannot be used, or another coordinator holds it.
            ExecutorError: the workers cannot be reached, or were lost.
            Interrupted: Ctrl-C. After each of these the same call goes on where it was.
        """
        with self.store.coordinating():
            self._register()
            return self._run(executor=executor, workers=workers, scheduler=scheduler, progress=progress, say=say)

    def retry(self, **how: Any) -> Status:
        """Run the failed runs again; arguments as for `run`."""
        with self.store.coordinating():
            self._register()
            self.store.forget_failed(self.runs())
            return self._run(**how)

    def extend(self, seeds: Iterable[int], **how: Any) -> Status:
        """Add seeds to the study in the store, and run them; other arguments as for `run`.

        Raises:
            InputError: seeds that the study has, or that are zipped with another factor.
        """
        wanted = tuple(seeds)
        kind = FACTORS["seed"]
        for seed in wanted:
            try:
                kind.read(seed)
            except ValueError:
                raise InputError(f"a seed must be {kind.name}, got {seed!r}.") from None
        if any("seed" in group for group in self.settings.zip):
            raise InputError("the study's seeds are zipped with another factor, so none can be added. Write a new one.")
        with self.store.coordinating():
            stored = self._register()
            new = [s for s in dict.fromkeys(wanted) if s not in self.settings.seed and s not in stored.seeds]
            if not new:
                raise InputError(f"the study has the seeds {_span(wanted)} already. Write other ones.")
            self.store.save_study(self.name, stored._replace(seeds=(*stored.seeds, *new)))
            return self._run(**how)

    def rows(self) -> list[Row]:
        """One row per finished run: settings and results, in an order that depends on the settings alone."""
        if not self.store.exists():
            return []
        return _rows_of_study(self.store.results(), self.runs())

    def frame(self, library: str = "pandas") -> Any:
        """The rows as a data frame of "pandas" or "polars"."""
        return frame(self.rows(), library)

    def to_parquet(self, path: str | Path) -> Path:
        """Write the rows as a Parquet file."""
        write_parquet(self.rows(), Path(path))
        return Path(path)

    def _register(self) -> StoredStudy:
        """The study as the store has it, written there if it is new."""
        stored = self._stored()
        if stored is None:
            stored = StoredStudy(self._document, ())
            self.store.save_study(self.name, stored)
        return stored

    def _run(
        self,
        *,
        executor: Executor | None = None,
        workers: int | None = None,
        scheduler: str | None = None,
        progress: Callable[[int, int], None] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> Status:
        from headstart.experiments.sweep.coordinator import cut, interrupts, run_chunks
        from headstart.experiments.sweep.estimate import seconds_per_run
        from headstart.experiments.sweep.executors import executor_for

        runs, states = self.runs(), self.store.states()
        left = [run for identity, run in runs.items() if identity not in states]
        total, done = len(runs), len(runs) - len(left)

        def report(count: int) -> None:
            nonlocal done
            done += count
            if progress is not None:
                progress(done, total)

        if left:
            with executor_for(executor, workers, scheduler) as (pool, size), interrupts(say or _say) as stop:
                report(0)
                run_chunks(cut(left, seconds_per_run(left), size), self.store, pool, size, stop, report)
            if stop.count:
                raise Interrupted("the sweep was interrupted", self.status())
        return self.status()


def open_rows(address: str | Path, name: str | None = None) -> list[Row]:
    """One row per finished run of a store, in an order that depends on the settings alone.

    Args:
        address: of the store.
        name: only the runs of the study of this name.

    Raises:
        InputError: no store at that address, no study of that name.
        StoreError: the store cannot be read.
    """
    store = Store(address)
    if not store.exists():
        raise InputError(f"there is no store at {str(store)!r}. Make one: headstart sweep run FILE --store {store}")
    if name is None:
        return rows_of(_newest(store.results()))
    known = store.studies()
    if name not in known:
        raise unknown("study", name, known or ["none"])
    stored = known[name]
    # What its data files held is in the store: to read it, they need not be there.
    runs = distinct_runs(_settings_of(stored), stored.seeds, stored.document["files"])
    return _rows_of_study(store.results(), runs)


def _rows_of_study(results: dict[str, dict[str, Any]], runs: dict[str, Identified]) -> list[Row]:
    """The rows of a study's finished runs, each scheme by the name that this study gives it."""
    found = {identity: run for identity, run in runs.items() if identity in results}
    return rows_of(
        {identity: results[identity] | {"settings": json.loads(run.text)} for identity, run in found.items()}
    )


def _newest(results: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The results without those of an older engine format whose run has one of a newer."""
    formats = {identity: result["settings"]["engine"] for identity, result in results.items()}
    if len(set(formats.values())) < 2:
        return results
    newest: dict[str, str] = {}
    for identity in sorted(results, key=formats.__getitem__):
        newest[stored_identity(results[identity]["settings"] | {"engine": None})] = identity
    return {identity: results[identity] for identity in newest.values()}


def _settings_of(stored: StoredStudy) -> StudySettings:
    """The settings in a store's document."""
    keys = {key: value for key, value in stored.document.items() if key != "files" and value is not None}
    return study_settings(**keys)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _differences(stored: dict[str, Any], given: dict[str, Any]) -> list[str]:
    """What differs between two studies, a line per key."""
    keys = [key for key in dict.fromkeys([*stored, *given]) if stored.get(key) != given.get(key)]
    if keys == ["files"]:
        held = [path for path in given["files"] if stored["files"].get(path) != given["files"][path]]
        return [f"  {path} does not hold what it held when the study began" for path in held]
    return [f"  {key}: {_short(stored.get(key))} in the store, {_short(given.get(key))} now" for key in keys]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:40]} ... {text[-15:]}"


def _span(seeds: tuple[int, ...]) -> str:
    return ", ".join(map(str, seeds)) if len(seeds) < 4 else f"{seeds[0]} to {seeds[-1]}"
