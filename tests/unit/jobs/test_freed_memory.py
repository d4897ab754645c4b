"""Tracking returns freed memory to the system, which glibc would keep."""

import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.jobs import freed_memory
from app.jobs.predict import track_job
from app.jobs.review import agreement_job, reverse_tracking
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

blocks = [bytes([1]) * 60_000 for _ in range(2_000)]  # 114 MiB, each below glibc's mmap threshold
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


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What happens, in order: "returned" is noted here; memory is, after every second frame."""
    noted: list[object] = []
    monkeypatch.setattr(freed_memory, "RETURNED_AFTER", 2)
    monkeypatch.setattr(freed_memory, "return_freed_memory", lambda: noted.append("returned"))
    return noted


def test_memory_is_returned_after_the_tracker_has_ended(events: list[object]) -> None:
    def frames() -> Iterator[int]:
        try:
            yield from range(9)
        finally:
            events.append("ended")

    passed_on = freed_memory.returning_memory(frames())
    assert [next(passed_on), next(passed_on)] == [0, 1]
    passed_on.close()
    assert events == ["ended", "returned"]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 5)
    opened = Session.open(clip, FakeBackend, tmp_path / "clip.tsam")
    SessionDriver(opened).click_object()
    yield opened
    opened.close()


def track(session: Session, noted: list[object], cancel_at: int | None = None) -> None:
    request = track_request(session.document, 5, Direction.FORWARD, 0, [1])
    token = CancelToken()
    for step in track_job(session.jobs, request, 1)(token):
        session.apply(step)
        noted.append(step.result.frame)
        if step.result.frame == cancel_at:
            token.cancel()


def test_memory_is_returned_while_objects_are_tracked_and_at_the_end(
    session: Session, events: list[object]
) -> None:
    track(session, events)
    assert events == [0, 1, "returned", 2, 3, "returned", 4, "returned"]


def test_memory_is_returned_when_tracking_is_canceled(
    session: Session, events: list[object]
) -> None:
    with suppress(Cancelled):
        track(session, events, cancel_at=0)
    assert events == [0, "returned"]


def test_memory_is_returned_while_tracking_is_checked_the_other_way(
    session: Session, events: list[object]
) -> None:
    track(session, [])
    events.clear()
    job = agreement_job(session.jobs, reverse_tracking(session.document, [1]))
    for done, step in enumerate(job(CancelToken()), 1):
        assert step.done == done
        events.append(step.frame)
    assert events == [4, 3, "returned", 2, 1, "returned", 0, "returned"]
