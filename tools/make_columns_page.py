"""Writes docs/columns.md from the columns of a run; `tests/experiments/test_columns.py` compares the two.

python tools/make_columns_page.py
"""

from __future__ import annotations

from pathlib import Path

from headstart.experiments.columns import COLUMNS, SIGMA_W2, Column
from headstart.experiments.store.tables import runs
from headstart.experiments.sweep.rows import frame

PAGE = Path(__file__).parents[1] / "docs" / "columns.md"
HEAD = """# The columns of a run

What is known of every finished run: in the rows of `hs.study(...).rows()`, in data frames and Parquet files
(`frame`, `to_parquet`), in `headstart report --json`, and in the store. A type never depends on the rows: whole numbers
stay whole where one is missing, and in a table without rows. A failed run has no results; a cost that is not a number
is nan.

Columns with an SQL type lie in the store's table `headstart_runs`, the others in its column `settings`, as JSON with
the engine's format. Every setting is a factor of the report: `--by`, `--where`, `--heat`.
"""
TABLE = """
| column | what | unit | missing means | type | pandas | Polars | SQL |
|---|---|---|---|---|---|---|---|
"""
METRICS = """
## Metrics

A run is judged by `--metric`. A missing value counts as the number here, and nan as the worst there is.

| metric | better | missing counts as |
|---|---|---|
"""


def page() -> str:
    """The page's text."""
    parts = [HEAD]
    for title, kind in (("State", "state"), ("Settings", "setting"), ("Results", "result")):
        lines = [_line(column) for column in COLUMNS.values() if column.kind == kind]
        parts.append(f"\n## {title}\n{TABLE}" + "".join(lines))
        if kind == "setting":
            parts.append(
                f"\nOne more factor is worked out and stands in no row: `{SIGMA_W2.name}`, {SIGMA_W2.meaning}.\n"
            )
    metrics = [column for column in COLUMNS.values() if column.better]
    parts.append(METRICS + "".join(f"| `{m.name}` | {m.better} | {m.missing:g} |\n" for m in metrics))
    return "".join(parts)


def _line(column: Column) -> str:
    sql = str(runs.c[column.name].type) if column.name in runs.c else ""
    types = [_type(column), str(PANDAS[column.name]), str(POLARS[column.name]), sql]
    missing = column.nothing or ""
    return f"| `{column.name}` | {column.meaning} | {column.unit} | {missing} | {' | '.join(types)} |\n"


def _type(column: Column) -> str:
    return "list of int" if column.type is tuple else column.type.__name__


PANDAS, POLARS = frame([], "pandas").dtypes, frame([], "polars").schema

if __name__ == "__main__":
    PAGE.write_text(page())
