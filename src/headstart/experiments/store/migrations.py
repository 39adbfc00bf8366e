"""Stores of an older schema: numbered steps, each from one schema to the next.

A coordinator takes them all in one transaction. A reader writes nothing: it sees the runs as they would be after that.
Before a run is brought forward its settings must have its identity: from then on a seal vouches for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.engine import Connection

from headstart.errors import InputError
from headstart.experiments.store.identity import compact, stored_identity
from headstart.experiments.store.seals import (
    LENGTH,
    is_own_identity,
    parsed_settings,
    seal_of_run,
    seal_of_study,
    values_of,
)
from headstart.experiments.store.tables import SCHEMA, SEAL, meta, runs, studies
from headstart.theory.activations import activation

Stored = dict[str, Any]  # a row of the table of runs, by the names of its columns


class Step(NamedTuple):
    """From one schema to the next.

    Args:
        schema: the one it leads to.
        prepare: statements that change the tables before the runs are written again.
        run: a stored run of the schema before, as this schema has it.
    """

    schema: int
    run: Callable[[Stored], Stored]
    prepare: tuple[str, ...] = ()


def upgrade(connection: Connection, found: int) -> None:
    """Bring the tables from the schema found to this one, within the caller's transaction."""
    rows = upgraded(connection, found)
    connection.execute(runs.delete())
    for step in _steps(found):
        for statement in step.prepare:
            connection.execute(text(statement))
    if rows:
        names = list(rows[0])
        marks = ", ".join(f":{name}" for name in names)
        connection.execute(text(f"INSERT INTO {runs.name} ({', '.join(names)}) VALUES ({marks})"), rows)
    for study in connection.execute(select(studies)).all():
        seal = seal_of_study(study.name, study.document, study.seeds)
        connection.execute(studies.update().where(studies.c.name == study.name).values({SEAL: seal}))
    connection.execute(meta.update().where(meta.c.key == "schema").values(value=str(SCHEMA)))


def upgraded(connection: Connection, found: int) -> list[Stored]:
    """The runs of a store of an older schema, as this one has them; changes nothing."""
    rows = [dict(row) for row in connection.execute(text(f"SELECT * FROM {runs.name}")).mappings()]
    if any(SEAL in row for row in rows[:1]) and found < 3:
        raise ValueError(f"its runs are sealed, and its schema says {found}")
    for row in rows:
        if not is_own_identity(row, found):
            raise ValueError(f"the run {row['id']!r} has other settings than its identity")
    for step in _steps(found):
        rows = _once(map(step.run, rows))
    return rows


def _steps(found: int) -> list[Step]:
    return [step for step in STEPS if step.schema > found]


def _once(rows: Iterable[Stored]) -> list[Stored]:
    """Each identity once, where several runs have become the same: a finished one rather than a failed one."""
    kept: dict[str, Stored] = {}
    for row in sorted(rows, key=lambda row: (row["state"] != "done", row["settings"])):
        kept.setdefault(row["id"], row)
    return list(kept.values())


def _by_distribution(row: Stored) -> Stored:
    """To schema 2: the identity is that of the distribution, and the engine's format 2.

    Format 2 differs from 1 in two things. A target reached at the last record alone was not noticed, which can be made
    good here; and activations with a negative parameter had another's slope, so that their runs stay what they are, of
    format 1, and are run again.
    """
    settings = parsed_settings(row["settings"])
    if settings.get("engine") != 1:
        return row
    settings["engine"] = 2
    try:
        if any(argument < 0 for argument in activation(settings["activation"]).arguments):
            return row
    except InputError:  # one that this version does not know: nobody can ask for it
        return row
    changed = {"id": stored_identity(settings), "settings": compact(settings)}
    return row | changed | {"steps_to_target": _steps_to_target(row, settings)}


def _sealed(row: Stored) -> Stored:
    """To schema 3: every row has a seal."""
    values = values_of(row)
    return row | values | {SEAL: seal_of_run(values)}


def _steps_to_target(row: Stored, settings: dict[str, Any]) -> int | None:
    """The step at which the target was reached, the last one included."""
    at, target, cost = row["steps_to_target"], settings["target"], row["final_cost"]
    if at is None and target is not None and cost is not None and cost < target:
        return int(settings["steps"])
    return None if at is None else int(at)


STEPS: Sequence[Step] = (
    Step(2, _by_distribution),
    Step(
        3,
        _sealed,
        tuple(
            f"ALTER TABLE {table.name} ADD COLUMN {SEAL} VARCHAR({LENGTH}) NOT NULL DEFAULT ''"
            for table in (runs, studies)
        ),
    ),
)
