"""`headstart lab`: the page that trains in the browser, served on loopback or written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headstart.cli import completion
from headstart.cli.former import Command
from headstart.cli.options import PATH, given, settings_options
from headstart.errors import InputError
from headstart.experiments.settings import READING, CompareSettings

if TYPE_CHECKING:
    from headstart.verbs.lab import Lab

FILE = (".html", ".toml")


@click.command("lab", cls=Command)
@click.argument("schemes", nargs=-1, metavar="[SCHEME|LESSON]...", shell_complete=completion.schemes)
@settings_options(
    CompareSettings, "data", *READING, "hidden", "activation", "seeds", "steps", "learning_rate", "tune_learning_rate",
    "optimizer", "batch_size", "dtype", "data_seed", "record_every", "preset",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="PORT", help="Of 127.0.0.1.  [one that is free]"
)
@click.option("--no-browser", is_flag=True, help="Serve the page and say where it is; open nothing.")
@click.option("--lessons", is_flag=True, help="List the lessons there are.")
@click.option(
    "--out", type=PATH, metavar="FILE", help="Write the page (.html), or a lesson's source (.toml), and stop."
)
def command(
    schemes: tuple[str, ...], port: int, no_browser: bool, lessons: bool, out: Path | None, **options: Any
) -> None:
    """Open a page that trains networks in the browser: Python's own weights, to the bit; nothing from a network.

    SCHEMEs and options are those of `headstart compare`, up to six schemes. LESSON is the name of a lesson or a .toml
    file of your own. The page is served on loopback until Ctrl-C; with --out it is a file that works from disk.

    \b
    headstart lab
    headstart lab he he*2 orthogonal --data spirals --hidden 32,32 --activation tanh
    headstart lab --data table.csv --label species --out lab.html
    headstart lab lecture
    headstart lab lecture --out mine.toml
    headstart lab mine.toml --out lesson.html
    """
    if lessons:
        _list_lessons()
        return
    if out is not None and out.suffix.lower() == ".toml":
        _write_source(schemes, out)
        return
    found = _lab(schemes, given(options))
    if out is not None:
        from headstart.cli.streams import say

        say(f"wrote {found.save(out)}")
        return
    _serve(found, port, no_browser)


def _lab(schemes: tuple[str, ...], options: dict[str, Any]) -> Lab:
    from headstart.verbs.lab import lab_of
    from headstart.web.lesson import is_lesson

    lesson = next((word for word in schemes if is_lesson(word)), None)
    if lesson is not None and (len(schemes) > 1 or options):
        raise InputError(f"a lesson has its own schemes and settings, got more than {lesson!r}. Write it alone.")
    found = lab_of(list(schemes), options)
    _ = found.page  # a table that cannot be read is told before anything is served or written
    return found


def _list_lessons() -> None:
    from headstart.show.console import console
    from headstart.show.table import Column, Table, print_table
    from headstart.web.lesson import built_in

    cells = tuple((lesson.name, lesson.title, str(len(lesson.steps))) for lesson in built_in().values())
    columns = (Column("lesson", "left"), Column("what it is about", "left", kind="prose", rank=2), Column("steps"))
    print_table(Table("", columns, cells), console())


def _write_source(schemes: tuple[str, ...], out: Path) -> None:
    """Write one of our lessons as TOML, to begin one's own with."""
    from headstart.cli.streams import say
    from headstart.show.writing import check_target, write
    from headstart.web.lesson import source

    if len(schemes) != 1:
        raise InputError(f"a lesson's source is of one lesson, got {out} for {len(schemes)} names. Write headstart lab "
                         "lecture --out mine.toml.")  # fmt: skip
    write({check_target(out, FILE): source(schemes[0])})
    say(f"wrote {out}")


def _serve(found: Lab, port: int, no_browser: bool) -> None:
    """Serve the page until Ctrl-C; a browser in the terminal itself keeps us until it is left."""
    import threading
    import webbrowser

    from headstart.cli.streams import say

    with found.serve(port) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            click.echo(server.url)  # alone on stdout, for whoever calls us
            if not no_browser and not webbrowser.open(server.url):
                say("No browser opened: open the address above in one, or write a file with --out lab.html.")
            say("Ctrl-C ends it.")
            serving.join()
        finally:
            server.shutdown()
