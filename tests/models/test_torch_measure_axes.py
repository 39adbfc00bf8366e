"""Where the inputs of a batch lie: the axis that grows with the batch, in models that fold, move and mix it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torch_zoo as zoo
from torch import Tensor, nn

from headstart.models.torch.measure import trace_of
from headstart.models.torch.measure.axis import read_labels, reshaped
from headstart.models.torch.measure.moments import Batch


class Folded(nn.Module):
    """(batch, time, width) as (batch x time, width), as GPT-2 does."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.last = nn.Linear(6, 8), nn.Linear(8, 6)

    def forward(self, x: Tensor) -> Tensor:
        flat = self.inner(x.reshape(-1, 6)).relu()
        return x + self.last(flat).view(x.shape)


class Windows(nn.Module):
    """Shifted windows with packed q, k, v in front, as Swin does."""

    def __init__(self, width: int = 8, side: int = 2) -> None:
        super().__init__()
        self.qkv, self.out, self.side = nn.Linear(width, 3 * width), nn.Linear(width, width), side
        self.bias = nn.Parameter(torch.zeros(2, side * side, side * side))

    def forward(self, x: Tensor) -> Tensor:
        b, h, w, c = x.shape
        s = self.side
        y = torch.roll(x, (-1, -1), (1, 2))
        y = y.view(b, h // s, s, w // s, s, c).permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, s * s, c)
        q, k, v = self.qkv(y).reshape(len(y), s * s, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        shares = (q @ k.transpose(-2, -1) / 2 + self.bias).softmax(-1)
        y = self.out((shares @ v).transpose(1, 2).reshape(len(y), s * s, c))
        y = y.view(b, h // s, w // s, s, s, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)
        return x + torch.roll(y, (1, 1), (1, 2))


class TimeFirst(nn.Module):
    """Turns the batch to the second axis and folds it there with time in front."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.recurrent, self.last = nn.Linear(6, 6), nn.GRU(6, 6), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(0, 1)
        y, hidden = self.recurrent(self.inner(x.flatten(0, 1)).view(x.shape).tanh())
        return self.last(y[-1] + hidden[-1])


class Tokens(nn.Module):
    """Patches, a class token in front, positions, pooling; and a buffer that is written into."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.token = nn.Conv2d(3, 8, 2, 2), nn.Parameter(torch.zeros(1, 1, 8))
        self.places, self.head = nn.Parameter(torch.zeros(1, 17, 8)), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        kept = torch.zeros(len(x), 20, 8)
        kept[:, :17] = F.layer_norm(x, (8,))
        kept = F.pad(kept, (0, 0, 1, 0)).sigmoid()
        return self.head(torch.einsum("btd,bsd->bts", kept, kept).mean(2) @ kept.mean(0)) + self.head(kept[:, 0])


class Grouped(nn.Module):
    """Queries that share keys, heads first, by einsum and by bmm with batch and heads in one axis."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.out = nn.Linear(8, 16), nn.Linear(8, 4), nn.Linear(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        b, t, _ = x.shape
        q = self.q(x).view(b, t, 4, 4).permute(0, 2, 1, 3)
        k = self.k(x).view(b, t, 1, 4).permute(0, 2, 1, 3).repeat_interleave(4, 1)
        shares = torch.bmm(q.reshape(b * 4, t, 4), k.reshape(b * 4, t, 4).transpose(1, 2)).softmax(-1)
        y = torch.einsum("bhqk,bhkd->bqhd", shares.view(b, 4, t, t), k)
        return self.out(y.flatten(2))


class Routed(nn.Module):
    """Experts that take the tokens that are sent to them, and add what they make where it came from."""

    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(6, 3)
        self.experts = nn.ModuleList(nn.Linear(6, 6) for _ in range(3))
        self.last = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        flat = x.reshape(-1, 6)
        shares = self.router(flat).softmax(-1)
        top, chosen = shares.topk(2, -1)
        top = top / top.sum(-1, keepdim=True)
        out = torch.zeros_like(flat)
        for expert, layer in enumerate(self.experts):
            rows, place = torch.where(chosen == expert)
            out.index_add_(0, rows, layer(flat[rows]) * top[rows, place].unsqueeze(-1))
        return self.last((flat + out).view(x.shape))


def encoder(first: bool) -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=first)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


class Shuffled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.out = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(4, 2, 1, groups=2)

    def forward(self, x: Tensor) -> Tensor:
        y = F.channel_shuffle(self.up(x), 4).chunk(2, 1)[0]
        y = F.pixel_shuffle(torch.cat([y, y.flip(1)], 1), 2)
        y = F.interpolate(F.max_pool2d(y, 2), scale_factor=2)
        return self.out(y).amax((2, 3))


# factory, inputs for a batch, axis of the batch in the inputs, rows that may be unknown
MODELS: list[tuple[Callable[[], nn.Module], Callable[[int], Any], int, tuple[str, ...]]] = [
    (Folded, lambda b: torch.randn(b, 4, 6), 0, ()),
    (Windows, lambda b: torch.randn(b, 4, 6, 8), 0, ()),
    (TimeFirst, lambda b: torch.randn(b, 4, 6), 0, ()),
    (Tokens, lambda b: torch.randn(b, 3, 8, 8), 0, ("reduce", "matmul")),
    (Grouped, lambda b: torch.randn(b, 6, 8), 0, ()),
    (Routed, lambda b: torch.randn(b, 7, 6), 0, ("experts", "multiply")),
    (lambda: encoder(True), lambda b: torch.randn(b, 6, 8), 0, ()),
    (lambda: encoder(False), lambda b: torch.randn(6, b, 8), 1, ()),
    (lambda: nn.LSTM(5, 6, 2), lambda b: torch.randn(6, b, 5), 1, ()),
    (Shuffled, lambda b: torch.randn(b, 3, 4, 4), 0, ()),
    (zoo.Decoder, lambda b: torch.randint(0, 11, (b, 6)), 0, ()),
    (zoo.HandLSTM, lambda b: torch.randn(b, 4, 3), 0, ()),
    (zoo.Experts, lambda b: torch.randn(b, 6), 0, ()),
    (zoo.resnet, lambda b: torch.randn(b, 3, 16, 16), 0, ()),
]  # fmt: skip
IDS = ["folded", "windows", "time first", "tokens", "grouped", "routed", "encoder", "encoder, time first", "lstm",
       "shuffled", "decoder", "lstm by hand", "experts", "resnet"]  # fmt: skip


@pytest.mark.parametrize(("build", "inputs", "axis", "unknown"), MODELS, ids=IDS)
def test_the_axis_is_the_one_that_grows_with_the_batch(
    build: Callable[[], nn.Module], inputs: Callable[[int], Tensor], axis: int, unknown: tuple[str, ...]
) -> None:
    torch.manual_seed(0)
    model = build()
    small, large = (trace_of(model, (inputs(batch),)) for batch in (3, 5))
    assert (small.batch, large.batch) == (3, 5)
    twins = {row.name: row for row in large.rows}
    known = 0
    for row in small.rows:
        if any(word in row.name for word in unknown):
            continue
        assert row.batch_axis is not None, row.name
        twin = twins[row.name]
        grew = [at for at, sizes in enumerate(zip(row.shape, twin.shape, strict=True)) if sizes[0] != sizes[1]]
        assert grew == [row.batch_axis], row.name
        assert row.shape[row.batch_axis] == 3 * row.per_input
        known += 1
    assert known >= 2
    assert small.rows[0].batch_axis == axis or small.rows[0].kind != "input"


def test_numbers_do_not_depend_on_where_the_batch_lies() -> None:
    torch.manual_seed(0)
    model = encoder(True).eval()
    turned = encoder(False).eval()
    turned.load_state_dict(model.state_dict())
    x = torch.randn(5, 6, 8)
    for one, two in zip(trace_of(model, (x,)).rows, trace_of(turned, (x.transpose(0, 1),)).rows, strict=True):
        assert one.name == two.name
        assert two.rms == pytest.approx(one.rms, rel=1e-4)
        assert two.batch_std == pytest.approx(one.batch_std, rel=1e-4)
        assert two.cosine == pytest.approx(one.cosine, abs=1e-4)


def test_folded_inputs_have_the_numbers_of_unfolded_ones() -> None:
    torch.manual_seed(0)
    folded = Folded()
    x = torch.randn(5, 4, 6)
    rows = {row.name: row for row in trace_of(folded, (x,)).rows}
    plain = {row.name: row for row in trace_of(nn.Sequential(folded.inner, nn.ReLU()), (x,)).rows}
    for name, twin in (("inner", "0"), ("relu", "1")):
        assert rows[name].per_input == 4
        assert rows[name].cosine == pytest.approx(plain[twin].cosine, abs=1e-5)
        assert rows[name].batch_std == pytest.approx(plain[twin].batch_std, rel=1e-5)
        assert rows[name].dead == plain[twin].dead


def test_what_mixes_inputs_ends_what_is_known() -> None:
    class Contrast(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(6, 4), nn.Linear(6, 4)

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return self.one(x) @ self.two(y).T

    rows = {row.name: row for row in trace_of(Contrast(), (torch.randn(5, 6), torch.randn(5, 6))).rows}
    assert rows["one"].batch_axis == rows["two"].batch_axis == 0
    assert rows["matmul"].batch_axis is None
    assert rows["matmul"].cosine is None
    assert rows["matmul"].rms > 0
    flipped = nn.Sequential(nn.Linear(6, 4), zoo.Function(lambda z: z.flip(0)), nn.Tanh())
    assert trace_of(flipped, (torch.randn(5, 6),)).rows[-1].batch_axis is None


def test_labels_and_reshapes() -> None:
    assert reshaped((4, 6, 8), Batch(0, 1, 4, 1), (4, 48)) == Batch(0, 1, 4, 1)
    assert reshaped((24, 8), Batch(0, 1, 4, 6), (4, 6, 8)) == Batch(0, 1, 4, 1)
    assert reshaped((24, 8), Batch(0, 6, 4, 1), (6, 4, 8)) == Batch(1, 1, 4, 1)
    assert reshaped((4, 6), Batch(0, 1, 4, 1), (3, 8)) is None
    assert reshaped((4, 6), Batch(0, 1, 4, 1), (2, 12)) is None
    labels = torch.arange(1.0, 5).repeat_interleave(3)
    assert read_labels(labels.expand(2, 12).contiguous(), 4) == Batch(1, 1, 4, 3)
    assert read_labels(labels.view(4, 3).t().reshape(-1), 4) == Batch(0, 3, 4, 1)
    assert read_labels(torch.cat([torch.zeros(12), labels]).view(2, 12), 4) == Batch(1, 1, 4, 3)
    assert read_labels(labels.flip(0), 4) is None
    assert read_labels(labels[:9], 4) is None
