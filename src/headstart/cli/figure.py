"""`headstart figure`: figures of a comparison made before, or of a figure: again, or in another look."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import click

from headstart.cli.figure_options import KINDS, NAMES, PLAIN, look_of, look_options
from headstart.cli.former import Command
from headstart.cli.options import PATH, THREADS
from headstart.errors import InputError

SUFFIXES = (".png", ".svg", ".pdf", ".gif", ".html")
OTHERS = ("gain", "phase", "tune", "report")  # commands whose figures carry their words
WRITES = ("--out", "--storage", "--json")  # what those words never hold


@click.command("figure", cls=Command)
@click.option("--from", "source", type=PATH, metavar="FILE", required=True,
              help="compare.json of `headstart compare --out compare.json`, or a figure.")  # fmt: skip
@click.option("--figure", metavar="NAMES", help=f"{NAMES}; several with commas.  [the file's own]")
@click.option("--schemes", metavar="SCHEMES", help="Those that are drawn, with commas.  [all]")
@look_options
@THREADS
@click.option("--out", type=PATH, metavar="PATH", required=True, help=f"One file ({KINDS}), or a folder.")
def command(
    source: Path, figure: str | None, schemes: str | None, threads: int | None, out: Path, **options: Any
) -> None:
    """Draw figures that were made before: again, or in another look.

    FILE is the JSON of a comparison, or a figure: each carries what made it. The networks are trained again, which
    gives the same numbers. Figures of gain, phase, tune and report are made again too.

    \b
    headstart compare --out compare.json
    headstart figure --from compare.json --figure costs --size 16x9cm --theme slide --out costs.png
    headstart figure --from compare.json --figure boundaries --moments 6 --schemes he --out he.pdf
    headstart figure --from costs.png --theme print --out costs.pdf
    """
    from headstart.cli.output import check_out
    from headstart.cli.progress import Progress
    from headstart.cli.streams import say
    from headstart.experiments.compare.again import differences, settings_again
    from headstart.show.figure.origin import origin_of
    from headstart.verbs.compare import compare_with

    check_out(out, SUFFIXES)
    document = origin_of(source)
    before = dict(document.get("figure") or {})
    if "of" in before:
        _draw_again(source, before, {**options, "figure": figure, "schemes": schemes}, out)
        return
    names = figure or ",".join(before.pop("names", ()))
    before.pop("names", None)
    if not names:
        raise InputError(f"{str(source)!r} is of no figure. Write which: --figure costs ({NAMES}).")
    kept = document if "schemes" in document else {**document, "schema": document.get("settings_schema", 1)}
    settings = settings_again(kept, repr(str(source)))
    look = look_of(options, scheme_names(schemes), **before)
    with Progress("Training", "runs", settings.run_units) as progress:
        comparison = compare_with(settings, threads=threads, progress=progress.update)
    for words in differences(document, comparison) if "schemes" in document else ():
        say(f"Not the same as in the file: {words}. Another version made it, or its data changed.")
    drawn = comparison.figure(names, **{name: getattr(look, name) for name in look.__dataclass_fields__})
    for words in drawn.notes:
        say(words[0].upper() + words[1:])
    say("Drawing ...")
    for path in drawn.save(out).values():
        say(f"wrote {path}")


def _draw_again(source: Path, before: dict[str, Any], options: dict[str, Any], out: Path) -> None:
    """Call the command that drew a figure of `gain`, `phase`, `tune` or `report`, with another look.

    Raises:
        InputError: no command can draw it again, or what was asked for is of comparisons.
    """
    words = before.pop("of")
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise InputError(
            f"{str(source)!r} was made of what was given in Python, which it does not hold. Draw it there."
        )
    if words[0] not in OTHERS or any(word.startswith(WRITES) for word in words):
        raise InputError(f"{str(source)!r} does not say which command of headstart drew it. Draw it with that.")
    for name in ("figure", "schemes", "at", "moments"):
        if options.get(name) is not None:
            raise InputError(f"--{name} is for figures of comparisons, and this is one of {words[0]}. Leave it out.")
    given = {name: value for name, value in options.items() if value is not None and name in PLAIN}
    look = {**{name: value for name, value in before.items() if name in PLAIN}, **given}
    dressing = [part for name, value in look.items() for part in ("--" + name.replace("_", "-"), f"{value}")]
    from headstart.cli.group import cli

    with redirect_stdout(StringIO()):  # the numbers, which are not asked for
        cli.main([*words, *dressing, "--out", str(out)], "headstart", standalone_mode=False)


def scheme_names(text: str | None) -> list[str] | None:
    """The schemes in `he,uniform(-1, 1)`: commas inside brackets belong to a scheme.

    >>> scheme_names("he,he(mode=fan_out, distribution=uniform)")
    ['he', 'he(mode=fan_out, distribution=uniform)']
    """
    if text is None:
        return None
    found, depth, start = [], 0, 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            found.append(text[start:place])
            start = place + 1
    return [name.strip() for name in [*found, text[start:]] if name.strip()]
