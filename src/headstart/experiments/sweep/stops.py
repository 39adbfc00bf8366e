"""How a sweep may end early. What had finished is stored, and the same call goes on from there."""

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


class ExecutorError(Exception):
    """The workers cannot be reached, or were lost."""


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C during a sweep; `status` says how far it had come."""

    def __init__(self, status: Status) -> None:
        super().__init__("the sweep was interrupted")
        self.status = status
