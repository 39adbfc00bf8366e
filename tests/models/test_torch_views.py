"""How views lie in their parameter: checked against the elements themselves."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from headstart.models.torch.views import view_of

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@st.composite
def views(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor]:
    """A parameter of numbered elements, and a view that a few steps make of it."""
    sizes = draw(SHAPES)
    parameter = torch.arange(torch.Size(sizes).numel(), dtype=torch.float64).view(sizes)
    view = parameter
    for _ in range(draw(st.integers(0, 3))):
        step = draw(st.sampled_from(["permute", "narrow", "unsqueeze", "flatten", "split", "select"]))
        if step == "permute" and view.dim() > 1:
            view = view.permute(draw(st.permutations(range(view.dim()))))
        elif step == "narrow" and view.dim():
            axis = draw(st.integers(0, view.dim() - 1))
            start = draw(st.integers(0, view.shape[axis] - 1))
            view = view.narrow(axis, start, draw(st.integers(1, view.shape[axis] - start)))
        elif step == "unsqueeze":
            view = view.unsqueeze(draw(st.integers(0, view.dim())))
        elif step == "flatten" and view.dim() > 1 and view.is_contiguous():
            view = view.view(-1, *view.shape[2:])
        elif step == "split" and view.dim() and view.shape[0] % 2 == 0:
            view = view.unflatten(0, (2, -1))
        elif step == "select" and view.dim() > 1:
            view = view[draw(st.integers(0, view.shape[0] - 1))]
    return parameter, view


@given(views())
def test_the_axes_of_a_view_are_those_that_its_elements_move_along(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    parameter, view = pair
    found = view_of(
        view.shape,
        view.stride(),
        view.storage_offset(),
        parameter.shape,
        parameter.stride(),
        parameter.storage_offset(),
    )
    if found is None:
        return
    coordinates = torch.stack(torch.unravel_index(view.long().reshape(-1), parameter.shape), -1).view(*view.shape, -1)
    for axis, expected in enumerate(found.axes):
        if view.shape[axis] == 1:
            assert expected == ()
            continue
        moved = (
            (coordinates.narrow(axis, 1, view.shape[axis] - 1) != coordinates.narrow(axis, 0, 1)).flatten(0, -2).any(0)
        )
        assert {place for place, moves in enumerate(moved.tolist()) if moves} == set(expected)
    if found.part is not None:
        axis, start, stop = found.part
        assert set(coordinates[..., axis].reshape(-1).tolist()) == set(range(start, stop))
    if found.whole and found.part is None:
        assert view.numel() == parameter.numel()


def test_most_views_are_told() -> None:
    """The property above would hold of a function that knows nothing."""
    weight = torch.empty(12, 8, 3, 3)
    for view in (weight, weight.mT, weight[4:8], weight.flatten(1), weight.permute(2, 3, 1, 0), weight[5]):
        found = view_of(view.shape, view.stride(), view.storage_offset(), weight.shape, weight.stride(), 0)
        assert found is not None
        assert found.whole
    apart = weight[::2]
    found = view_of(apart.shape, apart.stride(), 0, weight.shape, weight.stride(), 0)
    assert found is not None
    assert not found.whole
