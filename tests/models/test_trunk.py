"""The trunk of a model: which values every signal has to pass."""

from __future__ import annotations

import sick_corpus as corpus
import torch
from torch import Tensor, nn

from headstart.models.torch.measure import trace_of
from headstart.signals.probe.look import Look
from headstart.signals.probe.trunk import Trunk


def trunk(model: nn.Module, *inputs: Tensor) -> Trunk:
    return Look(trace_of(model, inputs)).trunks[0]


def names(found: Trunk) -> list[str]:
    return [row.name for row in found.rows]


def test_in_a_chain_it_is_everything() -> None:
    found = trunk(corpus.mlp([8, 16, 16, 4]), torch.randn(4, 8))
    assert names(found) == ["input", "0", "1", "2", "3", "4"]
    assert [layer.after.name for layer in found.layers] == ["1", "3", "4"]


def test_of_residual_blocks_it_is_their_sums() -> None:
    found = trunk(corpus.Residual(3, 16, 0.5), torch.randn(4, 10))
    assert names(found) == ["input", "enter", "add", "add #2", "add #3", "head"]
    assert [len([op for op in layer.ops if op.name == "linear"]) for layer in found.layers] == [1, 2, 2, 2, 1]


def test_what_a_skip_goes_round_is_not_on_it() -> None:
    found = names(trunk(corpus.UNet(), torch.randn(2, 3, 16, 16)))
    assert found[0] == "input"
    assert found[-1] == "out"
    assert {"d1", "m1"} <= set(found)
    assert not {"d2", "d3", "u2", "m2", "u1"} & set(found)


def test_each_input_has_its_own() -> None:
    look = Look(trace_of(corpus.Towers(), (torch.randn(4, 20), torch.randn(4, 30))))
    assert len(look.trunks) == 2
    assert {row.name.split(".")[0] for row in look.trunks[0].rows} != {
        row.name.split(".")[0] for row in look.trunks[1].rows
    }
    assert all(found.rows[-1].name == look.trunks[0].rows[-1].name for found in look.trunks)


class Cached(nn.Module):
    """Gives its hidden states back beside its answer, as models of language do with their keys."""

    def __init__(self) -> None:
        super().__init__()
        self.layers, self.head = nn.ModuleList(nn.Linear(8, 8) for _ in range(4)), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        states = []
        for layer in self.layers:
            x = torch.tanh(layer(x))
            states.append(x)
        return self.head(x), states[:2]


def test_states_that_are_given_back_do_not_end_it() -> None:
    assert names(trunk(Cached(), torch.randn(4, 8)))[-1] == "head"
