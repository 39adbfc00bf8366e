"""Models of the transformers library, built from small configurations with no weights: what a plan reads of them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import headstart as hs
from headstart.models.torch import read

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    transformers = pytest.importorskip("transformers")
transformers.logging.set_verbosity_error()
pytestmark = pytest.mark.filterwarnings("ignore")  # the library's own

TOKENS = torch.randint(0, 100, (2, 16))
SMALL = {
    "num_hidden_layers": 3,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 100,
}


def gpt2() -> nn.Module:
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(n_layer=3, n_embd=64, n_head=4, vocab_size=100, n_positions=32)
    )


def gptj() -> nn.Module:
    return transformers.GPTJForCausalLM(
        transformers.GPTJConfig(n_layer=2, n_embd=64, n_head=4, vocab_size=100, n_positions=32, rotary_dim=8)
    )


def bert() -> nn.Module:
    return transformers.BertForMaskedLM(transformers.BertConfig(**SMALL))


def llama() -> nn.Module:
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL, num_key_value_heads=2))


def mixtral() -> nn.Module:
    return transformers.MixtralForCausalLM(
        transformers.MixtralConfig(**(SMALL | {"num_hidden_layers": 2}), num_key_value_heads=2, num_local_experts=4)
    )


def t5() -> nn.Module:
    return transformers.T5ForConditionalGeneration(
        transformers.T5Config(num_layers=2, d_model=64, d_ff=128, num_heads=4, d_kv=16, vocab_size=100,
                              decoder_start_token_id=0)
    )  # fmt: skip


def whisper() -> nn.Module:
    return transformers.WhisperForConditionalGeneration(
        transformers.WhisperConfig(
            encoder_layers=2, decoder_layers=2, d_model=64, encoder_attention_heads=4, decoder_attention_heads=4,
            encoder_ffn_dim=128, decoder_ffn_dim=128, vocab_size=100, max_source_positions=50, num_mel_bins=20,
            pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
        )
    )  # fmt: skip


def vit() -> nn.Module:
    sizes = {name: value for name, value in SMALL.items() if name != "vocab_size"}
    return transformers.ViTForImageClassification(transformers.ViTConfig(**sizes, image_size=32, patch_size=8))


def mamba() -> nn.Module:
    return transformers.MambaForCausalLM(
        transformers.MambaConfig(num_hidden_layers=2, hidden_size=64, vocab_size=100, state_size=8)
    )


BOTH = {"input_ids": TOKENS, "decoder_input_ids": TOKENS[:, :8]}
# factory, inputs, residual sums, patterns of the branches' ends
MODELS: list[tuple[Callable[[], nn.Module], dict[str, Any], int, tuple[str, ...]]] = [
    (gpt2, {"input_ids": TOKENS}, 6, ("attn.c_proj.weight", "mlp.c_proj.weight")),
    (gptj, {"input_ids": TOKENS}, 2, ("attn.out_proj.weight", "mlp.fc_out.weight")),
    (bert, {"input_ids": TOKENS}, 6, ("attention.output.dense.weight", "output.dense.weight")),
    (llama, {"input_ids": TOKENS}, 6, ("self_attn.o_proj.weight", "mlp.down_proj.weight")),
    (mixtral, {"input_ids": TOKENS}, 4, ("self_attn.o_proj.weight", "experts.down_proj")),
    (t5, BOTH, 10, (".o.weight", ".wo.weight")),
    (whisper, {"input_features": torch.randn(2, 20, 100), "decoder_input_ids": TOKENS[:, :8]}, 10,
     ("out_proj.weight", "fc2.weight")),
    (vit, {"pixel_values": torch.randn(2, 3, 32, 32)}, 6,
     ("o_proj.weight", "dense.weight", "fc2.weight", "down_proj.weight")),
    (mamba, {"input_ids": TOKENS}, 2, ("out_proj.weight",)),
]  # fmt: skip


@pytest.mark.parametrize(("build", "inputs", "sums", "ends"), MODELS, ids=[build.__name__ for build, *_ in MODELS])
def test_what_is_read(build: Callable[[], nn.Module], inputs: dict[str, Any], sums: int, ends: tuple[str, ...]) -> None:
    found = read(build().eval(), inputs)
    assert len(found.sums) == sums
    named = [name for residual in found.sums for name in residual.ends]
    assert all(name.endswith(ends) for name in named)
    assert not [p.name for p in found.parameters if p.role == "unknown" and not p.tied_to and "A_log" not in p.name]
    assert not [p.name for p in found.parameters if "unknown" in p.follows]


def test_gpt2_by_its_own_rule() -> None:
    """N(0, 0.02), residual ends by 1/sqrt(2 layers) (Radford et al. 2019)."""
    plan = hs.init(gpt2(), "normal(0.02)", 0, {"input_ids": TOKENS}, residual_scale="1/sqrt(2L)")
    assert plan["transformer.h.0.attn.c_proj.weight"].std == pytest.approx(0.02 / math.sqrt(6))
    assert plan["transformer.h.0.attn.c_attn.weight"].std == 0.02
    attention = plan["transformer.h.1.attn.c_attn.weight"]
    assert (attention.fan_in, attention.blocks) == (64, 3)
    assert plan["transformer.h.2.mlp.c_fc.weight"].activation == "gelu_tanh"
    assert {left.name for left in plan.left_alone if "same array" in left.reason} == {"lm_head.weight"}


def test_experts_are_a_stack_with_gated_halves() -> None:
    model = mixtral()
    plan = hs.init(model, "he", 0, {"input_ids": TOKENS})
    both = plan["model.layers.0.mlp.experts.gate_up_proj"]
    assert (both.layout.stack_axes, both.fan_in) == ((0,), 64)
    down = plan["model.layers.0.mlp.experts.down_proj"]
    assert (down.layout.stack_axes, down.fan_in) == ((0,), 128)
    experts = model.get_parameter("model.layers.0.mlp.experts.down_proj")
    one = hs.sample("he", tuple(experts.shape[1:]), 0, "model.layers.0.mlp.experts.down_proj.2")
    assert (experts[2].detach().numpy() == one).all()


@pytest.mark.parametrize(("build", "inputs"), [row[:2] for row in MODELS], ids=[build.__name__ for build, *_ in MODELS])
def test_an_audit_of_a_fresh_model_finds_nothing(build: Callable[[], nn.Module], inputs: dict[str, Any]) -> None:
    torch.manual_seed(0)
    model = build().eval()
    for example in (inputs, None):
        found = hs.audit(model, example)
        assert not found.findings, found.findings[0]
    recipes = {recipe for row in found.rows() for recipe in row["recipes"]}
    assert build is t5 or {"N(0, 0.02)", "truncated N(0, 0.02)"} & recipes or build is mamba
