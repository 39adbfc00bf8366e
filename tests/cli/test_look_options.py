"""--size, --theme, --title, --dpi of gain, phase, tune and report, and `figure --from` of what they drew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from headstart.cli.group import cli
from headstart.show.figure.origin import into_svg, origin, origin_of

LOOK = ("--size", "12x8cm", "--theme", "slide", "--title", "Mine")
TUNE = ("tune", "he", "--trials", "4", "--seeds", "2", "--profile", "3", "--steps", "30", "--hidden", "4")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("study")
    (folder / "s.toml").write_text('scheme = ["zeros", "he"]\nmultiplier = [1, 2]\nseed = [0, 1]\nsteps = 20\n')
    assert run("sweep", "run", str(folder / "s.toml"))[0] == 0
    return str(folder / "s.db")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, [*arguments])
    error = str(result.exception or "") if not isinstance(result.exception, SystemExit) else ""
    return result.exit_code, result.output + error


def numbered(path: Path) -> bytes:
    """The picture, without the numbers that a process gives to clips and gradients."""
    return re.sub(rb"(clip|gradient_?)[0-9]+", b"", path.read_bytes())


@pytest.mark.parametrize("what", ["gain", "tune", "heat"])
def test_a_figure_is_made_again_from_itself(what: str, store: str, tmp_path: Path) -> None:
    words = {
        "gain": ("gain", "elu(alpha=2)", "--simulate", "--depth", "3", "--width", "8"), "tune": TUNE,
        "heat": ("report", store, "--figure", "heat", "--metric", "final_cost", "--where", "steps=20"),
    }[what]  # fmt: skip
    first = tmp_path / "first.svg"
    code, said = run(*words, *LOOK, "--out", str(first))
    assert code == 0, said
    kept = origin_of(first)
    assert kept["figure"]["theme"] == "slide"
    assert b">Mine<" in first.read_bytes()
    assert run("figure", "--from", str(first), "--out", str(tmp_path / "again.svg"))[0] == 0
    assert numbered(tmp_path / "again.svg") == numbered(first)
    code, said = run("figure", "--from", str(first), "--theme", "dark", "--out", str(tmp_path / "dark.svg"))
    assert code == 0, said
    assert "wrote" in said
    assert origin_of(tmp_path / "dark.svg")["figure"]["theme"] == "dark"
    assert numbered(tmp_path / "dark.svg") != numbered(first)


def test_a_look_needs_a_picture_and_known_words(store: str, tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "f.png"))
    for command in (("gain", "relu"), ("phase", "tanh"), TUNE, ("report", store)):
        assert "no place was given" in run(*command, "--theme", "dark")[1]
        assert "Did you mean 'dark'?" in run(*command, "--theme", "drak", *out)[1]
        assert "a size" in run(*command, "--size", "wide", *out)[1]
    assert "unknown chart 'heta'" in run("report", store, "--figure", "heta", *out)[1]
    assert not (tmp_path / "f.png").exists()


def test_a_page_has_the_theme_and_the_command(store: str, tmp_path: Path) -> None:
    for command in (("gain", "relu"), ("report", store)):
        page = tmp_path / "page.html"
        assert run(*command, "--theme", "dark", "--title", "Mine", "--out", str(page))[0] == 0
        text = page.read_text()
        assert 'data-theme="dark"' in text
        assert "<h1>Mine</h1>" in text
        assert origin_of(page)["figure"]["of"][0] == command[0]


def test_what_a_file_says_cannot_write_elsewhere(tmp_path: Path) -> None:
    for words in (["tune", "he", "--storage", "x.db"], ["gain", "relu", "--out", "y.png"], ["sweep", "run"], [], [1]):
        path = tmp_path / "f.svg"
        document = origin("", {}, {"of": words})
        path.write_text(into_svg("<svg></svg>", document, "t", "d"))
        code, said = run("figure", "--from", str(path), "--out", str(tmp_path / "z.svg"))
        assert code != 0
        assert "Draw it" in said
        assert [item.name for item in tmp_path.iterdir()] == ["f.svg"]
    path.write_text(into_svg("<svg></svg>", origin("", {}, {"of": ["gain", "relu"]}), "t", "d"))
    assert "is for figures of comparisons" in run("figure", "--from", str(path), "--at", "1", "--out", "z.svg")[1]
