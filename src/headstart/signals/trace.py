"""What one forward and backward pass through any model showed: a row per operation on the path, a record per weight.

Filled in by an adapter's measurement and by theory's prediction, read by the rules and the tables; knows no framework.
What was not measured is None, and rules that need it are silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from headstart.graph.graph import Graph
from headstart.graph.residual import ResidualSum


@dataclass(frozen=True, kw_only=True)
class Row:
    """One operation's output, forward and backward.

    Args:
        op: the operation's place in the graph.
        value: which value of the graph was measured: its output.
        name: unique: the module it ran in, and what it is where a module has several: "blocks.0", "blocks.0 add".
        kind: the operation's canonical word, or what follows a norm or activation written by hand is recognised as.
        module: the name of the module it ran in.
        parameters: the names of the weights and biases that it takes.
        shape: of the output.
        batch_axis: which axis runs over the inputs; None where it is not known, and then all that needs it is None.
        per_input: how many slices of that axis one input has: 1, or tokens where both were folded into one axis.
        unit_axis: which axis runs over units, where the operation says it; None where it does not.
        rms: root of the second moment. mean: over everything.
        batch_std: standard deviation across the batch per unit, root mean square over units: what the input decides.
        cosine: mean over pairs of inputs of the cosine between their outputs, at the same position.
        dead: share of units that are zero for every input, of activations that can be. saturated: share of elements on
            the flat part, of activations that have one, or of rows of a softmax that are one-hot (largest > 0.99).
        nonfinite: how many elements are NaN or infinite.
        token_cosine: mean over pairs of positions of one input of the cosine between them.
        rank: effective rank of the batch: exp of the entropy of the normalized eigenvalues; at the ends of blocks.
        rank_inputs: of how many inputs (the most it could be).
        logit_std, entropy: of attention: standard deviation of the logits per row, entropy of its shares / ln(length).
        grad_rms: root of the second moment of the loss's derivative by the output. grad_note: why there is none.
        predicted_rms, predicted_cosine, predicted_batch_std, predicted_grad: by theory; None where there is no rule.
        noise, grad_noise: one relative standard deviation of rms (of grad_rms) over draws of the weights and batches.
        spread: of each measured field over re-draws of the weights: field -> (low, high); empty for one draw.
        note: what a reader should know of this row.
    """

    op: int
    value: int
    name: str
    kind: str
    module: str = ""
    parameters: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    batch_axis: int | None = None
    per_input: int = 1
    unit_axis: int | None = None
    rms: float | None = None
    mean: float | None = None
    batch_std: float | None = None
    cosine: float | None = None
    token_cosine: float | None = None
    dead: float | None = None
    saturated: float | None = None
    nonfinite: int = 0
    rank: float | None = None
    rank_inputs: int | None = None
    logit_std: float | None = None
    entropy: float | None = None
    grad_rms: float | None = None
    grad_note: str = ""
    predicted_rms: float | None = None
    predicted_cosine: float | None = None
    predicted_batch_std: float | None = None
    predicted_grad: float | None = None
    noise: float | None = None
    grad_noise: float | None = None
    spread: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Weight:
    """One parameter and its gradient.

    Args:
        name: canonical. role: as in a plan. shape: its sizes.
        rms: of its values. grad_rms: of the loss's derivative by them; None where nothing came back.
        grad_nonfinite: how many elements of the gradient are not finite.
        update: learning rate x grad_rms / rms: a step of gradient descent relative to the weight; None without a rate.
        trainable: whether it asks for a gradient.
        distinct: how many of its outputs' rows differ, of a weight with rows; None where it was not counted.
    """

    name: str
    role: str
    shape: tuple[int, ...]
    rms: float | None = None
    grad_rms: float | None = None
    grad_nonfinite: int = 0
    update: float | None = None
    trainable: bool = True
    distinct: int | None = None


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One model's pass.

    Args:
        graph, sums, depth: what ran, its residual sums, and how many of those lie one behind the other.
        rows: in the order of the pass; the first may be the inputs themselves (op -1, kind "input").
        weights: by name.
        batch: how many inputs there were; None where that is not known.
        loss: its value; None for a random projection of the output. loss_kind: "cross_entropy", "mse", "projection",
            "given". classes: of a cross-entropy. loss_guess: what the best answer that ignores the inputs costs.
        measured: False where only theory spoke (predict_only).
        from_random: whether a module drew random numbers in the pass (dropout in training).
        singular_values: of the Jacobian of the output by the input, the largest first, where asked for.
    """

    graph: Graph
    sums: tuple[ResidualSum, ...] = ()
    depth: int = 0
    rows: tuple[Row, ...] = ()
    weights: Mapping[str, Weight] = field(default_factory=dict)
    batch: int | None = None
    loss: float | None = None
    loss_kind: str = "projection"
    classes: int | None = None
    loss_guess: float | None = None
    measured: bool = True
    from_random: bool = False
    singular_values: tuple[float, ...] = ()

    @property
    def judged_rows(self) -> tuple[Row, ...]:
        """The rows by what was measured, which predictions may follow later; by what theory says where nothing was."""
        if self.measured:
            return self.__dict__.get("rows_measured") or self.rows
        return tuple(
            replace(
                row, rms=row.predicted_rms, batch_std=row.predicted_batch_std, cosine=row.predicted_cosine,
                grad_rms=row.predicted_grad,
            )
            for row in self.rows
        )  # fmt: skip
