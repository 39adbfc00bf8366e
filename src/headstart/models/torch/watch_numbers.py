"""The numbers of one output in a watched pass, as a probe takes them."""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.models.torch.measure.activation import flat_share
from headstart.models.torch.measure.meter import dead_share
from headstart.models.torch.measure.moments import as_written, moments, root_mean_square
from headstart.models.torch.watch_learn import Looked

Numbers = dict[str, float | None]


def output_numbers(tensor: Tensor, place: Looked) -> Numbers:
    """Size, deviation across the batch, cosine, dead and saturated shares; the batch may have another size."""
    batch, shape = place.batch, place.shape
    if tensor.numel() == 0:
        return {}
    if batch is not None:
        inputs, rest = divmod(tensor.shape[batch.axis], batch.per_input)
        batch = None if rest or inputs < 2 else batch._replace(inputs=inputs)
    with as_written(tensor):
        found = moments(tensor, batch, shape is not None and shape.silent)
        numbers: Numbers = {"rms": found.rms, "batch_std": found.batch_std, "cosine": found.cosine}
        if found.silent is not None and batch is not None:
            numbers["dead"] = dead_share(tensor, batch, found.silent, place.units)
        if shape is not None and not shape.affine and (share := flat_share(tensor, shape)) is not None:
            numbers["saturated"] = share
    return numbers


def size_of(tensor: Tensor) -> float | None:
    """Root mean square; None of what holds no numbers."""
    if not tensor.is_floating_point() and not tensor.is_complex():
        return None
    plain = tensor.detach()
    plain = plain.to_dense() if plain.layout != torch.strided else plain
    with as_written(plain):
        return root_mean_square(plain)[0]
