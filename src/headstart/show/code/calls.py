"""One parameter as calls of `hs.sample`: its scheme as a spec string, its shape, its key, its layout, its part."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from headstart.layout import LAYOUTS, Layout, canonical_order, field_axes
from headstart.layout import blocks as blocks_of
from headstart.plans import Entry
from headstart.plans.picks import pick_axis
from headstart.schemes.distributions import Constant, OfShape
from headstart.show.code.specs import spec_of

Span = tuple[int, int]


def call(entry: Entry, key: str) -> str:
    """The expression that makes a parameter's numbers.

    Args:
        entry: of a plan.
        key: the source text of its key, a string or an f-string.

    >>> from headstart.plans import Parameter, plan_parameters
    >>> gates = Parameter("ii.kernel", (5, 6), layout=Layout((1,), (0,)), key="rnn.weight_ih_l0", picks=(0,), of=4)
    >>> print(call(plan_parameters([gates], "he")["ii.kernel"], '"rnn.weight_ih_l0"'))
    sample("normal(0.6324555320336759)", (5, 24), "rnn.weight_ih_l0", "in_out", region=[(0, 5), (0, 6)])
    """
    made = [_one(entry, key, *piece) for piece in _pieces(entry)]
    axis = pick_axis(len(entry.shape), entry.layout) if len(made) > 1 else 0
    if len(made) > 1 and len(set(entry.draws)) > 1 and not entry.picks:
        axis = blocks_of(entry.shape, entry.layout)[0].axis
    text = made[0] if len(made) == 1 else f"np.concatenate([{', '.join(made)}], {axis})"
    if entry.flip:
        axes = field_axes(len(entry.shape), entry.layout)
        text = f"np.flip({text}, {axes})"
    return text


def quoted(text: str) -> str:
    """The source text of a string, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _pieces(entry: Entry) -> list[tuple[int, Span | None, Layout]]:
    """Which draw makes which span of the whole weight's axis, in what layout; the pieces in the parameter's order."""
    same = len(set(entry.draws)) == 1
    if same and isinstance(entry.draw, Constant):
        return [(0, None, LAYOUTS["out_in"])]
    part, cut = entry.part, blocks_of(entry.shape, entry.layout)
    matrix = any(isinstance(draw, OfShape) for draw in entry.draws)
    if part is None and same:
        return [(0, None, entry.layout if matrix else replace(entry.layout, blocks=None))]
    whole = replace(entry.layout, blocks=None)
    if part is not None and same and not matrix:
        return [(0, (run.start + run.shift, run.stop + run.shift), whole) for run in part.runs]
    size = (entry.shape if part is None else part.shape)[cut[0].axis if cut else part.axis]  # type: ignore[union-attr]
    found: list[tuple[int, Span | None, Layout]] = []
    for at in range(max(len(cut), 1)):
        axis, start, stop = cut[at] if cut else (part.axis, 0, entry.shape[part.axis])  # type: ignore[union-attr]
        runs = () if part is None else part.runs
        shift = next((run.shift for run in runs if run.start <= start < run.stop), 0)
        span = (start + shift, stop + shift)
        sizes = tuple(width for width in (span[0], stop - start, size - span[1]) if width)
        alone = replace(whole, blocks=(axis, sizes)) if len(sizes) > 1 and matrix else whole
        found.append((at, span, alone))
    return found


def _one(entry: Entry, key: str, at: int, span: Span | None, layout: Layout) -> str:
    """One call of sample."""
    draw, part = entry.draws[at], entry.part
    shape = entry.shape if span is None or part is None else part.shape
    if isinstance(draw, Constant):
        sizes = entry.shape
        if span is not None:
            axis = _axis(entry)
            sizes = (*sizes[:axis], span[1] - span[0], *sizes[axis + 1 :])
        return f"sample({quoted(spec_of(draw))}, {sizes})"
    arguments = [quoted(spec_of(draw)), str(shape), key]
    told = _layout(layout, len(shape), isinstance(draw, OfShape))
    arguments += [told] if told else []
    if span is not None:
        axis = _axis(entry)
        region = [span if at == axis else (0, size) for at, size in enumerate(shape)]
        arguments.append(f"region={region}")
    if entry.stream_role != "weight":
        arguments.append(f"role={quoted(entry.stream_role)}")
    return f"sample({', '.join(arguments)})"


def _axis(entry: Entry) -> int:
    cut = blocks_of(entry.shape, entry.layout)
    return cut[0].axis if cut and not entry.picks else pick_axis(len(entry.shape), entry.layout)


def _layout(layout: Layout, rank: int, matrix: bool) -> str:
    """The source text of a layout; "" where the default has the same numbers."""
    if not matrix:  # only the order of the axes counts
        layout = Layout(layout.out_axes, layout.in_axes, layout.stack_axes, layout.lookup_axes)
    positive = _positive(layout, rank)
    if not layout.stack_axes and not matrix and canonical_order(rank, layout) == tuple(range(rank)):
        return ""
    if matrix and rank > 1 and positive == _positive(LAYOUTS["out_in"], rank):
        return ""
    fitting = (name for name, known in LAYOUTS.items() if _fits(known, rank))
    name = next((name for name in fitting if _positive(LAYOUTS[name], rank) == positive), None)
    return quoted(name) if name else f"hs.{positive!r}"


def _fits(layout: Layout, rank: int) -> bool:
    """Whether a weight of so many axes has those of a layout, each once."""
    named = [a for axes in (layout.out_axes, layout.in_axes, layout.stack_axes, layout.lookup_axes) for a in axes]
    inside = [axis % rank for axis in named if -rank <= axis < rank]
    return len(set(inside)) == len(named)


def _positive(layout: Layout, rank: int) -> Layout:
    """A layout with no negative axis, and without what changes no number."""
    names = ("out_axes", "in_axes", "stack_axes", "lookup_axes")
    axes: dict[str, Any] = {
        name: tuple(a % rank if -rank <= a < rank else a for a in getattr(layout, name)) for name in names
    }
    blocks = None if layout.blocks is None else (layout.blocks[0] % rank, layout.blocks[1])
    return replace(
        layout, **axes, blocks=blocks, stride=1, transposed=False, rows=1.0,
        groups_on="out" if layout.groups == 1 else layout.groups_on,
    )  # fmt: skip
