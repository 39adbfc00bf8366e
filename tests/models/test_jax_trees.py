"""One contract for every form of a model over JAX: what is planned, what is written, and what stays as it is."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax_forms import KEY, Form, LinenModel, NnxModel, X, forms

import headstart as hs
from headstart.models.jax.trees import model_of

SEED = 5
FORMS = forms()
IN_PLACE = ("nnx",)


@functools.cache
def made(name: str) -> Form:
    return FORMS[name]()


@functools.cache
def planned(name: str) -> hs.Plan:
    form = made(name)
    return hs.plan(form.model, "he", form.example, params=form.params, rules={"unknown": "zeros"})


def abstract(tree: Any) -> Any:
    """The tree's arrays as their shapes."""
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) if isinstance(leaf, jax.Array) else leaf, tree
    )


def same(first: Any, second: Any) -> bool:
    one, two = jax.tree.leaves(first), jax.tree.leaves(second)
    return len(one) == len(two) and all(
        np.array_equal(a, b) if isinstance(a, (jax.Array, np.ndarray)) else a == b
        for a, b in zip(one, two, strict=True)
    )


@pytest.mark.parametrize("name", FORMS)
class TestForms:
    def test_weights_are_found_with_fans_and_keys(self, name: str) -> None:
        form = made(name)
        plan = planned(name)
        for weight, (key, layout, shape) in form.weights.items():
            entry = plan[weight]
            assert (entry.key, entry.role) == (key, "weight")
            assert (entry.fan_in, entry.fan_out) == (hs.fans(shape, layout).fan_in, hs.fans(shape, layout).fan_out)

    def test_what_is_written_is_what_its_key_gives(self, name: str) -> None:
        form = made(name)
        plan = planned(name)
        new = plan.apply(form.tree, SEED)
        for weight, (key, layout, shape) in form.weights.items():
            held = np.asarray(form.leaf(new, weight))
            stack = plan[weight].layout.stack_axes
            if not stack:
                assert np.array_equal(held, hs.sample("he", shape, SEED, key, layout=layout)), weight
                continue
            for index in range(held.shape[stack[0]]):  # as a loop over layers has them
                one = hs.sample("he", shape, SEED, key.replace("*", str(index)), layout=layout)
                assert np.array_equal(np.take(held, index, stack[0]), one), (weight, index)

    def test_structure_and_everything_else_stay(self, name: str) -> None:
        form = made(name)
        before = jax.tree.map(lambda leaf: leaf, form.tree)
        new = planned(name).apply(form.tree, SEED)
        assert jax.tree.structure(new) == jax.tree.structure(before)
        if name in IN_PLACE:
            assert new is form.tree
        elif name != "nnx split":
            drawn = {entry.name for entry in planned(name)}
            old, found = model_of(before), model_of(new)
            kept = [weight for weight in found.places if weight not in drawn]
            assert kept or name == "plain"
            assert all(found.places[weight].value is old.places[weight].value for weight in kept)

    def test_the_same_under_jit_and_from_shapes(self, name: str) -> None:
        form = made(name)
        if name.startswith("nnx") or name == "equinox":
            pytest.skip("modules with state or functions go through their library's own transforms: see below")
        tree = (
            form.tree
            if name != "plain"
            else jax.tree.map(lambda leaf: leaf if hasattr(leaf, "shape") else None, form.tree)
        )
        plan = planned(name)
        new = plan.apply(tree, SEED)
        assert same(jax.jit(lambda given: plan.apply(given, SEED))(tree), new)
        filled = plan.apply(abstract(tree), SEED)
        for weight in form.weights:
            assert np.array_equal(form.leaf(filled, weight), form.leaf(new, weight))

    def test_twice_is_as_once_and_seeds_differ(self, name: str) -> None:
        form = made(name)
        plan = planned(name)
        first = next(iter(form.weights))
        one = np.asarray(form.leaf(plan.apply(form.tree, SEED), first)).copy()
        assert np.array_equal(form.leaf(plan.apply(plan.apply(form.tree, SEED), SEED), first), one)
        assert not np.array_equal(form.leaf(plan.apply(form.tree, SEED + 1), first), one)

    def test_init_gives_the_new_tree_or_the_plan(self, name: str) -> None:
        form = made(name)
        if name in ("linen", "linen frozen", "linen stacked along 1"):
            pytest.skip("as linen apart")
        given = hs.init(form.model, "he", SEED, form.example, params=form.params)
        if name in IN_PLACE:
            assert isinstance(given, hs.Plan)
            given = form.tree
        first = next(iter(form.weights))
        assert np.array_equal(form.leaf(given, first), form.leaf(planned(name).apply(form.tree, SEED), first))

    def test_locks_hold_what_was_written(self, name: str) -> None:
        form = made(name)
        plan = planned(name)
        new = plan.apply(form.tree, SEED)
        lock = plan.lock(new, SEED)
        found = {locked.name: locked for locked in plan.lock(plan.apply(form.tree, SEED + 1)).parameters}
        assert len(lock.parameters) == len(plan)
        assert set(lock.differences(found)) >= set(form.weights)
        assert lock.differences({locked.name: locked for locked in lock.parameters}) == {}


