"""Videos at URLs are read in blocks."""

import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from app.batch.results import open_results
from app.core.errors import SourceError, UsageError
from app.media import remote
from app.media.identity import file_sha256
from app.media.remote import RemotePath, source_path
from app.media.source import open_source
from tests.helpers.synthetic_video import read_number, write_numbered_clip

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[str]:
    """A clip on fsspec's file system in memory, by its URL."""
    clip = write_numbered_clip(tmp_path / "clip.mp4", 30)
    files = fsspec.filesystem("memory")
    files.pipe_file("/videos/clip.mp4", clip.read_bytes())
    yield "memory://videos/clip.mp4"
    files.rm("/videos", recursive=True)


def test_frames_of_a_url_are_those_of_the_file(memory: str, tmp_path: Path) -> None:
    path = source_path(memory)
    assert (path.name, path.stem, path.suffix) == ("clip.mp4", "clip", ".mp4")
    with open_source(path) as source, open_source(tmp_path / "clip.mp4") as local:
        assert len(source) == 30
        assert [read_number(source[frame]) for frame in (29, 0, 17)] == [29, 0, 17]
        assert np.array_equal(source[5], local[5])
        with source.clone() as clone:
            assert read_number(clone[3]) == 3


def test_a_url_keeps_its_identity_until_its_content_changes(memory: str) -> None:
    path = RemotePath.of(memory)
    before = file_sha256(path)
    assert file_sha256(RemotePath.of(memory)) == before
    assert str(pickle.loads(pickle.dumps(path))) == memory
    files = fsspec.filesystem("memory")
    files.pipe_file("/videos/clip.mp4", files.cat_file("/videos/clip.mp4") + b"more")
    assert file_sha256(path) != before


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("memory://videos/missing.mp4", "missing.mp4 cannot be read: it does not exist"),
        ("memory://videos/image.png", "is not a video"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(memory: str, url: str, sentence: str) -> None:
    fsspec.filesystem("memory").pipe_file("/videos/image.png", b"PNG")
    with pytest.raises(SourceError, match=sentence):
        open_source(source_path(url))


def test_an_unknown_kind_of_url_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="no-such-kind"):
        open_source(source_path("no-such-kind://x/clip.mp4"))


def test_a_remote_playlist_reads_no_other_place(memory: str, tmp_path: Path) -> None:
    clip = write_numbered_clip(tmp_path / "secret.ts", 10)
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n"
    fsspec.filesystem("memory").pipe_file("/videos/list.m3u8", text.encode())
    with pytest.raises(SourceError):
        open_source(source_path("memory://videos/list.m3u8"))


class _Ranges(BaseHTTPRequestHandler):
    content = b""
    has_ranges = True
    largest = 0

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        if self.has_ranges:
            self.send_header("Accept-Ranges", "bytes")
        self.end_headers()

    def do_GET(self) -> None:
        wanted = self.headers["Range"] if self.has_ranges else None
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", wanted or "")
        first, last = (int(found[1]), int(found[2])) if found else (0, len(self.content) - 1)
        part = self.content[first : last + 1]
        type(self).largest = max(self.largest, len(part))
        self.send_response(206 if found else 200)
        self.send_header("Content-Length", str(len(part)))
        if found:
            ends = f"{first}-{first + len(part) - 1}"
            self.send_header("Content-Range", f"bytes {ends}/{len(self.content)}")
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@contextmanager
def serving(content: bytes, has_ranges: bool) -> Iterator[str]:
    """Serve a clip; yields its URL."""
    _Ranges.content, _Ranges.has_ranges, _Ranges.largest = content, has_ranges, 0
    with ThreadingHTTPServer(("127.0.0.1", 0), _Ranges) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/clip.mp4"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def small_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Content of a clip of many blocks."""
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(remote, "BLOCK_BYTES", 512)
    monkeypatch.setattr(remote, "KEPT_BLOCKS", 2)
    content = write_numbered_clip(tmp_path / "clip.mp4", 120).read_bytes()
    assert len(content) > 8 * 512
    return content


def test_a_remote_video_is_read_in_blocks_of_a_limited_number(small_blocks: bytes) -> None:
    with (
        serving(small_blocks, has_ranges=True) as url,
        open_source(source_path(url)) as source,
    ):
        assert [read_number(source[frame]) for frame in (0, 119, 60)] == [0, 119, 60]
    assert 0 < _Ranges.largest <= 2 * 512


def test_a_server_without_ranges_is_a_sentence_with_a_way_out(small_blocks: bytes) -> None:
    with (
        serving(small_blocks, has_ranges=False) as url,
        pytest.raises(SourceError, match="put simplecache:: before the URL"),
    ):
        open_source(source_path(url))


def test_results_at_a_url_are_complete_or_not_finished(tmp_path: Path) -> None:
    results = open_results("memory://batch/out")
    folder = tmp_path / "job"
    (folder / "masks").mkdir(parents=True)
    (folder / "masks" / "0.png").write_bytes(b"mask")
    (folder / "job.json").write_text('{"key": "k"}')
    assert results.finished_key("a") is None
    results.publish(folder, "a")
    assert results.finished_key("a") == "k"
    assert not folder.exists()
    files = fsspec.filesystem("memory")
    assert files.cat_file("/batch/out/a/masks/0.png") == b"mask"
    files.rm_file("/batch/out/a/job.json")
    assert results.finished_key("a") is None
    results.write_text("summary.json", "{}")
    assert files.cat_file("/batch/out/summary.json") == b"{}"
    files.rm("/batch", recursive=True)
