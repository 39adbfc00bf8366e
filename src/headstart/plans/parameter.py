"""A parameter: one array of a model, as an adapter reads it. Plain data; knows no framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from headstart.errors import InputError, unknown
from headstart.layout import LAYOUTS, Layout
from headstart.plans.picks import check_picks, parted, picked
from headstart.plans.roles import ROLES, Role


@dataclass(frozen=True)
class Parameter:
    """One array of a model.

    Args:
        name: as the model has it.
        shape: as it is stored.
        role: what it is for, a name in `ROLES`.
        layout: what each axis is for; means nothing to a role that has no fans.
        activation: what follows the layer, as a spec string; None where that is not known.
        key: the name its stream is drawn from, the same in every framework; the name itself by default.
        tied_to: the name of the parameter that is the same array; it is drawn once, there.
        owner: the class of the layer that has it, for rules by kind.
        ends_residual: whether it is the last weight of a branch that is added to a residual stream.
        follows: what its output meets, in words; empty where that is not known.
        trainable: whether training may change it.
        fixed: why nobody may write to it (whole numbers, no memory of its own); "" if one may.
        note: what a reader should know besides.
        start: the one number that its layer fills it with, where that is known; nan where nobody can know it; None
            for what its role says.
        zero_row: a row of a lookup that stays zero, whatever is drawn: that of its padding.
        function: the activation that follows, where it has no name.
        picks: where it is a part of the weight that the key names: its blocks, in the order in which the parameter
            stores them along its first output axis. Empty for the whole.
        of: how many equal blocks that weight has.
        flip: whether it holds the weight mirrored along its receptive field.

    Raises:
        InputError: an unknown role, a name that is empty, or picks that do not fit.
    """

    name: str
    shape: tuple[int, ...]
    role: str = "weight"
    layout: Layout = LAYOUTS["out_in"]
    activation: str | None = None
    key: str = ""
    tied_to: str | None = None
    owner: str = ""
    ends_residual: bool = False
    follows: tuple[str, ...] = ()
    trainable: bool = True
    fixed: str = ""
    note: str = ""
    start: float | None = None
    zero_row: int | None = None
    function: Callable[..., Any] | None = field(default=None, compare=False, repr=False)
    picks: tuple[int, ...] = ()
    of: int = 1
    flip: bool = False

    def __post_init__(self) -> None:
        if not self.name:
            raise InputError("a parameter needs a name, got ''. Write the one the model has, such as layers.0.weight.")
        if self.role not in ROLES:
            raise unknown("role", self.role, ROLES)
        object.__setattr__(self, "shape", tuple(self.shape))
        object.__setattr__(self, "key", self.key or self.name)
        picks, of = check_picks(self.picks, self.of, self.name)
        object.__setattr__(self, "picks", picks)
        object.__setattr__(self, "of", of)
        if not picks:
            return
        try:
            picked(self.shape, self.layout, picks, of)
        except InputError as error:
            raise InputError(f"{self.name}: {error}") from None
        if self.what.fans:
            object.__setattr__(self, "layout", parted(self.layout, len(self.shape), picks))

    @property
    def what(self) -> Role:
        """Its role's row."""
        return ROLES[self.role]
