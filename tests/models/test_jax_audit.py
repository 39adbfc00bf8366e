"""Audits of models over JAX: what each library's layers start from is recognised, and what is wrong is found."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import haiku
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx
from jax_zoo_healthy import HEALTHY
from jax_zoo_probed import SICK

import headstart as hs
from headstart.errors import InputError

KEY = jax.random.key(0)
RNGS = nnx.Rngs(0)


def first(found: hs.Audit, name: str) -> str:
    return next(row["recipes"][0] for row in found.rows() if row["name"].endswith(name))


FLAX: dict[str, Any] = {
    "Linear": lambda: nnx.Linear(80, 96, rngs=RNGS),
    "LinearGeneral": lambda: nnx.LinearGeneral((8, 10), (4, 24), axis=(-2, -1), rngs=RNGS),
    "Conv": lambda: nnx.Conv(16, 48, (3, 3), feature_group_count=2, rngs=RNGS),
    "ConvTranspose": lambda: nnx.ConvTranspose(16, 48, (4, 4), strides=2, rngs=RNGS),
}


@pytest.mark.parametrize("name", FLAX)
def test_what_flax_starts_from(name: str) -> None:
    assert first(hs.audit(FLAX[name]()), "kernel") == f"lecun_normal, Flax's default for {name}"


def test_what_linen_and_its_tables_start_from() -> None:
    model = linen.Sequential([linen.Embed(500, 40), linen.Dense(300)])
    ids = jnp.zeros((2, 3), int)
    found = hs.audit(model, ids, params=model.init(KEY, ids))
    assert first(found, "embedding") == "N(0, 1/features), Flax's default for Embed"
    assert first(found, "kernel") == "lecun_normal, Flax's default for Dense"


EQUINOX: dict[str, Any] = {
    "Linear": lambda: eqx.nn.Linear(80, 96, key=KEY),
    "Conv2d": lambda: eqx.nn.Conv2d(16, 60, 3, groups=2, key=KEY),
    "ConvTranspose2d": lambda: eqx.nn.ConvTranspose2d(16, 60, 4, 2, key=KEY),
}


@pytest.mark.parametrize("name", EQUINOX)
def test_what_equinox_starts_from(name: str) -> None:
    found = hs.audit(EQUINOX[name]())
    assert first(found, "weight") == f"U(±1/sqrt(fan_in)), Equinox's default for {name}"
    bias = next(row["recipes"] for row in found.rows() if row["name"] == "bias")
    assert f"U(±1/sqrt(fan_in)), Equinox's default for {name}" in bias


def test_equinox_cells_and_tables() -> None:
    cell = hs.audit(eqx.nn.LSTMCell(30, 64, key=KEY))
    assert first(cell, "weight_ih") == "U(±1/sqrt(hidden)), Equinox's default for LSTMCell"
    table = hs.audit(eqx.nn.Embedding(300, 40, key=KEY))
    assert first(table, "weight") == "N(0, 1), Equinox's default for Embedding"


def test_what_haiku_starts_from() -> None:
    model = haiku.transform(lambda x: haiku.Linear(300)(x))
    x = jnp.zeros((2, 90))
    found = hs.audit(model, x, params=model.init(jax.random.PRNGKey(0), x))
    assert first(found, "w") == "truncated N(0, 1/fan_in), Haiku's default for Linear"


def test_a_default_is_no_other_librarys() -> None:
    """The same numbers in a bare tree are a law and a fan; a scale that is 10 % off is none."""
    model = eqx.nn.Linear(80, 96, key=KEY)
    assert "Equinox" not in str(hs.audit({"weight": model.weight}).rows()[0]["recipes"])
    wider = eqx.tree_at(lambda m: m.weight, model, replace_fn=lambda w: 1.1 * w)
    assert hs.audit(wider).rows()[0]["recipes"] == []


def test_fans_counted_over_the_last_two_axes_are_a_mistake_where_they_are_not_the_layers() -> None:
    """JAX's own initializers take (..., in, out); Equinox's weights are (out, in)."""
    draw = jax.nn.initializers.he_normal()
    sick = eqx.tree_at(lambda m: m.weight, eqx.nn.Linear(400, 50, key=KEY), draw(KEY, (50, 400)))
    right = jax.nn.initializers.he_normal(in_axis=1, out_axis=0)
    well = eqx.tree_at(lambda m: m.weight, eqx.nn.Linear(400, 50, key=KEY), right(KEY, (50, 400)))
    model = eqx.nn.Sequential([sick, eqx.nn.Lambda(jax.nn.relu), eqx.nn.Linear(50, 3, key=KEY)])
    twin = eqx.nn.Sequential([well, eqx.nn.Lambda(jax.nn.relu), eqx.nn.Linear(50, 3, key=KEY)])
    x = jnp.zeros((2, 400))
    finding = next(finding for finding in hs.audit(model, x).findings if finding.code == "HS611")
    assert "as jax.nn.initializers does by default" in finding.message
    assert "HS611" not in {finding.code for finding in hs.audit(twin, x).findings}


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("a layer of zeros", {"HS604"}), ("a weight that is no number", {"HS601"}), ("all units alike", {"HS607"}),
        ("saturated tanh", {"HS617"}),
    ],
)  # fmt: skip
def test_faults_of_sick_models_and_none_of_their_twins(name: str, codes: set[str]) -> None:
    for sick in (True, False):
        *model, x = SICK[name][0](sick)
        found = hs.audit(model[0], x, params=model[1] if len(model) > 1 else None)
        faults = {finding.code for finding in found.findings if finding.severity == "fault"}
        assert faults >= codes if sick else not faults, str(found)


@pytest.mark.parametrize("name", ["gpt", "moe"])
def test_healthy_models_have_no_fault(name: str) -> None:
    *model, x = HEALTHY[name]()
    found = hs.audit(model[0], x, params=model[1] if len(model) > 1 else None)
    assert found.healthy, str(found)


def test_statistics_are_buffers_and_shapes_have_no_values() -> None:
    model = nnx.BatchNorm(12, rngs=RNGS)
    roles = {row["name"]: row["role"] for row in hs.audit(model).rows()}
    assert roles == {"scale": "norm scale", "bias": "norm shift", "mean": "buffer", "var": "buffer"}
    shapes = jax.eval_shape(lambda: {"w": jnp.zeros((30, 20))})
    row = hs.audit(shapes).rows()[0]
    assert row["looks"] is None
    assert row["note"].startswith("it is a jax.ShapeDtypeStruct, which has no memory")


def test_narrow_and_sharded_arrays_are_looked_at() -> None:
    mesh = jax.sharding.Mesh(np.array(jax.devices()[:1]), ("x",))
    spec = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("x"))
    weight = jax.device_put((jax.random.normal(KEY, (128, 64)) / 8).astype(jnp.bfloat16), spec)
    row = hs.audit({"w": weight}).rows()[0]
    assert (row["dtype"], row["looks"]) == ("bfloat16", "normal")
    assert row["std"] == pytest.approx(1 / 8, rel=0.03)


def test_a_lock_holds() -> None:
    model = nnx.Linear(20, 30, rngs=RNGS)
    plan = hs.plan(model, "he")
    plan.apply(model, seed=3)
    lock = plan.lock(model, seed=3)
    assert hs.audit(model, lock=lock).healthy
    model.kernel[...] = model.kernel[...].at[2, 3].add(1e-3)
    assert hs.audit(model, lock=lock).unlocked


def test_bad_input_is_told() -> None:
    with pytest.raises(InputError, match="holds no parameters"):
        hs.audit(linen.Dense(3), jnp.zeros((2, 3)), params="weights")
    with pytest.raises(InputError, match="forward pass fails"):
        hs.audit(nnx.Linear(20, 30, rngs=RNGS), jnp.zeros((2, 7)))
