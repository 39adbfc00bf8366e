"""One row for each optimizer: every one has states, rates worth trying and words, and a missing one is an error."""

from __future__ import annotations

import pytest

import headstart as hs
from headstart.experiments.engine import Schedule
from headstart.experiments.engine.program import Program
from headstart.experiments.optimizers import KINDS, optimizer
from headstart.experiments.problem import problem_for
from headstart.experiments.rates import rate_range


@pytest.mark.parametrize("name", KINDS)
def test_every_optimizer_has_its_row(name: str) -> None:
    kind = KINDS[name]
    assert kind.name == name
    assert 0 < kind.rates[0] < kind.rates[1]
    assert rate_range(name) == rate_range(f" {name.upper()} ") == kind.rates
    assert kind.words
    assert optimizer(name).words == kind.words
    assert len({other.code for other in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize(("name", "states"), [("sgd", 0), ("momentum", 1), ("nesterov", 1), ("adam", 2)])
def test_the_states_are_what_a_thread_holds(name: str, states: int) -> None:
    problem = problem_for("circles")
    plain, found = (
        Program(problem.network, problem.training, problem.training.x.dtype, Schedule(1, 0.1, 1, optimizer=spec))
        for spec in ("sgd", name)
    )
    assert KINDS[name].states == states
    assert found.bytes_per_thread - plain.bytes_per_thread == 4 * states * problem.network.parameter_count


@pytest.mark.parametrize("name", ["rmsprop", "sdg", ""])
def test_no_optimizer_has_anothers_rates(name: str) -> None:
    with pytest.raises(hs.InputError, match=r"unknown optimizer|malformed optimizer"):
        rate_range(name)
