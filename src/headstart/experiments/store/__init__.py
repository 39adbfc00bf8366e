"""The store of runs: what has been found out, kept through any end of the process.

- `urls`: what a store's address may be. `engines`: what is behind it. `faults`: what a database says, in one line.
- `tables`: the schema. `database`: the store itself. `migrations`: what older headstarts wrote, brought to this schema.
- `identity`: the name a run is kept under. `seals`: whether a row is what was stored.
- `reading`: a look at a file that touches nothing. `log`: whether its log is whole.
- `lock`: one coordinator at a time, named to the second.
"""

from headstart.experiments.store.database import Store, StoredStudy

__all__ = ["Store", "StoredStudy"]
