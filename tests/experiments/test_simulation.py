"""Theory's networks at finite width: memory that does not grow with depth, and refusals before any work."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import headstart as hs
from headstart import memory
from headstart.errors import InputError
from headstart.experiments import simulation


@pytest.mark.parametrize("weights", ["gaussian", "orthogonal"])
def test_weights_that_are_drawn_again_are_the_same(weights: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether all, some or none of the weights find room until the way back."""
    results = []
    for kept in (2**30, 3 * 8 * 24**2, 0):
        monkeypatch.setattr(simulation, "_KEPT", kept)
        results.append(hs.simulate("tanh", 1.5, 0.1, depth=9, width=24, networks=2, weights=weights))  # type: ignore[arg-type]
    for other in results[1:]:
        for name in ("q", "c", "gradient"):
            np.testing.assert_array_equal(getattr(results[0], name), getattr(other, name))


def test_memory_does_not_grow_with_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 layers of 200 x 200 take 19 MB, one takes 0.3; what drawing itself takes does not depend on the depth."""

    def peak(kept: int, depth: int) -> int:
        monkeypatch.setattr(simulation, "_KEPT", kept)
        tracemalloc.start()
        hs.simulate("relu", 2.0, depth=depth, width=200, networks=2)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(0, 3)
    assert peak(0, 60) - peak(0, 6) < 2e6
    assert peak(2**30, 60) - peak(2**30, 6) > 10e6  # the twin that must fail


def test_what_cannot_be_held_is_refused_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.VARIABLE, "100MiB")
    with pytest.raises(InputError, match=r"a simulation of 50 layers of 10,000 units needs 3.73 GiB of memory"):
        hs.simulate("tanh", 1.0, width=10_000)
    with pytest.raises(InputError, match=r"the singular values of 10,000 units needs 5.96 GiB of memory"):
        hs.singular_values("tanh", 1.0, 0.1, width=10_000)
    assert hs.simulate("tanh", 1.0, width=16, depth=3).q.shape == (8, 3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"depth": 10**6}, "depth must be a whole number from 1 to 100,000"),
        ({"correlation": 1.5}, "the correlation must be from -1 to 1, got 1.5"),
        ({"correlation": float("nan")}, "the correlation must be a finite number"),
        ({"width": 0}, "width must be a whole number of at least 1"),
        ({"networks": 2.5}, "networks must be a whole number"),
    ],
)
def test_bad_input(given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        hs.simulate("tanh", 1.0, **given)  # type: ignore[arg-type]


def test_progress_counts_layers() -> None:
    seen: list[tuple[int, int]] = []
    hs.simulate("tanh", 1.0, depth=7, width=8, networks=3, progress=lambda done, total: seen.append((done, total)))
    done = [row[0] for row in seen]
    assert done == sorted(done)
    assert seen[-1] == (21, 21)
