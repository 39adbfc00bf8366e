"""Ctrl-C at any moment: one line, exit code 130, no traceback, nothing left behind. No test here depends on speed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

# Ctrl-C at a point that the program comes to, whatever the machine: where a module is looked for, or a function called.
POINT = """
import os, signal, sys
point, times = {point!r}, {times}
class Presses:
    def find_spec(self, name, path=None, target=None):
        if name == point:
            sys.meta_path.remove(self)
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Presses())
sys.argv = ["headstart", *{arguments!r}]
from headstart.cli.main import run
run()
"""
COMPARE = ("compare", "he", "--steps", "20", "--seeds", "1")


def pressed_at(point: str, folder: Path, arguments: tuple[str, ...] = COMPARE, times: int = 1) -> tuple[int, str, str]:
    program = POINT.format(point=point, times=times, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


LOADED = ("headstart.cli.group", "click", "headstart.errors", "headstart.cli.compare", "pydantic", "numpy",
          "numpy._core._multiarray_umath", "headstart.schemes", "headstart.experiments.settings", "numba", "llvmlite",
          "numba.np.arraymath", "scipy.linalg", "headstart.verbs.compare", "headstart.cli.progress")  # fmt: skip


@pytest.mark.parametrize(("point", "times"), [(point, 1) for point in LOADED] + [(point, 2) for point in LOADED[1::6]])
def test_while_it_loads(point: str, times: int, tmp_path: Path) -> None:
    assert pressed_at(point, tmp_path, times=times) == (130, "", "Interrupted.\n")


@pytest.mark.parametrize("out", ["pictures", "deep/pictures", "page.html"])
@pytest.mark.parametrize("point", ["altair", "vl_convert", "headstart.show.comparison.charts", "headstart.show.page"])
def test_while_it_draws_nothing_is_left(point: str, out: str, tmp_path: Path) -> None:
    if (point, out) == ("vl_convert", "page.html"):
        pytest.skip("a page alone draws no picture")
    code, _, said = pressed_at(point, tmp_path, (*COMPARE, "--out", out))
    assert (code, said) == (130, "Interrupted.\n")
    assert list(tmp_path.iterdir()) == []


def test_where_python_drops_it_it_is_raised_again(tmp_path: Path) -> None:
    """In a destructor, a Ctrl-C is only reported, and the program would go on."""
    program = """
import os, signal, sys
from headstart.cli import streams
class Dies:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000): pass
true = streams.ready
def ready():
    true()
    Dies()
    import time
    for _ in range(600):
        time.sleep(0.1)  # until it is
    print("went on")
streams.ready = ready
from headstart.cli.main import run
run(["explain"])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")


def test_after_the_result_one_is_enough_and_quiet(tmp_path: Path) -> None:
    """While threads end and destructors run, Python itself would print a traceback."""
    program = """
import atexit, os, signal, sys
atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
sys.argv = ["headstart", "explain", "HS201"]
from headstart.cli.main import run
run()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")
    assert "HS201" in done.stdout


def test_at_any_moment(tmp_path: Path) -> None:
    """Twenty moments over a run with files: whatever is under way, the end is a good one."""
    line = [sys.executable, "-m", "headstart", *COMPARE, "--out", "pictures"]
    for number in range(20):
        process = subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            process.communicate(timeout=0.04 + 0.1 * number)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        err = process.communicate()[1]
        if "Fatal Python error: init" in err:  # before it is Python at all
            continue
        assert process.returncode in (0, 130, -signal.SIGINT), err  # before Python listens, the system ends it
        # Python prints its own where it has not come to the first of our lines
        assert "Traceback" not in err or "headstart" not in err.replace("headstart/__init__", ""), err
        assert "Exception ignored" not in err
        names = sorted(path.name for path in tmp_path.rglob("*"))
        assert names in ([], ["compare.html", "compare.png", "compare.svg", "pictures"])


def test_a_job_in_the_background_is_not_interrupted(tmp_path: Path) -> None:
    """A shell starts it with Ctrl-C ignored."""
    line = f"trap '' INT; {sys.executable} -m headstart explain HS201 & kill -INT $!; wait $!"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "HS201" in done.stdout
    assert os.getpid()  # and this process still is
