"""Mutants: small wrong edits of the code, made one at a time, to see whether the tests notice.

`tools/mutants/*.jsonl` hold one edit a line: the file, the text before, the text after, and why a user cares. Each is
made in a copy of the tree, and the tests that can reach the file run until one of them fails, the nearest first:
those named after the file, then those of its room, then every other one that imports it, then the pages.

    python tools/mutants.py                          # all: some hours on two cores; with --near 6 about one
    python tools/mutants.py draws theory             # two rooms
    python tools/mutants.py --file schemes/spec.py   # what touches a file
    python tools/mutants.py --check                  # only that every edit still fits its file
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path("src/headstart")
TREE = ("src", "tests", "docs", "tools", "benchmarks", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "conftest.py",
        "pyproject.toml", "constraints.txt", "Makefile", "LICENSE")  # fmt: skip
KEYS = {"file", "before", "after", "why"}
NEAR = 40  # test files in a batch: pytest starts once for each batch
INLINED = {"draws/backends/vector_ir.py"}  # inlined into another file's code: Numba's cache would not see a change
SECONDS = 1500  # a batch of tests that takes longer hangs, and a hang is noticed


@dataclass(frozen=True)
class Mutant:
    """One wrong edit."""

    room: str  # the file of mutants it stands in
    line: int  # where, from 1
    file: str  # below src/headstart
    before: str
    after: str
    why: str

    def __str__(self) -> str:
        return f"{self.room}:{self.line} {self.file}: {_short(self.before)} -> {_short(self.after)}"


@dataclass(frozen=True)
class Outcome:
    """What the tests said of a mutant: the first that failed, or None if all passed."""

    mutant: Mutant
    noticed_by: str | None
    seconds: float


def read_mutants(folder: Path = ROOT / "tools" / "mutants") -> list[Mutant]:
    """Every mutant of a folder.

    Raises:
        ValueError: a line that is not such an edit, with its place.
    """
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            row = json.loads(line)
            if set(row) != KEYS:
                raise ValueError(f"{path.name}:{number}: a mutant has the keys {sorted(KEYS)}, got {sorted(row)}.")
            found.append(Mutant(path.stem, number, **row))
    return found


def mutated(mutant: Mutant, root: Path = ROOT) -> str:
    """The file's text with the edit made.

    Raises:
        ValueError: the text before does not stand in the file exactly once, or the edit changes nothing.
    """
    text = (root / PACKAGE / mutant.file).read_text()
    if text.count(mutant.before) != 1:
        raise ValueError(f"{mutant}: the text before stands {text.count(mutant.before)} times in the file, not once.")
    changed = text.replace(mutant.before, mutant.after)
    if changed == text:
        raise ValueError(f"{mutant}: changes nothing.")
    if mutant.file.endswith(".py"):
        ast.parse(changed)
    return changed


# --- which tests can reach a file -----------------------------------------------------------------------------------


@cache
def importers(root: Path) -> dict[str, set[str]]:
    """File -> the files of the package and the tests that import it, at any depth of their code."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in [*(root / PACKAGE).rglob("*.py"), *(root / "tests").rglob("*.py")]:
        for name in _imports(path, root):
            for target in (
                Path("src", *name.split(".")).with_suffix(".py"),
                Path("src", *name.split("."), "__init__.py"),
            ):
                if (root / target).exists():
                    found[target.as_posix()].add(path.relative_to(root).as_posix())
    return found


def _imports(path: Path, root: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("headstart."):
            yield node.value  # loaded by name


def reaching_tests(file: str, root: Path = ROOT) -> list[str]:
    """Test files, the nearest to a source file first; then the file's own doctests, the others, and the pages."""
    distance = {(PACKAGE / file).as_posix(): 0}
    waiting = deque(distance)
    while waiting:
        here = waiting.popleft()
        for other in sorted(importers(root)[here] - distance.keys()):
            distance[other] = distance[here] + 1
            waiting.append(other)
    tests = [path.relative_to(root).as_posix() for path in (root / "tests").rglob("test_*.py")]
    room = Path(file).parent.as_posix()

    def nearness(test: str) -> tuple[bool, int, int, str]:
        name, folder = Path(test).stem.removeprefix("test_"), Path(test).parent.relative_to("tests").as_posix()
        shared = sum(a == b for a, b in zip(room.split("/"), folder.split("/"), strict=False))
        return name not in Path(file).stem and Path(file).stem not in name, -shared, distance.get(test, 99), test

    own = [(PACKAGE / file).as_posix()] if file.endswith(".py") else []
    return [*own, *sorted(tests, key=nearness), PACKAGE.as_posix(), "README.md", "CONTRIBUTING.md", "docs"]


# --- running --------------------------------------------------------------------------------------------------------


def copy_tree(to: Path) -> Path:
    """A copy of what the tests need, without what lies about."""
    ignored = shutil.ignore_patterns("_build", ".*_cache", "*.egg-info", "node_modules")
    for name in TREE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=ignored)
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, to / name)
    return to


