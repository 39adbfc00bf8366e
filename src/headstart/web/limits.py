"""How much the page takes: a browser's two threads are to answer while a slider moves."""

from __future__ import annotations

LIMITS: dict[str, int] = {
    "panels": 6,
    "seeds": 64,
    "layers": 50,  # hidden ones; as deep as the lesson on depth
    "units": 64,  # of a hidden layer
    "steps": 100_000,
    "samples": 5_000,  # of data that is made
    "classes": 8,
    "table_bytes": 2_000_000,  # of a file that is opened in the page
    "table_rows": 5_000,
    "table_features": 64,
    "seconds": 10,  # that a run may be estimated to take before the page asks
}
