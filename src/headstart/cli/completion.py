"""What a shell may complete a value with: schemes, activations, data sets, findings. Each loads when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from click import Context, Parameter
from click.shell_completion import CompletionItem

Completion = Callable[[Context, Parameter, str], list[CompletionItem]]


def schemes(context: Context, parameter: Parameter, begun: str) -> list[CompletionItem]:
    """Names of schemes, with what each is; after a `*` comes a number."""
    from headstart.schemes import FAMILIES

    return _begun(begun, ((family.name, family.formula) for family in FAMILIES.values()))


def activations(context: Context, parameter: Parameter, begun: str) -> list[CompletionItem]:
    """Names of activations."""
    from headstart.theory.activations.catalogue import FORMULAS

    return _begun(begun, ((name, "") for name in FORMULAS))


def data(context: Context, parameter: Parameter, begun: str) -> list[CompletionItem]:
    """Names of data sets, or the shell's own files."""
    from headstart.experiments.data.datasets import MAKERS

    return _begun(begun, ((name, "") for name in MAKERS)) or [CompletionItem(begun, type="file")]


def findings(context: Context, parameter: Parameter, begun: str) -> list[CompletionItem]:
    """Codes and words of findings."""
    from headstart.signals.registry import RULES

    rows = [(name, rule.word) for rule in RULES.values() for name in (rule.code, rule.word)]
    return _begun(begun, dict(rows).items())


def _begun(begun: str, rows: Iterable[tuple[str, str]]) -> list[CompletionItem]:
    return [CompletionItem(name, help=said or None) for name, said in rows if name.startswith(begun)]


# setting -> what completes its values
SETTINGS: dict[str, Completion] = {"activation": activations, "data": data}
