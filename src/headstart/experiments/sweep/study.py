"""A study and its store: plan it, run it, see how far it is, and read what came of it.

What trains networks is loaded by the methods that do, so that a look at a study does not wait for a compiler.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict, Unpack

from headstart.errors import InputError, Interrupted
from headstart.experiments.store import Store, StoredStudy
from headstart.experiments.sweep import limits
from headstart.experiments.sweep.rows import Row, frame, write_parquet
from headstart.experiments.sweep.runs import Identified, digest, distinct_runs
from headstart.experiments.sweep.settings import StudySettings, study_settings
from headstart.experiments.sweep.status import Status
from headstart.experiments.sweep.stored import differences, rows_of_study, runs_of

MEMORY = "sqlite://"


class How(TypedDict, total=False):
    """How the runs of a study are run; each of it may be left out.

    Args:
        executor: any `concurrent.futures.Executor`; by default threads, one per processor.
        workers: chunks at a time.
        scheduler: the address of a Dask scheduler, in place of an executor.
        progress: called with (runs done, runs in all).
        say: called with a line for the reader, by default on stderr.
    """

    executor: Executor | None
    workers: int | None
    scheduler: str | None
    progress: Callable[[int, int], None] | None
    say: Callable[[str], None] | None


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
        limits.check(settings, many)
        self.settings, self.store, self._many = settings, store, many
        self.name: str = settings.name or "study"

    @cached_property
    def _document(self) -> dict[str, Any]:
        """The study as it is stored: its settings, and what its data files held."""
        files = {data: digest(data) for data in self.settings.data}
        return self.settings.document() | {"files": {path: held for path, held in files.items() if held}}

    def _stored(self, today: bool = True) -> StoredStudy | None:
        """The store's study of this name.

        Args:
            today: its tables must still hold what they held.

        Raises:
            InputError: it is another one; with the differences.
        """
        stored = self.store.study(self.name)
        if stored is None:
            return None
        held = {"files": stored.document.get("files")}
        document = study_settings().document() | stored.document  # a key that this version has added has its default
        asked = self._document if today else self.settings.document() | held
        if document != asked:
            raise InputError(
                f"the store {self.store} has another study named {self.name!r}:\n"
                + "\n".join(differences(document, asked))
                + '\nPut the study back, give it another name (name = "..."), or use another store. '
                "For more seeds write: headstart sweep extend FILE --seeds 10:20"
            )
        return stored

    def runs(self) -> dict[str, Identified]:
        """Identity -> run, for every distinct run, those of added seeds included."""
        stored = self._stored()
        return distinct_runs(self.settings, stored.seeds if stored else ())

    def _known(self) -> dict[str, Identified]:
        """The runs as the store has the study, whatever its tables hold today; to read what is stored."""
        stored = self._stored(today=False)
        return runs_of(stored, self.store) if stored else distinct_runs(self.settings)

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
        found = [states.get(identity) for identity in self._known()]
        return Status(len(found), found.count("done"), found.count("failed"))

    def run(self, **how: Unpack[How]) -> Status:
        """Run everything that is not in the store yet.

        Args:
            how: executor, workers, scheduler, progress, say, as `How` has them.

        Raises:
            InputError: the store has another study of this name, with the differences.
            StoreError: the store cannot be used, or another coordinator holds it.
            ExecutorError: the workers cannot be reached, or were lost.
            Interrupted: Ctrl-C. After each of these the same call goes on where it was.
        """
        return self._run(lambda stored: None, **how)

    def retry(self, **how: Unpack[How]) -> Status:
        """Run the failed runs again; arguments as for `run`."""
        return self._run(lambda stored: self.store.forget_failed(self.runs()), **how)

    def extend(self, seeds: Iterable[int], **how: Unpack[How]) -> Status:
        """Add seeds to the study in the store, and run them; other arguments as for `run`.

        Seeds that were added before and have not all run are gone on with.

        Raises:
            InputError: seeds that the study has, too many of them, or that are zipped with another factor.
        """
        wanted = limits.seeds(seeds)
        if any("seed" in group for group in self.settings.zip):
            raise InputError("the study's seeds are zipped with another factor, so none can be added. Write a new one.")

        def add(stored: StoredStudy) -> None:
            if new := self._new(wanted, stored):
                self.store.save_study(self.name, stored._replace(seeds=(*stored.seeds, *new)))

        self._new(wanted, self._stored() or StoredStudy({}, ()))  # refused before anything is made
        return self._run(add, **how)

    def _new(self, wanted: tuple[int, ...], stored: StoredStudy) -> list[int]:
        """Which of these seeds are new; none where an extension that was interrupted is to be gone on with."""
        new = [s for s in dict.fromkeys(wanted) if s not in self._own_seeds and s not in stored.seeds]
        limits.check(self.settings, self._many, len(stored.seeds) + len(new))
        if not new and not (set(wanted) & set(stored.seeds) and self.status().pending):
            raise InputError(f"the study has the seeds {_span(wanted)} already. Write other ones.")
        return new

    @cached_property
    def _own_seeds(self) -> frozenset[int]:
        return frozenset(self.settings.seed)

    def rows(self) -> list[Row]:
        """One row per finished run: settings and results, in an order that depends on the settings alone."""
        if not self.store.exists():
            return []
        return rows_of_study(self.store.results(), self._known())

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
        prepare: Callable[[StoredStudy], object],
        *,
        executor: Executor | None = None,
        workers: int | None = None,
        scheduler: str | None = None,
        progress: Callable[[int, int], None] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> Status:
        """Hold the store, let `prepare` change what is to be done, and do it."""
        from headstart.experiments.sweep.executors import check, executor_for

        check(executor, workers, scheduler)
        self.runs()  # what is wrong with the study is told before anything is made
        with contextlib.ExitStack() as stack:

            def team() -> tuple[Executor, int]:
                return stack.enter_context(executor_for(executor, workers, scheduler))

            found = None if self.store.exists() else team()  # likewise; a store that is there stays as it was
            with self.store.coordinating():
                prepare(self._register())
                return self._work(lambda: found or team(), progress, say or _say)

    def _work(
        self,
        team: Callable[[], tuple[Executor, int]],
        progress: Callable[[int, int], None] | None,
        say: Callable[[str], None],
    ) -> Status:
        """Run what is left, if anything is."""
        from headstart.experiments.sweep.coordinator import cut, interrupts, run_chunks
        from headstart.experiments.sweep.estimate import seconds_per_run

        runs, states = self.runs(), self.store.states()
        left = [run for identity, run in runs.items() if identity not in states]
        total, done = len(runs), len(runs) - len(left)

        def report(count: int) -> None:
            nonlocal done
            done += count
            if progress is not None:
                progress(done, total)

        if left:
            pool, size = team()
            with interrupts(say) as stop:
                report(0)
                run_chunks(cut(left, seconds_per_run(left), size), self.store, pool, size, stop, report)
            if stop.count:
                raise Interrupted("the sweep was interrupted", self.status())
        return self.status()


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _span(seeds: tuple[int, ...]) -> str:
    return ", ".join(map(str, seeds)) if len(seeds) < 4 else f"{seeds[0]} to {seeds[-1]}"
