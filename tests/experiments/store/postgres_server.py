"""A PostgreSQL server of the tests' own, on loopback, from the system's packages."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, wherever the system's packages put them."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Start a server whose data lies in `folder`; the URL of its database. It ends with the block.

    PostgreSQL does not run as root, so root starts it as `nobody`.
    """
    bin_folder = programs()
    assert bin_folder is not None
    user = "nobody" if os.geteuid() == 0 else None
    data = Path(tempfile.mkdtemp(dir=folder, prefix="pg"))
    if user is not None:
        os.chown(data, pwd.getpwnam(user).pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "user": user, "cwd": "/"}
    subprocess.run(
        [bin_folder / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        check=True, **quiet,
    )  # fmt: skip
    settings = ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", "fsync=off"]
    arguments = [part for setting in settings for part in ("-c", setting)]
    process = subprocess.Popen([bin_folder / "postgres", "-D", data, *arguments], **quiet)
    try:
        ready = [bin_folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
        while subprocess.run(ready, check=False).returncode != 0:
            assert process.poll() is None, "the server ended"
        yield f"postgresql://tester@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGINT)  # at once, whoever is connected
        process.wait()
