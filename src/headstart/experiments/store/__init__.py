"""The store of runs: what has been found out, kept through any end of the process.

- `urls`: what a store's address may be, and the engine behind it. `tables`: the schema. `database`: the store itself.
- `identity`: the name a run is kept under. `migrations`: what older headstarts wrote, brought to this schema.
- `lock`: one coordinator at a time, named to the second.
"""

from headstart.experiments.store.database import Store, StoredStudy

__all__ = ["Store", "StoredStudy"]
