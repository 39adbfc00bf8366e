"""The tables of theory and of the catalogues at any width: every number and scheme whole, nothing cut or left out."""

from __future__ import annotations

import re

import pytest
from command_line import Headstart

COMMANDS = [
    ("gain", "gelu"),
    ("gain", "leaky_relu(0.123456789)", "--q", "0.1,1,4,1e5", "--depth", "1000000"),
    ("phase", "tanh"),
    ("phase", "gelu", "--simulate", "--depth", "3", "--width", "16"),
    ("schemes",),
    ("explain",),
    ("explain", "vanishing"),
]


_BRACKETS = re.compile(r"\([^()]*(\([^()]*\)[^()]*)*\)")  # a scheme, or a call, which is one thing


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nothing_is_torn_at_any_width(
    command: tuple[str, ...], headstart: Headstart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every word without blanks that is printed at 200 columns is printed whole at fewer, and no more than that."""
    printed = {}
    for width in (40, 60, 80, 100, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        done = headstart(*command)
        assert done.returncode == 0
        assert "…" not in done.stdout
        printed[width] = done.stdout
        for line in done.stdout.splitlines():
            assert len(line) <= width or " " not in _BRACKETS.sub("", line.strip()), line
    wide = _words(printed[200])
    for width in (40, 60, 80, 100):
        assert wide <= _words(printed[width]), width


def _words(text: str) -> set[str]:
    """The words, without what a line below a row puts around them."""
    return {word.strip(";:") for word in text.split() if not re.fullmatch(r"[─=]+", word)}
