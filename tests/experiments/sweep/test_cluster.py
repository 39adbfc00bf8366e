"""A Dask cluster on loopback: the same rows, and workers may be killed in the middle of a chunk."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import headstart as hs
from headstart.errors import ExecutorError
from headstart.experiments.sweep.study import open_rows

STUDY: dict[str, Any] = {
    "hidden": [8], "scheme": ["he", "xavier"], "multiplier": [0.5, 1.0, 2.0], "seed": {"range": [0, 25]},
    "steps": 20_000,
}  # fmt: skip
RUN = """
import json, sys
import headstart as hs
from headstart.experiments.sweep import coordinator
coordinator.CHUNK_SECONDS = 0.5
print(hs.study(json.loads(sys.argv[1]), sys.argv[2]).run(scheduler=sys.argv[3]).done)
"""


@contextlib.contextmanager
def program(*arguments: str, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that ends with the block."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | how
    process = subprocess.Popen([sys.executable, *arguments], text=True, **quiet)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def running_scheduler(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A scheduler's address and its process."""
    said = folder / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-jupyter", "--scheduler-file", str(said)]
    with program("-m", "distributed.cli.dask_scheduler", *options) as process:
        for _ in range(300):
            with contextlib.suppress(OSError, ValueError):
                yield json.loads(said.read_text())["address"], process
                break
            time.sleep(0.1)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_scheduler(tmp_path_factory.mktemp("dask")) as (address, _):
        yield address


def worker(address: str, folder: Path) -> Any:
    options = [
        "--no-nanny",
        "--nthreads",
        "1",
        "--host",
        "127.0.0.1",
        "--no-dashboard",
        "--local-directory",
        str(folder),
    ]
    return program("-m", "distributed.cli.dask_worker", address, *options)


def test_a_scheduler_without_workers_and_none_at_all(scheduler: str) -> None:
    with pytest.raises(ExecutorError, match=r"has no workers. Start some: dask worker tcp://"):
        hs.study(STUDY).run(scheduler=scheduler)
    began = time.monotonic()
    with pytest.raises(ExecutorError, match=r"'tcp://127.0.0.1:1' cannot be reached: .*Start it"):
        hs.study(STUDY).run(scheduler="tcp://127.0.0.1:1")
    assert time.monotonic() - began < 10  # five of them the patience that is promised


def test_killed_workers_lose_nothing(scheduler: str, tmp_path: Path) -> None:
    whole = hs.study(STUDY)
    whole.run()
    path, moments = tmp_path / "s.db", random.Random(0)
    with contextlib.ExitStack() as workers:
        alive = [workers.enter_context(worker(scheduler, tmp_path)) for _ in range(2)]
        coordinator = workers.enter_context(
            program("-c", RUN, json.dumps(STUDY), str(path), scheduler, stdout=subprocess.PIPE)
        )
        kills, until = 0, time.monotonic() + 120
        while coordinator.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
            begun = path.exists() and path.stat().st_size and len(stored(path)) > 10 * kills
            if begun and kills < 4:
                time.sleep(moments.uniform(0, 0.3))
                alive.append(workers.enter_context(worker(scheduler, tmp_path)))
                alive.pop(0).kill()
                kills += 1
        assert coordinator.wait(timeout=10) == 0
        assert kills >= 3
        assert coordinator.stdout is not None
        assert coordinator.stdout.read() == "150\n"
    assert json.dumps(open_rows(path)) == json.dumps(whole.rows())


def test_a_lost_scheduler_is_said_and_the_next_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with contextlib.ExitStack() as processes:
        address, process = processes.enter_context(running_scheduler(tmp_path))
        processes.enter_context(worker(address, tmp_path))
        coordinator = processes.enter_context(
            program("-c", RUN, json.dumps(STUDY), str(path), address, stderr=subprocess.PIPE)
        )
        until = time.monotonic() + 60
        while len(stored(path) if path.exists() else []) == 0 and time.monotonic() < until:
            time.sleep(0.05)
        process.kill()
        assert coordinator.stderr is not None
        last = coordinator.stderr.read().strip().splitlines()[-1]
        assert coordinator.wait(timeout=30) == 1
    assert "ExecutorError: the workers are lost: the connection to them ended. Run the same command again" in last
    assert 0 < len(stored(path)) < 150
    assert hs.study(STUDY, path).run().done == 150


def stored(path: Path) -> list[Any]:
    with contextlib.suppress(hs.InputError):  # the tables are not there yet
        return open_rows(path)
    return []
