"""Compiled code on disk: a second process loads it, for activations with and without a slope array of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

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
    assert caching.cache_enabled() is enabled


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
