"""Where apprise's json:// service delivers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(ThreadingHTTPServer):
    """Accepts alerts; fails while it is told to.

    Attributes:
        url: for ROLLOUT_ALERT_URLS.
        titles: of the alerts that it has accepted, in order.
        bodies: their texts.
        times: when they came, on the monotonic clock, in seconds.
        broken: whether it refuses them.
        drops: whether it takes an alert and ends the connection without an answer.
        hangs: whether it takes a request and does not answer.
        pings: how often it was asked with GET, as by a heartbeat.
        garbles: whether it answers GET with what is no HTTP.
        trickles: whether it answers GET a byte at a time; the answer ends when it does not any more.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Delivery)
        self.url = f"json://user:hidden@127.0.0.1:{self.server_port}/"
        self.titles: list[str] = []
        self.bodies: list[str] = []
        self.times: list[float] = []
        self.broken = False
        self.drops = False
        self.hangs = False
        self.pings = 0
        self.garbles = False
        self.trickles = False


class Delivery(BaseHTTPRequestHandler):
    """One alert."""

    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.server.drops:
            self.close_connection = True
            return
        if self.server.hangs:
            time.sleep(8)
            return
        if not self.server.broken:
            self.server.titles.append(body["title"].split("] ")[1])
            self.server.bodies.append(body["message"])
            self.server.times.append(time.monotonic())
        self._answer()

    def do_GET(self) -> None:
        self.server.pings += 1
        if self.server.garbles:
            self.wfile.write(b"garbage\r\n\r\n")
            return
        if self.server.trickles:
            self.wfile.write(b"HTTP/1.0 200 OK\r\nx: ")
        while self.server.trickles:
            self.wfile.write(b"x")
            time.sleep(0.05)
        self._answer()

    def _answer(self) -> None:
        self.send_response(500 if self.server.broken else 200)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def alert_receiver() -> Iterator[Receiver]:
    """Run a receiver on a free port of the loopback interface."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
