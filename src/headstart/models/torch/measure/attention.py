"""Attention's logits and shares: how far the logits of a row spread, how even its shares are, and rows of one share.

Of a softmax, all of it; of attention that is one operation, the first inputs and the last queries are looked at, since
the shares of all are what it was made to avoid.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from headstart.models.torch.record import Made
from headstart.signals.measure.attention import LOGITS, Shares, shares


def of_softmax(call: Made, made: Tensor) -> Shares | None:
    """Of a softmax that was one operation."""
    logits = call.arguments.get("input")
    dim = call.arguments.get("dim", call.args[1] if len(call.args) > 1 else -1)
    if not isinstance(logits, Tensor) or not isinstance(dim, int) or logits.dim() == 0:
        return None
    sign = -1 if call.function.__name__ == "softmin" else 1
    logits = (sign * logits.detach()).movedim(dim, -1) if sign < 0 else logits.detach().movedim(dim, -1)
    rows = math.prod(logits.shape[:-1])
    step = max(1, rows * logits.shape[-1] // LOGITS)
    return _shares(logits.reshape(rows, -1)[::step]) if rows else None


def of_attention(call: Made) -> Shares | None:
    """Of scaled_dot_product_attention."""
    given = call.arguments
    query, key = given.get("query"), given.get("key")
    mask = given.get("mask", given.get("attn_mask"))
    if not isinstance(query, Tensor) or not isinstance(key, Tensor):
        return None
    causal = given.get("is_causal", call.args[5] if len(call.args) > 5 else False)
    scale = given.get("scale")
    with torch.no_grad():
        query, key = query.detach(), key.detach()
        length, width = query.shape[-2:]
        queries = max(1, min(length, LOGITS // max(key.shape[-2], 1)))
        query = query[..., length - queries :, :]
        if query.dim() > 3 and key.shape[-3] != query.shape[-3]:  # several heads of queries share keys
            key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
        if mask is not None and mask.dim() > 1 and mask.shape[-2] == length:
            mask = mask[..., length - queries :, :]
        inputs = max(1, LOGITS // max(queries * key.shape[-2] * math.prod(query.shape[1:-2]), 1))
        if query.dim() > 2:
            query, key = query[:inputs], key[:inputs]
            if mask is not None and mask.dim() == query.dim() and mask.shape[0] > 1:
                mask = mask[:inputs]
        logits = query.float() @ key.float().transpose(-1, -2) * (1 / math.sqrt(width) if scale is None else scale)
        if causal:
            allowed = torch.ones(length, key.shape[-2], dtype=torch.bool, device=query.device).tril()
            logits = logits.masked_fill(~allowed[length - queries :], -math.inf)
        if isinstance(mask, Tensor):
            logits = logits.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else logits + mask.float()
    return _shares(logits.reshape(-1, logits.shape[-1]))


def of_attention_layer(call: Made) -> Shares | None:
    """Of multi_head_attention_forward: its own shares for the first inputs; a logit is its logarithm, up to a shift."""
    given: Mapping[str, Any] = call.arguments
    query = given.get("query")
    if not isinstance(query, Tensor) or query.dim() not in (2, 3):
        return None
    inputs = max(1, LOGITS // max(query.shape[0] * given["key"].shape[0] * int(given["num_heads"]), 1))
    some = dict(given) | {"training": False, "need_weights": True, "average_attn_weights": False}
    if query.dim() == 3 and inputs < query.shape[1]:
        if isinstance(given.get("attn_mask"), Tensor) and given["attn_mask"].dim() == 3:
            return None
        for slot in ("query", "key", "value"):
            some[slot] = given[slot][:, :inputs]
        for slot in ("static_k", "static_v"):
            if given.get(slot) is not None:
                return None
        if given.get("key_padding_mask") is not None:
            some["key_padding_mask"] = given["key_padding_mask"][:inputs]
    with torch.no_grad():
        weights = F.multi_head_attention_forward(**some)[1]
    return None if weights is None else _shares(weights.float().log().reshape(-1, weights.shape[-1]))


def _shares(logits: Tensor) -> Shares | None:
    return shares(logits.detach().float().cpu().numpy())
