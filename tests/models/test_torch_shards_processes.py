"""Sharded models on real processes: gathered, they are the single process's to the bit; ranks that differ are named."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sharded_ranks

CASES = [(world, name) for world, tries in sharded_ranks.TRIES.items() for name in tries]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, list[str]]]:
    """World -> what was tried -> what each rank told, "" if it was right."""
    folder = tmp_path_factory.mktemp("ranks")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    call = [sys.executable, "-W", "ignore", sharded_ranks.__file__, str(folder)]
    program = subprocess.Popen(call, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        _, errors = program.communicate(timeout=600)
    finally:
        with contextlib.suppress(ProcessLookupError):  # the ranks too, where one of them hangs
            os.killpg(program.pid, signal.SIGKILL)
    assert program.returncode == 0, errors
    told: dict[int, dict[str, list[str]]] = {}
    for world in sharded_ranks.WORLDS:
        for rank in range(world):
            path = Path(folder) / f"{world}-{rank}.json"
            assert path.exists(), errors
            for name, each in json.loads(path.read_text()).items():
                told.setdefault(world, {}).setdefault(name, []).append(each)
    return told


@pytest.mark.parametrize(("world", "name"), CASES, ids=str)
def test_on_real_processes(found: dict[int, dict[str, list[str]]], world: int, name: str) -> None:
    """What each case is stands in `sharded_ranks`; every rank has to tell that it was right."""
    assert found[world][name] == [""] * world
