"""A stand-in for platforms' APIs, on this machine: it takes what the outbox sends, and shows it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from bot.samples.sample import Request

LARGEST: Final = 1024 * 1024

Answer = tuple[int, bytes]
"""A status, and a body of JSON."""


@contextmanager
def standing_in(
    answer: Callable[[Request], Answer], host: str = "127.0.0.1", port: int = 0
) -> Iterator[str]:
    """Stand in for a platform meanwhile; gives the address. OSError where that is taken."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, LARGEST))
            status, said = answer(Request(self.command, self.path, dict(self.headers), body))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET = do_PUT = do_PATCH = _answer  # noqa: N815 - names of the library

        def log_message(self, *_: object) -> None:
            """Say nothing: what comes in is somebody's."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing of those who hung up."""

    server = Server((host, port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
