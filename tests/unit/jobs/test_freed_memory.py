"""Tracking returns freed memory to the system, which glibc would keep."""

import platform
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.jobs import predict
from app.session import Session
from app.tracking.backend import Direction
from app.tracking.requests import track_request
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.session_driver import SessionDriver
from tests.helpers.sources import ROOT
from tests.helpers.synthetic_video import write_numbered_clip

HOLES_BETWEEN_BLOCKS_IN_USE = """
from app.cli.bench.machine import rss_mb
from app.jobs.freed_memory import return_freed_memory

blocks = [bytes([1]) * 60_000 for _ in range(2_000)]  # 114 MiB, and glibc maps none by itself
del blocks[::2]
held = rss_mb()
return_freed_memory()
print(held - rss_mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_pages_between_blocks_in_use_are_returned() -> None:
    command = [sys.executable, "-c", HOLES_BETWEEN_BLOCKS_IN_USE]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(found.stdout) > 40


def frames_done_when_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cancel_at: int | None = None
) -> list[int]:
    """Track five frames, memory being returned after every second one, and maybe cancel it."""
    tracked: list[int] = []
    returned: list[int] = []
    monkeypatch.setattr(predict, "RETURN_MEMORY_FRAMES", 2)
    monkeypatch.setattr(predict, "return_freed_memory", lambda: returned.append(len(tracked)))
    clip = write_numbered_clip(tmp_path / "clip.mp4", 5)
    with closing(Session.open(clip, FakeBackend, tmp_path / "clip.tsam")) as session:
        SessionDriver(session).click_object()
        request = track_request(session.document, 5, Direction.FORWARD, 0, [1])
        token = CancelToken()
        with suppress(Cancelled):
            for step in predict.track_job(session.jobs, request, 1)(token):
                tracked.append(step.result.frame)
                if step.result.frame == cancel_at:
                    token.cancel()
    return returned


def test_memory_is_returned_while_objects_are_tracked_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert frames_done_when_returned(tmp_path, monkeypatch) == [2, 4, 5]


def test_memory_is_returned_when_tracking_is_canceled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert frames_done_when_returned(tmp_path, monkeypatch, cancel_at=0) == [1]