class TestNnx:
    def test_a_tied_kernel_is_one_parameter(self) -> None:
        plan = hs.plan(NnxModel(nnx_rngs()), "he")
        assert {left.name: left.reason for left in plan.left_alone}["again"] == "the same array as head.kernel"

    def test_inside_its_own_jit(self) -> None:
        from flax import nnx

        plan = hs.plan(NnxModel(nnx_rngs()), "he")
        outside = plan.apply(NnxModel(nnx_rngs()), SEED)

        @nnx.jit
        def started(model: Any) -> Any:
            plan.apply(model, SEED)
            return model

        inside = started(NnxModel(nnx_rngs()))
        assert np.array_equal(inside.layers.up.kernel[...], outside.layers.up.kernel[...])

    def test_a_module_of_shapes_is_filled(self) -> None:
        from flax import nnx

        empty = nnx.eval_shape(lambda: NnxModel(nnx_rngs()))
        plan = hs.plan(empty, "he")
        model = plan.apply(empty, SEED)
        assert np.array_equal(model.first.kernel[...], plan.apply(NnxModel(nnx_rngs()), SEED).first.kernel[...])
        assert (model.norm.scale[...] == 1).all()
        assert (model.norm.var[...] == 1).all()
        assert (model.norm.mean[...] == 0).all()
        assert jnp.isfinite(model(X)).all()

    def test_random_keys_of_shapes_are_asked_for(self) -> None:
        from flax import nnx

        empty = nnx.eval_shape(
            lambda: nnx.Sequential(nnx.Linear(3, 3, rngs=nnx_rngs()), nnx.Dropout(0.5, rngs=nnx_rngs()))
        )
        plan = hs.plan(empty, "he")
        with pytest.raises(hs.InputError, match=r"random key.*nnx\.reseed"):
            plan.apply(empty)
        assert isinstance(empty.layers[0].kernel.get_value(), jax.ShapeDtypeStruct)  # nothing was written
        nnx.reseed(empty, default=0)
        assert plan.apply(empty).layers[0].kernel[...].shape == (3, 3)

    def test_a_pass_changes_nothing(self) -> None:
        from flax import nnx

        model = nnx.Sequential(nnx.Linear(3, 4, rngs=nnx_rngs()), nnx.BatchNorm(4, rngs=nnx_rngs()))
        before = model.layers[1].mean[...]
        hs.plan(model, "he", example=jnp.ones((5, 3)) * 3)
        assert model.layers[1].mean[...] is before


def nnx_rngs() -> Any:
    from flax import nnx

    return nnx.Rngs(0)


