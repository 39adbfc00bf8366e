"""Plan and init: what every parameter of a model will get, and why; and giving it to them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from headstart.errors import InputError
from headstart.models import adapted, makes_new
from headstart.plans import Plan as PlanData
from headstart.plans import plan_parameters
from headstart.plans.keys import Names, keyed
from headstart.plans.lock import Lock
from headstart.plans.part import Names as PartNames
from headstart.plans.part import part_of
from headstart.plans.rules import ResidualScale
from headstart.schemes import Scheme
from headstart.verbs.result import Result

if TYPE_CHECKING:
    from rich.console import Console

    from headstart.show.files import Files
    from headstart.verbs.verify import Verified


class Plan(PlanData, Result):
    """What every parameter of a model gets, and why; what is left alone, and why. Plain data, printable, comparable.

    `entries` and `left_alone` have a row each; `plan["layers.0.weight"]` is one entry. `apply(model, seed)` writes it.
    """

    __repr__, __str__ = Result.__repr__, Result.__str__

    @property
    def headline(self) -> str:
        from headstart.show.model.plan_table import heading

        return heading(self)

    def apply(self, model: Any, seed: int = 0, *, threads: int | None = None, group: Any = None) -> Any:
        """Write every parameter its numbers, drawn by its key from the seed; all is checked before any is written.

        Norms and whatever is left alone keep what they have; the same call again changes nothing. A tree over JAX is
        not changed: the new one is returned, of the same kind and with the same shardings and types. This may be traced
        by jax.jit. Leaves that are a `jax.ShapeDtypeStruct` become arrays, each device making its own part.

        Args:
            model: with the parameters that the plan speaks of, in any form that `plan` takes; of PyTorch on any device
                but meta.
            seed: 0 to 2^64 - 1; the same plan and seed give the same bits.
            threads: at most so many.
            group: of processes that apply it together, or their mesh, or "mesh" for the one that the model is sharded
                on: they exchange one digest first, and all raise where one differs or cannot. None asks nobody.

        Returns:
            Of PyTorch and Keras: parameters whose layer changes what was written (spectral norm): name -> how far the
            weight that is used is from it, relative to it; empty for ordinary layers. Of an NNX module: itself,
            updated. Of any other form over JAX: the new tree.

        Raises:
            InputError: a parameter is missing, has another shape, or cannot be written, or processes of the group
                differ; nothing was written.
        """
        adapter, given = adapted(model)
        return _written(self, adapter, given, seed, threads, group)

    def lock(self, model: Any, seed: int = 0) -> Lock:
        """What this plan gave the model from this seed, with a digest per parameter: to check a model against later.

        Args:
            model: after `apply` with the same seed.

        Raises:
            InputError: a parameter of the plan is not there, or has no values.
        """
        adapter, given = adapted(model)
        held = adapter.locked(given, [entry.name for entry in self.entries])
        return Lock(PlanData(self.entries, self.left_alone), seed, tuple(held.values()))

    def part(self, model: Any, names: PartNames = None) -> Plan:
        """What this plan is for a part of its model: a pipeline's stage, or the experts that one process keeps.

        Names decide, never the order: an entry of the part keeps the key that its numbers are drawn by. Apply, verify
        and lock the part with what this returns.

        Args:
            model: the part.
            names: of the part's parameters in the whole model: the name there of the module that the part is; a
                mapping from names in the part to names in the whole, of parameters or of modules; a function; None
                where they are the same.

        Raises:
            InputError: a parameter of the part that this plan does not have, or two that are the same one of it.

        >>> import torch
        >>> whole = torch.nn.Sequential(torch.nn.Linear(8, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2))
        >>> made, stage = init(whole, "he"), torch.nn.Sequential(torch.nn.Linear(5, 2))
        >>> made.part(stage, {"0": "2"}).apply(stage)
        {}
        >>> torch.equal(stage[0].weight, whole[2].weight)
        True
        """
        adapter, given = adapted(model)
        made = part_of(self, adapter.read(given).parameters, names)
        return Plan(made.entries, made.left_alone)

    def verify(
        self, model: Any, seed: int = 0, *, sample: float = 1e-4, places: int = 0, group: Any = None
    ) -> Verified:  # fmt: skip
        """Which parameters do not hold what this plan and seed say. Changes nothing, and needs no second model.

        A share of each parameter's numbers is drawn again and compared to the bit, at least some hundred of each shard
        that this process holds; orthogonal weights to 1e-12 and their rounding, which costs the whole matrix.

        Args:
            model: with any sharding; each process looks at what it holds. Or the path of a safetensors file, or of a
                folder of shards.
            seed: that the plan was applied with.
            sample: the share that is drawn again, above 0 and at most 1, which is all.
            places: a seed that chooses them.
            group: of processes that have started together, or their mesh, or "mesh" for the one that the model is
                sharded on: each gets what all of them found, and replicas are compared by digests of all that they
                hold. None asks nobody, and tells what this process holds.

        Raises:
            InputError: no model, a sample or seed outside these ranges, or no such group.

        >>> import torch
        >>> layer = torch.nn.Linear(30, 20)
        >>> made = init(layer, "he")
        >>> made.verify(layer)
        <Verified: 2 parameters, 620 numbers drawn again: all as planned>
        >>> _ = torch.nn.init.zeros_(layer.weight[:3])
        >>> made.verify(layer).wrong[0].verdict, made.verify(layer).wrong[0].different
        ('other values', 90)
        """
        from headstart.verbs.verify import verify

        return verify(self, model, seed, sample=sample, places=places, group=group)

    def code(self, library: str = "numpy", seed: int = 0) -> str:
        """A short program that makes these weights with `hs.sample` alone, without this plan.

        Args:
            library: torch (fills a model), flax (a nested dict), equinox (gives a new model), keras (assigns) or numpy
                (a dict of arrays). Of another library's model, names and axes are translated where that can be done;
                the program's comments say what is not in it.
            seed: the program's default.

        Raises:
            InputError: an unknown library, or a seed outside 0 to 2^64 - 1.
        """
        from headstart.show.code import program

        return program(self, library, seed)

    def print_to(self, console: Console) -> None:
        from headstart.show.model.plan_table import print_plan

        print_plan(self, console)

    def chart(self) -> Any:
        """The standard deviation of each parameter, in the model's order, as an Altair chart."""
        from headstart.show.model.plan_chart import plan_chart

        return plan_chart(self)

    def html_table(self) -> str:
        from headstart.show.model.plan_table import plan_table
        from headstart.show.table import html_table

        return html_table(plan_table(self))

    def _repr_html_(self) -> str:
        return self.html_table()

    def files(self) -> Files:
        """plan.json and plan.csv in a folder; .png, .svg, .pdf and .html on request."""
        from headstart.show.model.plan_files import plan_files

        return plan_files(self)


