"""How a table is read: which column is the label, which are features, which row has the names, what the labels are.

These are the settings that a comparison, a tuning and a study share for data of the user's own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from headstart.errors import InputError

Labels = Literal["classes", "numbers"]


@dataclass(frozen=True)
class Reading:
    """How a table becomes features and labels; every part may be left to a rule.

    Args:
        label: the label column; the last that is no feature by default.
        features: the columns to learn from, in this order; all others by default.
        drop: columns to leave out.
        header: whether the first row of a file holds the names; by default what it looks like.
        task: whether labels are classes or numbers; by default words and up to 20 different whole numbers are classes.
    """

    label: str | None = None
    features: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    header: bool | None = None
    task: Labels | None = None

    def given(self) -> dict[str, Any]:
        """The parts that are given, by name."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) not in (None, ())
        }

    @property
    def named(self) -> tuple[str, ...]:
        """Every column it names."""
        return (*([self.label] if self.label is not None else []), *(self.features or ()), *self.drop)

    def __str__(self) -> str:
        """What is given beside the label, as one text: two readings never share it.

        >>> str(Reading(drop=("Id", "name"), header=False)), str(Reading(label="y"))
        ("drop=['Id', 'name'], header=false", '')
        """
        words = {True: "true", False: "false"}
        return ", ".join(
            f"{name}={words[value] if isinstance(value, bool) else value if isinstance(value, str) else [*value]}"
            for name, value in self.given().items()
            if name != "label"
        )

    def refuse_for(self, what: str) -> None:
        """See that nothing is given where there is no table to read.

        Raises:
            InputError: something is.
        """
        for name in self.given():
            option = {"label": "--label names the label column", "features": "--features names columns",
                      "drop": "--drop names columns", "header": "--header and --no-header speak of the first row",
                      "task": "--task says what the labels are"}[name]  # fmt: skip
            raise InputError(f"{option} of a CSV file; {what} is not one. Leave the {name} out.")
