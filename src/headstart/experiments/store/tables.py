"""The store's tables. Their names begin with headstart_, so that one database can hold Optuna's tables too."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, String, Table, Text

SCHEMA = 1  # raised with any change that an older headstart cannot read

metadata = MetaData()

meta = Table("headstart_meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text))

studies = Table(
    "headstart_studies",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("document", Text, nullable=False),  # the study as JSON, ranges written out
    Column("seeds", Text, nullable=False),  # those added by `sweep extend`, a JSON list
)

# Only finished runs have a row: what is not here is still to be done, so no kill can leave a run "running" for ever.
runs = Table(
    "headstart_runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("settings", Text, nullable=False),  # the text that the identity is the hash of
    Column("state", String(8), nullable=False),  # done or failed
    Column("reason", Text),  # of a failure
    # Numbers of a run that is done; NULL where they are not a number, which SQLite cannot hold.
    Column("first_cost", Double),
    Column("final_cost", Double),
    Column("train_accuracy", Double),
    Column("test_accuracy", Double),
    Column("steps_to_target", BigInteger),
    Column("diverged_at", BigInteger),
)

coordinator = Table(
    "headstart_coordinator",
    metadata,
    Column("one", Integer, primary_key=True),  # there is at most one
    Column("holder", Text, nullable=False),
)
