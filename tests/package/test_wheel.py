"""The wheel and the sdist as a user gets them: built, installed beside the base dependencies alone, and run offline."""

from __future__ import annotations

import email
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"[A-Za-z0-9_.-]+")
USER = """
import headstart as hs
from typing import assert_type

result: hs.Comparison = hs.compare(["he"], data="moons", seeds=2, steps=10)
assert_type(hs.he.std(fan_in=8, fan_out=4), float)
assert_type(hs.scheme("he*1.3"), hs.Scheme)
"""
WRONG = "import headstart as hs\nx: int = hs.scheme('he')\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, made from a copy of what git has."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if name.startswith(("src/", "LICENSE", "README", "MANIFEST", "pyproject", "constraints", "Makefile")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).exists():
                shutil.copy(ROOT / name, source / name)
    make = f"from setuptools import build_meta as b; b.build_sdist({str(out)!r}); b.build_wheel({str(out)!r})"
    subprocess.run([sys.executable, "-c", make], cwd=source, check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def clean(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel and what it requires, and nothing else."""
    home = tmp_path_factory.mktemp("clean")
    venv.create(home, with_pip=False, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
        named = next(name for name in archive.namelist() if name.endswith("METADATA"))
        required = email.message_from_bytes(archive.read(named)).get_all("Requires-Dist") or []
    for name in closure(required):
        link(name, packages)
    return home / "bin" / "python"


def closure(required: list[str]) -> set[str]:
    """The names of all distributions that a list of requirements needs, extras apart."""
    found: set[str] = set()
    waiting = [each for each in required if "extra ==" not in each]
    while waiting:
        match = NAME.match(waiting.pop())
        assert match is not None
        name = match[0].lower().replace("_", "-")
        if name in found:
            continue
        try:
            more = metadata.requires(name)
        except metadata.PackageNotFoundError:  # for another system, or another Python
            continue
        found.add(name)
        waiting += [each for each in more or [] if "extra ==" not in each and "extra in" not in each]
    return found


def link(name: str, into: Path) -> None:
    """Let an environment have a distribution that this one has."""
    distribution = metadata.distribution(name)
    for top in {Path(str(file)).parts[0] for file in distribution.files or [] if ".." not in str(file)}:
        source = Path(str(distribution.locate_file(top)))
        if top != "__pycache__" and source.exists() and not (into / top).exists():
            (into / top).symlink_to(source)


def run(python: Path, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")},
    )  # fmt: skip


def test_the_sdist_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    again = tmp_path / "again"
    again.mkdir()
    make = f"from setuptools import build_meta as b; b.build_wheel({str(again)!r})"
    subprocess.run([sys.executable, "-c", make], cwd=source, check=True, capture_output=True)
    (first,), (second,) = built.glob("*.whl"), again.glob("*.whl")
    with zipfile.ZipFile(first) as a, zipfile.ZipFile(second) as b:
        assert sorted(a.namelist()) == sorted(b.namelist())


def test_the_wheel_has_what_it_needs_and_no_more(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tracked = {
        str(path.relative_to(ROOT / "src")) for path in (ROOT / "src").rglob("*.py") if "node_modules" not in path.parts
    }
    assert tracked <= set(names)
    assert {"headstart/py.typed", "headstart/web/built/lab.html", "headstart/draws/normal_table.npy"} <= set(names)
    wrong = [name for name in names if name.endswith((".ts", ".pyc")) or name.startswith(("tests", "tools", "docs"))]
    assert not wrong


def test_the_base_package_does_what_the_readme_says(clean: Path, tmp_path: Path) -> None:
    told = run(clean, "-m", "headstart", "--version", folder=tmp_path)
    assert told.returncode == 0, told.stderr
    done = run(clean, "-m", "headstart", "compare", "he", "zeros", "--steps", "50", "--seeds", "2", "--out", "demo",
               folder=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "symmetric" in done.stdout
    assert {"compare.html", "compare.png"} <= {path.name for path in (tmp_path / "demo").iterdir()}
    rows = run(clean, "-m", "headstart", "gain", "gelu", "--json", folder=tmp_path)
    assert json.loads(rows.stdout)["schema"] >= 1


@pytest.mark.parametrize(
    ("words", "extra"),
    [(("tune", "he", "--trials", "2"), "tune"), (("plan", "model.py:build"), "torch")],
)
def test_what_needs_an_extra_says_which(words: tuple[str, ...], extra: str, clean: Path, tmp_path: Path) -> None:
    Path(tmp_path, "model.py").write_text("import torch\ndef build(): return torch.nn.Linear(2, 2)\n")
    done = run(clean, "-m", "headstart", *words, folder=tmp_path)
    assert done.returncode == 2
    assert f"headstart[{extra}]" in done.stderr
    assert "Traceback" not in done.stderr


CHECKERS = {
    "mypy": ("-m", "mypy", "--strict", "--python-executable"),
    "pyright": ("-m", "pyright", "--pythonpath"),
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_types_are_seen_from_outside(checker: str, clean: Path, tmp_path: Path) -> None:
    """A type checker reads the installed package's types, and finds fault with a wrong use of them alone."""
    if checker == "pyright" and shutil.which("node") is None:
        pytest.skip("pyright runs on node, which is not here")
    Path(tmp_path, "user.py").write_text(USER)
    Path(tmp_path, "wrong.py").write_text(WRONG)
    done = subprocess.run(
        [sys.executable, *CHECKERS[checker], str(clean), "user.py", "wrong.py"], cwd=tmp_path, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    (told,) = [line for line in done.stdout.splitlines() if "error:" in line or "- error" in line]
    assert "wrong.py:2" in told
    assert '"Scheme"' in told
    assert '"int"' in told
