"""Kill a sweep at random moments, go on with it, and see that nothing was lost and nothing was run twice.

python kill_sweep.py FOLDER        # prints the number of kills; fails with an assertion
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import headstart as hs
from headstart.experiments.store import Store
from headstart.experiments.sweep import coordinator
from headstart.experiments.sweep.study import open_rows

KILLS = 50
# About a thousand runs of 2 ms: at 50 kills a sweep is cut everywhere, in the middle of transactions too.
STUDY: dict[str, Any] = {
    "scheme": ["zeros", "he", "xavier"], "multiplier": {"log": [0.25, 4.0], "count": 5},
    "learning_rate": [0.01, 0.1], "seed": {"range": [0, 40]}, "steps": 1000, "hidden": [4],
}  # fmt: skip


def table(path: Path) -> str:
    return json.dumps(open_rows(path))


def killed_after(seconds: float, path: Path, started: Path) -> bool:
    """Run the sweep in a process of its own, kill it after a while; whether it had ended by itself.

    Every run that is begun is written to `started`. A fork, because it begins where a new process would be after a
    second of imports, and fifty of those are a minute.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            real = coordinator.run_chunk

            def logged(chunk: Any, *flag: Any) -> Any:
                with started.open("a") as file:
                    file.write("".join(f"{run.id}\n" for run in chunk))
                return real(chunk, *flag)

            coordinator.run_chunk = logged
            hs.study(STUDY, path).run(workers=1)
            status = 0
        finally:
            os._exit(status)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            assert status == 0
            return True
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def main(folder: Path) -> int:
    whole = folder / "whole.db"
    hs.study(STUDY, whole).run()  # and compiles what the forked processes run
    coordinator.CHUNK_SECONDS = 0.03
    path, moments = folder / "killed.db", random.Random(0)
    kills, stored, ended = 0, set[str](), False
    for attempt in range(400):
        started = folder / f"started.{attempt}"
        ended = killed_after(moments.uniform(0.0, 0.2), path, started)
        kills += not ended
        begun = set(started.read_text().split()) if started.exists() else set()
        assert not begun & stored, "a stored run was run again"
        now = set(Store(path).states()) if Store(path).exists() else set()
        assert stored <= now, "a stored run was lost"
        stored = now
        if kills >= KILLS:
            break
        if ended:  # a short study can end before its fiftieth kill: the next ones hit another
            assert table(path) == table(whole)
            for file in folder.glob("killed.db*"):
                file.unlink()
            stored = set()
    assert kills >= KILLS
    while not killed_after(60, path, folder / "started.last"):
        pass
    assert table(path) == table(whole)
    return kills


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
