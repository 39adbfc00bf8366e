"""Executes the code blocks of README and docs: Python blocks with their doctest output, and console sessions.

A console block's output must agree with what the command prints now, word for word; numbers may differ by what
another processor's rounding does to a training run.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from doctest import ELLIPSIS
from pathlib import Path

from sybil import Example, Sybil
from sybil.evaluators.doctest import NUMBER
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

# one thread for each of the test processes: on few cores they would wait for one another's, several times as long
os.environ.setdefault("OMP_NUM_THREADS", "1")

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
TABLE = "length,width,species\n" + "".join(f"{i},{i * i % 7},{'iris' if i % 2 else 'rose'}\n" for i in range(40))
ABSOLUTE, RELATIVE = 3.0, 0.1  # percentage points of accuracy; share of a cost


def keep_study(example: Example) -> None:
    """The study of a page, which the commands after it call study.toml."""
    example.namespace["study"] = str(example.parsed)


def run_console(example: Example) -> str | None:
    """Run each `$ command` of a console block and compare what it prints on stdout."""
    sessions = re.split(r"^\$ ", str(example.parsed), flags=re.MULTILINE)[1:]
    with tempfile.TemporaryDirectory() as folder:  # commands may write pictures, and read the table they speak of
        Path(folder, "table.csv").write_text(TABLE)
        Path(folder, "study.toml").write_text(example.namespace.get("study", ""))
        return next((problem for session in sessions if (problem := run_session(session, folder))), None)


def run_session(session: str, folder: str) -> str | None:
    """Run one command; what is wrong with its exit code or output, if anything."""
    command, _, expected = session.partition("\n")
    words = shlex.split(command, comments=True)
    if words[0] != "headstart":
        return None  # make demo and make test are run by people and by CI itself
    # as wide as without a terminal; the readline that pytest loads tells its children a width of its own
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, timeout=300, cwd=folder, check=False,
        env=environment,
    )  # fmt: skip
    difference = first_difference(expected, done.stdout) if expected.strip() else None
    if done.returncode or difference:
        return f"{command}: exit code {done.returncode}, {difference}\n{done.stdout}{done.stderr}"
    return None


def first_difference(expected: str, got: str) -> str | None:
    """The first line whose words differ or whose numbers differ by more than the tolerances; `...` skips the rest."""
    got_lines = [line.split() for line in got.splitlines() if line.strip()]
    for index, line in enumerate(line for line in expected.splitlines() if line.strip()):
        if line.strip() == "...":
            return None
        words = got_lines[index] if index < len(got_lines) else []
        same_words = _NUMBER.sub("#", " ".join(line.split())) == _NUMBER.sub("#", " ".join(words))
        pairs = zip(_NUMBER.findall(line), _NUMBER.findall(" ".join(words)), strict=False)
        if not same_words or any(not _close(float(a), float(b)) for a, b in pairs):
            return f"expected {' '.join(line.split())!r}, got {' '.join(words)!r}"
    return None


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= max(ABSOLUTE if max(abs(a), abs(b)) > 1.5 else 0.0, RELATIVE * abs(a))


pytest_collect_file = Sybil(
    parsers=[
        PythonCodeBlockParser(doctest_optionflags=NUMBER | ELLIPSIS),
        CodeBlockParser(language="toml", evaluator=keep_study),
        CodeBlockParser(language="console", evaluator=run_console),
        SkipParser(),
    ],
    patterns=["*.md"],
).pytest()
