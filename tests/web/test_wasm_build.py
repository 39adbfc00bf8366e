"""The committed modules are those that today's sources make."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from node_engine import BUILT

from headstart.web.wasm import sources
from headstart.web.wasm.build import MODULES, SECTION
from headstart.web.wasm.module import _read, _sections, signed, stand_alone, unsigned
from headstart.web.wasm.parts import versions

REMEDY = "run `python -m headstart.web.wasm` (or `make page`) and commit web/built"


def contents(name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(dict(_sections((BUILT / name).read_bytes()))[SECTION])
    return found


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_of_todays_sources(name: str) -> None:
    assert contents(name)["source"] == sources.source_hash(), REMEDY


@pytest.mark.parametrize("name", sources.SOURCES)
def test_a_change_of_any_source_shows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, read = sources.source_hash(), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"#" * (path == sources.PACKAGE / name))
    assert sources.source_hash() != before


def test_both_modules_fit_into_a_page() -> None:
    assert sum(len(gzip.compress((BUILT / name).read_bytes(), 9)) for name in MODULES) < 60_000


def test_the_modules_are_built_again_to_the_byte(tmp_path: Path) -> None:
    """In another folder and with nothing kept: half a minute, so it is the one test here that compiles."""
    if contents("engine.wasm")["compilers"] != versions():
        pytest.skip(f"the modules were made by {contents('engine.wasm')['compilers']}, here is {versions()}")
    command = [sys.executable, "-W", "error", "-m", "headstart.web.wasm", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path, env=os.environ | {"NUMBA_CACHE_DIR": ""})
    for name in MODULES:
        assert (tmp_path / name).read_bytes() == (BUILT / name).read_bytes(), f"{name} is stale: {REMEDY}"


@pytest.mark.parametrize(
    ("number", "plain", "with_sign"),
    [(0, "00", "00"), (63, "3f", "3f"), (64, "40", "c000"), (127, "7f", "ff00"), (128, "8001", "8001"),
     (65536, "808004", "808004"), (1048576, "808040", "8080c000")],
)  # fmt: skip
def test_numbers_are_written_as_the_specification_says(number: int, plain: str, with_sign: str) -> None:
    """Section 5.2.2: seven bits a byte; a signed number's last byte says its sign in bit 6."""
    assert unsigned(number).hex() == plain
    assert signed(number).hex() == with_sign
    assert _read(unsigned(number), 0)[0] == number


def test_an_object_that_needs_a_library_is_refused() -> None:
    import llvmlite.binding as llvm

    from headstart.web.wasm.link import TRIPLE, _target

    text = f'target triple = "{TRIPLE}"\ndeclare double @pow(double, double)\n' + (
        "define double @f(double %a) {\n  %r = call double @pow(double %a, double %a)\n  ret double %r\n}\n"
    )
    data = _target(False).emit_object(llvm.parse_assembly(text))
    with pytest.raises(ValueError, match=r"would import \['pow'\]; write them in the engine's own arithmetic"):
        stand_alone(data, {}, ["f"], {})
