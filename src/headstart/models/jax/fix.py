"""Try remedies on a model over JAX: on other values of its parameters, with the program that was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from headstart.models.jax.measure.question import Asked, asked
from headstart.models.jax.measure.trace import Question, measured
from headstart.models.jax.trees import Model
from headstart.models.jax.weights import drawn
from headstart.plans import plan_parameters
from headstart.signals.judge import Verdict
from headstart.signals.measure.predict import with_predictions
from headstart.signals.probe.fix import Attempt, Fix, Lines
from headstart.signals.probe.trying import first_that_helps
from headstart.signals.trace import Trace

Values = dict[str, Any]


def try_fix(
    model: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    trace: Trace,
    verdict: Verdict,
    loss: Any = None,
    target: Any = None,
    seed: int = 0,
) -> Fix | None:
    """The first remedy after which no fault is left; else the one that leaves the fewest; None where none helps.

    Args:
        model: as it was probed; nothing of it is changed.
        args, kwargs, loss, target, seed: as they were then.
        trace, verdict: what that pass showed.
    """
    found = asked(model, args, kwargs or {}, predict_only=False)
    question = Question(loss, target, seed, None)

    def attempted(values: Values, attempt: Attempt) -> Trace:
        after, theory = measured(found, question, _changed(found, values, attempt, seed))
        return with_predictions(after, theory, seed)

    lines = _LINES.get(found.model.library, OfTrees)(found.model)
    return first_that_helps(trace, verdict, lambda: dict(found.model.tree), attempted, lines)


def _changed(found: Asked, values: Values, attempt: Attempt, seed: int) -> Values:
    """Other values, as an attempt has them."""
    if attempt.scheme is not None:
        plan = plan_parameters(found.parameters, attempt.scheme, depth=found.depth, **attempt.how)
        values = drawn(found.model, plan, seed)
    for name, by in attempt.factors.items():
        values[name] = jnp.asarray(values[name]) * jnp.asarray(by, values[name].dtype)
    for name, value in attempt.fills.items():
        values[name] = jnp.full_like(values[name], value)
    return values


# --- lines of code --------------------------------------------------------------------------------------------------


class OfTrees(Lines):
    """Of a function with its parameters in a tree: a new tree is made."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def drawn(self, scheme: str, more: str) -> str:
        return f'params = hs.init(model, "{scheme}", params=params, example=x{more})'

    def multiplied(self, name: str, by: str) -> str:
        return self._mapped(name, f"{by} * w")

    def filled(self, name: str, value: str) -> str:
        return self._mapped(name, f"jnp.full_like(w, {value})")

    def _mapped(self, name: str, other: str) -> str:
        way = 'jax.tree_util.keystr(path, simple=True, separator=".")'
        return f'params = jax.tree_util.tree_map_with_path(lambda path, w: {other} if {way} == "{name}" else w, params)'


class OfNnx(OfTrees):
    """Of an NNX module, which is changed in place."""

    def drawn(self, scheme: str, more: str) -> str:
        return Lines().drawn(scheme, more)

    def multiplied(self, name: str, by: str) -> str:
        return f"{self._place(name)}[...] *= {by}"

    def filled(self, name: str, value: str) -> str:
        return f"{self._place(name)}[...] = jnp.full_like({self._place(name)}[...], {value})"

    def _place(self, name: str, root: str = "model") -> str:
        place = self.model.places[name]
        steps = []
        for step, owner in zip(place.steps, place.owners, strict=True):
            by_key = isinstance(owner, Mapping)
            steps.append(f"[{step!r}]" if by_key else f"[{step}]" if step.isdigit() else f".{step}")
        return root + "".join(steps)


class OfEquinox(OfNnx):
    """Of an Equinox module: a new module is made."""

    def drawn(self, scheme: str, more: str) -> str:
        return f'model = hs.init(model, "{scheme}", example=x{more})'

    def multiplied(self, name: str, by: str) -> str:
        return self._replaced(name, f"lambda w: {by} * w")

    def filled(self, name: str, value: str) -> str:
        return self._replaced(name, f"lambda w: jnp.full_like(w, {value})")

    def _replaced(self, name: str, other: str) -> str:
        return f"model = eqx.tree_at(lambda m: {self._place(name, 'm')}, model, replace_fn={other})"


_LINES: dict[str, type[OfTrees]] = {"nnx": OfNnx, "equinox": OfEquinox}
