"""Kill a sweep at fifty places, go on with it each time, and see that nothing was lost and nothing was run twice.

A sweep says in a pipe whenever a chunk begins or ends and whenever a statement goes to the store. The kill follows a
chosen one of these events, so it hits the same places on a quick machine and on a busy one; the sweep meanwhile goes
on, so it hits the middle of transactions too.

python kill_sweep.py FOLDER        # prints the number of kills; fails with an assertion
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import sqlalchemy

import headstart as hs
from headstart.experiments.store import Store
from headstart.experiments.sweep import coordinator, estimate
from headstart.experiments.sweep.stored import open_rows

KILLS = 50
EVENTS = 60  # a sweep is killed after at most so many: about a third of its way
CHUNK = 8  # runs of a chunk
STUDY: dict[str, Any] = {
    "scheme": ["zeros", "he", "xavier"], "multiplier": {"log": [0.25, 4.0], "count": 5},
    "learning_rate": [0.01, 0.1], "seed": {"range": [0, 20]}, "steps": 100, "hidden": [4],
}  # fmt: skip


def without_a_clock() -> None:
    """Chunks of one length however quick the machine, and no timed sample."""
    coordinator.cut = lambda runs, seconds, workers: [runs[at : at + CHUNK] for at in range(0, len(runs), CHUNK)]
    estimate.seconds_per_run = lambda runs: {}


def table(path: Path) -> str:
    return json.dumps(open_rows(path))


def killed_after(events: int | None, path: Path, started: Path) -> bool:
    """Run the sweep in a process of its own and kill it after so many events; whether it had ended by itself.

    Every run that is begun is written to `started`. A fork, because it begins where a new process would be after a
    second of imports, and fifty of those are a minute.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            real = coordinator.run_chunk

            def logged(chunk: Any, *flag: Any) -> Any:
                os.write(writing, b".")
                with started.open("a") as file:
                    file.write("".join(f"{run.id}\n" for run in chunk))
                results = real(chunk, *flag)
                os.write(writing, b".")
                return results

            coordinator.run_chunk = logged
            study = hs.study(STUDY, path)
            sqlalchemy.event.listen(study.store._engine, "before_cursor_execute", lambda *_: os.write(writing, b"."))
            sqlalchemy.event.listen(study.store._engine, "commit", lambda _: os.write(writing, b"."))
            study.run(workers=1)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        seen = 0
        while (events is None or seen < events) and pipe.read(1):
            seen += 1
    if seen == events:
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return False
    assert status == 0
    return True


def main(folder: Path) -> int:
    whole = folder / "whole.db"
    without_a_clock()
    hs.study(STUDY, whole).run()  # and compiles what the forked processes run
    path, places = folder / "killed.db", random.Random(0)
    kills, attempt, stored = 0, 0, set[str]()
    while kills < KILLS:
        attempt += 1
        started = folder / f"started.{attempt}"
        ended = killed_after(places.randint(1, EVENTS), path, started)
        kills += not ended
        begun = set(started.read_text().split()) if started.exists() else set()
        assert not begun & stored, "a stored run was run again"
        now = set(Store(path).states()) if Store(path).exists() else set()
        assert stored <= now, "a stored run was lost"
        stored = now
        if ended:  # a study ends before its fiftieth kill: the next ones hit another
            assert table(path) == table(whole)
            for file in folder.glob("killed.db*"):
                file.unlink()
            stored = set()
    assert killed_after(None, path, folder / "started.last")
    assert table(path) == table(whole)
    return kills


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
