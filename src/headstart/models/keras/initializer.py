"""`hs.keras.Initializer`: a scheme as an initializer of Keras's layers, saved and loaded with the model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from headstart.check import seed as checked_seed
from headstart.draws.arrays import draw_array
from headstart.errors import InputError
from headstart.layout import LAYOUTS, Layout, layout_of
from headstart.models.keras.calling import Called, called
from headstart.models.keras.layers import Kind, kind_of
from headstart.plans.roles import ROLES
from headstart.schemes import Draw, Scheme, scheme


@keras.saving.register_keras_serializable(package="headstart")
class Initializer(keras.initializers.Initializer):  # type: ignore[misc]  # Keras has no types
    """The weights of a scheme, for `kernel_initializer=` and its like: each variable has a stream of its own.

    Keras hands an initializer a shape and a type; which variable it is for is read from the calls that are running. A
    variable's numbers come from the seed and its path in the outermost layer that is being built: its layers' names,
    with the model's own, those that Keras numbered counted anew inside the model. So the layers that one object is
    given to differ, query, key and value too, and the same model gives the same bits.

    Args:
        scheme: a scheme or its spec string.
        seed: 0 to 2^64 - 1.
        layout: what the axes are for, in place of what the calling layer says: "in_out" (Keras's own convention, and
            what a layer that nobody here knows has), another name in `layout.LAYOUTS`, or a `Layout`.
        activation: what follows, for the scheme "gain"; by default the calling layer's own activation.
        name: of the stream, in place of the variable's path; "w" where it is called by hand.

    Raises:
        InputError: no scheme, seed, layout or activation; when it is called, a shape that has no fans for a scheme
            that needs them.

    >>> layer = keras.layers.Dense(5, kernel_initializer=Initializer("he*1.3", seed=1))
    >>> layer.kernel_initializer
    Initializer('he*1.3', seed=1)
    """

    def __init__(
        self, scheme: str | Scheme = "he", seed: int = 0, layout: str | Layout | Mapping[str, Any] | None = None,
        activation: str | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        self.scheme, self.seed = _scheme(scheme), checked_seed(seed)
        given = (
            Layout(**{key: _tuples(value) for key, value in layout.items()}) if isinstance(layout, Mapping) else layout
        )
        self.layout = None if given is None else layout_of(given)
        self.activation = None if activation is None else str(activation)
        if name is not None and not (isinstance(name, str) and name):
            raise InputError(f"the name of a stream is a word, got {name!r}. Leave it out, or write 'encoder/kernel'.")
        self.name = name

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """The numbers of the variable that is being made, or of one called `name` by hand."""
        sizes = tuple(int(size) for size in shape)
        kind_of_number = str(keras.backend.standardize_dtype(dtype or keras.config.floatx()))
        found = called()
        if found is not None and found.placeholder:
            return keras.ops.zeros(sizes, dtype)
        kind, name = self._kind(found, sizes), self._name(found, sizes)
        layout = self.layout or kind.layout or LAYOUTS["in_out"]
        try:
            draws = self._draws(sizes, layout, kind, found)
            return draw_array(
                draws if len(draws) > 1 else draws[0], sizes, self.seed, name, ROLES[kind.role].stream, kind_of_number,
                layout=layout, backend=_backend(),
            )  # fmt: skip
        except InputError as error:
            raise InputError(f"{name}: {error}") from None

    def get_config(self) -> dict[str, Any]:
        """What makes an equal one."""
        return {
            "scheme": str(self.scheme), "seed": self.seed, "layout": None if self.layout is None else _plain(self.layout),
            "activation": self.activation, "name": self.name,
        }  # fmt: skip

    def __repr__(self) -> str:
        given = {key: value for key, value in self.get_config().items() if value is not None}
        spec = given.pop("scheme")
        return f"Initializer({spec!r}, {', '.join(f'{key}={value!r}' for key, value in given.items())})"

    def _kind(self, found: Called | None, shape: tuple[int, ...]) -> Kind:
        """What the variable is for."""
        if found is None or found.layer is None:
            return Kind("weight")
        kind = kind_of(found.layer, str(found.variable.name), shape) or Kind("weight")
        # a part of a bias, which some layers put together: its axes are not the whole's
        return kind if shape == tuple(found.variable.shape or shape) else Kind(kind.role)

    def _name(self, found: Called | None, shape: tuple[int, ...]) -> str:
        name = self.name or ("w" if found is None else found.key)
        part = found is not None and found.variable.shape is not None and shape != tuple(found.variable.shape)
        return f"{name}:{'x'.join(map(str, shape))}" if part else name

    def _draws(
        self, shape: tuple[int, ...], layout: Layout, kind: Kind, found: Called | None
    ) -> tuple[Draw, ...]:  # fmt: skip
        if not self.scheme.adapts:
            return self.scheme.draws(shape, layout)
        given = self.activation
        own = getattr(found.layer, "activation", None) if found is not None and kind.role == "weight" else None
        if given is None and own is not None:
            told = keras.activations.serialize(own)
            given = told if isinstance(told, str) else None
        return self.scheme.draws(shape, layout, "identity" if given in (None, "linear") else given)


def _scheme(given: str | Scheme) -> Scheme:
    return scheme(given)


def _backend() -> str | None:
    """JAX, while it traces: a sharded variable is made by a compiled program, each device its own part."""
    if keras.backend.backend() != "jax":
        return None
    import jax

    return "jax" if isinstance(jax.numpy.zeros(()), jax.core.Tracer) else None


def _plain(layout: Layout) -> dict[str, Any]:
    """A layout's fields that are not at their defaults, as JSON has them."""
    fields = ((field.name, getattr(layout, field.name), field.default) for field in dataclasses.fields(layout))
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value, default in fields if value != default
    }


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
