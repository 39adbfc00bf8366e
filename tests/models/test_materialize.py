"""A checkpoint that is written from a plan holds, bit for bit, what the plan gives a model; any library loads it."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import numpy as safetensors_numpy
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

import headstart as hs
from headstart.draws.weights import draw_entry
from headstart.layout import LAYOUTS, Layout
from headstart.models.checkpoints import bfloat16, write
from headstart.models.checkpoints.contents import contents
from headstart.models.checkpoints.pieces import pieces
from headstart.models.checkpoints.shards import index_name, of_part, shards
from headstart.plans import Parameter, plan_parameters


@pytest.fixture(autouse=True)
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is not waited for: what is tested here is what is written."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buffers of 1 KiB: every array comes in many pieces, cut within rows."""
    monkeypatch.setattr(write, "LEAST", 2**10)
    monkeypatch.setattr(write, "MOST", 2**10)


def a_model() -> nn.Module:
    """Layers of every layout that PyTorch stores, a row of padding, blocks, norms."""
    torch.manual_seed(0)
    return nn.ModuleDict(
        {
            "table": nn.Embedding(40, 6, padding_idx=39), "linear": nn.Linear(30, 20), "lstm": nn.LSTM(20, 12),
            "conv": nn.Conv2d(6, 8, (3, 5), groups=2), "up": nn.ConvTranspose2d(4, 6, 3, stride=2),
            "norm": nn.BatchNorm2d(8), "attention": nn.MultiheadAttention(12, 3), "slope": nn.PReLU(3, init=0.1),
        }
    )  # fmt: skip


