"""stdout and stderr as they come: any encoding, closed, full, nobody reading. Each is a process of its own."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

QUICK = ("compare", "he", "zeros", "--steps", "20", "--seeds", "2")
ENCODINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"}, "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "utf-16": {"PYTHONIOENCODING": "utf-16"},
    "utf-8": {"PYTHONIOENCODING": "utf-8"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""},
}  # fmt: skip
COMMANDS = (QUICK, (*QUICK, "--json"), ("explain",), ("compare", "--help"))


def shell(line: str, folder: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """What a line of a shell does, in which $H is the program."""
    program = f"{sys.executable} -m headstart"
    given = {**os.environ, "H": program, **(environment or {})}
    return subprocess.run(["bash", "-c", line], cwd=folder, env=given, capture_output=True, check=False)


@pytest.mark.parametrize("encoding", [name for name in ENCODINGS if name != "utf-8"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_any_encoding_survives(encoding: str, command: tuple[str, ...], tmp_path: Path) -> None:
    done = shell(f"$H {' '.join(command)}", tmp_path, ENCODINGS[encoding])
    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode("ascii" if encoding == "C" else encoding)
    assert shown
    assert "?" not in re.sub(r"\? ", "", shown)
    if "--json" in command:
        assert json.loads(shown)["schema"] == 1
        assert done.stdout.isascii() or encoding == "utf-16"
    if command == QUICK and encoding in ("ascii", "C"):
        assert "the signal changes x " in re.sub(r"\s+", " ", shown)


def test_an_error_says_what_it_is_about_in_any_encoding(tmp_path: Path) -> None:
    for encoding, shown in (("ascii", r"'h\xe9\u65e5'"), ("utf-8", "'hé日'")):
        done = shell("$H compare 'hé日'", tmp_path, ENCODINGS[encoding])
        assert done.returncode == 2
        assert shown in done.stderr.decode(encoding) or "he\\u65e5" in done.stderr.decode(encoding)
        assert b"Traceback" not in done.stderr
    done = shell("$H compare $'\\xff\\x1b[31m'", tmp_path)
    assert done.returncode == 2
    assert b"\x1b" not in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("redirect", [">/dev/full", ">&-"])
def test_an_output_that_takes_nothing_is_found_before_the_work(redirect: str, tmp_path: Path) -> None:
    done = shell(f"$H compare --steps 100000000 {redirect}", tmp_path)
    assert done.returncode == 1
    said = done.stderr.decode()
    assert said.startswith("Error: cannot write to standard output: ")
    assert said.endswith("Open it, or write files with --out PATH.\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize("redirect", [">/dev/full", ">&-"])
@pytest.mark.parametrize("kind", ["", "--json"])
def test_with_files_the_work_is_done_and_the_result_not_lost(redirect: str, kind: str, tmp_path: Path) -> None:
    done = shell(f"$H {' '.join(QUICK)} --out he.csv {kind} {redirect}", tmp_path)
    assert done.returncode == 1
    said = done.stderr.decode()
    assert (tmp_path / "he.csv").read_text().startswith("scheme,")
    assert ("first_cost" if kind else "first cost") in said  # the result, where there is somebody to read it
    assert re.search(r"^Error: cannot write to standard output: .*\n\Z", said, re.MULTILINE)
    assert "Traceback" not in said


def test_a_file_that_may_not_grow_is_an_error_after_which_the_result_stands_on_stderr(tmp_path: Path) -> None:
    done = shell(f"ulimit -f 0; $H {' '.join(QUICK)} > out.txt", tmp_path)
    assert done.returncode == 1
    assert b"verdict" in done.stderr
    assert b"File too large" in done.stderr
    assert b"Traceback" not in done.stderr
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 0  # the shell's alone


def test_a_folder_on_a_full_disk_is_refused_before_the_work(tmp_path: Path) -> None:
    done = shell("ulimit -f 0; $H compare --steps 100000000 --out pictures", tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"File too large. Choose another path." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_who_has_read_enough_is_no_error_and_the_files_are_there(tmp_path: Path) -> None:
    for command in (f"{' '.join(QUICK)} --out he.csv", f"{' '.join(QUICK)} --json --out he.csv", "schemes", "explain"):
        done = shell(f"$H {command} | head -1; exit ${{PIPESTATUS[0]}}", tmp_path)
        assert done.returncode in (0, 1)
        assert done.stdout.count(b"\n") == 1
        assert b"Traceback" not in done.stderr
        assert b"rror" not in done.stderr
    assert (tmp_path / "he.csv").exists()
    done = shell(f"$H {' '.join(QUICK)} --out other.csv | true", tmp_path)
    assert (tmp_path / "other.csv").exists()
    assert b"rror" not in done.stderr


@pytest.mark.parametrize("command", ["--help", "explain", "schemes", "compare nonsense", " ".join(QUICK), "--nonsense"])
def test_closed_streams_end_in_no_traceback(command: str, tmp_path: Path) -> None:
    assert shell(f"$H {command} 2>&-", tmp_path).returncode in (0, 2)
    for closed in (">&- 2>&-", "<&- >&- 2>&-", ">&-", "<&-", ">/dev/full 2>/dev/full"):
        done = shell(f"$H {command} {closed}", tmp_path)
        assert done.returncode in (0, 1, 2)
        assert b"Traceback" not in done.stderr
        assert b"Exception ignored" not in done.stderr


def test_a_closed_stdout_does_not_become_a_file_that_is_opened_later(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('scheme = "he"\nseed = [0, 1]\nsteps = 20\n')
    shell("$H sweep run s.toml >&- 2>&-", tmp_path)
    done = shell("$H report s.db --json", tmp_path)
    assert len(json.loads(done.stdout)["rows"]) == 2


def test_a_librarys_warning_is_one_line_and_said_once(tmp_path: Path) -> None:
    program = """
import sys, warnings
from headstart.cli import group
def command(*_):
    for number in range(3):
        warnings.warn_explicit("overflow encountered", RuntimeWarning, f"{number}.py", number + 1)
    warnings.warn_explicit("\\x1b[31mred", UserWarning, "a.py", 1)
group.cli.invoke = command
from headstart.cli.main import run
run(["explain"])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "Warning: overflow encountered\nWarning: \\x1b[31mred\n"


def test_a_stderr_that_takes_nothing_is_no_error(tmp_path: Path) -> None:
    done = shell(f"$H {' '.join(QUICK)} 2>/dev/full", tmp_path)
    assert done.returncode == 0
    assert b"verdict" in done.stdout
