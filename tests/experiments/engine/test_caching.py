"""Compiled code on disk: a second process loads it, for activations with and without a slope array of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headstart.draws.backends import compiler
from headstart.experiments.engine import caching

START = 0


def count_up(values, count):
    for i in range(count):
        values[i] = START + i


SCRIPT = """
import headstart as hs
from headstart.experiments.engine import caching
for name in ("tanh", "gelu", "elu(2)"):
    hs.compare(["he"], activation=name, seeds=1, steps=3)
print(len(caching._kept), sum(function._cache_hits for function in caching._kept))
"""


ENGINE = sorted(path.name for path in Path(caching.__file__).parent.glob("*.py"))
DEFINITIONS = ["catalogue.py", "formula.py", "piecewise.py", "primitives.py", "smooth.py"]


@pytest.mark.parametrize("name", [*ENGINE, *DEFINITIONS])
def test_a_change_of_any_source_makes_other_names(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code of an older tile or activation must not be taken for today's."""
    before = caching.source_hash.__wrapped__()
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"#" * (path.name == name))
    assert caching.source_hash.__wrapped__() != before


def test_another_numba_makes_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    before = caching.source_hash.__wrapped__()
    monkeypatch.setattr(caching.numba, "__version__", "0.0.1")
    assert caching.source_hash.__wrapped__() != before


def test_compiled_names_tell_sources_types_and_bindings_apart() -> None:
    made = len(caching._kept)
    for name, dtype in (("one", "float32"), ("two", "float32"), ("one", "float64")):
        caching.c_function(count_up, "pn", np.dtype(dtype), name=name, keep=False, START=len(name))
    names = [function.__name__ for function in caching._kept[made:]]
    qualified = [function._pyfunc.__qualname__ for function in caching._kept[made:]]
    assert len(set(qualified)) == 3, names
    assert all(text.endswith(caching.source_hash()) for text in qualified)


@pytest.mark.parametrize(("value", "enabled"), [(None, True), ("", True), ("0", True), ("1", False)])
def test_the_cache_can_be_turned_off(value: str | None, enabled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_DISABLE_CACHE", raising=False)
    if value is not None:
        monkeypatch.setenv("NUMBA_DISABLE_CACHE", value)
    assert compiler.keeps() is enabled


def test_without_a_place_to_write_everything_is_compiled_anew(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere = {"NUMBA_CACHE_DIR": str(tmp_path / "file"), "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator"}
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT], env=os.environ | nowhere, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    compiled, loaded = found.stdout.split()
    assert int(compiled) > 0
    assert loaded == "0"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-40], lambda data: b"x" * len(data)])
def test_damaged_files_of_the_cache_are_as_none(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    draw = "import headstart as hs, hashlib; print(hashlib.sha256(hs.sample('he', (90, 90)).tobytes()).hexdigest())"

    def drawn() -> str:
        command = [sys.executable, "-W", "error", "-c", draw]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    first = drawn()
    kept = list(tmp_path.rglob("*.nb?"))
    assert kept
    for path in kept:
        path.write_bytes(damage(path.read_bytes()))
    assert drawn() == first


WITHOUT_COMPILER = """
import hashlib, numpy as np, torch, headstart as hs
made = [hs.sample("he", (300, 40)), hs.sample("sparse(0.5)", (30, 40)), hs.sample("he", (30, 40), dtype="float64"),
        hs.sample("he", (30, 40), backend="torch", dtype="bfloat16").float().numpy(), hs.stream_words(0, "w", 5, 2**21)]
print(*(hashlib.sha256(np.ascontiguousarray(array)).hexdigest() for array in made))
for work in (lambda: hs.compare(["he"], steps=5, seeds=1), lambda: hs.tune("he", steps=5, seeds=2)):
    try:
        work()
        print("trained")
    except hs.InputError as error:
        print(error)
"""


def test_without_a_compiler_draws_are_the_same_and_training_says_why() -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-c", WITHOUT_COMPILER], env=os.environ | {"NUMBA_DISABLE_JIT": disabled},
            capture_output=True, text=True, check=True,
        ).stdout.splitlines()
        for disabled in ("1", "0")
    ]  # fmt: skip
    assert outputs[0][0] == outputs[1][0]
    assert all(line.startswith("training needs Numba's compiler, which NUMBA_DISABLE_JIT=1") for line in outputs[0][1:])
    assert len(outputs[0]) == 3
    assert outputs[1][1:] == ["trained", "trained"]


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    (compiled, none), (needed, loaded) = outputs
    assert none == "0"
    assert compiled == needed == loaded
