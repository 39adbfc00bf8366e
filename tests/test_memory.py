"""What memory may be taken is known before it is taken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headstart import memory
from headstart.errors import InputError


@pytest.mark.parametrize(
    ("text", "size"),
    [("8GiB", 8 * 2**30), ("500M", 500 * 2**20), (" 1.5 g ", 1.5 * 2**30), ("1024", 1024), ("1TB", 2**40)],
)
def test_the_variable_says_how_much(text: str, size: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.VARIABLE, text)
    assert memory.limit() == memory.limit(0.5) == int(size)


@pytest.mark.parametrize("text", ["", "much", "-1", "8 GiB of it", "nan", "1e9"])
def test_no_size_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.VARIABLE, text)
    with pytest.raises(InputError, match=r"HEADSTART_MEMORY_LIMIT must be an amount of memory, got .* 8GiB"):
        memory.limit()


def test_more_than_the_limit_is_refused_with_both_sizes() -> None:
    memory.require(2**30, "the data", "Write less.", most=2**30)
    with pytest.raises(
        InputError, match=r"the data needs 1 GiB of memory, more than the limit of 1024 MiB. Write less."
    ):
        memory.require(2**30 + 1, "the data", "Write less.", most=2**30 - 1)
    with pytest.raises(InputError, match=r"more than 2\^60 bytes"):
        memory.require(10.0**40, "the data", "Write less.")


def test_without_the_variable_it_is_what_the_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(memory.VARIABLE, raising=False)
    assert 2**20 < memory.limit(0.125) < memory.limit() < 2**60


def test_a_container_leaves_less_than_its_machine(tmp_path: Path) -> None:
    assert list(memory._container(tmp_path)) == []
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("7\n")
    assert list(memory._container(tmp_path)) == []
    (tmp_path / "memory.max").write_text("1000\n")
    assert list(memory._container(tmp_path)) == [993]
    (tmp_path / "memory.current").write_text("1200\n")
    assert list(memory._container(tmp_path)) == [0]


@pytest.mark.skipif(sys.platform == "win32", reason="no address space limits")
def test_a_limit_of_the_process_counts() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31));"
        "from headstart import memory; assert 0 < memory.limit() < 2**31"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
