"""A proxy before the API that loses, cuts, delays or replaces answers when a test tells it to."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

HTML = b"<html><head><title>Sign in</title></head><body>Please sign in to the guest network.</body></html>"

OF_THE_CONNECTION = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}

Fault = Callable[["Handler"], None]


class FaultProxy:
    """Forwards each request, unless a fault waits in the queue: then that one happens instead, once.

    Attributes:
        url: where clients go.
        requests: paths of the requests that have come in, faults included.
        arrived: set as soon as a request has come in.
        release: what `hold` waits for; a test sets it to let go.
    """

    def __init__(self, upstream: int, handler: type[Handler] | None = None) -> None:
        self.upstream = upstream
        self.faults: deque[Fault] = deque()
        self.always: Fault | None = None
        self.requests: list[str] = []
        self.arrived = threading.Event()
        self.release = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler or Handler)
        self.server.proxy = self  # type: ignore[attr-defined]
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def next(self, *faults: Fault) -> None:
        """Let these happen to the next requests, one each."""
        self.faults.extend(faults)


P = TypeVar("P", bound=FaultProxy)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes

    def do_POST(self) -> None:
        self.proxy: FaultProxy = self.server.proxy  # type: ignore[attr-defined]
        self.body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.proxy.requests.append(self.path)
        self.proxy.arrived.set()
        fault = self.proxy.faults.popleft() if self.proxy.faults else self.proxy.always
        (fault or forward)(self)

    do_GET = do_PATCH = do_POST

    def ask(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Forward the request and return the API's answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.upstream)
        connection.request(self.command, self.path, self.body, dict(self.headers))
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.getheaders(), body

    def give(self, status: int, body: bytes, kind: str, *more: tuple[str, str], length: int | None = None) -> None:
        self.send_response(status)
        about_body = [] if status == 204 else [("content-type", kind), ("content-length", str(length or len(body)))]
        for name, value in (*about_body, *more):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def cut(self) -> None:
        """Reset the connection rather than close it."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # rfile and wfile hold the descriptor open; only the last close sends the reset
        self.rfile.close()
        self.connection.close()

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # already cut
            super().finish()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def forward(handler: Handler) -> None:
    status, headers, body = handler.ask()
    more = {name.lower(): value for name, value in headers if name.lower() not in OF_THE_CONNECTION}
    handler.give(status, body, more.pop("content-type", "application/json"), *more.items())


def reset(handler: Handler) -> None:
    """The connection breaks before the API hears of the request."""
    handler.cut()


def reset_after(handler: Handler) -> None:
    """The API does what was asked, and its answer is lost to a reset."""
    handler.ask()
    handler.cut()


def swallow(handler: Handler) -> None:
    """The API does what was asked, and the connection ends without a word."""
    handler.ask()
    handler.close_connection = True


def truncate(handler: Handler) -> None:
    """The API does what was asked, and half of its answer arrives."""
    status, _, body = handler.ask()
    handler.give(status, body[: len(body) // 2], "application/json", length=len(body))
    handler.close_connection = True


def hold(handler: Handler) -> None:
    """Nothing happens until the test lets go."""
    handler.proxy.release.wait(60)
    handler.close_connection = True


def hold_after(handler: Handler) -> None:
    """The API does what was asked, and its answer does not come until the test lets go."""
    handler.ask()
    handler.proxy.release.wait(60)
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """An answer that begins and never ends, a byte at a time, so that no single read is late."""
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", "1000000")
    handler.end_headers()
    while not handler.proxy.release.wait(0.05):
        try:
            handler.wfile.write(b" ")
        except OSError:
            break
    handler.close_connection = True


def answer(status: int, message: str = "", code: str | None = None, *headers: tuple[str, str]) -> Fault:
    """The API's side answers with this status and JSON, and has done nothing."""
    body = json.dumps({"code": code, "message": message, "details": None, "hint": None}).encode()
    return lambda handler: handler.give(status, body, "application/json", *headers)


def page(status: int, body: bytes = HTML, *headers: tuple[str, str]) -> Fault:
    """Something between answers with this status and a page for browsers."""
    return lambda handler: handler.give(status, body, "text/html", *headers)


def answer_after(status: int) -> Fault:
    """The API does what was asked, and a gateway reports that it took too long."""

    def lose(handler: Handler) -> None:
        handler.ask()
        handler.give(status, HTML, "text/html")

    return lose


@contextmanager
def fault_proxy(upstream: int) -> Iterator[FaultProxy]:
    """Run a proxy before this port of the loopback interface."""
    with serving(FaultProxy(upstream)) as proxy:
        yield proxy


@contextmanager
def serving(proxy: P) -> Iterator[P]:
    """Serve until the block ends."""
    thread = threading.Thread(target=proxy.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.release.set()
        proxy.server.shutdown()
        proxy.server.server_close()
        thread.join()
