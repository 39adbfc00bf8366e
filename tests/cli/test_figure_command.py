"""`compare --figure` and `figure` on the command line: files, the same again, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from headstart.cli.figure import scheme_names
from headstart.cli.figure_options import NAMES
from headstart.cli.group import COMMANDS, cli
from headstart.show.comparison.figures import FIGURES
from headstart.show.figure.origin import origin_of

SMALL = ["compare", "he", "zeros", "--seeds", "2", "--steps", "60", "--learning-rate", "0.1"]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, [*arguments])
    error = str(result.exception or "") if not isinstance(result.exception, SystemExit) else ""
    return result.exit_code, result.output + error


def test_every_figure_is_named_in_the_help() -> None:
    assert NAMES.split(", ") == list(FIGURES)
    assert "figure" in COMMANDS


def test_a_figure_is_made_again_from_itself_and_from_the_json(tmp_path: Path) -> None:
    first = tmp_path / "first.svg"
    code, said = run(*SMALL, "--figure", "costs", "--size", "12x7cm", "--theme", "slide", "--out", str(first))
    assert code == 0
    assert f"wrote {first}" in said
    assert run("figure", "--from", str(first), "--out", str(tmp_path / "again.svg"))[0] == 0
    assert (tmp_path / "again.svg").read_bytes() == first.read_bytes()
    words = origin_of(first)["command"].split()
    assert words[:2] == ["headstart", "compare"]
    assert run(*words[1:], "--out", str(tmp_path / "told.svg"))[0] == 0  # the command it carries
    assert (tmp_path / "told.svg").read_bytes() == first.read_bytes()

    kept = tmp_path / "compare.json"
    assert run(*SMALL, "--out", str(kept))[0] == 0
    look = ("--figure", "costs", "--size", "12x7cm", "--theme", "slide")
    code, said = run("figure", "--from", str(kept), *look, "--out", str(tmp_path / "third.svg"))
    assert code == 0
    assert "Not the same" not in said
    assert (tmp_path / "third.svg").read_bytes() == first.read_bytes()

    document = json.loads(kept.read_text())
    document["schemes"][0]["runs"][0]["costs"][-1] = 7.0  # as another version might have it
    kept.write_text(json.dumps(document))
    code, said = run("figure", "--from", str(kept), "--figure", "table", "--out", str(tmp_path / "t.svg"))
    assert code == 0
    assert "Not the same as in the file: he: the costs" in said
    assert run("figure", "--from", str(kept), "--out", str(tmp_path / "x.svg"))[0] != 0  # of which figure?


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--figure", "cots", "--out", "x.png"], r"unknown figure 'cots'. Did you mean 'costs'\?"),
        (["--figure", "costs", "--theme", "dakr", "--out", "x.png"], r"unknown theme 'dakr'. Did you mean 'dark'\?"),
        (["--figure", "costs", "--size", "big", "--out", "x.png"], "width x height"),
        (["--figure", "costs"], r"Write --out figure\.png"),
        (["--size", "16x9cm", "--out", "x.png"], "--size is for a figure"),
        (["--figure", "boundaries", "--at", "0,61", "--out", "x.png"], "a step is 0 to 60, got 61"),
        (["--figure", "boundaries", "--at", "a", "--out", "x.png"], "steps are whole numbers"),
        (["--figure", "costs", "--out", "x.csv/y.png"], "does not exist"),
        (["--figure", "costs", "--out", "x.jpg"], r"saved as \.png, \.svg, \.pdf, \.gif or \.html"),
    ],
)
def test_what_is_refused_before_anything_runs(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("headstart.verbs.compare.compare_with", lambda *_, **__: pytest.fail("it ran"))
    code, said = run(*SMALL, *arguments)
    assert code != 0
    assert re.search(words, said), said
    assert list(tmp_path.iterdir()) == []


def test_schemes_with_commas_inside_their_brackets() -> None:
    assert scheme_names("he(mode=fan_out, distribution=uniform),zeros") == [
        "he(mode=fan_out, distribution=uniform)", "zeros",
    ]  # fmt: skip
    assert scheme_names(None) is None
