"""The coordinator alone, with an executor whose chunks end when the test says so."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart import InputError
from headstart.errors import ExecutorError
from headstart.experiments.store import Store
from headstart.experiments.sweep import coordinator, estimate
from headstart.experiments.sweep.chunks import Result
from headstart.experiments.sweep.coordinator import Interrupts, cut, interrupts, run_chunks
from headstart.experiments.sweep.executors import executor_for
from headstart.experiments.sweep.runs import Identified, distinct_runs
from headstart.experiments.sweep.settings import study_settings


def runs(count: int, **given: Any) -> list[Identified]:
    return list(distinct_runs(study_settings(**{"seed": {"range": [0, count]}, "steps": 3, **given})).values())


def done(run: Identified) -> Result:
    return Result(run.id, run.text, "done", None, 1.0, 1.0, 1.0, 1.0)


class Stepped(Executor):
    """Chunks that were submitted, none of which ends by itself."""

    def __init__(self) -> None:
        self.flying: list[tuple[Future[Any], list[Identified]]] = []
        self.submitted: list[list[Identified]] = []
        self.refuses: Exception | None = None

    def submit(self, function: Any, /, chunk: Any, *flag: Any, **_: Any) -> Future[Any]:
        if self.refuses is not None:
            raise self.refuses
        assert function is coordinator.run_chunk
        assert not flag  # another process could not see it
        self.submitted.append(chunk)
        self.flying.append((Future(), chunk))
        return self.flying[-1][0]

    def end(self, place: int = 0, error: BaseException | None = None) -> None:
        future, chunk = self.flying.pop(place)
        if future.running() or future.set_running_or_notify_cancel():
            future.set_exception(error) if error else future.set_result([done(run) for run in chunk])


class Sweep:
    """A sweep over chunks; `round` is called in each round of the coordinator."""

    def __init__(self, chunks: list[list[Identified]], folder: Path, workers: int = 1) -> None:
        self.chunks, self.workers, self.executor = chunks, workers, Stepped()
        self.store = Store(folder / "s.db")
        self.stop = Interrupts(lambda line: None)
        self.reported: list[int] = []

    def run(self, round: Callable[[], None]) -> None:
        def report(count: int) -> None:
            self.reported.append(count)
            if count == 0 and self.executor.flying:
                round()

        with self.store.coordinating():
            run_chunks(self.chunks, self.store, self.executor, self.workers, self.stop, report)

    def stored(self) -> list[str]:
        return list(self.store.states())


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_two_chunks_for_each_worker_are_under_way_and_each_is_stored_as_it_ends(workers: int, tmp_path: Path) -> None:
    everything = runs(18)
    sweep = Sweep([everything[at : at + 2] for at in range(0, 18, 2)], tmp_path, workers)
    flying, ended = [], list[str]()

    def round() -> None:
        assert sorted(sweep.stored()) == sorted(ended)
        flying.append(len(sweep.executor.flying))
        ended.extend(run.id for run in sweep.executor.flying[-1][1])
        sweep.executor.end(-1)  # in an order of their own

    sweep.run(round)
    assert flying == [min(2 * workers, left) for left in range(9, 0, -1)]
    assert sweep.executor.submitted == sweep.chunks
    assert [count for count in sweep.reported if count] == [2] * 9
    assert sorted(sweep.stored()) == sorted(run.id for run in everything)
    assert sweep.stop.cancel.is_set()


def test_interrupted_once_it_drops_what_has_not_begun_and_waits_for_what_has(tmp_path: Path) -> None:
    everything = runs(8)
    sweep = Sweep([[run] for run in everything], tmp_path, workers=2)
    rounds = 0

    def round() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            for place in (1, 3):
                sweep.executor.flying[place][0].set_running_or_notify_cancel()
            sweep.stop.press()
        else:
            cancelled = [future.cancelled() for future, _ in sweep.executor.flying]
            assert cancelled in ([True, False, True, False], [True, True, False], [True, True])
            sweep.executor.end(cancelled.index(False))

    sweep.run(round)
    assert sorted(sweep.stored()) == sorted([everything[1].id, everything[3].id])
    assert len(sweep.executor.submitted) == 4


def test_interrupted_twice_it_does_not_wait_for_workers_that_cannot_see_the_flag(tmp_path: Path) -> None:
    sweep = Sweep([[run] for run in runs(8)], tmp_path, workers=2)

    def round() -> None:
        assert sweep.stop.count == 0  # this is the only round
        for future, _ in sweep.executor.flying:
            assert future.set_running_or_notify_cancel()
        sweep.stop.press()
        sweep.stop.press()

    with interrupts(lambda line: None):  # puts the handler back that the second press takes away
        sweep.run(round)
    assert sweep.stored() == []


def test_whatever_ends_it_the_chunks_under_way_are_told(tmp_path: Path) -> None:
    sweep = Sweep([[run] for run in runs(6)], tmp_path)

    def round() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sweep.run(round)
    assert sweep.stop.cancel.is_set()
    assert [future.cancelled() for future, _ in sweep.executor.flying] == [True, True]


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_a_deadly_run_fails_alone_after_five_deaths_and_the_others_are_done(length: int, tmp_path: Path) -> None:
    """A chunk is tried five times, then its halves, each five times again, and so on to the one run."""
    everything = runs(length)
    for deadly in range(length):
        sweep = Sweep([everything], tmp_path / str(deadly))
        (tmp_path / str(deadly)).mkdir()

        def round(sweep: Sweep = sweep, deadly: int = deadly) -> None:
            dies = everything[deadly] in sweep.executor.flying[0][1]
            sweep.executor.end(0, ConnectionError("the worker\n is gone") if dies else None)

        sweep.run(round)
        results = sweep.store.results()
        assert set(results) == {run.id for run in everything}
        failed = [run for run in results.values() if run["state"] == "failed"]
        assert [run["id"] for run in failed] == [everything[deadly].id]
        assert failed[0]["settings"]["seed"] == deadly
        assert failed[0]["reason"] == "its worker was lost 5 times: ConnectionError: the worker is gone"
        tries = Counter(tuple(run.run.seed for run in chunk) for chunk in sweep.executor.submitted)
        assert {times for seeds, times in tries.items() if deadly in seeds} == {5}
        assert {times for seeds, times in tries.items() if deadly not in seeds} <= {1}
        assert sum(sweep.reported) == length


def test_four_deaths_are_forgiven(tmp_path: Path) -> None:
    sweep = Sweep([runs(2)], tmp_path)

    def round() -> None:
        sweep.executor.end(0, ConnectionError("gone") if len(sweep.executor.submitted) < 5 else None)

    sweep.run(round)
    assert set(sweep.store.states().values()) == {"done"}
    assert [len(chunk) for chunk in sweep.executor.submitted] == [2] * 5


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BrokenExecutor("no more"), "the workers are lost: no more. Run the same command again: what was stored is"),
        (BrokenProcessPool(""), "the workers are lost: the connection to them ended. Run the same command again"),
    ],
)
def test_lost_workers_end_the_sweep_and_what_was_stored_is_safe(error: Exception, words: str, tmp_path: Path) -> None:
    everything = runs(4)
    sweep = Sweep([[run] for run in everything], tmp_path)
    with pytest.raises(ExecutorError, match=words):
        sweep.run(lambda: sweep.executor.end(0, error if len(sweep.executor.submitted) > 2 else None))
    assert sweep.stored() == [everything[0].id]


@pytest.mark.parametrize("error", [RuntimeError("shut down"), OSError("no route")])
def test_workers_that_take_no_more_end_the_sweep(error: Exception, tmp_path: Path) -> None:
    sweep = Sweep([[run] for run in runs(4)], tmp_path)

    def round() -> None:
        sweep.executor.refuses = error
        sweep.executor.end(0)

    with pytest.raises(ExecutorError, match=f"the workers take no more work: {error}"):
        sweep.run(round)
    assert len(sweep.stored()) == 1
    assert sweep.stop.cancel.is_set()


def test_a_sweep_on_threads_gives_each_chunk_the_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags: list[Any] = []

    def run_chunk(chunk: list[Identified], flag: threading.Event) -> list[Result]:
        flags.append(flag)
        return [done(run) for run in chunk]

    monkeypatch.setattr(coordinator, "run_chunk", run_chunk)
    stop, store = Interrupts(lambda line: None), Store(tmp_path / "s.db")
    with store.coordinating(), executor_for(None, 2, None) as (pool, size):
        run_chunks([[run] for run in runs(3)], store, pool, size, stop, lambda count: None)
    assert flags == [stop.cancel] * 3


# --- cutting ---------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from([1e-4, 0.003, 0.02, 0.3, 1.0, 2.6, 7.0])), min_size=1,
             max_size=4, unique_by=lambda batch: batch[1]),
    st.integers(1, 5),
)  # fmt: skip
def test_a_chunk_takes_at_most_five_seconds_and_a_third_of_a_workers_part_of_what_is_left(
    batches: list[tuple[int, float]], workers: int
) -> None:
    everything: list[Identified] = []
    seconds = {}
    for place, (count, each) in enumerate(batches):
        some = runs(count, steps=place + 1)
        everything += some
        seconds[some[0].run.batch] = each
    chunks = cut(everything[::-1], seconds, workers)
    assert sorted(run.id for chunk in chunks for run in chunk) == sorted(run.id for run in everything)
    times = [seconds[chunk[0].run.batch] for chunk in chunks]
    assert times == sorted(times, reverse=True)  # the longest runs first
    left = sum(count * each for count, each in batches)
    remaining = {batch: sum(run.run.batch == batch for run in everything) for batch in seconds}
    for chunk in chunks:
        (batch,) = {run.run.batch for run in chunk}
        most = min(5.0, max(0.1, left / 3 / workers))
        assert len(chunk) == 1 or len(chunk) * seconds[batch] <= most * (1 + 1e-9)
        if len(chunk) < remaining[batch]:  # and as much as that allows, if there is more
            assert (len(chunk) + 1) * seconds[batch] > most * (1 - 1e-9)
        remaining[batch] -= len(chunk)
        left -= len(chunk) * seconds[batch]


def test_runs_that_cannot_be_trained_are_one_chunk() -> None:
    broken = runs(30, label="none")
    assert [len(chunk) for chunk in cut(broken, {broken[0].run.batch: 0.0}, 2)] == [30]


@pytest.mark.parametrize(("room", "networks"), [(3.0, 3), (2.999, 2), (1.0, 1), (0.5, 1), (10.0, 10), (11.0, 10)])
def test_a_chunk_holds_what_its_memory_and_its_time_allow(
    room: float, networks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = runs(1, hidden=[3, 4])
    parameters = (2 * 3 + 3) + (3 * 4 + 4) + (4 * 1 + 1)
    monkeypatch.setattr(estimate, "CHUNK_BYTES", int(room * 8 * parameters))
    assert estimate.networks_per_chunk(run.run.batch, 0.5, 5.0) == networks


@pytest.mark.parametrize(("seconds", "networks"), [(0.5, 10), (0.501, 9), (4.99, 1), (5.0, 1), (5.01, 1), (60.0, 1)])
def test_a_chunk_holds_what_its_time_allows_and_at_least_one(seconds: float, networks: int) -> None:
    (run,) = runs(1)
    assert estimate.networks_per_chunk(run.run.batch, seconds, 5.0) == networks


# --- executors -------------------------------------------------------------------------------------------------------


def test_an_executor_has_the_size_it_is_said_to_have(monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from headstart.experiments.sweep import executors

    monkeypatch.setattr(executors, "available_cores", lambda: 7)
    with ThreadPoolExecutor(3) as pool:
        sizes = []
        for executor, workers in [(pool, None), (pool, 2), (pool, 5), (Stepped(), None), (Stepped(), 4), (None, None)]:
            with executor_for(executor, workers, None) as (found, size):
                assert executor is None or found is executor
                sizes.append(size)
        assert pool.submit(int).result() == 0  # the caller's own, and still open
    assert sizes == [3, 2, 5, 7, 4, 7]
    with executor_for(None, 2, None) as (found, size):
        assert (found._max_workers, size) == (2, 2)
    with pytest.raises(RuntimeError, match="after shutdown"):
        found.submit(int)


@pytest.mark.parametrize("address", ["here", "here:8786", "tcp://here", "://", ""])
def test_a_schedulers_address_has_its_protocol_and_its_port(address: str) -> None:
    with (
        pytest.raises(InputError, match=f"has the form tcp://host:port, got '{address}'"),
        executor_for(None, None, address),
    ):
        pass


@pytest.mark.parametrize(
    "address",
    [
        "tcp://me:S3cr3t@server:8786", "tls://S3cr3t@server:8786", "postgresql://me:S3cr3t", "tcp://me:S3cr3t",
        "postgresql:///x?user=me&password=S3cr3t&host=h&port=1", "tcp://[S3cr3t:1", "tcp://server:8786/S3cr3t",
        "tcp:// S3cr3t:1", "me:S3cr3t@server", f"tcp://{'S3cr3t' * 999}", "tcp://server:0 S3cr3t", "inproc://S3cr3t/1:2",
    ],
)  # fmt: skip
def test_a_schedulers_address_that_may_hold_a_password_is_not_repeated(address: str) -> None:
    with pytest.raises(InputError) as said, executor_for(None, None, address):
        pass
    assert "S3cr3t" not in str(said.value)
    assert "has the form tcp://host:port, got something else. Write, for example, tcp://server:8786" in str(said.value)


@pytest.mark.parametrize("port", [0, 65536, 99999])
def test_a_port_is_one_that_there_is(port: int) -> None:
    with pytest.raises(InputError, match=f"got 'tcp://host:{port}'"), executor_for(None, None, f"tcp://host:{port}"):
        pass


@pytest.mark.parametrize(("workers", "size"), [(None, 5), (2, 2), (9, 9)])
def test_a_cluster_has_as_many_places_as_its_workers_threads(
    workers: int | None, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all its workers: by default the client tells of five at most. And each call is one of its own (not pure)."""
    asked: list[Any] = []

    class Client:
        def __init__(self, address: str, **how: Any) -> None:
            asked.append((address, how))

        def scheduler_info(self, n_workers: int) -> Any:
            asked.append(n_workers)
            return {"workers": {"a": {"nthreads": 3}, "b": {"nthreads": 2}}}

        def get_executor(self, **how: Any) -> Any:
            return how

        def close(self, timeout: float) -> None:
            asked.append("closed")

    monkeypatch.setattr("distributed.Client", Client)
    logger = logging.getLogger("distributed.client")
    monkeypatch.setattr(logger, "level", logging.WARNING)
    with executor_for(None, workers, "tcp://host:99") as found:
        assert found == ({"pure": False}, size)
        assert logger.level > logging.CRITICAL
    assert asked == [("tcp://host:99", {"timeout": 5, "set_as_default": False}), -1, "closed"]
    assert logger.level == logging.WARNING


@pytest.mark.parametrize("workers", [0, -1, True, 2.0, "2"])
def test_a_number_of_workers_is_a_whole_one_of_at_least_1(workers: Any) -> None:
    with (
        pytest.raises(InputError, match=f"workers must be a whole number of at least 1, got {workers!r}"),
        executor_for(None, workers, None),
    ):
        pass
