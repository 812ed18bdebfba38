"""A website of the test's own: every path is a page, `/clips/` are files that are sent in ranges, as a player asks for them."""

from __future__ import annotations

import re
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# A page that allows the tracker what it needs, and nothing else.
POLICY = "default-src 'none'; script-src 'self' {base}; connect-src {base}; media-src 'self' blob:"


@dataclass
class Website:
    """What the server answers; `base` is the address of Streamgauge, which a page's policy allows."""

    base: str
    clips: Path
    head: str = ""
    body: str = ""
    scripts: dict[str, str] = field(default_factory=dict)
    port: int = 0
    cut: int | None = None
    """After so many bytes of a clip the server waits for `go_on`."""
    go_on: threading.Event = field(default_factory=threading.Event)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Server(ThreadingHTTPServer):
    """Serves a website on a free port."""

    daemon_threads = True

    def __init__(self, website: Website) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.website = website
        website.port = self.server_port


class Handler(BaseHTTPRequestHandler):
    """Answers GET."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        website, path = self.server.website, self.path.partition("?")[0]
        if path.startswith("/clips/"):
            self._file(website.clips / path.removeprefix("/clips/"))
        elif path in website.scripts:
            self._answer(200, "text/javascript", website.scripts[path].encode())
        else:
            page = f"<!doctype html><title>Page {path}</title>{website.head}{website.body}"
            policy = POLICY.format(base=website.base)
            self._answer(200, "text/html", page.encode(), {"Content-Security-Policy": policy})

    def _file(self, file: Path) -> None:
        if not file.is_file():
            self._answer(404, "text/plain", b"")
            return
        data = file.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "bytes=0-"))
        assert asked
        begin, end = int(asked[1]), int(asked[2] or len(data) - 1)
        told = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {begin}-{end}/{len(data)}"}
        self._answer(206, "video/webm", data[begin : end + 1], told, self.server.website.cut)

    def _answer(
        self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None
    ) -> None:
        """Send an answer; `cut`: so many bytes of it, and the rest once the website says so."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body[:cut])
            if cut is not None:
                self.server.website.go_on.wait(60)
                self.wfile.write(body[cut:])
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *said: object) -> None:
        """Say nothing."""


def make_clip(file: Path, seconds: int, *, height: int = 90) -> None:
    """Make a clip of VP8 with a key frame every second, so that a seek lands where it was asked to."""
    from imageio_ffmpeg import get_ffmpeg_exe

    source = f"testsrc=duration={seconds}:size={height * 16 // 9 // 2 * 2}x{height}:rate=10"
    coding = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "100k", "-g", "10"]
    subprocess.run(
        [get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y", "-f", "lavfi", "-i", source, *coding, str(file)],
        check=True,
    )
