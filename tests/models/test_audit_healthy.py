"""False alarms: models as their papers and libraries start them have no fault, and only remarks that are true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import healthy_models as made
import pytest
import torch
import torch_zoo as zoo
from torch import nn

import headstart as hs

IMAGES, TOKENS = (4, 3, 32, 32), "tokens"
# model -> how it is made, its inputs, and the codes of the remarks that are true of it
MODELS: dict[str, tuple[Callable[[], nn.Module], Any, set[str]]] = {
    "MLP": (made.mlp, (4, 20), set()),
    "MLP of tanh": (lambda: made.mlp(nn.Tanh), (4, 20), set()),
    "MLP of GELU": (lambda: made.mlp(nn.GELU), (4, 20), set()),
    "VGG": (made.vgg, IMAGES, set()),
    "ResNet": (made.ResNet, IMAGES, set()),
    "ResNet with zero gains": (lambda: made.ResNet(zero=True), IMAGES, {"HS608"}),
    "DenseNet": (made.DenseNet, IMAGES, set()),
    "U-Net": (made.UNet, IMAGES, set()),
    "MobileNet": (made.mobilenet, IMAGES, {"HS611"}),  # He by fan_out of depthwise layers, counted without the groups
    "ConvNeXt": (made.convnext, IMAGES, set()),
    "ViT": (made.ViT, IMAGES, {"HS604"}),  # its head of zeros
    "GPT": (made.Gpt, TOKENS, set()),
    "Llama": (made.Llama, TOKENS, set()),
    "Gemma": (lambda: made.Llama(plus_one=True), TOKENS, set()),
    "LSTM": (lambda: made.Recurrent(nn.LSTM), TOKENS, set()),
    "GRU": (lambda: made.Recurrent(nn.GRU), TOKENS, set()),
    "encoder": (made.Encoder, TOKENS, {"HS606", "HS611"}),  # deep copies; Glorot over all three projections
    "encoder and decoder": (made.Translator, TOKENS, {"HS611"}),
    "selective state space": (made.Selective, (2, 5, 32), set()),
    "LoRA": (made.Adapted, (4, 16), {"HS604"}),  # its B of zeros
    "residual network": (zoo.resnet, (4, 3, 16, 16), set()),
    "experts": (lambda: zoo.Experts(4, 8, 12), (5, 8), set()),
    "LSTM by hand": (zoo.HandLSTM, (4, 5, 3), set()),
}  # fmt: skip


def example_of(wanted: Any) -> torch.Tensor:
    return torch.randint(0, 60, (2, 12)) if wanted == TOKENS else torch.randn(wanted)


@pytest.mark.parametrize("seen", [True, False], ids=["example", "no example"])
@pytest.mark.parametrize("name", MODELS)
def test_a_fresh_model_raises_only_what_is_true(name: str, seen: bool) -> None:
    make, wanted, true = MODELS[name]
    for seed in range(2):
        torch.manual_seed(seed)
        model = make()
        found = hs.audit(model, example_of(wanted) if seen else None)
        assert not found.faults, found.faults[0]
        assert {finding.code for finding in found.remarks} <= true
        if seen:
            assert {finding.code for finding in found.remarks} == true


def test_the_check_sees_a_sick_one() -> None:
    """The twin that must fail: an embedding of N(0, 1) that is tied to the head."""
    torch.manual_seed(0)
    found = hs.audit(made.Gpt(embedding=1.0, width=64), torch.randint(0, 60, (2, 12)))
    assert [(finding.code, finding.layer) for finding in found.faults] == [("HS616", "words.weight")]


def test_branches_that_are_not_scaled_are_a_remark_from_twelve_on() -> None:
    def remarks(depth: int) -> set[str]:
        torch.manual_seed(0)
        model = made.Gpt(depth=depth)
        for name, parameter in model.named_parameters():
            if name.endswith(("out.weight", "down.weight")):
                nn.init.normal_(parameter, 0, 0.05)
        return {finding.code for finding in hs.audit(model, torch.randint(0, 60, (2, 12))).findings}

    assert remarks(8) == {"HS610"}
    assert remarks(3) == set()
