"""A plan: what each parameter of a model gets, and why; what is left alone, and why. Plain data.

It can be printed, compared with another one, written as JSON and read back; whoever applies it needs nothing else.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from headstart.check import finite, is_number, told, whole
from headstart.errors import InputError, unknown
from headstart.layout import LAYOUTS, Fans, Layout, block_fans, block_shape, blocks, check_shape
from headstart.plans.picks import Picked, check_picks, picked
from headstart.plans.roles import ROLES
from headstart.schemes.distributions import DRAWS, Constant, Draw
from headstart.words import aligned, number, plain

SCHEMA = 1
PARTS = 2  # the schema of a plan with parts of weights, which readers of the first one would draw as wholes
Row = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """What one parameter gets, and the reason in words.

    Args:
        name, key, shape, role, layout, activation: as `Parameter` has them.
        draws: one complete distribution per block; a weight without blocks is one block.
        reason: why.
        ends_residual: whether it is the last weight of a residual branch.
        zero_row: a row that stays zero, whatever is drawn; None for none.
        picks, of, flip: which part of the weight that the key names it is, as `Parameter` has them.

    Raises:
        InputError: picks that do not fit the shape.
    """

    name: str
    key: str
    shape: tuple[int, ...]
    role: str
    layout: Layout
    activation: str | None
    draws: tuple[Draw, ...]
    reason: str
    ends_residual: bool = False
    zero_row: int | None = None
    picks: tuple[int, ...] = ()
    of: int = 1
    flip: bool = False

    def __post_init__(self) -> None:
        if not self.picks and self.of == 1:
            return
        picks, of = check_picks(self.picks, self.of, self.name)
        object.__setattr__(self, "picks", picks)
        object.__setattr__(self, "of", of)
        try:
            _ = self.part
        except InputError as error:
            raise InputError(f"{self.name}: {error}") from None

    @property
    def part(self) -> Picked | None:
        """How it lies in the weight that its key names; None where it is that weight."""
        return picked(self.shape, self.layout, self.picks, self.of) if self.picks else None

    @property
    def draw(self) -> Draw:
        """The distribution; of the first block, where there are several."""
        return self.draws[0]

    @property
    def blocks(self) -> int:
        """How many layers share the weight."""
        return len(self.draws)

    @property
    def stream_role(self) -> str:
        """What the stream calls it, "weight" or "bias", whatever the role."""
        return ROLES[self.role].stream

    @property
    def fans(self) -> Fans | None:
        """fan_in and fan_out, of the first block; None for a role that has neither."""
        return block_fans(self.shape, self.layout)[0] if ROLES[self.role].fans and len(self.shape) > 1 else None

    @property
    def fan_in(self) -> float | None:
        return None if self.fans is None else self.fans.fan_in

    @property
    def fan_out(self) -> float | None:
        return None if self.fans is None else self.fans.fan_out

    @property
    def std(self) -> float:
        """The standard deviation that the numbers will really have, all blocks together."""
        parts = [block_shape(self.shape, block) for block in blocks(self.shape, self.layout)] or [self.shape]
        if len(self.draws) == 1 or len(set(self.draws)) == 1:
            return self.draw.std(self.shape, self.layout)
        whole = dataclasses.replace(self.layout, blocks=None)
        sizes = [math.prod(shape) for shape in parts]
        squares = [draw.std(shape, whole) ** 2 for draw, shape in zip(self.draws, parts, strict=True)]
        return math.sqrt(sum(n * square for n, square in zip(sizes, squares, strict=True)) / sum(sizes))

    def row(self) -> Row:
        """The entry as flat data."""
        return {
            "name": self.name, "key": self.key, "shape": list(self.shape), "role": self.role, "fan_in": self.fan_in,
            "fan_out": self.fan_out, "activation": self.activation, "blocks": self.blocks,
            "ends_residual": self.ends_residual,
            "draw": ", ".join(str(draw) for draw in dict.fromkeys(self.draws)), "std": self.std, "reason": self.reason,
        }  # fmt: skip


@dataclass(frozen=True)
class LeftAlone:
    """A parameter that keeps what it has, and why.

    Args:
        name, role: as `Parameter` has them.
        reason: why.
        shape: as it is stored; None where that is not known.
        start: the number that its layer fills it with; None where that is not one, or not known.
        tied_to: the name of the parameter that is the same array.
    """

    name: str
    role: str
    reason: str
    shape: tuple[int, ...] | None = None
    start: float | None = None
    tied_to: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether it is an array of its own of which is known that its layer fills it with one number."""
        return self.start is not None and math.isfinite(self.start) and self.shape is not None and not self.tied_to