def first_failure(root: Path, file: str, near: int | None = None) -> str | None:
    """The first test that fails in a tree, the nearest to a file first; None if none does.

    Args:
        near: only so many of the nearest test files.
    """
    tests = reaching_tests(file, root)[:near]
    first, rest = tests[:3], tests[3:]
    for batch in [first, *(rest[start : start + NEAR] for start in range(0, len(rest), NEAR))]:
        options = ["-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
        command = [sys.executable, "-m", "pytest", *options, *batch]
        environment = os.environ | {"PYTHONPATH": str(root / "src"), "OPENBLAS_NUM_THREADS": "1"}
        if file in INLINED:
            environment["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(dir=root)
        try:
            done = subprocess.run(
                command, cwd=root, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return f"a hang in {batch[0]} ..."
        if done.returncode not in (0, 5):  # 5: no test in these files
            lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
            return lines[0] if lines else f"exit code {done.returncode}: {done.stdout[-200:]}{done.stderr[-200:]}"
    return None


def check_collection(root: Path) -> None:
    """See that pytest can read every test of the right code: else each mutant would look noticed.

    Raises:
        RuntimeError: what pytest says.
    """
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider", "tests"]
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"without any edit, the tests cannot be collected:\n{done.stdout[-2000:]}{done.stderr[-500:]}"
        )


def attempt(mutant: Mutant, root: Path, near: int | None = None) -> Outcome:
    """Make the edit in a copy of the tree, run the tests, put the file back."""
    path = root / PACKAGE / mutant.file
    kept, times, began = path.read_bytes(), path.stat(), time.perf_counter()
    try:
        path.write_text(mutated(mutant, root))
        noticed = first_failure(root, mutant.file, near)
    finally:
        path.write_bytes(kept)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # compiled code of the right file stays valid
    return Outcome(mutant, noticed, time.perf_counter() - began)


def run(mutants: list[Mutant], jobs: int, near: int | None = None) -> list[Outcome]:
    """Try every mutant, `jobs` at a time, each in a copy of the tree; a line for each as it ends."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        free: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            root = copy_tree(Path(folder, str(number)))
            if number == 0:
                check_collection(root)
            free.put(root)

        def one(mutant: Mutant) -> Outcome:
            root = free.get()
            try:
                outcome = attempt(mutant, root, near)
            finally:
                free.put(root)
            said = f"noticed by {outcome.noticed_by}" if outcome.noticed_by else "SURVIVED"
            print(f"{mutant}\n    {said} ({outcome.seconds:.0f} s)", flush=True)
            return outcome

        return list(pool.map(one, mutants))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", help="only the mutants of these files: draws, theory, ...")
    parser.add_argument("--folder", type=Path, default=ROOT / "tools" / "mutants", help="where the .jsonl files lie")
    parser.add_argument("--file", help="only those that touch this file, as src/headstart has it")
    parser.add_argument("--line", type=int, action="append", help="only these lines of the rooms' files")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--near", type=int, help="only so many of the nearest test files: a quicker, stricter look")
    parser.add_argument("--check", action="store_true", help="run nothing: does every edit fit its file?")
    options = parser.parse_args()
    mutants = [
        mutant for mutant in read_mutants(options.folder)
        if (not options.rooms or mutant.room in options.rooms)
        and options.file in (None, mutant.file) and (not options.line or mutant.line in options.line)
    ]  # fmt: skip
    for mutant in mutants:
        mutated(mutant)
    if options.check:
        print(f"{len(mutants)} mutants fit their files")
        return 0
    outcomes = run(mutants, options.jobs, options.near)
    survivors = [outcome.mutant for outcome in outcomes if outcome.noticed_by is None]
    print(f"\n{len(outcomes) - len(survivors)} of {len(outcomes)} noticed")
    for mutant in survivors:
        print(f"  survived: {mutant}\n    {mutant.why}")
    return 0


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:57] + "..."


if __name__ == "__main__":
    raise SystemExit(main())
