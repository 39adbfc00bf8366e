"""The settings of a tuning, and every rule about them."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from headstart.check import is_number, positive, told
from headstart.errors import InputError, unknown
from headstart.experiments.analysis.metrics import METRICS, Metric, objective_metric
from headstart.experiments.analysis.metrics import metric as find_metric
from headstart.experiments.rates import rate_range
from headstart.experiments.settings import Count, DataSeed, Rate, SchemeSpecs, TrainingSettings, said, validated

FACTORS = ("multiplier", "learning_rate")
MOST_TRIALS = 100_000  # the search looks at all before each
MOST_SEEDS = 10_000  # runs at one point
MOST_PLACES = 1_000  # multipliers of a profile, each with a walk to its learning rate
ENDS = 1e-30, 1e30  # of a range; float32 has no room for more
# what says how the lab trains, and means nothing to a function of the user's own
ENGINE_ONLY = ("data", "label", "hidden", "activation", "steps", "optimizer", "batch_size", "dtype", "data_seed",
               "target", "metric")  # fmt: skip


def known_factors(names: tuple[str, ...]) -> tuple[str, ...]:
    """At least one factor, none twice, in the order of `FACTORS`."""
    for name in names:
        if name not in FACTORS:
            raise unknown("factor", name, FACTORS)
    if len(set(names)) < len(names):
        raise ValueError(f"over names each factor once, got {', '.join(names)}. Leave one out.")
    return tuple(name for name in FACTORS if name in names)


def known_metric(name: str) -> str:
    """The name of a metric."""
    return find_metric(name).name


def rising_range(ends: tuple[float, float]) -> tuple[float, float]:
    """Two positive numbers, the smaller first."""
    low, high = ends
    if not (0 < low < high and math.isfinite(high)):
        raise ValueError(
            f"a range is two positive numbers, the smaller first, got {low:g} to {high:g}. Write, for example, 0.1,10."
        )
    if low < ENDS[0] or high > ENDS[1]:
        raise ValueError(
            f"a range lies between {ENDS[0]:g} and {ENDS[1]:g}, got {low:g} to {high:g}. Write, say, 0.1,10."
        )
    return ends


Factors = Annotated[tuple[str, ...], AfterValidator(known_factors)]
Seeds = Annotated[int, Field(ge=2, le=MOST_SEEDS)]
Trials = Annotated[int, Field(ge=1, le=MOST_TRIALS)]
Range = Annotated[tuple[float, float], AfterValidator(rising_range)]


class TuneSettings(TrainingSettings):
    """The settings of a tuning."""

    schemes: SchemeSpecs = said(("he",), "Schemes or spec strings, each tuned by itself.")
    over: Factors = said(FACTORS, "multiplier, learning_rate or both.", "FACTORS")
    metric: Annotated[str, AfterValidator(known_metric)] = said("final_cost", f"{', '.join(METRICS)}.", "NAME")
    target: float | None = said(None, "For steps_to_target: the cost to get below.", None, "")
    trials: Trials = said(60, "Points the search tries for each scheme.")
    seeds: Seeds = said(8, "Runs per point, and as many fresh ones for the confirmation.")
    profile: Annotated[int, Field(ge=3, le=MOST_PLACES)] = said(13, "Multipliers judged on the fresh seeds.")
    multiplier_range: Range = said((0.125, 8.0), "Searched on a log scale.", "LOW,HIGH")
    learning_rate_range: Range = said(
        rate_range("sgd"), "Searched on a log scale.", "LOW,HIGH", "by the optimizer; 0.001,10 for sgd"
    )
    learning_rate: Rate = said(0.01, "Where it is not tuned.")
    steps: Count = said(3000, "Updates per run.")
    sampler_seed: DataSeed = said(0, "Of the search.")
    objective: str | None = said(None, "The name of the user's function.")
    direction: Literal["minimize", "maximize"] = said("minimize", "Of the objective.")
    _task: str = PrivateAttr("")  # of the data, once that is read

    @model_validator(mode="after")
    def _target_fits_metric(self) -> TuneSettings:
        if (self.metric == "steps_to_target") != (self.target is not None):
            given = "none" if self.target is None else f"{self.target:g} with metric {self.metric!r}"
            raise ValueError(
                f"metric 'steps_to_target' counts the steps until the cost is below a target, and only it has one; "
                f"got {given}. Give both or neither: metric steps_to_target, target 0.1."
            )
        if self.target is not None and not (math.isfinite(self.target) and self.target > 0):
            raise ValueError(
                f"the target is a cost, positive and finite, got {self.target:g}. Write, for example, 0.1."
            )
        if self.direction == "maximize" and self.objective is None:
            raise ValueError(
                "direction is for a function of your own; the built-in metrics know theirs. Leave out the direction."
            )
        return self

    @property
    def measured(self) -> Metric:
        """The metric itself, as it is on the data's task."""
        found = METRICS[self.metric] if self.objective is None else objective_metric(self.direction)
        return found.on(self._task)

    def on(self, task: str) -> TuneSettings:
        """The same settings, once it is known what the data asks for."""
        found = self.model_copy()
        found._task = task
        return found

    @property
    def main(self) -> str:
        """The factor the question is about: the multiplier where it is tuned."""
        return self.over[0]

    def range_of(self, factor: str) -> tuple[float, float]:
        """The ends of a factor."""
        return self.multiplier_range if factor == "multiplier" else self.learning_rate_range

    def identity(self, scheme: str) -> dict[str, Any]:
        """All that the value of a trial, or the choice of the next one, depends on."""
        found = self.model_dump(mode="json", exclude={"schemes", "trials", "profile"})
        if self.objective is not None:
            found = {name: value for name, value in found.items() if name not in ENGINE_ONLY}
        return {"scheme": scheme, **found}


