"""The server of one page: a document from memory, on loopback, at a path that nobody can guess.

A page that trains by itself needs no more. There is no file to reach, no state to change and no work to start, so all
that a stranger's page can try is to read it: the exact `Host` (a rebound DNS name carries its own), a path of 22 random
characters and `Sec-Fetch-Site` keep it out. A flood is dropped, not queued, and a connection that stalls is closed.
"""

from __future__ import annotations

import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from headstart.errors import HeadstartError

NAMES = ("127.0.0.1", "localhost", "[::1]")  # of the machine itself, as browsers write them
CONNECTIONS = 16  # at a time; a browser opens up to six
TIMEOUT = 10.0  # seconds that a connection may stall
OURS = ("none", "same-origin")  # an address that was typed, and the page itself
HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)


class Server(ThreadingTCPServer):
    """Serves one page until it is shut down.

    Args:
        page: the document.
        policy: its content security policy; that no page may frame it is added, which only a header can say.
        port: of 127.0.0.1; 0 for one that is free.

    Raises:
        HeadstartError: the port is taken, or not one's own to take.
    """

    daemon_threads, allow_reuse_address, request_queue_size = True, True, CONNECTIONS

    def __init__(self, page: bytes, policy: str, port: int = 0) -> None:
        self.page, self.path = page, f"/{secrets.token_urlsafe(16)}/"
        self.slots = threading.BoundedSemaphore(CONNECTIONS)
        try:
            super().__init__((NAMES[0], port), _Handler)
        except OSError as error:
            raise HeadstartError(
                f"cannot serve on port {port}: {error.strerror or error}. Write another --port, none for one that is "
                "free, or --out lab.html for a file."
            ) from None
        self.port = int(self.server_address[1])
        self.hosts = frozenset(f"{name}:{self.port}" for name in NAMES)
        self.headers = (*HEADERS, ("Content-Security-Policy", f"{policy}; frame-ancestors 'none'"))

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{NAMES[0]}:{self.port}{self.path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a visitor that breaks off is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version, sys_version, protocol_version, timeout = "headstart", "", "HTTP/1.1", TIMEOUT

    def handle(self) -> None:
        if self.server.slots.acquire(blocking=False):
            try:
                super().handle()
            finally:
                self.server.slots.release()

    def do_GET(self) -> None:
        asked = self.headers.get_all("Host") or []
        if len(asked) != 1 or asked[0].lower() not in self.server.hosts:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        elif not self._is_ours():
            self.send_error(HTTPStatus.FORBIDDEN)
        elif self.path != self.server.path:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            self._send(HTTPStatus.OK, self.server.page)

    do_HEAD = do_GET

    def _is_ours(self) -> bool:
        """Whether no other site asks, unless by a link that a person follows: Jupyter's port is another site."""
        sent = self.headers
        followed = sent.get("Sec-Fetch-Mode") == "navigate" and sent.get("Sec-Fetch-Dest") == "document"
        return sent.get("Sec-Fetch-Site", OURS[0]) in OURS or followed

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with nothing but the status, and close."""
        self.close_connection = True
        self._send(HTTPStatus(code))

    def _send(self, status: HTTPStatus, page: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (*self.server.headers, ("Content-Length", str(len(page)))):
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        """Say nothing of visits."""
