"""What a shell says to get a result that Python has: its settings as options."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from headstart.errors import InputError
from headstart.experiments.compare.again import is_of_values

if TYPE_CHECKING:
    from pydantic import BaseModel


def settings_words(settings: BaseModel, without: Collection[str] = ()) -> list[str]:
    """The options of a command for the settings that are not their defaults.

    Args:
        settings: those of a comparison or a tuning.
        without: names that are left out.
    """
    fields = type(settings).model_fields
    kept = {name: getattr(settings, name) for name in fields if name not in without}
    return option_words({name: value for name, value in kept.items() if value != fields[name].default})


def option_words(values: dict[str, Any]) -> list[str]:
    """Values as options.

    >>> option_words({"seeds": 4, "hidden": (10, 5), "header": False})
    ['--seeds', '4', '--hidden', '10,5', '--no-header']
    """
    words = []
    for name, value in values.items():
        option = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words.append(option if value else f"--no-{option[2:]}")
        else:
            words += [option, ",".join(map(str, value)) if isinstance(value, (tuple, list)) else f"{value}"]
    return words


def can_be_told(data: Any, activation: str) -> bool:
    """Whether a shell has what this was made of: a data set or a file, and an activation that has a name."""
    from headstart.theory import activation as by_name

    try:
        by_name(activation)
    except InputError:
        return False
    return isinstance(data, str) and not is_of_values(data)
