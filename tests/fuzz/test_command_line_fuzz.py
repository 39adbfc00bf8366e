"""The short form of the fuzz of the command line, and twins that it must call faults."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bad_arguments import PASSWORD, cases, places
from command_line_fuzz import judged, snapshot, temporary

FOLDER = Path(__file__).parent


def test_no_bad_argument_ends_badly() -> None:
    """80 of the command lines; `command_line_fuzz.py --cases 1500` is the whole."""
    command = [sys.executable, "command_line_fuzz.py", "--cases", "80", "--seed", "6", "--patience", "60"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_every_option_of_every_command_is_tried() -> None:
    found = {(place.command, place.option) for place in places()}
    assert {("compare", "--steps"), ("sweep extend", "--seeds"), ("report", ""), ("tune", "--storage")} <= found
    tried = {word.partition("=")[0] for line in cases(1500, 0) for word in line if word.startswith("--")}
    assert tried >= {option for _, option in found if option}


@pytest.mark.parametrize(
    ("code", "printed", "told", "fault"),
    [
        (1, "", "Traceback (most recent call last):\nValueError: no", "traceback: ValueError: no"),
        (-9, "", "killed", "exit code -9"),
        (2, "", f"Error: cannot reach postgresql://me:{PASSWORD}@host.", "password"),
        (2, "", "", "fails without a word"),
        (2, "", "x" * 4000, "a message of 4000 characters"),
        (0, "he", "RuntimeWarning: overflow", "warning: RuntimeWarning: overflow"),
        (0, "\x1b[31m", "", "a control character reaches the terminal"),
        (0, "no json", "", "no JSON"),
    ],
)
def test_what_is_a_fault(code: int, printed: str, told: str, fault: str) -> None:
    assert fault in judged(("compare", "--json"), code, printed, told)


def test_what_is_none() -> None:
    assert judged(("compare", "he"), 2, "", "Error: unknown scheme.") == []
    assert judged(("compare", "--json"), 0, "{}", "") == []


def test_files_that_are_left_are_seen(tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    (tmp_path / "half.png.tmp").write_text("")
    assert {name for name, *_ in snapshot(tmp_path) - before} == {"half.png.tmp"}
    assert temporary(tmp_path) == ["half.png.tmp"]
