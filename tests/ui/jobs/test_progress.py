"""What the Jobs panel and the status bar tell of a job."""

import pytest

from app.ui.jobs.progress import JobProgress


def test_a_running_job_tells_its_speed_and_the_remaining_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    progress = JobProgress(1, "Track")
    assert progress.text() == "starting"
    for done in range(1, 6):
        progress.advance(done, 100)
        now_s += 2.0
    assert progress.text() == "5 / 100 frames, 0.5 frames/s, 3 min 10 s left"
