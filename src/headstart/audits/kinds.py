"""The sicknesses that people report, by one word each, and the rules of an audit that find them."""

from __future__ import annotations

KINDS: dict[str, tuple[str, ...]] = {
    "non_finite": ("HS601",),
    "uninitialized": ("HS602",),
    "lazy": ("HS603",),
    "meta": ("HS603",),
    "zero_layer": ("HS604",),
    "dead_pair": ("HS605",),
    "identical_tensors": ("HS606",),
    "symmetric_units": ("HS607",),
    "norm_scale": ("HS608",),
    "input_independent": ("HS609",),
    "residual_scale": ("HS610",),
    "fans": ("HS611", "HS613"),
    "wrong_scale": ("HS611", "HS612", "HS613", "HS614", "HS615", "HS622", "HS623"),
    "vanishing_forward": ("HS614",),
    "vanishing_gradient": ("HS614",),
    "exploding_forward": ("HS615",),
    "exploding_gradient": ("HS615",),
    "first_loss": ("HS616",),
    "saturation": ("HS617",),
    "dead_units": ("HS618",),
    "effective_weight": ("HS619",),
    "overwritten": ("HS620", "HS621"),
    "forgets": ("HS621",),
}
