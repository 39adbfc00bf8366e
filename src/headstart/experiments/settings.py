"""Settings of experiments: validated, and every rule about one breaks before any work.

The rules are types (`Hidden`, `Rate`, ...), so every settings model says only which settings it has.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from headstart.check import positive, pythons_own, told
from headstart.draws.dtypes import dtype_name
from headstart.errors import InputError, unknown
from headstart.experiments.optimizers import optimizer
from headstart.schemes import scheme
from headstart.theory.activations import Activation, activation
from headstart.words import sizes

# Limits: what is within them is trained with a bar that moves, and memory is asked about first.
LARGEST = 2**31 - 1  # of every whole number
MOST_RUNS = 100_000  # of one comparison, schemes times seeds; more are a study's
MOST_LAYERS = 10_000  # as deep as any network that was ever trained (Xiao et al. 2018)
MEASURING = 100  # network-steps that take about as long as measuring one layer of one run
MOST_LISTED = 10_000  # entries of a list

DEFAULT_SCHEMES = ("zeros", "normal(10)", "normal(0.01)", "xavier", "he")
RECORDS = 150  # costs recorded per run unless the caller says otherwise: enough for a smooth curve
STRICT = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=True)  # of every settings model
EXAMPLES = {"schemes": "['zeros', 'he']", "hidden": "(10, 5)"}  # how a list is written, for the messages


def known_schemes(specs: tuple[str, ...]) -> tuple[str, ...]:
    """Spec strings in their canonical form, at least one, none twice."""
    if not specs:
        raise ValueError("at least one scheme is needed. Write, for example, he.")
    canonical = tuple(str(scheme(spec)) for spec in specs)
    twice = [spec for spec in canonical if canonical.count(spec) > 1]
    if twice:
        raise ValueError(f"scheme {twice[0]!r} is given twice. Leave one out.")
    return canonical


def known_activation(spec: str) -> str:
    """An activation's spec string in its canonical form."""
    return str(activation(spec))


def known_optimizer(spec: str) -> str:
    """An optimizer's spec string in its canonical form."""
    return str(optimizer(spec))


def positive_sizes(units: tuple[int, ...]) -> tuple[int, ...]:
    """Units per hidden layer."""
    if len(units) > MOST_LAYERS:
        raise ValueError(f"a network has at most {MOST_LAYERS:,} hidden layers, got {len(units):,}. Write fewer.")
    if any(count > LARGEST for count in units):
        raise ValueError(f"a hidden layer has at most 2^31 - 1 units, got {told(max(units))}. Write, say, 10,5.")
    if any(count < 1 for count in units):
        raise ValueError(f"every hidden layer needs at least one unit, got {sizes(units)}. Write, say, 10,5.")
    return units


def positive_rate(rate: float) -> float:
    """A learning rate."""
    return positive(rate, "the learning rate")


def named_dtype(dtype: Any) -> Any:
    """The name of a dtype that is given as NumPy, torch or JAX have it."""
    return dtype if isinstance(dtype, str) else dtype_name(dtype)


SchemeSpecs = Annotated[tuple[str, ...], AfterValidator(known_schemes)]
ActivationSpec = Annotated[str, AfterValidator(known_activation)]
OptimizerSpec = Annotated[str, AfterValidator(known_optimizer)]
Hidden = Annotated[tuple[int, ...], AfterValidator(positive_sizes)]
Rate = Annotated[float, AfterValidator(positive_rate)]
Count = Annotated[int, Field(ge=1, le=LARGEST)]
Seeds = Annotated[int, Field(ge=1, le=MOST_RUNS)]
DataSeed = Annotated[int, Field(ge=0, lt=2**31)]
Dtype = Annotated[Literal["float32", "float64"], BeforeValidator(named_dtype)]


def said(default: Any, description: str, metavar: str | None = None, unset: str | None = None) -> Any:
    """A setting's default and description, which the command line's options and the docs take from here.

    Args:
        metavar: what stands for the value in `--help`.
        unset: what happens where it is not given, if the default itself does not say so.
    """
    return Field(default, description=description, json_schema_extra={"metavar": metavar, "unset": unset})