def plan(
    model: Any,
    scheme: str | Scheme = "he",
    example: Any = None,
    *,
    rules: Mapping[str, Any] | None = None,
    bias: str | Scheme = "zeros",
    residual_scale: ResidualScale | None = None,
    only: str | Iterable[str] | None = None,
    frozen: bool = False,
    strict: bool = False,
    names: Names = None,
    params: Any = None,
) -> Plan:
    """What a scheme gives every parameter of a model, and why. Changes nothing.

    Fans, roles and ties come from the layers and from how the forward pass uses each parameter; what follows a weight
    and where residual branches end come from the pass alone, so they need an example.

    Args:
        model: a torch.nn.Module, on any device, the meta device too; a Flax NNX or Equinox module, a tree of JAX arrays
            or of jax.ShapeDtypeStructs; or a pair (Linen module, Haiku transform or function, tree).
        scheme: for all weights that a scheme is for; "gain" keeps the variance for the activation that really follows.
        example: inputs for one forward pass: a tensor, a tuple, or a dict by name; None to read the layers alone.
        rules: a pattern of names ("blocks.*.weight"), a class of layers ("Conv2d") or a role ("lookup") -> a scheme,
            "keep", or a dict with scheme, layout and blocks. Names go before classes, classes before roles, a later
            rule before an earlier one.
        bias: what biases get: a scheme, or "keep".
        residual_scale: for the last weight of each residual branch: a number, "1/sqrt(2L)", which is one over the root
            of the number of residual sums one behind the other (2 L in a transformer of L layers), or a function of it.
        only: patterns of names, classes or roles; everything else is left alone.
        frozen: whether parameters that need no gradient are drawn too.
        strict: whether a parameter whose use nobody knows is an error.
        names: keys that numbers are drawn by, where they shall be those of another framework's model: a ready map to
            PyTorch's names ("flax", "equinox", "haiku", "keras", "transformers"), a mapping, a function from a name to
            its key, or a list of these, one behind the other.
        params: the parameters of a Linen module, a Haiku transform or a function over JAX; of a Linen module with an
            example they may be left out, and the plan is for those that `init` would make.

    Raises:
        InputError: no model, an example that does not run, a rule that fits nothing, or a scheme that cannot draw one
            of the parameters.

    References: He et al. 2015; Glorot & Bengio 2010; Radford et al. 2019 (residual ends).

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2))
    >>> found = plan(model, "gain", example=torch.zeros(1, 8))
    >>> [(entry.name, entry.activation, round(entry.std, 4)) for entry in found]
    [('0.weight', 'relu', 0.5), ('0.bias', None, 0.0), ('2.weight', 'identity', 0.4472), ('2.bias', None, 0.0)]
    """
    adapter, given = adapted(model, params, example)
    reading = adapter.read(given, example)
    made = plan_parameters(
        keyed(reading.parameters, names, model, _chains(reading)), scheme, rules, bias=bias,
        residual_scale=residual_scale, depth=None if reading.graph is None else reading.depth, only=only,
        frozen=frozen, strict=strict,
    )  # fmt: skip
    return Plan(made.entries, made.left_alone)


