"""Probe: where the signal and the gradient of a model go, what theory says of it, and what to change."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart import check
from headstart.errors import InputError, unknown
from headstart.models.passes import passed
from headstart.signals.judge import Verdict
from headstart.signals.probe.fix import Fix
from headstart.signals.probe.judge import judge_trace
from headstart.signals.registry import RULES
from headstart.signals.trace import Row, Trace, Weight
from headstart.verbs.judged import Judged
from headstart.words import plain

if TYPE_CHECKING:
    from rich.console import Console

    from headstart.show.files import Files

SCHEMA = 1
LOSSES = ("cross_entropy", "mse")


class Probe(Judged):
    """What one pass through a model showed, forward and back, and what is wrong: `findings`, the weightiest first.

    Args:
        trace: what was measured and predicted.
        judged: its verdict.
        fix: tries remedies on a copy of the model.
    """

    _rules, _where = tuple(RULES.values()), "in the signal or the gradient"

    def __init__(
        self, trace: Trace, judged: Verdict, fix: Callable[[Trace, Verdict], Fix | None] | None = None
    ) -> None:
        self.trace, self._judged, self._fix = trace, judged, fix
        self.findings = judged.findings

    @property
    def verdict(self) -> str:
        """The findings in one word: "healthy", or that of the weightiest fault."""
        return self._judged.word

    @property
    def reason(self) -> str:
        """The verdict in a sentence or two, with the numbers."""
        return self._judged.reason

    @property
    def layers(self) -> tuple[Row, ...]:
        """One row per operation, in the order of the pass."""
        return self.trace.rows

    @property
    def weights(self) -> dict[str, Weight]:
        """One record per weight, by name."""
        return dict(self.trace.weights)

    def rows(self) -> list[dict[str, Any]]:
        """The layers as plain data, each with the codes of its findings."""
        from headstart.show.model.probe_table import codes_of

        codes = codes_of(self.trace, self.findings)
        return [{**_record(row), "findings": codes.get(row.name, [])} for row in self.trace.rows]

    def to_json(self) -> dict[str, Any]:
        """Verdict, findings, layers and weights as plain data."""
        trace = self.trace
        found: dict[str, Any] = plain({
            "schema": SCHEMA, "verdict": self.verdict, "reason": self.reason, "healthy": self.healthy,
            "measured": trace.measured, "batch": trace.batch, "loss": trace.loss, "loss_kind": trace.loss_kind,
            "loss_guess": trace.loss_guess, "residual_sums": trace.depth,
            "singular_values": list(trace.singular_values),
            "findings": [finding.row() for finding in self.findings], "layers": self.rows(),
            "weights": [_record(weight) for weight in trace.weights.values()],
        })  # fmt: skip
        return found

    def try_fix(self) -> Fixed | None:
        """Try what the findings call for, on a copy of the model: change its weights, probe it again, compare.

        The model, as it is now, is not changed. What cures is taken; else what helps most; None where nothing does, or
        nothing is wrong.

        Raises:
            InputError: nothing was measured, or the model cannot be copied.
        """
        if not self.trace.measured or self._fix is None:
            raise InputError(
                "a remedy is judged by what it changes, and nothing was measured here. Probe without predict_only."
            )
        found = self._fix(self.trace, self._judged)
        return None if found is None else Fixed(found.code, self, Probe(found.trace, found.after), tuple(found.told()))

    @property
    def headline(self) -> str:
        from headstart.show.model.probe_table import heading

        return heading(self.trace, self._judged)

    def print_to(self, console: Console) -> None:
        from headstart.show.model.probe_table import print_probe

        print_probe(self.trace, self._judged, console)

    def chart(self) -> Any:
        """Signal and gradient per layer on log axes, predictions dashed, what was found shaded."""
        from headstart.show.model.probe_chart import probe_chart

        return probe_chart(self.trace, self._judged)

    def html_table(self) -> str:
        from headstart.show.model.probe_table import probe_html

        return probe_html(self.trace, self._judged)

    def html(self, path: str | Path) -> Path:
        """The page: `report` by another name."""
        return self.report(path)

    def files(self) -> Files:
        """probe.json, probe.csv and probe.html in a folder; .png, .svg and .pdf on request."""
        from headstart.show.model.probe_files import probe_files

        return probe_files(self.to_json, self.rows, self.trace, self._judged)


@dataclass(frozen=True)
class Fixed:
    """A remedy that was tried on a copy, and helps.

    Args:
        code: the lines that do it.
        before, after: the model's probe, and the copy's.
        told: what became of each fault, a line each.
    """

    code: str
    before: Probe
    after: Probe
    told: tuple[str, ...]

    @property
    def cures(self) -> bool:
        """Whether no fault is left."""
        return self.after.healthy

    def to_json(self) -> dict[str, Any]:
        """The remedy, and both verdicts, as plain data."""
        return {"code": self.code, "cures": self.cures, "before": self.before.verdict, "after": self.after.verdict,
                "told": list(self.told), "probe": self.after.to_json()}  # fmt: skip

    def __str__(self) -> str:
        from headstart.show.model.probe_table import fix_words

        return "\n".join(fix_words(self.code, self.before.verdict, self.after.verdict, self.told))


def probe(
    model: Any, *inputs: Any, loss: str | Callable[..., Any] | None = None, target: Any = None, draws: int = 1,
    seed: int = 0, learning_rate: float | None = None, jacobian: int = 0, plan: Any = None, predict_only: bool = False,
    **kwargs: Any,
) -> Probe:  # fmt: skip
    """Run a model once forward and back, and say where signal and gradient go, what theory says, and what to change.

    The model is left exactly as it was found. For every operation: the size of its output, how much of it the input
    decides, how alike inputs become, dead and saturated units, and the gradient there; predictions beside them.

    Args:
        model: a torch.nn.Module; a Flax NNX or Equinox module; or a function, a Linen module or a Haiku transform over
            JAX, with its parameters as the first input.
        inputs: what its forward takes, by place; tensors of a real batch, or of its kind. An Equinox module that takes
            one example is mapped over the batch.
        loss: "cross_entropy" or "mse", with a target; a function of the output (and of the target, if one is given)
            that gives one number; None for a random projection of the output.
        target: what the loss compares with.
        draws: so many times are the weights drawn from the plan, and spreads told; 1 takes them as they are.
        seed: of the projection, and of the draws.
        learning_rate: of gradient descent: tells how far one step moves each weight, relative to it.
        jacobian: so many of the largest singular values of the outputs by the inputs.
        plan: a `Plan` whose scales are predicted with, or drawn from, in place of the weights the model has.
        predict_only: whether theory alone speaks, and nothing is run: for models on the meta device, and trees of
            jax.ShapeDtypeStruct.
        kwargs: what its forward takes by name.

    Raises:
        InputError: no model, inputs that it does not take, a loss that is no single number, or nothing to train.

    References: Poole et al. 2016; Schoenholz et al. 2017 (correlation and gradient through depth).

    >>> import torch
    >>> layers = [part for _ in range(30) for part in (torch.nn.Linear(64, 64), torch.nn.ReLU())]
    >>> found = probe(torch.nn.Sequential(*layers), torch.randn(32, 64))
    >>> found.healthy
    False
    """
    found, model, inputs = passed(model, inputs)
    adapter = importlib.import_module(f"{found.__name__}.measure")
    how: dict[str, Any] = {
        "loss": loss, "target": target, "plan": plan, "predict_only": predict_only,
        "draws": check.whole(draws, "draws", 1), "seed": check.seed(seed),
        "learning_rate": None if learning_rate is None else check.positive(learning_rate, "learning_rate", "0.1"),
        "jacobian": check.whole(jacobian, "jacobian", 0, example="5"),
    }  # fmt: skip
    if isinstance(loss, str) and loss not in LOSSES:
        raise unknown("loss", loss, LOSSES)
    if isinstance(loss, str) and target is None:
        raise InputError(f"the loss {loss!r} compares with a target. Pass target=.")
    if target is not None and loss is None:
        raise InputError('a target is what a loss compares with. Pass loss="mse" or loss="cross_entropy" too.')
    trace = adapter.trace_of(model, inputs, kwargs, **how)

    def fix(trace: Trace, judged: Verdict) -> Fix | None:
        fixing = importlib.import_module(f"{found.__name__}.fix")
        helps: Fix | None = fixing.try_fix(
            model, inputs, kwargs, trace=trace, verdict=judged, loss=loss, target=target, seed=how["seed"]
        )
        return helps

    return Probe(trace, judge_trace(trace), fix)


def _record(found: Row | Weight) -> dict[str, Any]:
    """A row or a weight as plain data."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(found).items()}
