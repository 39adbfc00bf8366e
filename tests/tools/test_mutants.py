"""The mutants still fit the code, and their runner tells a noticed edit from a survivor."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import mutants  # noqa: E402 - a script of the folder above

ALL = mutants.read_mutants()


def test_every_room_has_its_share() -> None:
    assert len(ALL) >= 120
    rooms = {mutant.room for mutant in ALL}
    assert all(sum(mutant.room == room for mutant in ALL) >= len(ALL) / len(rooms) / 2 for room in rooms)


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: f"{mutant.room}:{mutant.line}")
def test_a_mutant_fits_its_file_and_says_why(mutant: mutants.Mutant) -> None:
    mutants.mutated(mutant)
    assert mutant.why


def test_no_edit_stands_twice() -> None:
    assert len({(mutant.file, mutant.before, mutant.after) for mutant in ALL}) == len(ALL)


def test_the_nearest_tests_come_first_and_all_that_can_reach_the_file_come() -> None:
    found = mutants.reaching_tests("spec.py")
    assert found[0] == "src/headstart/spec.py"
    everything = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    assert everything <= set(found)
    assert found[-1] == "docs"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project of one function and one test."""
    package = tmp_path / "src" / "headstart"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "double.py").write_text("def double(x):\n    zero = 0\n    return 2 * x + zero\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_double.py").write_text(
        "from headstart.double import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
    )
    (tmp_path / "docs").mkdir()
    for page in ("README.md", "CONTRIBUTING.md"):
        (tmp_path / page).write_text("")
    return tmp_path


@pytest.mark.parametrize(("after", "noticed"), [("3 * x", True), ("x + x", False)])
def test_a_wrong_edit_is_noticed_and_an_equal_one_survives(tree: Path, after: str, noticed: bool) -> None:
    mutant = mutants.Mutant("trial", 1, "double.py", "2 * x", after, "twice is twice")
    before = (tree / "src" / "headstart" / "double.py").read_bytes()
    outcome = mutants.attempt(mutant, tree)
    assert ((outcome.noticed_by or "").startswith("FAILED tests/test_double.py::test_double")) == noticed
    assert (tree / "src" / "headstart" / "double.py").read_bytes() == before


def test_a_tree_whose_tests_cannot_be_read_is_not_begun(tree: Path) -> None:
    """Else every edit would look noticed."""
    mutants.check_collection(tree)
    (tree / "tests" / "other").mkdir()
    (tree / "tests" / "other" / "test_double.py").write_text("def test_nothing():\n    pass\n")
    with pytest.raises(RuntimeError, match="import file mismatch"):
        mutants.check_collection(tree)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"file": "spec.py", "before": "a", "after": "b"}, "a mutant has the keys"),
        ({"file": "spec.py", "before": "no such text", "after": "b", "why": "x"}, "0 times in the file"),
        ({"file": "spec.py", "before": "import", "after": "b", "why": "x"}, "times in the file, not once"),
    ],
)
def test_a_row_that_is_no_mutant_is_refused(tmp_path: Path, row: dict[str, str], words: str) -> None:
    (tmp_path / "trial.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(ValueError, match=words):
        [mutants.mutated(mutant) for mutant in mutants.read_mutants(tmp_path)]
