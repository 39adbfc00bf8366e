"""Flip single bits of a store, one at a time, and see that it is read as it was or refused: never other rows.

Two stores are damaged: one that is finished, and one whose sweep was killed, with what it wrote still in its log. Bits
are taken from everywhere, and more often where little holds much: the file's head, its schema, the log's head and its
frames' heads. After each flip the store is read by name and without, its studies and states too.

python flipped_bits.py [FLIPS] [SEED]        # prints what became of the flips; exit code 1 where one was a fault
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import headstart as hs
from headstart.errors import StoreError
from headstart.experiments.store import Store
from headstart.experiments.sweep.stored import open_rows

STUDY: dict[str, Any] = {
    "scheme": ["zeros", "he", "delta_orthogonal"], "learning_rate": [0.1, 1e6], "seed": {"range": [0, 4]}, "steps": 5,
    "hidden": [3], "activation": "squared_relu", "data": "moons",
}  # fmt: skip
SECONDS = 10  # of one look; more is a hang
HEADS = {"": 100, "-wal": 56}  # bytes before a file's pages and a log's first one


class Hang(Exception):
    """A look that does not end."""


def finished(folder: Path) -> Path:
    """A store whose sweep has ended."""
    folder.mkdir()
    hs.study(STUDY, folder / "runs.db", name="one").run()
    hs.study({**STUDY, "seed": [9]}, folder / "runs.db", name="two").run()
    return folder / "runs.db"


def killed(folder: Path) -> Path:
    """A store whose sweep was killed: half of it in the file, half in the log."""
    whole, path = finished(folder.with_name("before")), folder / "runs.db"
    folder.mkdir()
    shutil.copy(whole, path)
    child = os.fork()
    if child == 0:
        study = hs.study({**STUDY, "seed": [20, 21]}, path, name="three")
        with study.store.coordinating():
            study._register()
            for run in study.runs().values():
                study.store.add([(run.id, run.text, "done", None, 0.7, 0.5, 0.9, 0.8, None, None)])
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert (folder / "runs.db-wal").stat().st_size > 10_000
    return path


def look(path: Path) -> str:
    """All that can be read of a store, as text that is equal for equal contents."""
    store = Store(path)
    if not store.exists():
        return "no store"
    held = {name: (study.document, study.seeds) for name, study in store.studies().items()}
    by_name = {name: open_rows(path, name) for name in held}
    return json.dumps([held, open_rows(path), by_name, sorted(store.states().items())], sort_keys=True)


def places(path: Path, flips: int, seed: int) -> Iterator[tuple[str, int]]:
    """Which bit of which of the store's files: a third from the heads, the rest from anywhere."""
    chosen = random.Random(seed)
    sizes = {end: path.with_name(path.name + end).stat().st_size for end in HEADS if _file(path, end).exists()}
    for place in range(flips):
        end = chosen.choices(list(sizes), list(sizes.values()))[0]
        most = sizes[end]
        if place % 3 == 0:
            end = chosen.choice(list(sizes))
            most = min(sizes[end], HEADS[end] if place % 2 else 4096)
        yield end, chosen.randrange(8 * most)


def _file(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def flipped(path: Path, end: str, bit: int, target: Path) -> Path:
    """A copy of the store with one bit changed."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, target / file.name)
    damaged = _file(target / path.name, end)
    data = bytearray(damaged.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    damaged.write_bytes(data)
    return target / path.name


def verdict(path: Path, expected: str) -> tuple[str, str]:
    """What became of a damaged store: same, refused, or a fault and what it was."""

    def stop(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        found = look(path)
        return ("same", "") if found == expected else ("OTHER ROWS", found[:200])
    except StoreError as error:
        return ("refused", str(error)) if "\n" not in str(error) else ("SEVERAL LINES", str(error))
    except Hang:
        return "HANG", ""
    except BaseException:
        return "TRACEBACK", traceback.format_exc()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def faults(flips: int, seed: int, folder: Path, counts: Counter[str]) -> list[str]:
    """Flip so many bits of each of the two stores; the faults, one line or trace each."""
    found = []
    for kind, made in (("finished", finished), ("killed", killed)):
        path = made(folder / kind)
        expected = look(path)
        assert expected == look(path)
        for end, bit in places(path, flips, seed):
            what, said = verdict(flipped(path, end, bit, folder / "flipped"), expected)
            counts[what] += 1
            if what not in ("same", "refused"):
                found.append(f"{kind}, bit {bit} of runs.db{end}: {what} {said}")
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("flips", type=int, nargs="?", default=1500, help="of each of two stores")
    options.add_argument("seed", type=int, nargs="?", default=0)
    given = options.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        found = faults(given.flips, given.seed, Path(folder), counts)
    print("\n".join(found + [f"{count:,} {what}" for what, count in counts.items()]))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
