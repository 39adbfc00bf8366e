"""`make` asks Python for its version before it makes anything, and leaves no half-made environment."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# a python of some version: answers what the Makefile asks, and makes an environment of the same version
FAKE = """#!/bin/sh
case "$1 $2" in
--version*) echo "Python {version}" ;;
"-c "*) exit {old} ;;
"-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; cp "$0" "$3/bin/headstart"; exit {venv} ;;
"-m pip") exit {pip} ;;
esac
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def python(tree: Path, version: str, *, old: bool = False, venv: int = 0, pip: int = 0) -> None:
    """Put a `python3` of this version first on the path."""
    found = tree / "bin" / "python3"
    found.parent.mkdir(exist_ok=True)
    found.write_text(FAKE.format(version=version, old=int(old), venv=venv, pip=pip))
    found.chmod(0o755)


def make(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = {**os.environ, "PATH": f"{tree / 'bin'}:{os.environ['PATH']}"}
    path.pop("MAKEFLAGS", None)
    return subprocess.run(["make", *arguments], cwd=tree, env=path, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("goal", ["demo", "test", "lint", "docs"])
@pytest.mark.parametrize("version", ["3.10.12", "2.7.18"])
def test_an_old_python_is_refused_first(goal: str, version: str, tree: Path) -> None:
    python(tree, version, old=True)
    done = make(tree, goal)
    assert done.returncode != 0
    first = done.stderr.splitlines()[0]
    assert first == (
        f"headstart needs Python 3.11 or newer, got Python {version} from python3. "
        f"Write, for example, make PYTHON=python3.12 {goal}"
    )
    assert not (tree / ".venv").exists()


def test_a_python_that_is_not_there_is_told(tree: Path) -> None:
    done = make(tree, "demo", "PYTHON=python9")
    assert done.returncode != 0
    assert done.stderr.startswith("python9 is not there: headstart needs Python 3.11 or newer.")
    assert not (tree / ".venv").exists()


def test_what_an_old_python_left_is_made_anew_by_a_new_one(tree: Path) -> None:
    python(tree, "3.10.12", old=True)
    (tree / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(tree / "bin" / "python3", tree / ".venv" / "bin" / "python")
    for name in (".python", ".base", "of the old one"):
        (tree / ".venv" / name).touch()
    python(tree, "3.12.1")
    done = make(tree, "demo")
    assert done.returncode == 0, done.stderr
    assert not (tree / ".venv" / "of the old one").exists()
    assert (tree / ".venv" / ".base").exists()
    (tree / ".venv" / "kept").touch()
    assert make(tree, "demo").returncode == 0
    assert (tree / ".venv" / "kept").exists()


def test_an_environment_that_cannot_be_made_is_not_left_half_made(tree: Path) -> None:
    python(tree, "3.12.1", venv=1)
    assert make(tree, "demo").returncode != 0
    assert not (tree / ".venv").exists()


def test_an_installation_that_fails_is_tried_again(tree: Path) -> None:
    python(tree, "3.12.1", pip=1)
    assert make(tree, "demo").returncode != 0
    assert not (tree / ".venv" / ".base").exists()
    python(tree, "3.12.1")
    shutil.copy(tree / "bin" / "python3", tree / ".venv" / "bin" / "python")
    assert make(tree, "demo").returncode == 0
