"""A Dask cluster on loopback: the same rows, and workers may be killed in the middle of a chunk."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask.config
import pytest
from distributed import Client

import headstart as hs
from headstart.errors import ExecutorError
from headstart.experiments.sweep import coordinator as coordinator_module
from headstart.experiments.sweep import estimate as estimate_module
from headstart.experiments.sweep import executors as executors_module
from headstart.experiments.sweep.stored import open_rows

STUDY: dict[str, Any] = {
    "hidden": [8], "scheme": ["he", "xavier"], "multiplier": [0.5, 1.0, 2.0], "seed": {"range": [0, 25]},
    "steps": 5_000,
}  # fmt: skip
RUNS, CHUNK = 150, 5
CONNECT_SECONDS = executors_module.CONNECT_SECONDS


@pytest.fixture(scope="module", autouse=True)
def patient() -> Iterator[None]:
    """A busy machine answers late: Dask gives up on nobody who is only slow, here and in the processes begun here."""
    waits = {"comm.timeouts.connect": "600s", "comm.timeouts.tcp": "600s", "scheduler.worker-ttl": "600s"}
    with pytest.MonkeyPatch.context() as patch:
        for name, long in waits.items():
            patch.setenv(f"DASK_DISTRIBUTED__{name.replace('.', '__').replace('-', '_').upper()}", long)
        with dask.config.set({f"distributed.{name}": long for name, long in waits.items()}):
            yield


@pytest.fixture(autouse=True)
def known_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty chunks, however quick the machine, and no timed sample."""
    monkeypatch.setattr(
        coordinator_module, "cut", lambda runs, *_: [runs[at : at + CHUNK] for at in range(0, len(runs), CHUNK)]
    )
    monkeypatch.setattr(estimate_module, "seconds_per_run", lambda runs: {})
    monkeypatch.setattr(executors_module, "CONNECT_SECONDS", 600)  # a busy machine answers late


def test_a_scheduler_is_waited_for_no_longer_than_is_promised() -> None:
    assert CONNECT_SECONDS == 5


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
def running_scheduler(folder: Path, *more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A scheduler's address and its process."""
    said = folder / "scheduler.json"
    options = [
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--no-jupyter",
        "--scheduler-file",
        str(said),
        *more,
    ]
    with program("-m", "distributed.cli.dask_scheduler", *options) as process:
        while True:  # until it has said where it is, or has ended
            with contextlib.suppress(OSError, ValueError):
                address = json.loads(said.read_text())["address"]
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"the scheduler ended with {process.wait(0.05)}")
        yield address, process


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_scheduler(tmp_path_factory.mktemp("dask")) as (address, _):
        yield address


def worker(address: str, folder: Path) -> Any:
    options = ["--no-nanny", "--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard", "--local-directory", folder]
    return program("-m", "distributed.cli.dask_worker", address, *map(str, options))


@contextlib.contextmanager
def waiting_for_a_worker(address: str) -> Iterator[None]:
    """Begin when there is a worker."""
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(1)
        yield


@pytest.fixture
def secured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A certificate, and Dask's configuration as docs/sweep.md has it, for this process and those it starts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        assert os.environ.get("CI") != "true", "install openssl: this test makes a certificate"
        pytest.skip("openssl is not installed")
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=sweep", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    both = {"cert": cert, "key": key}
    tls = {"ca-file": cert, "scheduler": both, "worker": both, "client": both}
    (tmp_path / "dask").mkdir()
    (tmp_path / "dask" / "tls.yaml").write_text(
        json.dumps({"distributed": {"comm": {"require-encryption": True, "tls": tls}}})  # JSON is YAML
    )
    monkeypatch.setenv("DASK_CONFIG", str(tmp_path / "dask"))
    own = {"ca-file": cert, "client.cert": cert, "client.key": key}
    with dask.config.set({f"distributed.comm.tls.{name}": path for name, path in own.items()}):
        yield


@pytest.mark.usefixtures("secured")
def test_a_cluster_with_tls_runs_a_study_and_others_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"hidden": [3], "steps": 2, "seed": [0, 1]}
    with running_scheduler(tmp_path, "--protocol", "tls") as (address, _), worker(address, tmp_path):
        assert address.startswith("tls://127.0.0.1:")
        with waiting_for_a_worker(address):
            assert hs.study(given, tmp_path / "s.db").run(scheduler=address) == (2, 2, 0)
        with dask.config.set(
            {f"distributed.comm.tls.{name}": None for name in ("ca-file", "client.cert", "client.key")}
        ):
            words = r"cannot be reached: TLS expects .* With TLS see to the certificates in Dask's configuration.$"
            with pytest.raises(ExecutorError, match=words):
                hs.study(given).run(scheduler=address)


def test_a_scheduler_without_workers_and_none_at_all(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExecutorError, match=r"has no workers. Start some: dask worker tcp://"):
        hs.study(STUDY).run(scheduler=scheduler)
    monkeypatch.setattr(executors_module, "CONNECT_SECONDS", 1)
    with pytest.raises(ExecutorError, match=r"'tcp://127.0.0.1:1' cannot be reached: .*Start it"):
        hs.study(STUDY).run(scheduler="tcp://127.0.0.1:1")


def test_killed_workers_lose_nothing(scheduler: str, tmp_path: Path) -> None:
    """A worker is killed, with a chunk of its own under way, each time another fifth of the runs is stored."""
    path, kills = tmp_path / "s.db", 0
    with contextlib.ExitStack() as workers:
        alive = [workers.enter_context(worker(scheduler, tmp_path)) for _ in range(2)]

        def kill(done: int, total: int) -> None:
            nonlocal kills
            if kills < 3 and done >= (kills + 1) * total // 5:
                alive.append(workers.enter_context(worker(scheduler, tmp_path)))
                alive.pop(0).kill()
                kills += 1

        with waiting_for_a_worker(scheduler):
            assert hs.study(STUDY, path).run(scheduler=scheduler, progress=kill) == (RUNS, RUNS, 0)
    assert kills == 3
    whole = hs.study(STUDY)
    whole.run()
    assert json.dumps(open_rows(path)) == json.dumps(whole.rows())


def test_a_lost_scheduler_is_said_and_the_next_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with contextlib.ExitStack() as processes:
        address, process = processes.enter_context(running_scheduler(tmp_path))
        processes.enter_context(worker(address, tmp_path))

        def lose(done: int, total: int) -> None:
            if done:
                process.kill()

        with (
            waiting_for_a_worker(address),
            pytest.raises(ExecutorError, match=r"^the workers are lost: the connection to them ended. Run the same"),
        ):
            hs.study(STUDY, path).run(scheduler=address, progress=lose)
    assert 0 < len(open_rows(path)) < RUNS
    assert hs.study(STUDY, path).run().done == RUNS
