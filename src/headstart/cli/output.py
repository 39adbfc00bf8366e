"""What a command puts out: text or JSON on stdout, files where --out says, the rest on stderr."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headstart.errors import InputError
from headstart.show.console import console

if TYPE_CHECKING:
    from headstart.show.files import Files


def put_out(
    document: Callable[[], dict[str, Any]],
    printed: Callable[[Any], None],
    files: Callable[[], Files],
    *,
    as_json: bool,
    out: Path | None,
    hint: str = "",
) -> None:
    """Write the files, then print the result, whatever became of the files.

    Args:
        document: the result as JSON, with its schema number.
        printed: prints it as text to a console.
        files: what it can be saved as.
        hint: what --out would bring, for those who did not ask.
    """
    written, trouble = {}, None
    if out is not None:
        try:
            written = files().save(out)
        except InputError as error:
            trouble = error
    if as_json:
        from headstart.show.rows import json_text

        click.echo(json_text({**document(), "files": written}))
    else:
        printed(console())
    for path in written.values():
        click.echo(f"wrote {path}", err=True)
    if trouble is not None:
        raise trouble
    if hint and out is None and not as_json:
        click.echo(f"Add --out PATH for {hint}.", err=True)


def check_out(out: Path | None, suffixes: tuple[str, ...]) -> None:
    """Refuse a place that cannot be written to, before any work."""
    if out is not None:
        from headstart.show.files import check_target

        check_target(out, suffixes)