class TestLinen:
    def test_a_module_and_an_example_are_enough(self) -> None:
        model = LinenModel()
        variables = hs.init(model, "he", SEED, X)
        assert same(variables["params"], planned("linen").apply(made("linen").tree, SEED)["params"])
        assert (variables["batch_stats"]["norm"]["var"] == 1).all()
        assert model.apply(variables, X).shape == (2, 3)

    def test_a_plan_of_variables_is_for_their_parameters_too(self) -> None:
        variables, plan = made("linen").tree, planned("linen")
        assert same(plan.apply(variables, SEED)["params"], plan.apply(variables["params"], SEED))

    def test_axes_that_sizes_do_not_tell_are_told_by_the_transform(self) -> None:
        """Kernels of 4 × 4 in a stack of 4: shapes alone cannot say which axis is the stack."""
        import flax.linen as nn

        class Block(nn.Module):
            @nn.compact
            def __call__(self, x: Any, _: Any) -> Any:
                return nn.Dense(4)(x), None

        for axis in (0, 1):
            model = nn.scan(Block, variable_axes={"params": axis}, split_rngs={"params": True}, length=4)()
            entry = hs.plan(model, "he", (jnp.ones((2, 4)), None))["params.Dense_0.kernel"]
            assert entry.layout.stack_axes == (axis,)

    def test_rules_by_class(self) -> None:
        plan = hs.plan(LinenModel(), "he", X, rules={"Dense": "normal(0.02)"})
        assert {entry.std for entry in plan if entry.role == "weight"} == {0.02}

    def test_boxes_of_partitioned_parameters_stay(self) -> None:
        import flax.linen as nn

        made_by = nn.with_partitioning(nn.initializers.lecun_normal(), (None, "model"))
        layer = nn.Dense(4, kernel_init=made_by)
        variables = layer.init(KEY, X)
        new = hs.init((layer, variables), "he", SEED, X)
        assert new["params"]["kernel"].names == (None, "model")
        assert np.array_equal(new["params"]["kernel"].value, hs.sample("he", (6, 4), SEED, "kernel", layout="in_out"))


class TestEquinox:
    def test_shared_weights_are_one_parameter(self) -> None:
        import equinox as eqx

        pair = (eqx.nn.Embedding(7, 4, key=KEY), eqx.nn.Linear(4, 7, key=KEY))
        shared = eqx.nn.Shared(pair, lambda two: two[1].weight, lambda two: two[0].weight)
        plan = hs.plan(shared, "he")
        assert [entry.name for entry in plan] == ["pytree.0.weight", "pytree.1.bias"]
        assert plan.left_alone[0].reason == "the same array as pytree.0.weight"
        embedding, head = plan.apply(shared, SEED)()
        assert embedding.weight is head.weight

    def test_inside_its_own_jit(self) -> None:
        import equinox as eqx

        form, plan = made("equinox"), planned("equinox")
        inside = eqx.filter_jit(lambda model: plan.apply(model, SEED))(form.tree)
        assert np.array_equal(inside.layers.up.weight, plan.apply(form.tree, SEED).layers.up.weight)
        assert inside.activation is form.tree.activation


class TestStacks:
    def test_stacks_of_stacks_have_a_place_for_each_index(self) -> None:
        from flax import nnx

        def expert(rngs: nnx.Rngs) -> Any:
            return nnx.Linear(3, 5, rngs=rngs)

        class Model(nnx.Module):
            def __init__(self) -> None:
                rngs = nnx_rngs()
                outer = nnx.vmap(nnx.vmap(expert, in_axes=0, out_axes=0), in_axes=0, out_axes=0)
                self.experts = outer(nnx_rngs().split((2, 4)))
                self.head = nnx.Linear(5, 2, rngs=rngs)

        model = Model()
        plan = hs.plan(model, "he")
        assert plan["experts.kernel"].key == "experts.*.*.kernel"
        plan.apply(model, SEED)
        one = hs.sample("he", (3, 5), SEED, "experts.1.3.kernel", layout="in_out")
        assert np.array_equal(model.experts.kernel[...][1, 3], one)

    def test_a_shape_that_is_not_the_layers_is_left_alone(self) -> None:
        from flax import nnx

        layer = nnx.Linear(3, 5, rngs=nnx_rngs())
        layer.kernel.set_value(jnp.ones((4, 6)))
        left = {each.name: each.reason for each in hs.plan(layer, "he").left_alone}
        assert "its shape is not the one that its layer has" in left["kernel"]