@pytest.mark.parametrize("scheme", ["he", "glorot(distribution=uniform)", "truncated_normal(0.02)", "orthogonal"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_it_holds_what_apply_writes(scheme: str, dtype: str, tmp_path: Path, small_buffers: None) -> None:
    model = a_model().to(getattr(torch, dtype))
    plan = hs.plan(model, scheme)
    plan.apply(model, 5)
    made = hs.materialize(plan, tmp_path / "out", 5, dtype=dtype, shard_bytes="1KiB")
    assert made.complete
    assert len(made.rows()) > 4
    found = {name: value for path in tmp_path.glob("out/*.safetensors") for name, value in load_file(path).items()}
    parameters = dict(model.named_parameters())
    assert set(found) == set(parameters)
    for name, value in parameters.items():
        assert found[name].dtype == value.dtype, name
        assert torch.equal(found[name], value.detach()), name
    assert not torch.equal(found["linear.weight"], hs.materialize(plan, tmp_path / "other", 6) and load_file(
        tmp_path / "other" / "model.safetensors")["linear.weight"].to(value.dtype))  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((50, 30), LAYOUTS["in_out"]), ((3, 5, 20, 7), LAYOUTS["in_out"]), ((4, 30, 20), LAYOUTS["stack_in_out"]),
        ((30, 4, 20), Layout((2,), (0,), stack_axes=(1,))),
        ((6, 30, 8), Layout((1,), (2,), stack_axes=(0,), blocks=(1, 3))),
        ((7,), LAYOUTS["out_in"]), ((0, 5), LAYOUTS["out_in"]), ((2, 3, 40, 10), LAYOUTS["in_out"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["normal(0.1)", "orthogonal", "sparse(0.5)"])
def test_every_layout_in_pieces(
    shape: tuple[int, ...], layout: Layout, scheme: str, tmp_path: Path, small_buffers: None
) -> None:
    if (len(shape) - len(layout.stack_axes) < 2 or 0 in shape) and scheme != "normal(0.1)":
        pytest.skip("no matrix")
    plan = plan_parameters([Parameter("w", shape, layout=layout), Parameter("b", (), "bias")], scheme)
    for dtype in ("float64", "float16"):
        hs.materialize(plan, tmp_path / dtype, 3, dtype=dtype)
        found = safetensors_numpy.load_file(tmp_path / dtype / "model.safetensors")
        assert found["b"].shape == ()
        assert np.array_equal(found["w"], draw_entry(plan["w"], 3, dtype))


@pytest.mark.parametrize(("shape", "most"), [((3, 4, 5), n) for n in (1, 4, 5, 7, 20, 23, 59, 60, 99)] + [((), 1)])
def test_pieces_are_the_array_in_order(shape: tuple[int, ...], most: int) -> None:
    whole = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    found = [whole[tuple(slice(*span) for span in piece.region)] for piece in pieces(shape, most)]
    assert all(part.size <= most for part in found)
    assert np.array_equal(np.concatenate([part.reshape(-1) for part in found]), whole.reshape(-1))


def test_bfloat16_without_the_package_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = [Parameter("w", (300, 70)), Parameter("o", (20, 20)), Parameter("n", (9,), "norm scale")]
    plan = plan_parameters(parameters, "he", rules={"o": "orthogonal"})
    hs.materialize(plan, tmp_path / "with", dtype="bfloat16")
    monkeypatch.setattr(bfloat16, "has_bfloat16", lambda: False)
    hs.materialize(plan, tmp_path / "without", dtype="bfloat16")
    with_it, without = (load_file(tmp_path / name / "model.safetensors") for name in ("with", "without"))
    assert with_it["w"].dtype == torch.bfloat16
    assert all(torch.equal(with_it[name], without[name]) for name in ("w", "o", "n"))
    assert set(without["n"].tolist()) == {1.0}


def test_memory_is_bounded_by_the_buffers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "LEAST", 2**18)
    monkeypatch.setattr(write, "MOST", 2**18)
    plan = plan_parameters([Parameter("w", (2**12, 2**10), layout=LAYOUTS["in_out"])], "he")  # 16 MiB
    hs.materialize(plan, tmp_path / "warm")
    tracemalloc.start()
    try:
        hs.materialize(plan, tmp_path / "out")
        assert tracemalloc.get_traced_memory()[1] < 2**21
        draw_entry(plan["w"], 0)
        assert tracemalloc.get_traced_memory()[1] > 2**24  # the check can fail
    finally:
        tracemalloc.stop()


def test_names_index_and_headers_are_as_transformers_has_them(tmp_path: Path) -> None:
    plan = plan_parameters([Parameter(f"layers.{i}.weight", (10, 10)) for i in range(5)], "he")
    hs.materialize(plan, tmp_path, 9, shard_bytes=800)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors",
        "model.safetensors.index.json", "plan.json",
    ]  # fmt: skip
    index = json.loads((tmp_path / index_name()).read_text())
    assert index["metadata"]["total_size"] == 5 * 400
    assert index["weight_map"]["layers.4.weight"] == "model-00003-of-00003.safetensors"
    with safe_open(tmp_path / "model-00002-of-00003.safetensors", "np") as file:
        assert file.metadata()["format"] == "pt"
        assert json.loads(file.metadata()["headstart"])["seed"] == "9"
    assert json.loads((tmp_path / "plan.json").read_text()) == plan.to_json()


def test_a_larger_array_has_a_file_of_its_own_and_none_is_cut() -> None:
    sizes = [10, 500, 10, 300, 300, 10]
    plan = plan_parameters([Parameter(f"w{i}", (size, 1)) for i, size in enumerate(sizes)], "normal(1)")
    found = shards(contents(plan, 0, "float32"), "float32", 1600, 0, "")
    assert [[content.name for content in shard.contents] for shard in found] == [
        ["w0", "w2", "w3"],
        ["w1"],
        ["w4", "w5"],
    ]


def test_parts_are_the_whole_in_shares_of_about_equal_bytes() -> None:
    plan = plan_parameters([Parameter(f"w{i}", (50 + i, 10)) for i in range(100)], "he")
    found = shards(contents(plan, 0, "float32"), "float32", 8000, 0, "")
    for parts in (1, 2, 3, 7, 40, 300):
        of = [of_part(found, part, parts) for part in range(1, parts + 1)]
        assert [shard.number for each in of for shard in each] == [shard.number for shard in found]
        if parts <= 7:
            sizes = [sum(shard.size for shard in each) for each in of]
            assert max(sizes) < 1.4 * min(sizes)


def test_parts_in_folders_of_their_own_are_the_files_of_the_whole(tmp_path: Path) -> None:
    plan = hs.plan(a_model(), "he")
    whole = hs.materialize(plan, tmp_path / "whole", shard_bytes=4000)
    for part in (1, 2, 3):
        made = hs.materialize(plan, tmp_path / f"{part}", shard_bytes=4000, part=(part, 3))
        assert made.finished
        assert not made.complete
    here = hs.materialize(plan, tmp_path / "1", shard_bytes=4000, part=(3, 3))
    assert here.finished
    assert hs.materialize(plan, tmp_path / "1", shard_bytes=4000).complete
    for path in (tmp_path / "whole").iterdir():
        others = [tmp_path / f"{part}" / path.name for part in (1, 2, 3)]
        there = [other for other in others if other.exists()]
        assert there
        assert all(other.read_bytes() == path.read_bytes() for other in there)
    assert len(whole.rows()) == len(list(tmp_path.glob("whole/*.safetensors")))


@pytest.mark.parametrize("kind", ["bert", "gemma", "gpt2"])
def test_transformers_loads_the_folder(kind: str, tmp_path: Path) -> None:
    """Norms of scale 1 and of 1 + scale, tied embeddings, padding, Conv1D; the planned model is on the meta device."""
    transformers = pytest.importorskip("transformers")
    size = {"hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 2}
    config, model_class = {
        "bert": lambda: (transformers.BertConfig(vocab_size=50, **size), transformers.BertModel),
        "gemma": lambda: (
            transformers.Gemma2Config(vocab_size=50, num_key_value_heads=1, head_dim=12, **size),
            transformers.Gemma2ForCausalLM,
        ),
        "gpt2": lambda: (
            transformers.GPT2Config(n_embd=24, n_layer=2, n_head=2, vocab_size=50, bos_token_id=1, eos_token_id=2),
            transformers.GPT2LMHeadModel,
        ),
    }[kind]()
    with torch.device("meta"):
        model = model_class(config)
    plan = hs.plan(model, "he", {"input_ids": torch.zeros(1, 4, dtype=torch.int64)})
    config.save_pretrained(tmp_path)
    hs.materialize(plan, tmp_path, 3, shard_bytes="20KiB")
    loaded, said = model_class.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(said[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    fresh = model_class(config)
    hs.plan(fresh, "he", {"input_ids": torch.zeros(1, 4, dtype=torch.int64)}).apply(fresh, 3)
    for (name, one), (_, other) in zip(loaded.named_parameters(), fresh.named_parameters(), strict=True):
        assert torch.equal(one, other), name
    assert hs.audit(tmp_path).healthy


def test_an_array_that_is_tied_stands_under_the_first_name(tmp_path: Path) -> None:
    model = nn.ModuleDict({"table": nn.Embedding(20, 6), "head": nn.Linear(6, 20, bias=False)})
    model["head"].weight = model["table"].weight
    hs.materialize(hs.plan(model), tmp_path)
    assert list(load_file(tmp_path / "model.safetensors")) == ["table.weight"]


class Scaled(nn.Module):
    """A branch's scale, whose start is the architecture's choice."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(6, 6)
        self.gamma = nn.Parameter(torch.full((6,), 1e-4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.gamma * self.linear(x)


def test_what_is_left_alone_is_written_where_its_start_is_known(tmp_path: Path) -> None:
    example = torch.zeros(2, 6)
    hs.materialize(hs.plan(Scaled(), "he", example), tmp_path / "known")
    assert set(load_file(tmp_path / "known" / "model.safetensors")["gamma"].tolist()) == {float(np.float32(1e-4))}
    with torch.device("meta"):
        model = Scaled()
    plan = hs.plan(model, "he", torch.zeros(2, 6, device="meta"))
    with pytest.raises(hs.InputError, match=r"leaves 'gamma' alone .* nobody knows what it starts from"):
        hs.materialize(plan, tmp_path / "unknown")
    assert not (tmp_path / "unknown").exists()
    hs.materialize(plan, tmp_path / "drawn", include="drawn")
    assert sorted(load_file(tmp_path / "drawn" / "model.safetensors")) == ["linear.bias", "linear.weight"]


def test_a_plan_read_back_gives_the_same_files(tmp_path: Path) -> None:
    plan = hs.plan(a_model(), "he")
    again = hs.Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert again == plan
    hs.materialize(plan, tmp_path / "one")
    hs.materialize(again, tmp_path / "two")
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two


def test_a_dry_run_of_a_model_that_no_machine_holds_writes_nothing(tmp_path: Path) -> None:
    with torch.device("meta"):
        model = nn.ModuleList([nn.Linear(2**16, 2**16, bias=False) for _ in range(16)] + [nn.LayerNorm(2**16)])
    made = hs.materialize(hs.plan(model), tmp_path / "out", dry_run=True, shard_bytes="20GB")
    assert made.parameters == 16 * 2**32 + 2**17
    assert made.to_write == made.bytes > 4 * made.parameters
    assert len(made.rows()) == 16
    assert made.seconds > 1
    assert not made.complete
    assert "to write: 256 GiB" in str(made)
    assert not list(tmp_path.iterdir())


def refused(match: str, plan: Any, folder: Path, **how: Any) -> None:
    with pytest.raises(hs.InputError, match=match):
        hs.materialize(plan, folder, **how)
    assert not folder.exists()


def test_bad_input_is_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, out = plan_parameters([Parameter("w", (8, 8))], "he"), tmp_path / "out"
    refused("the plan draws nothing", plan_parameters([Parameter("n", (8,), "norm scale")], "he"), out)
    refused("takes a plan, got Linear", nn.Linear(2, 2), out)
    refused("unknown dtype 'int8'", plan, out, dtype="int8")
    refused("a seed must be", plan, out, seed=-1)
    refused("unknown include 'some'", plan, out, include="some")
    refused("threads must be", plan, out, threads=0)
    for size in (0, -5, True, 1.5, None, "", "five", "5 apples", "-1GiB", "0"):
        refused("shard_bytes must be an amount", plan, out, shard_bytes=size)
    for part in ((0, 2), (3, 2), (1,), "1/2", 2, (1.0, 2), (True, 2)):
        refused("part is which one of how many", plan, out, part=part)
    refused("no array called '__metadata__'", plan_parameters([Parameter("__metadata__", (8, 8))], "he"), out)
    refused("valid Unicode", plan_parameters([Parameter("w\ud800", (8, 8), key="w")], "he"), out)
    refused("w: .* must be at least .* in float16", plan_parameters([Parameter("w", (8, 8))], "normal(1e-9)"), out,
            dtype="float16")  # fmt: skip
    with monkeypatch.context() as few:
        few.setattr("headstart.models.checkpoints.shards.MOST", 99)
        many = plan_parameters([Parameter(f"w{i}", (1, 1)) for i in range(100)], "normal(1)")
        refused("makes 100 files, more than the 99", many, out, shard_bytes=1)
    monkeypatch.setenv("HEADSTART_MEMORY_LIMIT", "40M")
    large = plan_parameters([Parameter("w", (2000, 2000))], "orthogonal")
    refused("w: drawing it needs .* of memory", large, out)


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in plain data."""
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


def test_a_plan_that_is_no_plan_is_refused_whatever_is_wrong_with_it(tmp_path: Path) -> None:
    """Every value of a plan's JSON replaced by others, one at a time: an error with words, or a checkpoint."""
    parameters = [
        Parameter("w", (6, 8)), Parameter("e", (5, 4), "lookup", LAYOUTS["rows_out"], zero_row=2),
        Parameter("n", (6,), "norm scale"),
    ]  # fmt: skip
    document = plan_parameters(parameters, "he").to_json()
    number = 0
    for path in places(document):
        for value in (None, "x", -1, 3.5, [], ["a"], {"a": 1}, float("nan"), 10**30):
            wrong = copy.deepcopy(document)
            inside = wrong
            for key in path[:-1]:
                inside = inside[key]
            inside[path[-1]] = value
            number += 1
            with contextlib.suppress(hs.HeadstartError):
                hs.materialize(hs.Plan.from_json(wrong), tmp_path / f"{number}")
    assert number > 400


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    plan = plan_parameters([Parameter("w", (8, 8))], "he")
    (tmp_path / "file").write_text("mine")
    for dry_run in (False, True):
        with pytest.raises(hs.InputError, match="file"):
            hs.materialize(plan, tmp_path / "file", dry_run=dry_run)
    assert (tmp_path / "file").read_text() == "mine"
    with pytest.raises(hs.InputError, match="zero bytes"):
        hs.materialize(plan, "a\0b")


def test_a_link_to_a_folder_is_that_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    hs.materialize(plan_parameters([Parameter("w", (8, 8))], "he"), tmp_path / "link")
    assert sorted(path.name for path in (tmp_path / "real").iterdir()) == ["model.safetensors", "plan.json"]
    (tmp_path / "lost").symlink_to("nowhere")
    with pytest.raises(hs.InputError, match="lost"):
        hs.materialize(plan_parameters([Parameter("w", (8, 8))], "he"), tmp_path / "lost")
