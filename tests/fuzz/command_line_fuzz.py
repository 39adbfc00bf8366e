"""Try the command line with bad arguments by the thousand, each in a process and a folder of its own.

    python tests/fuzz/command_line_fuzz.py --cases 1500 --seed 0

A case is at fault if it ends in a traceback, does not end, takes too much memory, prints a password, ends with an exit
code that is none of ours or without a word, or leaves a file behind although it failed. Work that is really long is
right as long as it says how far it is, and ends at Ctrl-C.

The commands are imported once and each case is a fork, because starting Python would take most of the time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bad_arguments import PASSWORD, cases, furnish

CODES = (0, 1, 2, 3, 4, 130)
MOST_MEMORY = 4 * 2**30  # bytes
LONGEST_MESSAGE = 3000  # characters of an error
KEPT = (4, 130)  # these codes promise that what was finished is kept, so files may stay


@dataclass(frozen=True)
class Outcome:
    """What one command line did, and what is wrong with that."""

    arguments: tuple[str, ...]
    code: int | None
    seconds: float
    memory: int
    faults: tuple[str, ...]
    told: str


def load() -> None:
    """Import what the commands import, once for all cases; nothing here starts a thread."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import altair  # noqa: F401
        import optuna  # noqa: F401
        import sqlalchemy  # noqa: F401
        import torch  # noqa: F401

        from headstart.cli import compare, explain, gain, lab, phase, probe, report, schemes, sweep, tune  # noqa: F401
        from headstart.experiments.engine import kernels  # noqa: F401
        from headstart.verbs import study  # noqa: F401
        from headstart.verbs import tune as tuned  # noqa: F401


def prepare(folder: Path) -> Path:
    """A store with runs in it, which every case gets a copy of."""
    furnish(folder)
    code = "import sys; from headstart.cli.main import run; run(sys.argv[1:])"
    command = [sys.executable, "-c", code, "sweep", "run", "study.toml", "--store", "runs.db"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "runs.db"


def attempt(arguments: Sequence[str], store: Path, patience: float) -> Outcome:
    """Run one command line in a folder of its own and judge what it did."""
    with tempfile.TemporaryDirectory(prefix="fuzz") as made:
        folder, outside = Path(made, "work"), Path(made)
        folder.mkdir()
        furnish(folder)
        shutil.copy(store, folder / "runs.db")
        before = snapshot(folder)
        began = time.monotonic()
        child = fork(arguments, folder, outside / "out", outside / "err")
        code, memory, faults = wait(child, outside / "err", patience)
        seconds = time.monotonic() - began
        printed, told = ((outside / name).read_bytes().decode("utf-8", "replace") for name in ("out", "err"))
        faults += judged(arguments, code, printed, told)
        if code not in (0, *KEPT):
            faults += [f"file left: {name}" for name in sorted(snapshot(folder) ^ before)]
        faults += [f"temporary file left: {name}" for name in temporary(folder)]
        for path in folder.rglob("*"):
            if path.is_file() and PASSWORD.encode() in path.read_bytes():
                faults.append(f"password in {path.name}")
    return Outcome(tuple(arguments), code, seconds, memory, tuple(faults), told)


def fork(arguments: Sequence[str], folder: Path, out: Path, err: Path) -> int:
    """Start a command line in a child process."""
    child = os.fork()
    if child:
        return child
    code = 97
    try:
        os.setsid()
        os.chdir(folder)
        for name, number in ((os.devnull, 0), (out, 1), (err, 2)):
            handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY, 0o600)
            os.dup2(handle, number)
            os.close(handle)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        os.environ["HOME"] = str(folder)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from headstart.cli.main import run

        try:
            run(list(arguments))
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 98
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def wait(child: int, err: Path, patience: float) -> tuple[int | None, int, list[str]]:
    """Exit code, largest memory and faults; who takes too long is interrupted, who takes too much is killed."""
    began, interrupted, faults = time.monotonic(), None, []
    while True:
        done, status, used = os.wait4(child, os.WNOHANG)
        if done:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)  # what it may have started
            memory = used.ru_maxrss * 1024
            if memory > MOST_MEMORY and not faults:
                faults.append(f"memory: {memory / 2**30:.1f} GiB")
            return os.waitstatus_to_exitcode(status), memory, faults
        if resident(child) > MOST_MEMORY:
            faults.append("memory: more than 4 GiB, killed")
            os.kill(child, signal.SIGKILL)
        elif interrupted is None and time.monotonic() - began > patience:
            interrupted = time.monotonic()
            if not err.read_bytes().strip():
                faults.append(f"silent after {patience:.0f} s")
            os.kill(child, signal.SIGINT)
        elif interrupted is not None and time.monotonic() - interrupted > patience:
            faults.append("does not end at Ctrl-C")
            os.kill(child, signal.SIGKILL)
            interrupted = float("inf")
        time.sleep(0.02)


