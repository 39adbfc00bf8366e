"""How far a sweep is."""

from __future__ import annotations

from typing import NamedTuple


class Status(NamedTuple):
    """How far a study is: its distinct runs by state."""

    distinct: int
    done: int
    failed: int

    @property
    def pending(self) -> int:
        return self.distinct - self.done - self.failed

    def to_json(self) -> dict[str, int]:
        return {"distinct": self.distinct, "done": self.done, "failed": self.failed, "pending": self.pending}