def _chains(reading: Any) -> set[str]:
    """The names of modules over JAX that run others one after the other."""
    found = set()
    for place in getattr(getattr(reading, "model", None), "places", {}).values():
        for at, owner in enumerate(place.owners):
            if type(owner).__name__ == "Sequential":
                found.add(".".join(place.steps[:at]))
    return found


def _written(plan: Plan, adapter: Any, given: Any, seed: int, threads: int | None, group: Any) -> Any:
    """What an adapter's write gives back."""
    if group is None:
        return adapter.write(plan, given, seed, threads)
    if "group" not in inspect.signature(adapter.write).parameters:
        raise InputError("a group is for models of PyTorch, whose processes each hold shards. Leave it out.")
    return adapter.write(plan, given, seed, threads, group=group)


def init(
    model: Any, scheme: str | Scheme = "he", seed: int = 0, example: Any = None, *, threads: int | None = None,
    group: Any = None, params: Any = None, **how: Any,
) -> Any:  # fmt: skip
    """Give a model its initial weights, and say what each got: `plan` and `apply` in one call.

    Args:
        model, scheme, example: as `plan` has them.
        seed: 0 to 2^64 - 1. Values come from the seed and each parameter's own name: a layer more changes no other.
        threads, group: as `Plan.apply` has them.
        params: as `plan` has them.
        how: rules, bias, residual_scale, only, frozen, strict, names, as `plan` has them.

    Returns:
        The plan that was applied; of a form over JAX that is not updated in place, the new tree.

    Raises:
        InputError: as `plan` and `Plan.apply`; nothing was written.

    >>> import torch
    >>> layer = torch.nn.Linear(256, 128)
    >>> init(layer, "he")["weight"].std, round(layer.weight.std().item(), 3)
    (0.08838834764831845, 0.089)
    """
    adapter, given = adapted(model, params, example)
    made = plan(given, scheme, example, **how)
    written = _written(made, adapter, given, seed, threads, group)
    return written if makes_new(given) else made