def resident(process: int) -> int:
    """Bytes of memory a process holds."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def judged(arguments: Sequence[str], code: int | None, printed: str, told: str) -> list[str]:
    """What is wrong with what a command printed and ended with."""
    faults = []
    if "Traceback" in printed + told:
        faults.append("traceback: " + (told.strip().splitlines() or ["?"])[-1][:150])
    if code not in CODES:
        faults.append(f"exit code {code}")
    if PASSWORD in printed + told and code != 0:  # a file by such a name is what was asked for
        faults.append("password")
    if code not in (0, 130) and not told.strip():
        faults.append("fails without a word")
    if code == 2 and len(told) > LONGEST_MESSAGE:
        faults.append(f"a message of {len(told)} characters")
    if "Warning:" in told or "RuntimeWarning" in told:
        faults.append("warning: " + next(line for line in told.splitlines() if "Warning" in line)[:150])
    if "\x1b" in printed:
        faults.append("a control character reaches the terminal")
    if code == 0 and "--json" in arguments:
        try:
            json.loads(printed)
        except ValueError:
            if "--help" not in arguments:
                faults.append("no JSON")
    return faults


def snapshot(folder: Path) -> set[tuple[str, int, int]]:
    """Every file with its size and time of change; a store is opened, so its own time may change."""
    found = set()
    for path in folder.rglob("*"):
        about = path.lstat()
        file = path.is_file() and path.suffix != ".db"
        found.add((str(path.relative_to(folder)), about.st_size if file else 0, about.st_mtime_ns if file else 0))
    return found


def temporary(folder: Path) -> list[str]:
    """Files that look as if somebody had been writing them."""
    return [path.name for path in folder.rglob("*") if path.name.endswith((".tmp", "-journal")) or ".tmp" in path.name]


def fuzz(count: int, seed: int, patience: float, only: str = "") -> Iterator[Outcome]:
    """The outcomes of so many command lines."""
    load()
    with tempfile.TemporaryDirectory(prefix="fuzz") as made:
        store = prepare(Path(made))
        for arguments in cases(count, seed):
            if not " ".join(arguments).startswith(only):
                continue
            yield attempt(arguments, store, patience)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--patience", type=float, default=10.0, help="seconds before Ctrl-C, and again before it is killed"
    )
    parser.add_argument("--only", default="", help="only command lines that begin so")
    parser.add_argument("--show", action="store_true", help="print every case")
    options = parser.parse_args()
    found, codes = [], Counter[int | None]()
    slowest = largest = 0.0
    for outcome in fuzz(options.cases, options.seed, options.patience, options.only):
        codes[outcome.code] += 1
        slowest, largest = max(slowest, outcome.seconds), max(largest, outcome.memory)
        if outcome.faults or options.show:
            found.append(outcome) if outcome.faults else None
            shown = " ".join(repr(word[:120])[1:-1] for word in outcome.arguments)
            print(
                f"{outcome.code}  {outcome.seconds:.1f} s  headstart {shown}\n     {'; '.join(outcome.faults)}",
                flush=True,
            )
    told = ", ".join(f"{code}: {times}" for code, times in sorted(codes.items(), key=str))
    print(f"{sum(codes.values())} cases, {len(found)} at fault; exit codes {told}; "
          f"slowest {slowest:.1f} s, most memory {largest / 2**30:.2f} GiB")  # fmt: skip
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
