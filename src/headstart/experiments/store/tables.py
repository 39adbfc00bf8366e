"""The store's tables. Their names begin with headstart_, so that one database can hold Optuna's tables too."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, String, Table, Text

from headstart.experiments import columns
from headstart.experiments.store.seals import LENGTH

SCHEMA = 3  # raised, with a step in `migrations`, by any change that an older headstart cannot read

metadata = MetaData()

SEAL = "seal"  # the column of a row's seal; see `seals`


def _seal_column() -> Column[Any]:
    """The default is for the rows that an upgrade finds, before it seals them."""
    return Column(SEAL, String(LENGTH), nullable=False, server_default="")


meta = Table("headstart_meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text))

studies = Table(
    "headstart_studies",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("document", Text, nullable=False),  # the study as JSON, ranges written out
    Column("seeds", Text, nullable=False),  # those added by `sweep extend`, a JSON list
    _seal_column(),
)


def _sql_type(column: columns.Column) -> Any:
    """A column's type in SQL; text without a longest length may be of any."""
    if column.length is not None:
        return String(column.length)
    return {int: BigInteger, float: Double, str: Text}[column.type]


def _sql_column(column: columns.Column) -> Column[Any]:
    """NULL stands for what is missing, and for a number that is none, which SQLite cannot hold."""
    return Column(column.name, _sql_type(column), primary_key=column.name == "id", nullable=column.optional)


_identity, *_stored = map(_sql_column, columns.STORED)

# Only finished runs have a row: what is not here is still to be done, so no kill can leave a run "running" for ever.
runs = Table(
    "headstart_runs",
    metadata,
    _identity,
    Column("settings", Text, nullable=False),  # as JSON, the scheme as it was asked for; see `identity`
    *_stored,
    _seal_column(),
)

coordinator = Table(
    "headstart_coordinator",
    metadata,
    Column("one", Integer, primary_key=True),  # there is at most one
    Column("holder", Text, nullable=False),
)
