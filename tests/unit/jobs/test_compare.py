"""Comparing two memory settings leaves the document alone; using one is a step of undo."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.document import Table
from app.core.mask_change import mask_iou
from app.core.masks import RleMask
from app.jobs.compare import compare_job, replay_job
from app.session import Session
from app.tracking.backend import Direction
from app.tracking.comparison import Comparison, ComparisonRequest, MemoryVariant
from app.tracking.requests import track_request
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.session_driver import SessionDriver
from tests.helpers.synthetic_video import write_numbered_clip

FRAMES = 8
VARIANTS = MemoryVariant("own"), MemoryVariant("newest frames", (("policy", "fifo"),))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    clip = write_numbered_clip(tmp_path / "clip.mp4", FRAMES)
    opened = Session.open(clip, FakeBackend, tmp_path / "clip.tsam")
    SessionDriver(opened).click_object()
    yield opened
    opened.close()


def compared(session: Session, start: int = 0, token: CancelToken | None = None) -> Comparison:
    direction = Direction.BOTH if start else Direction.FORWARD
    request = track_request(session.document, FRAMES, direction, start, [1])
    comparison = Comparison(ComparisonRequest(1, request, VARIANTS))
    for step in compare_job(session.jobs, comparison.request)(token or CancelToken()):
        comparison.add(step)
    return comparison


def rows(session: Session) -> dict[Table, dict[object, object]]:
    return {table: dict(session.document.rows(table)) for table in Table}


def test_both_runs_cover_the_range_and_the_document_stays(session: Session) -> None:
    before = rows(session)
    comparison = compared(session)
    assert rows(session) == before
    assert [len(comparison.results(side)) for side in (0, 1)] == [FRAMES, FRAMES]
    a, b = (comparison.prediction(side, 3) for side in (0, 1))
    assert a is not None and b is not None  # noqa: PT018
    assert b.mask.area > a.mask.area
    assert comparison.iou[3] == pytest.approx(a.mask.area / b.mask.area)
    assert not np.isnan(comparison.predicted_iou).any()
    assert comparison.tokens[0].tolist() == [
        step.predictions[1].memory.tokens_stored for step in comparison.results(0)
    ]


def test_the_banks_of_both_runs_are_side_by_side(session: Session) -> None:
    comparison = compared(session)
    a, b = (comparison.prediction(side, 7).memory for side in (0, 1))
    banks = comparison.banks(7)
    assert list(banks) == sorted({*a.bank, *b.bank})
    assert banks[0] == (a.tokens_of(0), b.tokens_of(0))


def test_one_of_the_runs_is_used_as_one_step_of_undo(session: Session) -> None:
    comparison, before, steps = compared(session), rows(session), len(session.history)
    key = session.history.new_key()
    for step in replay_job(comparison.results(1), key, protects_hand_work=True)(CancelToken()):
        assert session.apply(step)
    assert len(session.history) == steps + 1
    for frame in range(1, FRAMES):
        found = comparison.prediction(1, frame)
        assert session.document.mask(1, frame).mask == found.mask
        assert session.document.memory(1, frame) == found.memory
    session.history.undo()
    assert rows(session) == before


def test_a_comparison_can_be_canceled(session: Session) -> None:
    token = CancelToken()
    request = track_request(session.document, FRAMES, Direction.FORWARD, 0, [1])
    steps = compare_job(session.jobs, ComparisonRequest(1, request, VARIANTS))(token)
    assert next(steps).frame == 0
    token.cancel()
    with pytest.raises(Cancelled):
        next(steps)


def test_two_empty_masks_agree() -> None:
    empty = RleMask.empty((4, 5))
    full = RleMask.encode(np.ones((4, 5), np.bool_))
    assert [mask_iou(empty, empty), mask_iou(empty, full), mask_iou(full, full)] == [1, 0, 1]
