"""Comparing masks with tracking the other way: what is tracked, and what is reported."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core import edits
from app.core.cancel import Cancelled, CancelToken
from app.core.document import FrameMask, Origin, Table
from app.core.errors import UsageError
from app.core.masks import RleMask
from app.jobs.review import agreement_job, reverse_tracking
from app.session import Session
from app.tracking.backend import Direction
from tests.helpers.fake_backend import FakeBackend, disk
from tests.helpers.session_driver import SessionDriver
from tests.helpers.synthetic_video import write_numbered_clip

FRAMES = 12


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[SessionDriver]:
    clip = write_numbered_clip(tmp_path / "clip.mp4", FRAMES)
    session = Session.open(clip, FakeBackend, tmp_path / "clip.tsam")
    yield SessionDriver(session)
    session.close()


def agreements(driver: SessionDriver) -> dict[int, float]:
    snapshot = reverse_tracking(driver.document, [1])
    job = agreement_job(driver.session.jobs, snapshot)
    steps = list(job(CancelToken()))
    assert [step.done for step in steps] == list(range(1, snapshot.total + 1))
    return {step.frame: step.agreements[1][1] for step in steps if step.agreements}


def test_both_ends_are_tracked_back_to_the_prompt(driver: SessionDriver) -> None:
    driver.click_object(frame=5)
    driver.track(Direction.BOTH, 5)
    requests = sorted(reverse_tracking(driver.document, [1]).requests, key=lambda r: r.start)
    assert [(r.start, r.first, r.last, r.direction) for r in requests] == [
        (0, 0, 5, Direction.FORWARD),
        (11, 5, 11, Direction.BACKWARD),
    ]
    assert all(list(each.prompts) == [r.start] for r in requests for each in r.objects)


def test_objects_of_the_same_ends_are_tracked_together(driver: SessionDriver) -> None:
    driver.click_object()
    driver.click_object()
    driver.track(Direction.FORWARD, 0)
    (request,) = reverse_tracking(driver.document, [1, 2]).requests
    assert [each.object_id for each in request.objects] == [1, 2]


def test_masks_that_both_directions_give_agree(driver: SessionDriver) -> None:
    driver.click_object()
    driver.track(Direction.FORWARD, 0)
    found = agreements(driver)
    assert sorted(found) == list(range(FRAMES - 1))
    assert min(found.values()) > 0.8  # the last disk is cut by rounding alone


def test_a_mask_that_is_elsewhere_disagrees_and_nothing_changes(driver: SessionDriver) -> None:
    driver.click_object()
    driver.track(Direction.FORWARD, 0)
    wrong = FrameMask(disk(driver.session.size_hw, (80, 50), 8), Origin.TRACKED, 0.9)
    driver.execute(edits.set_masks(driver.document, {(1, 6): wrong}, "Break"))
    before = dict(driver.document.rows(Table.MASKS))
    found = agreements(driver)
    assert [frame for frame, iou in found.items() if iou < 0.5] == [6]
    assert dict(driver.document.rows(Table.MASKS)) == before


def test_it_starts_where_the_object_is_last_visible(driver: SessionDriver) -> None:
    driver.click_object()
    driver.track(Direction.FORWARD, 0)
    gone = FrameMask(RleMask.empty(driver.session.size_hw), Origin.TRACKED, 0.0)
    rows = {(1, frame): gone for frame in (9, 10, 11)}
    driver.execute(edits.set_masks(driver.document, rows, "Hide"))
    (request,) = reverse_tracking(driver.document, [1]).requests
    assert request.start == 8


def test_it_is_refused_without_tracked_masks(driver: SessionDriver) -> None:
    driver.click_object()
    with pytest.raises(UsageError, match="nothing to compare"):
        reverse_tracking(driver.document, [1])


def test_it_can_be_canceled(driver: SessionDriver) -> None:
    driver.click_object()
    driver.track(Direction.FORWARD, 0)
    token = CancelToken()
    steps = agreement_job(driver.session.jobs, reverse_tracking(driver.document, [1]))(token)
    next(steps)
    token.cancel()
    with pytest.raises(Cancelled):
        next(steps)
