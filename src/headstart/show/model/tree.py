"""Names of parameters as a tree, with layers that repeat told once: "layers.0–11 (12 ×)"."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Line(Generic[T]):
    """One line: its depth in the tree, what is shown, and the item, None for a branch."""

    depth: int
    label: str
    item: T | None


@dataclass
class _Node(Generic[T]):
    item: T | None = None
    children: dict[str, _Node[T]] = field(default_factory=dict)


def lines(items: Sequence[tuple[str, T]], alike: Callable[[T], Hashable]) -> list[Line[T]]:
    """The lines of named items.

    Args:
        items: (name with dots, item), in order.
        alike: what two items have in common that are told as one.

    >>> [line.label for line in lines([("a.0.w", 1), ("a.1.w", 1), ("b.w", 1)], lambda item: item)]
    ['a', '0–1.w (2 ×)', 'b.w']
    """
    root: _Node[T] = _Node()
    for name, item in items:
        node = root
        for part in name.split("."):
            node = node.children.setdefault(part, _Node())
        node.item = item
    found: list[Line[T]] = []
    _walk(root, "", 0, alike, found)
    return found


def _walk(node: _Node[T], prefix: str, depth: int, alike: Callable[[T], Hashable], found: list[Line[T]]) -> None:
    for label, child, times in _collapsed(node, alike):
        name = f"{prefix}{label}"
        told = f" ({times} ×)" if times > 1 else ""
        if child.item is not None:
            found.append(Line(depth, name + told, child.item))
        if len(child.children) == 1 and child.item is None:  # a chain of names is one line
            (only,) = child.children.values()
            if only.item is not None and not only.children:
                found.append(Line(depth, f"{name}.{next(iter(child.children))}{told}", only.item))
            else:
                before = len(found)
                _walk(child, f"{name}.", depth, alike, found)
                if told and len(found) > before:
                    found[before].label += told
        elif _is_layer(child):  # a layer's own parameters stand under its name
            for number, (leaf, inner) in enumerate(child.children.items()):
                assert inner.item is not None
                found.append(Line(depth, f"{name}.{leaf}{told if number == 0 else ''}", inner.item))
        elif child.children:
            if child.item is None:
                found.append(Line(depth, name + told, None))
            _walk(child, "", depth + 1, alike, found)


def _is_layer(node: _Node[T]) -> bool:
    """Whether a node has a few leaves and nothing else."""
    leaves = [child for child in node.children.values() if child.item is not None and not child.children]
    return node.item is None and len(leaves) == len(node.children) <= 2


def _collapsed(node: _Node[T], alike: Callable[[T], Hashable]) -> list[tuple[str, _Node[T], int]]:
    """Children, neighbours with numbers for names and the same content told as one."""
    found: list[tuple[str, _Node[T], int]] = []
    run: list[tuple[str, _Node[T]]] = []

    def close() -> None:
        if run:
            first, last = run[0][0], run[-1][0]
            found.append((first if len(run) == 1 else f"{first}–{last}", run[0][1], len(run)))
            run.clear()

    previous: Hashable = None
    for label, child in node.children.items():
        content = _content(child, alike)
        follows = label.isdecimal() and bool(run) and int(label) == int(run[-1][0]) + 1 and content == previous
        if not follows:
            close()
        if label.isdecimal():
            run.append((label, child))
        else:
            close()
            found.append((label, child, 1))
        previous = content
    close()
    return found


def _content(node: _Node[T], alike: Callable[[T], Hashable]) -> Hashable:
    own = None if node.item is None else alike(node.item)
    return own, tuple((label, _content(child, alike)) for label, child in node.children.items())


def names_of(names: Sequence[str], most: int | None = None) -> str:
    """Names of parameters, layers that repeat told once.

    Args:
        most: how many are told; the others are counted.

    >>> names_of(["layers.0.weight", "layers.1.weight", "head.weight"])
    'layers.0–1.weight (2 ×), head.weight'
    """
    found, parents = [], list[str]()
    for line in lines([(name, name) for name in names], lambda name: ""):
        parents = parents[: line.depth]
        if line.item is None:
            parents.append(line.label)
        else:
            found.append(".".join([*parents, line.label]))
    rest = 0 if most is None else len(found) - most
    return ", ".join(found if rest <= 0 else [*found[:most], f"and {rest:,} more"])
