"""The loopback server under requests that nobody with good intent sends. No browser is needed."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from headstart.errors import HeadstartError
from headstart.web import server as module
from headstart.web.server import Server

PAGE = b"<!doctype html><p>the page</p>" * 40
POLICY = "default-src 'none'"


@dataclass
class Answer:
    """Status (None for a connection that is closed without a word), headers with lower-case names, and body."""

    status: int | None
    headers: dict[str, str]
    body: bytes


@dataclass
class Visitor:
    """Sends bytes to a server."""

    server: Server

    def raw(self, request: bytes) -> Answer:
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=5) as connection:
            found = b""
            with contextlib.suppress(OSError):  # the server may close before it has read all
                connection.sendall(request)
            with contextlib.suppress(OSError):
                while piece := connection.recv(65536):
                    found += piece
        head, _, body = found.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        if not first.startswith("HTTP/"):
            return Answer(None, {}, body)
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return Answer(int(first.split()[1]), headers, body)

    def get(self, host: str | None = "", path: str = "", more: str = "", method: str = "GET") -> Answer:
        host = self.hosts[0] if host == "" else host
        named = "" if host is None else f"Host: {host}\r\n"
        request = f"{method} {path or self.server.path} HTTP/1.1\r\n{named}{more}Connection: close\r\n\r\n"
        return self.raw(request.encode("latin-1"))

    @property
    def hosts(self) -> list[str]:
        port = self.server.port
        return [f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", f"LOCALHOST:{port}"]


@contextlib.contextmanager
def serving(page: bytes = PAGE) -> Iterator[Visitor]:
    with Server(page, POLICY) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield Visitor(server)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def visitor() -> Iterator[Visitor]:
    with serving() as found:
        yield found


def test_it_serves_its_page(visitor: Visitor) -> None:
    for host in visitor.hosts:
        answer = visitor.get(host)
        assert (answer.status, answer.body) == (200, PAGE)
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["server"].strip() == "headstart"  # no version of anything


def test_a_head_request_has_no_body(visitor: Visitor) -> None:
    answer = visitor.get(method="HEAD")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", str(len(PAGE)))


BAD_HOSTS: list[Callable[[int], str | None]] = [
    lambda port: None, lambda port: " ", lambda port: "evil.example", lambda port: f"evil.example:{port}",
    lambda port: f"127.0.0.1.evil.example:{port}", lambda port: f"localhost.evil.example:{port}",
    lambda port: "127.0.0.1", lambda port: "localhost", lambda port: f"localhost:{port + 1}",
    lambda port: f"127.0.0.1:{port}@evil", lambda port: f"evil@127.0.0.1:{port}", lambda port: f"127.1:{port}",
    lambda port: f"0:{port}", lambda port: f"0.0.0.0:{port}", lambda port: f"2130706433:{port}",
    lambda port: f"0x7f.1:{port}", lambda port: f"[::ffff:127.0.0.1]:{port}", lambda port: f"[::1]evil:{port}",
    lambda port: f"localhost.:{port}", lambda port: f"127.0.0.1:{port} evil", lambda port: f"127.0.0.1:{port},evil",
    lambda port: f"\u0131localhost:{port}".encode().decode("latin-1"), lambda port: f"169.254.1.1:{port}",
    lambda port: f"192.168.0.2:{port}", lambda port: f"[fe80::1%25eth0]:{port}", lambda port: f"foo.localhost:{port}",
    lambda port: f"127.0.0.1:0{port}", lambda port: f"127.0.0.1:{port}#", lambda port: f"127.0.0.1:{port}/",
    lambda port: "*", lambda port: f"*:{port}",
]  # fmt: skip


@pytest.mark.parametrize("host", BAD_HOSTS, ids=[str(host(80)).encode("unicode_escape").decode() for host in BAD_HOSTS])
def test_another_host_is_misdirected(host: Callable[[int], str | None], visitor: Visitor) -> None:
    answer = visitor.get(host(visitor.server.port))
    assert (answer.status, answer.body) == (421, b"")


def test_two_hosts_are_misdirected(visitor: Visitor) -> None:
    assert visitor.get(more="Host: evil.example\r\n").status == 421
    assert visitor.get(more=f"Host: {visitor.hosts[0]}\r\n").status == 421


@pytest.mark.parametrize(
    "path",
    ["/", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "{}../x", "{}%00", "{}?x=1", "{}#x", "{}x",
     "http://evil.example/", "http://127.0.0.1{}", "*", "/favicon.ico"],
)  # fmt: skip
def test_another_path_is_not_there(path: str, visitor: Visitor) -> None:
    answer = visitor.get(path=path.format(visitor.server.path))
    assert (answer.status, answer.body) == (404, b"")


def test_paths_differ_and_are_long(visitor: Visitor) -> None:
    with Server(PAGE, POLICY) as other:
        assert other.path != visitor.server.path
    assert len(visitor.server.path.strip("/")) == 22


def test_an_endless_path_and_endless_headers_are_refused(visitor: Visitor) -> None:
    assert visitor.get(path="/" + "a" * 70_000).status == 414
    assert visitor.get(more="".join(f"X{k}: y\r\n" for k in range(1000))).status == 431


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get"])
def test_other_methods_are_not_there(method: str, visitor: Visitor) -> None:
    answer = visitor.get(method=method, more="Content-Length: 0\r\n")
    assert answer.status in (400, 501)
    assert answer.body == b""


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_may_not_read_it(site: str, visitor: Visitor) -> None:
    for mode, dest in (("cors", "empty"), ("no-cors", "script"), ("no-cors", "image"), ("navigate", "iframe")):
        sent = f"Sec-Fetch-Site: {site}\r\nSec-Fetch-Mode: {mode}\r\nSec-Fetch-Dest: {dest}\r\n"
        assert visitor.get(more=sent).status == 403, (mode, dest)


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_its_own_requests_are_answered(site: str, visitor: Visitor) -> None:
    assert visitor.get(more=f"Sec-Fetch-Site: {site}\r\nSec-Fetch-Mode: cors\r\n").status == 200


def test_a_link_may_be_followed(visitor: Visitor) -> None:
    sent = "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"
    assert visitor.get(more=sent).status == 200


def test_no_socket_is_upgraded(visitor: Visitor) -> None:
    sent = "Upgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\nOrigin: http://evil.example\r\n"
    answer = visitor.get(more=sent)
    assert answer.status == 200
    assert "upgrade" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "request_", [b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET\r\n\r\n", b"\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_what_is_no_request_gets_no_page(request_: bytes, visitor: Visitor) -> None:
    answer = visitor.raw(request_)
    assert answer.status != 200
    assert PAGE not in answer.body


def test_an_old_request_gets_no_page(visitor: Visitor) -> None:
    assert visitor.raw(f"GET {visitor.server.path}\r\n\r\n".encode()).body == b""


def test_stalled_connections_are_closed_and_none_is_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module._Handler, "timeout", 1.0)
    with serving() as visitor, contextlib.ExitStack() as stack:
        until = time.monotonic() + 10
        while visitor.server.slots._value and time.monotonic() < until:
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", visitor.server.port)))
            connection.sendall(b"GET / HTTP/1.1\r\n")
            time.sleep(0.002)
        assert visitor.get().status is None  # all places are taken: dropped
        while (status := visitor.get().status) is None and time.monotonic() < until:
            time.sleep(0.05)
        assert status == 200


def test_a_flood_leaves_it_serving_and_silent(visitor: Visitor, capfd: pytest.CaptureFixture[str]) -> None:
    def visit() -> None:
        for _ in range(40):
            with socket.create_connection(("127.0.0.1", visitor.server.port)) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset, not closed
                connection.sendall(f"GET {visitor.server.path} HTTP/1.1\r\nHost: {visitor.hosts[0]}\r\n\r\n".encode())

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until = time.monotonic() + 10
    while (status := visitor.get().status) is None and time.monotonic() < until:
        time.sleep(0.05)
    assert status == 200
    assert capfd.readouterr() == ("", "")


def test_a_port_in_use_is_told(visitor: Visitor) -> None:
    with pytest.raises(HeadstartError, match=rf"cannot serve on port {visitor.server.port}: Address already in use\. "):
        Server(PAGE, POLICY, visitor.server.port)


def test_it_listens_on_loopback_alone(visitor: Visitor) -> None:
    assert visitor.server.server_address[0] == "127.0.0.1"
