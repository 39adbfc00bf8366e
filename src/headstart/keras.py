"""headstart in Keras's own style: initializers for `kernel_initializer=` and its like, one per scheme.

    import headstart as hs
    keras.layers.Dense(64, kernel_initializer=hs.keras.he(seed=0))

`hs.keras.Initializer("he*1.3", seed=0)` takes any scheme; the others take a scheme's own arguments.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from typing import Any

from headstart.errors import InputError
from headstart.schemes import FAMILIES
from headstart.schemes.scheme import family_scheme

_BACKENDS = ("tensorflow", "jax", "torch")


def _loaded() -> None:
    """Load Keras, whose backend must be there.

    Raises:
        InputError: it cannot be loaded.
    """
    try:
        import keras  # noqa: F401 - only whether it loads
    except ImportError as error:
        asked = os.environ.get("KERAS_BACKEND", "tensorflow, its default,")
        there = [name for name in _BACKENDS if importlib.util.find_spec(name) is not None]
        if importlib.util.find_spec("keras") is None:
            raise InputError("hs.keras needs Keras, which is not installed. Install headstart[keras].") from None
        raise InputError(
            f"Keras cannot be loaded with the backend {asked} ({error}). Set KERAS_BACKEND to one that is installed "
            f"({', '.join(there) or 'none of them is'}) before keras is imported."
        ) from error


_loaded()

from headstart.models.keras.initializer import Initializer  # noqa: E402  # after the check that Keras can be loaded

__all__ = ["Initializer", *FAMILIES]


def _named(family: str) -> Callable[..., Initializer]:
    def made(*arguments: Any, seed: int = 0, layout: Any = None, activation: str | None = None,
             name: str | None = None, **keywords: Any) -> Initializer:  # fmt: skip
        return Initializer(family_scheme(family, *arguments, **keywords), seed, layout, activation, name)

    made.__name__ = made.__qualname__ = family
    made.__doc__ = f"""An initializer of `{FAMILIES[family].example}`: {FAMILIES[family].formula}.

    The scheme's arguments come first; seed, layout, activation and name as `Initializer` has them."""
    return made


for _family in FAMILIES:
    globals()[_family] = _named(_family)
