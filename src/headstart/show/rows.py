"""Rows as files: CSV for a spreadsheet, Parquet for a data frame, JSON for a program."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from headstart.errors import InputError
from headstart.words import plain


def json_text(document: Mapping[str, Any]) -> str:
    """A document as JSON in ASCII, which every stream holds; what JSON cannot hold is "inf", "-inf" and "nan".

    >>> print(json_text({"schema": 1, "cost": float("inf")}))
    {
     "schema": 1,
     "cost": "inf"
    }
    """
    return json.dumps(plain(document), indent=1, allow_nan=False)


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV with a header; what is missing is an empty cell.

    >>> print(csv_text([{"scheme": "he", "diverged_at": None}]), end="")
    scheme,diverged_at
    he,
    """
    buffer = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def parquet_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows as Parquet, each column of one type; what is missing is null.

    Raises:
        InputError: pyarrow, which writes it, is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise InputError(
            "a .parquet file is written by pyarrow, which is not installed. Write pip install 'headstart[frames]', or "
            "save as .csv."
        ) from None
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist([dict(row) for row in rows]), buffer)
    return buffer.getvalue()
