"""A web server for one file, which can be set to misbehave."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class FileServer(ThreadingHTTPServer):
    """Serves ``content`` under every path.

    Attributes:
        content: the file.
        is_resumable: whether a part of it can be asked for.
        breaks_after: bytes of a response after which the connection breaks; None for never.
        is_sized: whether a response states its length.
        moved_to: where requests are redirected to; empty for nowhere.
        asked: path and ``Range`` header of each request.
    """

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.is_resumable = True
        self.is_sized = True
        self.breaks_after: int | None = None
        self.moved_to = ""
        self.asked: list[tuple[str, str | None]] = []

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        server, wanted = self.server, self.headers["Range"]
        server.asked.append((self.path, wanted))
        if server.moved_to:
            self.send_response(302)
            self.send_header("Location", server.moved_to)
            self.end_headers()
            return
        match = re.fullmatch(r"bytes=(\d+)-", wanted or "") if server.is_resumable else None
        start = int(match[1]) if match else 0
        if "missing" in self.path or (match and start >= len(server.content)):
            self.send_error(404 if "missing" in self.path else 416)
            return
        response = server.content[start:]
        self.send_response(206 if match else 200)
        if server.is_sized:
            self.send_header("Content-Length", str(len(response)))
        self.end_headers()
        self.wfile.write(response[: server.breaks_after])

    def do_CONNECT(self) -> None:
        self.server.asked.append((self.path, None))
        self.send_error(502)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@contextmanager
def serving(content: bytes) -> Iterator[FileServer]:
    """Run a server until the end of the block."""
    with FileServer(content) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