def _started(left: LeftAlone) -> Entry:
    """What a layer fills a parameter with, as an entry."""
    assert left.start is not None
    assert left.shape is not None
    return Entry(
        name=left.name, key=left.name, shape=left.shape, role=left.role, layout=LAYOUTS["out_in"], activation=None,
        draws=(Constant(left.start),), reason=f"its layer starts it with {number(left.start)}",
    )  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """How two plans differ in one parameter: None where one of them does not have it."""

    name: str
    what: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.name}: {self.what} {_shown(self.before)} -> {_shown(self.after)}"


@dataclass(frozen=True)
class Plan:
    """What each parameter of a model gets.

    >>> from headstart.plans import Parameter, plan_parameters
    >>> plan = plan_parameters([Parameter("weight", (5, 8))], "he")
    >>> plan["weight"].std, len(plan), Plan.from_json(plan.to_json()) == plan
    (0.5, 1, True)
    """

    entries: tuple[Entry, ...]
    left_alone: tuple[LeftAlone, ...] = ()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, name: str) -> Entry:
        """The entry of a parameter.

        Raises:
            InputError: the plan has none of this name, or leaves it alone.
        """
        found = next((entry for entry in self.entries if entry.name == name), None)
        if found is None:
            left = next((left for left in self.left_alone if left.name == name), None)
            if left is not None:
                raise InputError(f"the plan leaves {name!r} alone: {left.reason}.")
            raise unknown("parameter", name, [entry.name for entry in self.entries] or ["none"])
        return found

    def rows(self) -> list[Row]:
        """One row per entry: name, key, shape, role, fans, activation, blocks, draw, std, reason."""
        return [entry.row() for entry in self.entries]

    def with_starts(self) -> Self:
        """This plan, that also gives what it leaves alone the number its layer starts it with, where that is known.

        For memory that nobody has filled, as `to_empty` leaves it: norms' scales become 1 and their shifts 0.

        >>> from headstart.plans import Parameter, plan_parameters
        >>> scale = Parameter("norm.weight", (5,), "norm scale", start=1.0)
        >>> plan_parameters([Parameter("weight", (5, 8)), scale], "he").with_starts()["norm.weight"].reason
        'its layer starts it with 1'
        """
        known = {left.name: left for left in self.left_alone if left.is_known}
        made = (_started(left) for left in known.values())
        return type(self)((*self.entries, *made), tuple(left for left in self.left_alone if left.name not in known))

    def diff(self, other: Plan) -> list[Difference]:
        """What another plan does otherwise, parameter by parameter, in this plan's order."""
        mine, theirs = _by_name(self), _by_name(other)
        found = []
        for name in dict.fromkeys([*mine, *theirs]):
            before, after = mine.get(name), theirs.get(name)
            if before is None or after is None:
                found.append(Difference(name, "is there", before is not None, after is not None))
                continue
            changed = [what for what in dict.fromkeys([*before, *after]) if before.get(what) != after.get(what)]
            found += [Difference(name, what, before.get(what), after.get(what)) for what in changed]
        return found

    def to_json(self) -> Row:
        """Plain data that `from_json` reads back to an equal plan."""
        entries = [
            {
                "name": entry.name, "key": entry.key, "shape": list(entry.shape), "role": entry.role,
                "layout": _changed(entry.layout), "activation": entry.activation,
                "draws": [{"draw": type(draw).__name__, **dataclasses.asdict(draw)} for draw in entry.draws],
                "std": entry.std, "ends_residual": entry.ends_residual, "reason": entry.reason, **_part(entry),
                **({} if entry.zero_row is None else {"zero_row": entry.zero_row}),
            }
            for entry in self.entries
        ]  # fmt: skip
        left = [
            {name: value for name, value in dataclasses.asdict(left).items() if value is not None}
            for left in self.left_alone
        ]
        schema = PARTS if any(map(_part, self.entries)) else SCHEMA
        found: Row = plain({"schema": schema, "entries": entries, "left_alone": left})
        return found

    @classmethod
    def from_json(cls, document: Row) -> Plan:
        """The plan that `to_json` wrote.

        Raises:
            InputError: another schema, or data that is no plan.
        """
        if not isinstance(document, dict) or document.get("schema") not in (SCHEMA, PARTS):
            got = document.get("schema") if isinstance(document, dict) else document
            raise InputError(f"a plan has schema {SCHEMA} or {PARTS}, got {got!r}. Write it again with this version.")
        try:
            entries = tuple(_read_entry(row) for row in document["entries"])
            left = tuple(_read_left(row) for row in document["left_alone"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"this is no plan: {str(error).rstrip('.')}. Read what to_json wrote.") from None
        return cls(entries, left)

    def __str__(self) -> str:
        """A table with one line per entry, and what is left alone."""
        header = ("parameter", "shape", "role", "fan_in", "fan_out", "std", "reason")
        cells = [
            (entry.name, "×".join(map(str, entry.shape)) or "1", entry.role, _shown(entry.fan_in),
             _shown(entry.fan_out), number(entry.std), entry.reason)
            for entry in self.entries
        ]  # fmt: skip
        lines = aligned(header, cells, right=("fan_in", "fan_out", "std")) if cells else []
        left = [f"{left.name}: {left.reason}" for left in self.left_alone]
        return "\n".join([*lines, *(["left alone:", *left] if left else [])])


def _by_name(plan: Plan) -> dict[str, Row]:
    """Name -> what can differ: an entry's settings, or that it is left alone."""
    found: dict[str, Row] = {}
    for entry in plan.entries:
        draws = ", ".join(str(draw) for draw in entry.draws)
        found[entry.name] = {"key": entry.key, "shape": entry.shape, "role": entry.role, "draw": draws, **_part(entry)}
    for left in plan.left_alone:
        found[left.name] = {"role": left.role, "left alone": left.reason}
    return found


def _part(entry: Entry) -> Row:
    """Which part of its weight an entry is; nothing where it is the whole as it is drawn."""
    found: Row = {"picks": list(entry.picks), "of": entry.of} if entry.picks else {}
    return {**found, "flip": True} if entry.flip else found


def _changed(layout: Layout) -> Row:
    """A layout's fields that are not at their defaults."""
    return {
        field.name: value
        for field in dataclasses.fields(layout)
        if (value := getattr(layout, field.name)) != field.default
    }


def _read_entry(row: Row) -> Entry:
    activation, reason = row["activation"], row["reason"]
    if not isinstance(activation, str | None) or not isinstance(reason, str):
        raise ValueError(f"an activation and a reason are texts, got {told(activation)} and {told(reason)}")
    draws = tuple(
        DRAWS[made["draw"]](**{k: _number(v) for k, v in made.items() if k != "draw"}) for made in row["draws"]
    )
    if not draws:
        raise ValueError("an entry without draws")
    layout = Layout(**{name: _tuples(value) for name, value in row["layout"].items()})
    ends, shape = bool(row.get("ends_residual", False)), check_shape(row["shape"])
    part = {"picks": tuple(row.get("picks", ())), "of": row.get("of", 1), "flip": bool(row.get("flip", False))}
    zero_row = row.get("zero_row")
    if zero_row is not None:
        zero_row = whole(zero_row, "zero_row", 0, max(shape[0] - 1, 0) if shape else 0)
    return Entry(
        name=_text(row["name"]), key=_text(row["key"]), role=_role(row["role"]), shape=shape, layout=layout,
        draws=draws, ends_residual=ends, zero_row=zero_row, activation=activation, reason=reason, **part,
    )  # fmt: skip


def _read_left(row: Row) -> LeftAlone:
    shape, start, tied = row.get("shape"), row.get("start"), row.get("tied_to")
    given = LeftAlone(**row)  # which refuses what it does not know
    return dataclasses.replace(
        given, name=_text(given.name), role=_role(given.role), shape=None if shape is None else check_shape(shape),
        start=None if start is None else finite(start, "a start"), tied_to=None if tied is None else _text(tied),
    )  # fmt: skip


def _number(value: Any) -> Any:
    """A number of a draw, as `plain` wrote it."""
    if value in ("inf", "-inf", "nan"):
        return float(value)
    if not is_number(value):
        raise ValueError(f"a draw is made of numbers, got {told(value)}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"a name is a text that is not empty, got {told(value)}")
    return value


def _role(value: Any) -> str:
    if value not in ROLES:
        raise unknown("role", str(value), ROLES)
    return str(value)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return number(value) if isinstance(value, float) else str(value)
