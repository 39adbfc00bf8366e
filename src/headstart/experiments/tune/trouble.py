"""What may happen to a storage, in one line: what it is, what to do, and what the same command will then do."""

from __future__ import annotations

from headstart.errors import StoreError

ANEW = "Its trials are gone with it; the same command begins anew."
RESTORED = (
    "Put the file back from a copy and the same command goes on from there, or write another one and it begins anew."
)

# what is said where a file holds something else than it should
DAMAGED = (
    "not a database",
    "malformed",
    "cannot be read",
    "no such table",
    "no such column",
    "unsupported file format",
)
# what SQLite and PostgreSQL say -> what to do
REMEDIES = {
    "disk is full": "Make room.",
    "no space left": "Make room.",
    "disk i/o error": "See to the disk.",
    "readonly": "Let it be written to, or write a storage that may be.",
    "read-only": "Let it be written to, or write a storage that may be.",
    "unable to open": "Write a file in a folder that exists and may be written to.",
    "is locked": "Another program is writing to it; close that.",
    "authentication failed": "See to user and password in the URL.",
    "does not exist": "Create the database, or correct its name in the URL.",
    "connection refused": "Start the server, or correct host and port in the URL.",
    "connection timeout": "See whether host and port in the URL are right and the server can be reached.",
    "failed to resolve": "Correct the host in the URL.",
    "no module named": "Install the driver: pip install 'headstart[postgres]'.",
}


class Trouble(StoreError):
    """The storage cannot be used now.

    Args:
        what: happened, as a clause.
        remedy: what to do about it, as a sentence.
        then: what the same command will do; empty where it goes on from the trials that are kept.
    """

    def __init__(self, what: str, remedy: str = "", then: str = "") -> None:
        super().__init__(" ".join(f"{what}. {remedy}".split()))
        self.then = then