def tune_settings(**given: Any) -> TuneSettings:
    """The settings, or an InputError that names each one that breaks a rule.

    >>> tune_settings(schemes=["he"], metric="final_csot")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: unknown metric 'final_csot'. Did you mean 'final_cost'? Known: ...
    """
    if given.get("objective") is not None:
        clash = [name for name in ENGINE_ONLY if name in given]
        if clash:
            raise InputError(
                f"{clash[0]} says how the lab trains, and an objective of your own does that itself. "
                f"Leave out {clash[0]}, or the objective."
            )
    for name in ("multiplier_range", "learning_rate_range"):
        if name in given:
            given[name] = _range(name, given[name])
    if "over" in given:
        given["over"] = _names(given["over"])
    if is_number(given.get("target")):
        given["target"] = positive(given["target"], "the target, a cost,", "0.1")
    if "learning_rate_range" not in given and isinstance(given.get("optimizer"), str):
        given["learning_rate_range"] = rate_range(given["optimizer"])
    settings = validated(TuneSettings, given)
    if settings.objective is not None and len(settings.schemes) > 1:
        raise InputError(
            f"an objective of your own is tuned for one scheme at a time, got {', '.join(settings.schemes)}. "
            "Call tune once for each."
        )
    if "learning_rate" in given and settings.over == FACTORS:
        raise InputError(
            f"the learning rate is either tuned or given, got {settings.learning_rate:g} and a factor over it. "
            "Leave it out, or tune over the multiplier alone: over multiplier."
        )
    return settings


def _names(over: Any) -> tuple[str, ...]:
    names = (over,) if isinstance(over, str) else tuple(over) if hasattr(over, "__iter__") else ()
    if not all(isinstance(name, str) for name in names):
        names = ()
    if not names:
        raise InputError(f"over names at least one of {', '.join(FACTORS)}, got {over!r}. Write, say, 'multiplier'.")
    return names


def _range(name: str, ends: Any) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in ends)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be two numbers, got {told(ends)}. Write, for example, (0.1, 10).") from None
    return low, high
