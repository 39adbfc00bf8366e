"""`headstart`: the program. It listens to Ctrl-C first, readies its streams, and only then loads anything heavy."""

from __future__ import annotations


def run(arguments: list[str] | None = None) -> None:
    """Run the command line; exit with 1 after an error, 2 for wrong usage, 130 interrupted, and what a command says.

    Args:
        arguments: by default those of the process, whose last act this then is.
    """
    try:
        code = _listened(arguments)
    except KeyboardInterrupt:  # before we listen, while what listens loads
        import os

        os.write(2, b"Interrupted.\n")
        os._exit(130)
    if code:
        raise SystemExit(code)


def _listened(arguments: list[str] | None) -> int:
    from headstart.cli.interrupts import listening

    with listening(last=arguments is None) as interrupts:
        try:
            return _run(arguments)
        except BaseException as error:
            # a library may make an error of its own of a Ctrl-C while it loads
            if isinstance(error, SystemExit) or not (interrupts.pressed or isinstance(error, KeyboardInterrupt)):
                raise
            from headstart.cli.streams import flushed

            code = flushed(interrupts.told())
            if arguments is None:
                import os

                # What still draws in a thread is not waited for, and what was half made is not destroyed: that would be
                # told.
                os._exit(code)
            return code


def _run(arguments: list[str] | None) -> int:
    """What the command ends with, all of its output written."""
    import warnings

    from headstart.cli.streams import Warned, flushed, ready, say

    ready()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = Warned()
            code = _command(arguments)
    except BrokenPipeError:  # as `| head` does: who reads has had enough
        code = 1
    except OSError as error:
        code = 1
        what = "standard output" if error.filename is None else repr(error.filename)
        say(f"Error: cannot use {what}: {error.strerror or error}.")
    except MemoryError:
        code = 1
        say("Error: there is not enough memory. Ask for less, or close other programs.")
    return flushed(code)


def _command(arguments: list[str] | None) -> int:
    import os
    import sys

    import click

    from headstart.cli.discreet import discreet
    from headstart.cli.group import cli
    from headstart.cli.streams import say
    from headstart.errors import HeadstartError

    if os.environ.get("_HEADSTART_COMPLETE"):  # asked by a shell what may come next
        cli.main(arguments, prog_name="headstart")
    try:
        with cli.make_context("headstart", list(sys.argv[1:] if arguments is None else arguments)) as context:
            cli.invoke(context)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.message = discreet(error.message)  # type: ignore[misc]  # Final in its stubs; what Click shows
        error.show()
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except HeadstartError as error:
        say(f"Error: {discreet(str(error))}")
        return error.exit_code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    return 0
