"""The page's state in Python: the settings of a comparison, within what a browser can do, and how the page shows it.

`address` is the form it has in the page's URL (after the #) and in a saved page; `src/core/state.ts` reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal
from urllib.parse import quote

from pydantic import field_validator, model_validator

from headstart.experiments.data.datasets import MAKERS, check_spec, is_csv
from headstart.experiments.data.given import Given
from headstart.experiments.settings import CompareSettings, said, validated
from headstart.spec import parse
from headstart.theory.activations import FORMULAS, activation
from headstart.web.limits import LIMITS
from headstart.words import count

VERSION = 1
VIEWS = ("one", "seeds", "weights", "heat", "units", "grid")
CHARTS = ("signal", "gradient", "saturation")
HIDEABLE = (
    "controls", "data", "network", "training", "panels", "transport", "charts", "verdict", "table", "share", "lesson",
)  # fmt: skip
SAFE = ",;()*:"  # stand in an address as they are
NOT_MADE = ("digits",)  # sets that the page does not make
EMBEDDED = "table"  # what stands in an address for a table that the page holds


class PageState(CompareSettings):
    """A comparison's settings as the page takes them, and what the page shows of it.

    Every limit of the page is told in the words of `headstart compare`'s own, with what to use instead.
    """

    view: Literal["one", "seeds", "weights", "heat", "units", "grid"] = said("one", "What a panel shows.")
    chart: Literal["signal", "gradient", "saturation"] = said("signal", "What the chart of layers shows.")
    seed: int = said(0, "The seed that is looked at.")
    layer: int = said(0, "The hidden layer that units and grid are of, from 0.")
    step: int | None = said(None, "Where the clock stands.", None, "the end")
    hide: tuple[str, ...] = said((), "Parts of the page that are not shown.")
    teacher: bool = said(False, "Large type.")
    theme: Literal["auto", "light", "dark"] = said("auto", "Light or dark.")

    @field_validator("hide")
    @classmethod
    def _known_parts(cls, parts: tuple[str, ...]) -> tuple[str, ...]:
        from headstart.errors import unknown

        for part in parts:
            if part not in HIDEABLE:
                raise unknown("part of the page", part, HIDEABLE)
        return parts

    @model_validator(mode="after")
    def _fits_the_page(self) -> PageState:
        trouble = next(iter(_troubles(self)), None)
        if trouble is not None:
            raise ValueError(trouble)
        return self


def _troubles(state: PageState) -> Iterable[str]:
    """What a browser cannot do of it, in words."""
    here, instead = "the page", "headstart compare"
    if len(state.schemes) > LIMITS["panels"]:
        yield f"{here} has at most {LIMITS['panels']} panels, got {count(len(state.schemes), 'scheme')}. Write fewer."
    if state.seeds > LIMITS["seeds"]:
        yield f"{here} takes at most {LIMITS['seeds']} seeds, got {state.seeds:,}. Write fewer, or {instead}."
    if not isinstance(state.data, Given) and not is_csv(state.data):
        yield from _made_troubles(state.data)
    if len(state.hidden) > LIMITS["layers"]:
        yield f"{here} takes at most {LIMITS['layers']} hidden layers, got {len(state.hidden):,}. Write {instead}."
    if not state.hidden:
        yield f"{here} shows a network with at least one hidden layer, got none. Write {instead}."
    if any(units > LIMITS["units"] for units in state.hidden):
        yield f"{here} takes at most {LIMITS['units']} units per layer, got {max(state.hidden):,}. Write {instead}."
    if state.steps > LIMITS["steps"]:
        yield f"{here} takes at most {LIMITS['steps']:,} steps, got {state.steps:,}. Write fewer, or {instead}."
    if state.dtype != "float32":
        yield f"{here} trains in float32, got {state.dtype}. Write {instead}."
    if state.preset is not None:
        yield f"{here} has no preset {state.preset!r}: it trains in float32. Write {instead} --preset {state.preset}."
    if state.tune_learning_rate:
        yield f"{here} trains all panels at one learning rate. Write {instead} --tune-learning-rate."
    if state.record_every is not None:
        yield f"{here} records the cost every steps/150 steps, got {state.record_every}. Leave it out."
    if activation(state.activation).name not in FORMULAS:
        yield f"{here} knows the activations of the catalogue, not a function of your own. Use hs.compare."


def _made_troubles(data: str) -> Iterable[str]:
    spec = parse(data, "data set", "circles")
    if spec.name in NOT_MADE:
        yield f"the page does not hold the data set {data}. Write headstart compare --data {data}."
    else:
        check_spec(data)
        given = MAKERS[spec.name].signature.bind_spec(spec)
        for name in ("samples", "classes"):
            got, most = float(given.get(name, 0)), LIMITS[name]
            if got > most:
                yield f"the page takes at most {most:,} {name}, got {got:,.0f}. Write headstart compare."


def page_state(**given: Any) -> PageState:
    """The validated state; what is not given is as on the page's first screen.

    Raises:
        InputError: a setting breaks a rule, or is more than the page takes.

    >>> page_state(schemes=["he"], seeds=65)
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: the page takes at most 64 seeds, got 65. Write fewer, or headstart compare.
    """
    if isinstance(given.get("hide"), list):
        given = {**given, "hide": tuple(given["hide"])}
    return validated(PageState, given)


def address(state: PageState, lesson: str | None = None) -> str:
    """The state as it stands in the page's address, without the #; what has its default is left out.

    Args:
        state: whose data, where it is the reader's own, no address holds: the page does.
        lesson: the name of the lesson to begin with.
    """
    found, default = _parts(state), _parts(page_state())
    kept = {key: value for key, value in found.items() if value != default.get(key)}
    if lesson is not None:
        kept["lesson"] = lesson
    return "&".join(f"{key}={quote(value, safe=SAFE)}" for key, value in {"v": str(VERSION), **kept}.items())


def _parts(state: PageState) -> dict[str, str]:
    return {
        "data": EMBEDDED if isinstance(state.data, Given) or is_csv(state.data) else check_spec(state.data),
        "dataseed": str(state.data_seed),
        "hidden": ",".join(map(str, state.hidden)),
        "act": state.activation,
        "optimizer": state.optimizer,
        "rate": repr(state.learning_rate).removesuffix(".0"),
        "batch": "" if state.batch_size is None else str(state.batch_size),
        "steps": str(state.steps),
        "seeds": str(state.seeds),
        "panels": ";".join(state.schemes),
        "view": state.view,
        "chart": state.chart,
        "seed": str(state.seed),
        "layer": str(state.layer),
        "step": "" if state.step is None else str(state.step),
        "hide": ",".join(state.hide),
        "teacher": "1" if state.teacher else "",
        "theme": state.theme,
    }
