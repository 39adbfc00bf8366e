"""Imports go one way between the rooms, and the public names, `__all__` and the reference page agree."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import headstart

PACKAGE = Path(headstart.__file__).parent
# left to right; a room may import from itself and from rooms to its left
ROOMS = (
    "errors", "check", "words", "spec", "layout", "libraries", "theory", "schemes", "plans", "draws", "signals",
    "experiments", "show", "verbs", "cli",
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


# A user calls .chart() and .save() on a comparison; the methods load the room to the right when they are called.
ALLOWED_BACKWARDS = {
    ("experiments/compare/comparison.py", "show"),
    ("experiments/sweep/study.py", "show"),
    ("experiments/tune/result.py", "show"),
}


def wrong_imports(path: Path, room: str) -> set[str]:
    return {other for other in imported_rooms(path) if ROOMS.index(other) > ROOMS.index(room)}


def test_imports_go_one_way() -> None:
    wrong = set()
    for path in PACKAGE.rglob("*.py"):
        relative = path.relative_to(PACKAGE)
        room = relative.parts[0].removesuffix(".py")
        if room not in ("__init__", "__main__"):
            wrong |= {(relative.as_posix(), other) for other in wrong_imports(path, room)}
    assert wrong <= ALLOWED_BACKWARDS, wrong


def test_every_room_is_in_the_order() -> None:
    rooms = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix in ("", ".py")}
    assert rooms - {"__init__", "__main__", "__pycache__"} <= set(ROOMS)


def test_the_check_sees_a_wrong_import(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("def f():\n    from headstart.experiments.compare.comparison import compare\n")
    assert wrong_imports(module, "schemes") == {"experiments"}


def test_public_names_stand_on_the_reference_page() -> None:
    page = (PACKAGE.parents[1] / "docs" / "reference.md").read_text()
    documented = set(re.findall(r"headstart\.(\w+)", page))
    assert documented - {"experiments", "layout"} == set(headstart.__all__)  # documented where they lie
