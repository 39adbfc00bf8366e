"""A lock: what was drawn, from which seed, with a digest per parameter, to check a model against."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.errors import InputError
from headstart.plans.plan import Plan

SCHEMA = 1


@dataclass(frozen=True)
class Locked:
    """One parameter of a lock."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    digest: str


@dataclass(frozen=True)
class Lock:
    """A plan, its seed, and the digest of each parameter that it gave."""

    plan: Plan
    seed: int
    parameters: tuple[Locked, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads back."""
        rows = [{"name": p.name, "shape": list(p.shape), "dtype": p.dtype, "digest": p.digest} for p in self.parameters]
        return {"schema": SCHEMA, "lock": True, "seed": self.seed, "parameters": rows, "plan": self.plan.to_json()}

    @classmethod
    def from_json(cls, document: Any) -> Lock:
        """The lock that `to_json` wrote.

        Raises:
            InputError: another schema, or data that is no lock.
        """
        if not isinstance(document, Mapping) or not document.get("lock") or document.get("schema") != SCHEMA:
            raise InputError("this is no lock of a model's initial weights. Write one with plan(...).lock(model).")
        try:
            rows = tuple(
                Locked(str(row["name"]), tuple(row["shape"]), str(row["dtype"]), str(row["digest"]))
                for row in document["parameters"]
            )
            return cls(Plan.from_json(document["plan"]), int(document["seed"]), rows)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"this is no lock: {error}. Read what Lock.to_json wrote.") from None

    def differences(self, found: Mapping[str, Locked]) -> dict[str, str]:
        """Name -> what is not as locked: missing, of another shape or type, or other values."""
        wrong = {}
        for locked in self.parameters:
            other = found.get(locked.name)
            if other is None:
                wrong[locked.name] = "is not there"
            elif other.shape != locked.shape:
                wrong[locked.name] = f"has shape {other.shape}, locked with {locked.shape}"
            elif other.dtype != locked.dtype:
                wrong[locked.name] = f"is of {other.dtype}, locked as {locked.dtype}"
            elif other.digest != locked.digest:
                wrong[locked.name] = "has other values"
        return wrong


def digest(values: np.ndarray) -> str:
    """The digest of an array's bytes in stored order: BLAKE2b, 16 bytes.

    >>> digest(np.zeros((2, 3), np.float32))
    '941e0c502c87478811f1b6a130227018'
    """
    stored = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    return hashlib.blake2b(stored.data, digest_size=16).hexdigest()
