"""`headstart`: the group of commands. Each command's file loads only when it is called, so `--help` is quick."""

from __future__ import annotations

import importlib

import click

from headstart import __version__

# command -> (its module, one line for --help); the function in the module is named `command`
COMMANDS = {
    "compare": (
        "headstart.cli.compare",
        "Train one small network from several initializations and show the difference.",
    ),
    "figure": ("headstart.cli.figure", "Figures made before, again: any size, look and format."),
    "tune": ("headstart.cli.tune", "Search for the best multiplier and learning rate, and say whether it paid."),
    "sweep": ("headstart.cli.sweep", "Run a study of many networks from one file; killed or stopped, it goes on."),
    "report": ("headstart.cli.report", "What the runs of a sweep say: medians, best settings, heat maps, a page."),
    "plan": ("headstart.cli.plan", "What every parameter of a model would get, and why: a dry run, a diff, a lock."),
    "materialize": (
        "headstart.cli.materialize",
        "Write the weights of a plan or a model to disk as safetensors, whatever their size; it goes on.",
    ),
    "verify": ("headstart.cli.verify", "Whether a checkpoint or a model holds what a plan says, by a sample."),
    "audit": (
        "headstart.cli.audit",
        "What every parameter of a model or checkpoint holds, and what is wrong with it.",
    ),
    "probe": ("headstart.cli.probe", "Where the signal and the gradient of a model go, and the line that mends it."),
    "lab": (
        "headstart.cli.lab",
        "Open a page that trains networks in the browser, with Python's own weights; lessons.",
    ),
    "explain": (
        "headstart.cli.explain",
        "What a finding means, why, and how to mend it: by code or by word.",
    ),
    "schemes": ("headstart.cli.schemes", "List every scheme: formula, when to use it, paper, other libraries' names."),
    "gain": ("headstart.cli.gain", "What an activation does to signal and gradient, and what each library would use."),
    "phase": ("headstart.cli.phase", "Phase diagram of an activation: where gradients vanish, explode, or survive."),
}


class LazyGroup(click.Group):
    """Commands by name; the module behind a name is imported when the command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="headstart")
def cli() -> None:
    """Initial weights of neural networks: chosen, explained, and compared by experiment."""
