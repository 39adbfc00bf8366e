"""Verify: which parameters of a model do not hold what its plan says. Changes nothing; costs as much as the sample."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from headstart.check import is_number, told
from headstart.check import seed as check_seed
from headstart.draws.compared import compared
from headstart.errors import InputError, Unhealthy
from headstart.models import adapted
from headstart.plans import Plan
from headstart.plans.lock import digest
from headstart.plans.replicas import Digests, together
from headstart.plans.verified import Checked, Held
from headstart.verbs.result import Result
from headstart.words import count, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from headstart.show.files import Files

SCHEMA = 1


class Verified(Result):
    """How each parameter compares with its plan: `parameters`, a `Checked` each.

    Args:
        parameters: in the plan's order, then what the plan leaves alone.
        seed: that the plan was applied with. sample: the share that was drawn again.
    """

    def __init__(self, parameters: Iterable[Checked], seed: int, sample: float) -> None:
        self.parameters = tuple(parameters)
        self.seed, self.sample = seed, sample

    @property
    def wrong(self) -> tuple[Checked, ...]:
        """The parameters that are not as planned."""
        return tuple(checked for checked in self.parameters if not checked.good)

    @property
    def healthy(self) -> bool:
        """Whether all is as planned."""
        return not self.wrong

    def assert_healthy(self) -> None:
        """For a test suite or a job's first minute: raise where something is not as planned.

        Raises:
            Unhealthy: an AssertionError that names every parameter and how it differs.
        """
        if self.wrong:
            lines = [f"{checked.name} {_how(checked)}" for checked in self.wrong]
            raise Unhealthy("\n".join([f"{count(len(lines), 'parameter')} not as planned:", *lines]))

    def rows(self) -> list[dict[str, Any]]:
        """One row per parameter: name, shape, dtype, verdict, checked, size, different, example, note, ranks."""
        return [checked.row() for checked in self.parameters]

    def to_json(self) -> dict[str, Any]:
        """Rows as plain data."""
        found: dict[str, Any] = plain({
            "schema": SCHEMA, "healthy": self.healthy, "seed": self.seed, "sample": self.sample,
            "parameters": self.rows(),
        })  # fmt: skip
        return found

    @property
    def headline(self) -> str:
        from headstart.show.model.verified_table import heading

        return heading(self.parameters)

    def print_to(self, console: Console) -> None:
        from headstart.show.model.verified_table import print_verified

        print_verified(self.parameters, console)

    def chart(self) -> Any:
        """The share of each parameter's numbers that is not as planned, in the model's order."""
        from headstart.show.model.verified_files import verified_chart

        return verified_chart(self.parameters)

    def html_table(self) -> str:
        from headstart.show.model.verified_table import verified_table
        from headstart.show.table import html_table

        return html_table(verified_table(self.parameters))

    def _repr_html_(self) -> str:
        return self.html_table()

    def files(self) -> Files:
        """verified.json and verified.csv in a folder; .png, .svg, .pdf and .html on request."""
        from headstart.show.model.verified_files import verified_files

        return verified_files(self.to_json, self.parameters)


def verify(
    plan: Plan, model: Any, seed: int = 0, *, sample: float = 1e-4, places: int = 0, group: Any = None
) -> Verified:  # fmt: skip
    """What `Plan.verify` gives back."""
    if not is_number(sample) or not 0 < sample <= 1:
        raise InputError(f"a sample is a share above 0 and at most 1, got {told(sample)}. Write, for example, 1e-4.")
    seed, places = check_seed(seed), check_seed(places, "the seed of the places")
    adapter, model = _reader_of(model)
    exchanged = getattr(adapter, "exchanged", None)
    if group is not None and exchanged is None:
        raise InputError("a group is for models of PyTorch, whose processes each hold shards. Leave it out.")
    left = [each.name for each in plan.left_alone] if group is not None else []
    held: Mapping[str, Held] = adapter.held(model, [*(entry.name for entry in plan.entries), *left])
    rows = [compared(entry, held.get(entry.name), seed, float(sample), places) for entry in plan.entries]
    rows += [Checked(left.name, (), "", "not drawn", note=left.reason) for left in plan.left_alone]
    if group is not None:
        assert exchanged is not None
        found = exchanged(model, (rows, _digests(held)), group)
        by_rank = {rank: each for rank, (each, _) in found.items()}
        rows = together(by_rank, {rank: digests for rank, (_, digests) in found.items()})
    return Verified(rows, seed, float(sample))


def _reader_of(model: Any) -> tuple[Any, Any]:
    """The module that says what a model, or the checkpoint at a path, holds; and the model as it takes it."""
    if isinstance(model, (str, os.PathLike)):
        return importlib.import_module("headstart.models.checkpoints.held"), model
    adapter, given = adapted(model)
    return importlib.import_module(f"{adapter.__name__}.held"), given


def _digests(held: Mapping[str, Held]) -> Digests:
    """Of every piece that this process holds."""
    return {
        name: [
            (piece.spans, digest(piece.read(tuple(slice(0, size) for size in piece.shape)))) for piece in each.pieces
        ]
        for name, each in held.items()
        if not each.missing
    }


def _how(checked: Checked) -> str:
    """What is wrong with a parameter, in words."""
    where = f" on rank {', '.join(map(str, checked.ranks))}" if checked.ranks else ""
    if checked.verdict == "other values":
        share = f"{checked.different:,} of {checked.checked:,} numbers"
        note = f"; {checked.note}" if checked.note else ""
        return f"holds other values{where}: {share} that were drawn again; {checked.example}{note}"
    note = f": {checked.note}" if checked.note else ""
    said = {
        "not there": "is not there",
        "other shape": "has another shape",
        "no values": "has no values",
        "unlike replicas": "differs from its replicas",
    }
    return f"{said[checked.verdict]}{where}{note}"
