"""Checkpoints on disk: read without a library and without unpickling; what is cut off, lies or is foreign is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headstart as hs
from headstart.models.checkpoints.guess import parameter_of
from headstart.models.checkpoints.safetensors import read_checkpoint, read_file

Arrays = dict[str, tuple[str, np.ndarray]]


def packed(arrays: Arrays, change: Any = None, metadata: bool = True) -> bytes:
    """A file's bytes, as the format's own library writes them; `change` edits the header."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}} if metadata else {}
    data = b""
    for name, (code, array) in arrays.items():
        stored = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(stored)]}
        data += stored
    if change is not None:
        change(header)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def bfloat16(array: np.ndarray) -> np.ndarray:
    return (array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def normal(*shape: int, std: float = 0.02, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, std, shape).astype(np.float32)


SMALL: Arrays = {"a.weight": ("F32", normal(6, 4)), "a.bias": ("F32", np.zeros(6, np.float32))}


def test_every_type_of_number(tmp_path: Path) -> None:
    values = normal(8, 16)
    arrays: Arrays = {
        "f64": ("F64", values.astype(np.float64)), "f32": ("F32", values), "f16": ("F16", values.astype(np.float16)),
        "bf16": ("BF16", bfloat16(values)), "i64": ("I64", np.arange(5)), "bool": ("BOOL", np.ones(3, bool)),
        "f8": ("F8_E4M3", np.zeros((2, 3), np.uint8)), "scalar": ("F32", np.float32(3).reshape(())),
        "empty": ("F32", np.zeros((0, 4), np.float32)),
    }  # fmt: skip
    path = tmp_path / "all.safetensors"
    path.write_bytes(packed(arrays))
    found = read_file(path)
    assert list(found) == list(arrays)
    for name in ("f64", "f32", "f16", "bf16"):
        np.testing.assert_allclose(found[name].part(()), values, rtol=1e-2 if name == "bf16" else 1e-3, atol=1e-7)
        assert found[name].is_real
    assert found["bf16"].dtype == "bfloat16"
    assert found["bf16"].extremes().high == pytest.approx(values.max(), rel=1e-2)
    assert not found["i64"].is_real
    rows = {row["name"]: row for row in hs.audit(path).rows()}
    assert rows["bf16"]["looks"] == "normal"
    assert rows["i64"]["looks"] is None
    assert rows["empty"]["looks"] == "empty"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no safetensors file"),
        (b"abc", "no safetensors file"),
        (b"PK\x03\x04" + b"\0" * 100, "no safetensors file"),
        (b"\x80\x02}q\x00." + b"\0" * 100, "no safetensors file"),
        (packed(SMALL)[:40], "is cut off"),
        (packed(SMALL)[:-1], "is cut off: 'a.bias' ends at byte 120 of the data, and only 119 bytes are there"),
        (packed(SMALL)[:8] + b"x" + packed(SMALL)[9:], "no header follows"),
        (packed(SMALL)[:9] + b"x" + packed(SMALL)[10:], "its header is no JSON"),
        ((2**60).to_bytes(8, "little") + b"{}", "no safetensors file"),
        (
            packed(SMALL, lambda h: h["a.weight"].update(shape=[6, 5])),
            "wrong about 'a.weight': F32 of shape .6, 5. takes",
        ),
        (packed(SMALL, lambda h: h["a.weight"].update(shape=[-6, -4])), "are no sizes"),
        (packed(SMALL, lambda h: h["a.weight"].update(shape=["6", 4])), "are no sizes"),
        (packed(SMALL, lambda h: h["a.weight"].update(dtype="F31")), "its dtype 'F31' is unknown. Known: F64, F32"),
        (packed(SMALL, lambda h: h["a.weight"].update(dtype=["F32"])), "is unknown"),
        (packed(SMALL, lambda h: h["a.weight"].update(data_offsets=[96, 0])), "are no sizes"),
        (packed(SMALL, lambda h: h["a.bias"].update(data_offsets=[90, 114])), "its bytes overlap those of 'a.weight'"),
        (packed(SMALL, lambda h: h["a.weight"].pop("dtype")), "it lacks dtype, shape or data_offsets"),
        (packed(SMALL, lambda h: h.update({"a.weight": 3})), "it lacks dtype, shape or data_offsets"),
        (b'\x1a\0\0\0\0\0\0\0{"a": {}, "a": {}}        ', "'a' stands there twice"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(hs.InputError, match=words):
        hs.audit(path)


def test_a_folder_of_shards(tmp_path: Path) -> None:
    second: Arrays = {"b.weight": ("F32", normal(5, 6, seed=1))}
    (tmp_path / "model-00001-of-00002.safetensors").write_bytes(packed(SMALL))
    (tmp_path / "model-00002-of-00002.safetensors").write_bytes(packed(second))
    assert set(read_checkpoint(tmp_path)) == {"a.weight", "a.bias", "b.weight"}
    index = tmp_path / "model.safetensors.index.json"
    places = {
        name: f"model-0000{1 + (name == 'b.weight')}-of-00002.safetensors"
        for name in ("a.weight", "a.bias", "b.weight")
    }
    index.write_text(json.dumps({"metadata": {}, "weight_map": places}))
    for path in (tmp_path, index):
        assert set(read_checkpoint(path)) == set(places)
    index.write_text(json.dumps({"weight_map": places | {"c.weight": "model-00001-of-00002.safetensors"}}))
    with pytest.raises(hs.InputError, match=r"has no 'c.weight', which its index promises"):
        read_checkpoint(tmp_path)
    index.write_text(json.dumps({"weight_map": places | {"c.weight": "../elsewhere.safetensors"}}))
    with pytest.raises(hs.InputError, match="outside its folder"):
        read_checkpoint(tmp_path)
    index.write_text("[]")
    with pytest.raises(hs.InputError, match="no index of shards"):
        read_checkpoint(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    index.write_text(json.dumps({"weight_map": places}))
    with pytest.raises(hs.InputError, match=r"the shard 'model-00002-of-00002.safetensors', which is missing"):
        read_checkpoint(tmp_path)


def test_folders_and_paths_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(hs.InputError, match=r"has no \.safetensors file"):
        hs.audit(tmp_path)
    with pytest.raises(hs.InputError, match="there is no"):
        hs.audit(tmp_path / "none.safetensors")
    for name in ("one", "two"):
        (tmp_path / f"{name}.safetensors").write_bytes(packed(SMALL))
    with pytest.raises(hs.InputError, match="stands in two files"):
        hs.audit(tmp_path)


@pytest.mark.parametrize(
    ("name", "shape", "role", "owner"),
    [
        ("transformer.wte.weight", (1000, 64), "lookup", "Embedding"),
        ("model.embed_tokens.weight", (1000, 64), "lookup", "Embedding"),
        ("transformer.wpe.weight", (32, 64), "table", "Embedding"),
        ("embeddings.position_embeddings.weight", (32, 64), "table", "Embedding"),
        ("layers.0.self_attn.q_proj.weight", (64, 64), "weight", "Linear"),
        ("layers.0.self_attn.q_proj.bias", (64,), "bias", ""),
        ("layers.0.input_layernorm.weight", (64,), "norm scale", ""),
        ("h.0.ln_1.bias", (64,), "norm shift", ""),
        ("features.0.weight", (64, 3, 7, 7), "weight", "Conv2d"),
        ("bn1.weight", (64,), "norm scale", "BatchNorm2d"),
        ("rnn.weight_hh_l0", (128, 32), "recurrent", "LSTM"),
        ("rnn.weight_ih_l0", (128, 10), "gate weight", "LSTM"),
        ("Dense_0.kernel", (10, 20), "weight", ""),
        ("attn.in_proj_weight", (96, 32), "weight", "MultiheadAttention"),
        ("something", (3, 4), "unknown", ""),
        ("gain", (3,), "unknown", ""),
        ("number", (), "unknown", ""),
    ],
)
def test_what_names_and_shapes_tell(name: str, shape: tuple[int, ...], role: str, owner: str) -> None:
    every = {"bn1.running_mean": (64,), "rnn.weight_hh_l0": (128, 32), name: shape}
    found = parameter_of(name, shape, every)
    assert (found.role, found.owner) == (role, owner)


def test_findings_of_a_checkpoint(tmp_path: Path) -> None:
    table, twin = normal(300, 32), normal(32, 32, seed=1)
    arrays: Arrays = {
        "wte.weight": ("F32", table), "lm_head.weight": ("F32", table), "h.0.a.weight": ("F32", twin),
        "h.0.b.weight": ("F32", twin), "ema.h.0.a.weight": ("F32", twin), "h.0.ln_1.weight": ("F32", normal(32)),
        "h.1.ln_1.weight": ("F32", np.ones(32, np.float32)),
        "h.0.c.weight": ("BF16", np.full((8, 8), 0x7FC0, np.uint16)),
        "h.0.d.weight": ("F16", np.zeros((8, 8), np.float16)),
    }  # fmt: skip
    path = tmp_path / "w.safetensors"
    path.write_bytes(packed(arrays))
    found = hs.audit(path)
    assert {(each.code, each.severity, each.layer) for each in found.findings} == {
        ("HS601", "fault", "h.0.c.weight"), ("HS606", "fault", "h.0.b.weight"), ("HS608", "fault", "h.0.ln_1.weight"),
        ("HS604", "remark", "h.0.d.weight"),
    }  # fmt: skip
    rows = {row["name"]: row for row in found.rows()}
    assert rows["wte.weight"]["recipes"] == ["N(0, 0.02)"]
    assert rows["lm_head.weight"]["note"] == "the same array as wte.weight"
    with pytest.raises(hs.InputError, match="takes no example"):
        hs.audit(path, example=3)


def test_a_pickle_is_read_only_where_it_is_trusted(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
    path = tmp_path / "model.pt"
    torch.save({"state_dict": model.state_dict(), "step": 3}, path)
    with pytest.raises(hs.InputError, match="a pickle, and unpickling runs whatever code"):
        hs.audit(path)
    found = hs.audit(path, trust=True)
    assert [row["name"] for row in found.rows()] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    torch.save(model, path)
    assert [row["role"] for row in hs.audit(path, trust=True).rows()] == ["weight", "bias", "weight", "bias"]
    torch.save([1, 2], path)
    with pytest.raises(hs.InputError, match="holds no tensors"):
        hs.audit(path, trust=True)
    path.write_bytes(b"nonsense")
    with pytest.raises(hs.InputError, match="cannot be unpickled"):
        hs.audit(path, trust=True)
