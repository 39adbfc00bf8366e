"""headstart in JAX's own style: initializers, to be passed as `kernel_init=` or called with a random key.

    import headstart as hs
    nn.Dense(64, kernel_init=hs.jax.he())
    hs.jax.initializer("he*1.3")(jax.random.key(0), (128, 64))

The numbers come from the key, and are the same bits inside jit, vmap and scan as outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headstart.errors import InputError
from headstart.layout import Layout, check_shape, layout_of
from headstart.models.jax.keyed import draw_keyed, key_words
from headstart.models.jax.shards import constrained
from headstart.models.jax.trees import FLOATS, is_traced
from headstart.schemes import FAMILIES, Constant, Scheme, scheme
from headstart.schemes.scheme import family_scheme

__all__ = ["Initializer", "initializer", *FAMILIES]


@dataclass(frozen=True)
class Initializer:
    """A `jax.nn.initializers.Initializer`: called with a random key and a shape, it makes an array.

    Args:
        scheme: what it draws.
        layout: what the axes are for.
        activation: what follows, for the scheme `gain`.
    """

    scheme: Scheme
    layout: Layout
    activation: str | None = None

    def __call__(
        self, key: Any, shape: Sequence[int], dtype: Any = jnp.float32, out_sharding: Any = None
    ) -> jax.Array:  # fmt: skip
        """The weights that a key gives.

        Args:
            key: jax.random.key(...) or jax.random.PRNGKey(...).
            shape: the weight's whole shape.
            dtype: float32, float64 (with jax_enable_x64), float16 or bfloat16.
            out_sharding: where it shall lie.

        Raises:
            InputError: no key, a shape without the axes of the layout, or a dtype that weights do not have.
        """
        sizes = check_shape(shape)
        name = str(jax.dtypes.canonicalize_dtype(jnp.float32 if dtype is None else dtype))
        if name not in FLOATS:
            raise InputError(f"weights are float32, float64, float16 or bfloat16, got dtype={name}.")
        key_words(key)
        draws = (Constant(0.0),) if 0 in sizes else self.scheme.draws(sizes, self.layout, self.activation)
        made = draw_keyed(key, draws, sizes, name, self.layout if 0 not in sizes else Layout())
        placed: jax.Array = made if out_sharding is None else _placed(made, out_sharding)
        return placed


def initializer(
    spec: str | Scheme, in_axis: int | Sequence[int] = -2, out_axis: int | Sequence[int] = -1,
    batch_axis: int | Sequence[int] = (), *, layout: str | Layout | None = None, activation: Any = None,
) -> Initializer:  # fmt: skip
    """An initializer of JAX's kind for a scheme.

    Args:
        spec: a scheme or its spec string.
        in_axis, out_axis: the axes of inputs and outputs, as jax.nn.initializers has them; the others are the receptive
            field.
        batch_axis: axes that count in neither fan: each of their slices is a weight of its own.
        layout: all of that as a name in `layout.LAYOUTS` or a `Layout`, with groups, strides and blocks besides.
        activation: what follows the layer, for the scheme `gain`.

    Returns:
        An `Initializer`: (key, shape, dtype=float32, out_sharding=None) -> array. Equal for equal arguments.

    Raises:
        InputError: no scheme, or axes that contradict each other.

    >>> import jax
    >>> make = initializer("he*1.3")
    >>> weights = make(jax.random.key(0), (512, 64))
    >>> weights.shape, round(float(weights.std()), 3), round(1.3 * (2 / 512) ** 0.5, 3)
    ((512, 64), 0.082, 0.081)
    >>> traced = jax.jit(lambda key: make(key, (512, 64)))(jax.random.key(0))
    >>> bool((traced == weights).all())
    True

    References: jax.nn.initializers.variance_scaling, whose own numbers under jit are not those outside.
    """
    if layout is None:
        found = Layout(_axes(out_axis), _axes(in_axis), _axes(batch_axis))
    elif (in_axis, out_axis, batch_axis) != (-2, -1, ()):
        raise InputError("the axes come from in_axis, out_axis and batch_axis or from layout, got both. Leave one out.")
    else:
        found = layout_of(layout)
    return Initializer(scheme(spec), found, None if activation is None else str(activation))


def _axes(given: int | Sequence[int]) -> Any:
    return tuple(given) if isinstance(given, Sequence) else given


def _placed(made: jax.Array, sharding: Any) -> Any:
    """The array where it shall lie; in a traced program that is what the compiler is told."""
    if is_traced(made) or not isinstance(sharding, jax.sharding.Sharding):
        return constrained(made, sharding)
    host = np.asarray(made)
    return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])


def _named(family: str) -> Callable[..., Initializer]:
    def make(*arguments: Any, in_axis: int | Sequence[int] = -2, out_axis: int | Sequence[int] = -1,
             batch_axis: int | Sequence[int] = (), layout: str | Layout | None = None, activation: Any = None,
             **keywords: Any) -> Initializer:  # fmt: skip
        spec = family_scheme(family, *arguments, **keywords)
        return initializer(spec, in_axis, out_axis, batch_axis, layout=layout, activation=activation)

    make.__name__ = make.__qualname__ = family
    make.__doc__ = f"""An initializer of `{FAMILIES[family].example}`: {FAMILIES[family].formula}.

    The scheme's arguments come first; the axes, layout and activation as `initializer` has them."""
    return make


for _family in FAMILIES:
    globals()[_family] = _named(_family)
