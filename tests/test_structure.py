"""Imports go one way between the rooms, and the public names, `__all__` and the reference page agree."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

import headstart

PACKAGE = Path(headstart.__file__).parent
# left to right; a room may import from itself and from rooms to its left
ROOMS = (
    "errors", "check", "words", "memory", "shield", "spec", "layout", "libraries", "theory", "schemes", "plans",
    "graph", "draws", "signals", "audits", "models", "torch", "jax", "keras",
    "experiments", "show", "web", "verbs", "cli",
)  # fmt: skip


def imported_rooms(path: Path) -> set[str]:
    """The rooms a module imports at any depth, except for type checking."""
    tree = ast.parse(path.read_text())
    checking = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    skipped = {id(child) for node in checking for child in ast.walk(node)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        names = (
            [node.module] if isinstance(node, ast.ImportFrom) and node.module
            else [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        )  # fmt: skip
        for name in names:
            parts = name.split(".")
            if parts[0] == "headstart" and len(parts) > 1:
                found.add(parts[1])
    return found


def wrong_imports(path: Path, room: str) -> set[str]:
    return {other for other in imported_rooms(path) if ROOMS.index(other) > ROOMS.index(room)}


def test_imports_go_one_way() -> None:
    wrong = set()
    for path in PACKAGE.rglob("*.py"):
        relative = path.relative_to(PACKAGE)
        room = relative.parts[0].removesuffix(".py")
        if room not in ("__init__", "__main__"):
            wrong |= {(relative.as_posix(), other) for other in wrong_imports(path, room)}
    assert not wrong, wrong


def test_names_of_test_files_are_used_once() -> None:
    """Two files of one name stop pytest before it runs anything, because the folders of tests are no packages."""
    names = [path.name for path in Path(__file__).parent.rglob("*.py") if path.name != "conftest.py"]
    assert sorted(names) == sorted(set(names))


def test_every_room_is_in_the_order() -> None:
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.rglob("*.py")}
    assert rooms - {"__init__", "__main__", "__pycache__"} <= set(ROOMS)


def test_the_check_sees_a_wrong_import(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("def f():\n    from headstart.experiments.compare.comparison import run_comparison\n")
    assert wrong_imports(module, "schemes") == {"experiments"}


REFERENCE = (PACKAGE.parents[1] / "docs" / "reference.md").read_text()
# what other people's code may import; everything else is ours to change
PUBLIC = ("theory", "layout", "plans", "signals", "schemes", "draws", "experiments.engine", "experiments.problem")


def test_public_names_stand_on_the_reference_page() -> None:
    documented = set(re.findall(r"headstart\.(\w+)", REFERENCE))
    rooms = {name.partition(".")[0] for name in PUBLIC}
    assert documented - rooms == set(headstart.__all__) - rooms
    assert {"theory"} <= documented


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_of_a_public_module_stands_there_too(module: str) -> None:
    names = importlib.import_module(f"headstart.{module}").__all__
    missing = [name for name in names if not re.search(rf"\bheadstart(\.\w+)*\.{name}\b", REFERENCE)]
    assert not missing, f"docs/reference.md has no {', '.join(missing)} of headstart.{module}"


def test_the_check_sees_a_missing_name() -> None:
    assert not re.search(r"\bheadstart(\.\w+)*\.nonsense\b", REFERENCE)
