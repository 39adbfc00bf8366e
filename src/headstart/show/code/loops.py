"""Parameters that repeat with an index, told once: a transformer's 48 layers are one loop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from headstart.plans import Entry
from headstart.show.code.calls import quoted

_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d+(?![0-9A-Za-z])")
VARIABLES = "ijkmnpqr"


@dataclass(frozen=True)
class Item:
    """A parameter, its name and key as templates: `told` is source text already, `rest` is still to be read."""

    entry: Entry
    name: tuple[str, str]
    key: tuple[str, str]

    @property
    def kind(self) -> object:
        """What makes two parameters alike but for their names."""
        e = self.entry
        return e.shape, e.stream_role, e.layout, e.draws, e.picks, e.of, e.flip


def lines(entries: Iterable[Entry], statement: Callable[[str, str, Entry], str], indent: str) -> list[str]:
    """The statements that make all parameters, loops where they repeat.

    Args:
        statement: (source text of the name, of the key, entry) -> one line.
    """
    items = [Item(entry, ("", entry.name), ("", entry.key)) for entry in entries]
    return _lines(items, statement, indent, 0)


def _lines(
    items: Sequence[Item], statement: Callable[[str, str, Entry], str], indent: str, depth: int
) -> list[str]:  # fmt: skip
    found: list[str] = []
    done: set[int] = set()
    for at, item in enumerate(items):
        if at in done:
            continue
        match = _NUMBER.search(item.name[1])
        if match is None or depth >= len(VARIABLES):
            found.append(indent + statement(_source(*item.name), _source(*item.key), item.entry))
            continue
        head = (item.name[0], item.name[1][: match.start()])
        together = [other for other in range(at, len(items)) if other not in done and _head(items[other]) == head]
        done.update(together)
        for indices, body in _alike([items[other] for other in together], depth):
            if len(indices) == 1:
                found += _lines(body, statement, indent, depth)
                continue
            found.append(f"{indent}for {VARIABLES[depth]} in {_range(indices)}:")
            found += _lines(body, statement, indent + "    ", depth + 1)
    return found


def _head(item: Item) -> tuple[str, str] | None:
    """What stands before the next number of a name."""
    match = _NUMBER.search(item.name[1])
    return None if match is None else (item.name[0], item.name[1][: match.start()])


def _alike(items: Sequence[Item], depth: int) -> list[tuple[list[int], list[Item]]]:
    """The indices that have the same parameters, and these: a variable in the index's place if there are several."""
    by_index: dict[int, list[Item]] = {}
    for item in items:
        match = _NUMBER.search(item.name[1])
        assert match is not None
        by_index.setdefault(int(match[0]), []).append(item)
    variable = f"{{{VARIABLES[depth]}}}"
    groups: dict[object, list[int]] = {}
    for index, own in by_index.items():
        moved = [_put(item, variable, index) for item in own]
        same: object = tuple((m.name, m.key, m.kind) for m in moved if m is not None)
        groups.setdefault(same if None not in moved else (index,), []).append(index)
    found = []
    for indices in groups.values():
        first = by_index[indices[0]]
        made = [_put(item, variable if len(indices) > 1 else None, indices[0]) or _plain(item) for item in first]
        found.append((indices, made))
    return found


def _put(item: Item, variable: str | None, index: int) -> Item | None:
    """An item with its next number read, in the name and in the key; None where they are not the same number."""
    places = []
    for told, rest in (item.name, item.key):
        match = _NUMBER.search(rest)
        if match is None or int(match[0]) != index or match[0] != str(index):
            return None
        places.append((told + rest[: match.start()] + (variable or match[0]), rest[match.end() :]))
    return Item(item.entry, *places)


def _plain(item: Item) -> Item:
    """An item whose name's next number stays as it is."""
    match = _NUMBER.search(item.name[1])
    assert match is not None
    told, rest = item.name
    return Item(item.entry, (told + rest[: match.end()], rest[match.end() :]), item.key)


def _source(told: str, rest: str) -> str:
    """The source text of a string; an f-string where it has variables."""
    text = quoted(told + rest)
    return f"f{text}" if "{" in told else text


def _range(indices: Sequence[int]) -> str:
    first, last = indices[0], indices[-1]
    if list(indices) == list(range(first, last + 1)):
        return f"range({last + 1})" if first == 0 else f"range({first}, {last + 1})"
    return f"({', '.join(map(str, indices))})"