class TrainingSettings(BaseModel):
    """What is learned, by which network, and how it is trained; the defaults are the course's network and data."""

    model_config = STRICT

    @model_validator(mode="before")
    @classmethod
    def _pythons_own(cls, given: Any) -> Any:
        """NumPy's numbers and texts, and paths, are what they stand for."""
        return {name: pythons_own(value) for name, value in given.items()} if isinstance(given, dict) else given

    data: str = said("circles", "circles, moons, blobs(4), xor, spirals, digits, or a CSV file.", "NAME|FILE.csv")
    label: str | None = said(None, "The label column of a CSV file.", "COLUMN", "its last")
    data_seed: DataSeed = said(0, "Of made data, and of the split into training and test data.")
    hidden: Hidden = said((10, 5), "Units per hidden layer; empty for a linear model.", "SIZES")
    activation: ActivationSpec = said("relu", "relu, tanh, sigmoid, leaky_relu(0.1), gelu, ...", "NAME")
    steps: Count = said(15_000, "Updates per run.")
    learning_rate: Rate = said(0.01, "Of the optimizer.")
    optimizer: OptimizerSpec = said("sgd", "sgd, momentum(0.9), nesterov(0.9), adam.", "NAME")
    batch_size: Count | None = said(None, "Samples per step, shuffled by the run's seed.", None, "all")
    dtype: Dtype = said("float32", "What is trained in.")


class CompareSettings(TrainingSettings):
    """The settings of a comparison."""

    schemes: SchemeSpecs = said(DEFAULT_SCHEMES, "Schemes or spec strings.")
    seeds: Seeds = said(16, "Runs per scheme, with seeds 0, 1, ...")
    tune_learning_rate: bool = said(False, "Find each scheme's own learning rate first, on other seeds.")
    record_every: Count | None = said(None, "Steps between recorded costs.", None, f"steps/{RECORDS}")
    preset: Literal["course"] | None = said(None, "Replay the course's published run exactly.", None, "")

    @model_validator(mode="after")
    def _not_too_many_runs(self) -> CompareSettings:
        runs = len(self.schemes) * self.seeds
        if runs > MOST_RUNS:
            raise ValueError(
                f"a comparison has at most {MOST_RUNS:,} runs, got {len(self.schemes)} schemes times {self.seeds:,} "
                "seeds. Write fewer seeds, or a study (headstart sweep)."
            )
        return self

    @property
    def run_units(self) -> int:
        """The work of one run in network-steps, its measuring counted as so many."""
        return self.steps + MEASURING * (len(self.hidden) + 1)

    @property
    def every(self) -> int:
        """Steps from one recorded cost to the next."""
        return self.record_every or max(1, self.steps // RECORDS)


def compare_settings(**given: Any) -> CompareSettings:
    """The settings, or an InputError that names each one that breaks a rule.

    >>> compare_settings(seeds=0)
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: seeds: input should be greater than or equal to 1, got 0. Write, for example, 16.
    """
    if given.get("tune_learning_rate") and "learning_rate" in given:
        raise InputError(
            f"the learning rate is either one for all schemes or tuned for each, got {given['learning_rate']} and the "
            "wish to tune it. Leave out one of the two."
        )
    return validated(CompareSettings, given)


Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], given: dict[str, Any]) -> Model:
    """The settings model of what was given, or an InputError that names each setting that breaks a rule.

    Lists become tuples, schemes their spec strings, an activation's function its name, and whole numbers floats where
    the model has a float.
    """
    given = dict(given)
    for name in given.keys() & EXAMPLES.keys():
        given[name] = _as_tuple(name, given[name])
    if "schemes" in given:
        given["schemes"] = tuple(str(scheme(item)) for item in given["schemes"])
    if "activation" in given and not isinstance(given["activation"], str):
        given["activation"] = _named(given["activation"])
    try:
        return model(**given)
    except ValidationError as error:
        raise explained(error, model) from None


def _named(activation: Any) -> str:
    """The name of an activation that is given as one, or as a function of the user's own."""
    if isinstance(activation, Activation):
        return str(activation)
    from headstart.experiments.engine.own import own_activation  # the compiler is loaded for what needs it

    return str(own_activation(activation))


def explained(error: ValidationError, model: type[BaseModel], what: str = "setting") -> InputError:
    """The InputError that names each setting (or `what` they are called) that breaks a rule."""
    return InputError(" ".join(_sentence(dict(item), model, what) for item in error.errors()))


def _as_tuple(name: str, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise InputError(f"{name} must be a list, got {told(value)}. Write {EXAMPLES[name]}.")
    found = tuple(itertools.islice(value, MOST_LISTED + 1))  # one without an end has no length to ask for
    if len(found) > MOST_LISTED:
        raise InputError(f"{name} has at most {MOST_LISTED:,} entries, got more. Write {EXAMPLES[name]}.")
    return found


def _sentence(error: dict[str, Any], model: type[BaseModel], what: str) -> str:
    """One of Pydantic's errors in our form: the setting, the rule, the value."""
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "extra_forbidden":
        return str(unknown(what, where, model.model_fields))
    message = error["msg"][0].lower() + error["msg"][1:]
    default = model.model_fields[where].default if where in model.model_fields else None
    remedy = f" Write, for example, {default}." if isinstance(default, (int, float)) else ""
    return f"{where}: {message}, got {told(error['input'])}.{remedy}"
