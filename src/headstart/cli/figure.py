"""`headstart figure`: figures of a comparison made before, or of a figure: again, or in another look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headstart.cli.figure_options import KINDS, NAMES, look_of, look_options
from headstart.cli.former import Command
from headstart.cli.options import PATH, THREADS
from headstart.errors import InputError

SUFFIXES = (".png", ".svg", ".pdf", ".gif", ".html")


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
    """Draw figures of a comparison that was made before.

    FILE is the JSON of a comparison, or a figure: each carries what made it. The networks are trained again, which
    gives the same numbers.

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
