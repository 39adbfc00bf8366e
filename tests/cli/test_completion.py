"""A shell completes what stands on the command line: commands, options, and the values that have names."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete

from headstart.cli.group import cli


def completed(line: str) -> set[str]:
    """What completes the last word of a line; the line ends with a space where that word is not begun."""
    words = line.split()
    begun = "" if line.endswith(" ") else words.pop()
    return {item.value for item in ShellComplete(cli, {}, "headstart", "_X").get_completions(words, begun)}


@pytest.mark.parametrize(
    ("line", "among"),
    [
        ("com", {"compare"}),
        ("compare --learning", {"--learning-rate"}),
        ("compare h", {"he"}),
        ("compare he tr", {"truncated_normal"}),
        ("compare --activation ge", {"gelu", "gelu_tanh"}),
        ("compare --data mo", {"moons"}),
        ("tune --scheme orth", {"orthogonal"}),
        ("gain hardt", {"hardtanh"}),
        ("phase tanhs", {"tanhshrink"}),
        ("explain HS1", {"HS101"}),
        ("explain vani", {"vanishing"}),
        ("schemes dir", {"dirac"}),
        ("lab xav", {"xavier"}),
        ("plan model.py:build --scheme del", {"delta_orthogonal"}),
        ("compare --optimizer a", set()),
    ],
)
def test_values_with_names_are_completed(line: str, among: set[str]) -> None:
    found = completed(line)
    assert among <= found
    assert all(value.startswith(line.split()[-1]) for value in found)


def test_a_data_set_may_be_a_file() -> None:
    items = ShellComplete(cli, {}, "headstart", "_X").get_completions(["compare", "--data"], "tabl")
    assert [item.type for item in items] == ["file"]
