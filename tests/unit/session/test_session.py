from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.core import edits, queries
from app.core.cancel import Cancelled, CancelToken, Job
from app.core.document import Origin, Table
from app.core.errors import UsageError
from app.core.memory import IMPORTED_HERE, Constraint, MemoryDecision
from app.jobs.predict import PredictionStep
from app.jobs.verify import verify_job
from app.session import Session
from app.tracking.backend import Direction, FrameResult
from tests.helpers.fake_backend import RADIUS, FakeBackend, disk
from tests.helpers.session_driver import SessionDriver
from tests.helpers.synthetic_video import SIZE_HW, remux, write_numbered_clip

FRAME_COUNT = 12


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def driver(tmp_path: Path, backend: FakeBackend) -> Iterator[SessionDriver]:
    clip = write_numbered_clip(tmp_path / "clip.mp4", FRAME_COUNT)
    with closing(Session.open(clip, lambda: backend, tmp_path / "clip.tsam")) as session:
        yield SessionDriver(session)


def test_a_click_makes_a_mask(driver: SessionDriver) -> None:
    object_id = driver.click_object()
    row = driver.document.mask(object_id, 0)
    assert row is not None
    assert row.origin is Origin.PROMPT
    assert row.mask.decode()[20, 20]


def test_a_click_corrects_the_mask_where_tracking_has_been(
    driver: SessionDriver, backend: FakeBackend
) -> None:
    object_id = driver.click_object()
    driver.add_point(object_id, 0, 22, 20)
    driver.segment(object_id, 0)
    assert [each.previous for each in backend.segmented] == [None, None]
    driver.track(Direction.FORWARD, 0)
    tracked = driver.document.mask(object_id, 4)
    assert tracked is not None
    driver.add_point(object_id, 4, 30, 20)
    driver.segment(object_id, 4)
    assert [each.previous for each in backend.segmented[2:]] == [tracked.mask]


def test_a_click_refines_the_mask_that_a_person_painted_and_keeps_the_strokes(
    driver: SessionDriver, backend: FakeBackend
) -> None:
    object_id, painted = driver.click_object(), disk(SIZE_HW, (40, 30), 9)
    driver.track(Direction.FORWARD, 0)
    driver.clear_masks(object_id, [4])
    driver.paint(object_id, 4, painted)
    driver.add_point(object_id, 4, 10, 20)
    driver.segment(object_id, 4)
    assert backend.segmented[-1].previous == painted
    found = driver.document.mask(object_id, 4)
    assert found is not None
    assert found.mask == painted | disk(SIZE_HW, (10, 20), RADIUS)
    driver.track(Direction.FORWARD, 0)
    assert driver.document.mask(object_id, 4) == found


def test_a_click_on_a_prompted_frame_makes_its_memory_outdated_until_it_is_tracked_again(
    driver: SessionDriver,
) -> None:
    object_id = driver.click_object()
    driver.track(Direction.FORWARD, 0)
    record = driver.document.memory(object_id, 0)
    assert record is not None
    assert record.decision is MemoryDecision.PROMPTED
    assert not queries.is_memory_outdated(driver.document, object_id, 0)
    driver.add_point(object_id, 0, 30, 20)
    driver.segment(object_id, 0)
    assert queries.is_memory_outdated(driver.document, object_id, 0)
    driver.track(Direction.FORWARD, 0)
    assert not queries.is_memory_outdated(driver.document, object_id, 0)
    again = driver.document.memory(object_id, 0)
    assert again is not None
    assert again.run != record.run


def test_an_imported_mask_corrects_tracking_and_stays_an_imported_one(
    driver: SessionDriver, backend: FakeBackend
) -> None:
    object_id = driver.click_object()
    elsewhere = disk(SIZE_HW, (60, 40), RADIUS)
    driver.draw(object_id, 6, elsewhere, Origin.IMPORTED)
    driver.track(Direction.FORWARD, 0)
    row, record = driver.document.mask(object_id, 6), driver.document.memory(object_id, 6)
    assert row is not None
    assert record is not None
    assert (row.mask, row.origin) == (elsewhere, Origin.IMPORTED)
    assert (record.decision, record.reason) == (MemoryDecision.PROMPTED, IMPORTED_HERE)
    assert not queries.is_memory_outdated(driver.document, object_id, 6)
    following = driver.document.mask(object_id, 8)
    assert following is not None
    assert following.mask.covers(62, 41)


def test_tracking_covers_the_frames_of_its_direction(driver: SessionDriver) -> None:
    object_id = driver.click_object(frame=5)
    driver.track(Direction.BACKWARD, 5)
    assert driver.masked_frames(object_id) == list(range(6))
    driver.track(Direction.FORWARD, 5, last=8)
    assert driver.masked_frames(object_id) == list(range(9))
    driver.track(Direction.BOTH, 5)
    assert driver.masked_frames(object_id) == list(range(FRAME_COUNT))


def test_tracking_stays_in_the_range(driver: SessionDriver) -> None:
    object_id = driver.click_object(frame=4)
    driver.execute(edits.set_range(driver.document, 3, 6))
    driver.track(Direction.BOTH, 4)
    assert driver.masked_frames(object_id) == [3, 4, 5, 6]
    with pytest.raises(UsageError, match="outside the range 3 to 6"):
        driver.track_job(Direction.FORWARD, 9)


def test_objects_kept_apart_give_way_to_those_that_are_not_tracked(
    driver: SessionDriver, backend: FakeBackend
) -> None:
    first, second = driver.click_object(), driver.click_object()
    driver.track(Direction.FORWARD, 0, [first])
    driver.execute(edits.set_exclusive(driver.document, True))
    first_masks = [driver.document.mask(first, frame) for frame in range(FRAME_COUNT)]
    driver.track(Direction.FORWARD, 0, [second])
    assert [request.is_exclusive for request in backend.requests] == [False, True]
    for frame, before in enumerate(first_masks):
        row = driver.document.mask(second, frame)
        assert row is not None
        assert before is not None
        assert driver.document.mask(first, frame) == before
        overlap = (row.mask.decode() & before.mask.decode()).any()
        assert overlap == (frame == 0)  # what was clicked stays as it was predicted
    driver.execute(edits.set_exclusive(driver.document, False))
    driver.track(Direction.FORWARD, 0, [second])
    row = driver.document.mask(second, 3)
    assert row is not None
    assert row.mask == first_masks[3].mask  # type: ignore[union-attr]


def test_progress_counts_every_frame_once(driver: SessionDriver) -> None:
    driver.click_object(frame=5)
    steps = list(driver.track_job(Direction.BOTH, 5)(CancelToken()))
    assert [step.done for step in steps] == list(range(1, 13))
    assert {step.total for step in steps} == {FRAME_COUNT}


def test_one_tracking_is_one_step_of_undo(driver: SessionDriver) -> None:
    object_id = driver.click_object()
    history = driver.session.history
    before = len(history)
    driver.track(Direction.FORWARD, 0)
    assert len(history) == before + 1
    assert history.undo_label == "Track ball"
    history.undo()
    assert driver.masked_frames(object_id) == [0]
    assert not driver.document.of_object(Table.MEMORY, object_id)
    driver.track(Direction.FORWARD, 0, last=4)
    driver.track(Direction.FORWARD, 0)
    assert len(history) == before + 2


def test_results_of_what_was_undone_are_dropped_and_end_the_job(driver: SessionDriver) -> None:
    object_id = driver.click_object()
    steps = driver.track_job(Direction.FORWARD, 0)(CancelToken())
    assert driver.session.apply(next(steps))
    driver.session.apply(next(steps))
    driver.session.history.undo()
    assert not driver.session.apply(next(steps))
    assert driver.masked_frames(object_id) == [0]


@pytest.mark.parametrize("is_deleted", [True, False], ids=["deleted", "locked"])
def test_a_job_ends_when_no_object_is_left_that_it_may_change(
    driver: SessionDriver, is_deleted: bool
) -> None:
    ids = [driver.click_object(), driver.click_object()]
    steps = driver.track_job(Direction.FORWARD, 0)(CancelToken())
    for object_id in ids:
        assert driver.session.apply(next(steps))
        if is_deleted:
            driver.remove_object(object_id)
        else:
            driver.update_object(object_id, is_locked=True)
    assert not driver.session.apply(next(steps))


def test_a_job_continues_after_a_frame_without_predictions(driver: SessionDriver) -> None:
    key = driver.session.history.new_key()
    assert driver.session.apply(PredictionStep(FrameResult(3, {}), key))


def test_a_mask_is_dropped_when_its_prompts_are_gone(driver: SessionDriver) -> None:
    object_id = driver.add_object()
    driver.add_point(object_id, 0, 20, 20)
    job = driver.segment_job(object_id, 0)
    driver.clear_prompts(object_id, [0])
    driver.run(job)
    assert driver.masked_frames(object_id) == []


def test_tracking_renews_the_mask_of_a_prompted_frame_only_where_it_was_tracked(
    driver: SessionDriver,
) -> None:
    object_id = driver.click_object()
    clicked = driver.document.mask(object_id, 0)
    driver.track(Direction.FORWARD, 0)
    assert driver.document.mask(object_id, 0) == clicked
    driver.add_point(object_id, 5, 40, 40)
    driver.track(Direction.FORWARD, 0)
    row = driver.document.mask(object_id, 5)
    assert row is not None
    assert row.origin is Origin.PROMPT
    assert row.mask.decode()[40, 40]


def run_until(driver: SessionDriver, job: Job, done: int) -> None:
    """Run a job and cancel it after its step number ``done``."""
    token = CancelToken()
    for step in job(token):
        driver.session.apply(step)
        if step.done == done:
            token.cancel()


def test_cancel_keeps_finished_frames(driver: SessionDriver) -> None:
    object_id = driver.click_object()
    with pytest.raises(Cancelled):
        run_until(driver, driver.track_job(Direction.FORWARD, 0), done=4)
    assert driver.masked_frames(object_id) == [0, 1, 2, 3]


def test_failure_keeps_finished_frames(driver: SessionDriver, backend: FakeBackend) -> None:
    object_id = driver.click_object()
    backend.fail_at = 3
    with pytest.raises(RuntimeError):
        driver.track(Direction.FORWARD, 0)
    assert driver.masked_frames(object_id) == [0, 1, 2]


def test_verified_and_painted_masks_survive_tracking(driver: SessionDriver) -> None:
    object_id = driver.click_object()
    driver.track(Direction.FORWARD, 0)
    painted = disk(SIZE_HW, (70, 40), 5)
    driver.draw(object_id, 4, painted)
    driver.verify(object_id, 6)
    verified = driver.document.mask(object_id, 6)
    driver.track(Direction.FORWARD, 0)
    after = driver.document.mask(object_id, 4)
    assert after is not None
    assert after.mask == painted
    assert driver.document.mask(object_id, 6) == verified
    with pytest.raises(UsageError, match="frame 6 is verified"):
        driver.add_point(object_id, 6, 1, 1)


def test_locked_objects_stay_as_they_are(driver: SessionDriver) -> None:
    locked, other = driver.click_object(), driver.click_object()
    job = driver.track_job(Direction.FORWARD, 0)
    driver.update_object(locked, is_locked=True)
    driver.run(job)
    assert driver.masked_frames(locked) == [0]
    assert driver.masked_frames(other) == list(range(FRAME_COUNT))
    with pytest.raises(UsageError, match="ball is locked"):
        driver.add_point(locked, 3, 1, 1)
    with pytest.raises(UsageError, match="nothing to track"):
        driver.track_job(Direction.FORWARD, 0, [locked])


def test_steps_for_a_removed_object_are_dropped(driver: SessionDriver) -> None:
    object_id = driver.click_object()
    job = driver.track_job(Direction.FORWARD, 0)
    driver.remove_object(object_id)
    driver.run(job)
    assert not driver.document.rows(Table.MASKS)
    assert not driver.document.rows(Table.MEMORY)


def test_tracking_from_a_mask_without_prompts(driver: SessionDriver, backend: FakeBackend) -> None:
    object_id = driver.add_object()
    initial = disk(SIZE_HW, (30, 30), 6)
    driver.draw(object_id, 2, initial, Origin.IMPORTED)
    driver.track(Direction.FORWARD, 2)
    assert backend.requests[0].objects[0].prompts[2].mask == initial
    assert driver.masked_frames(object_id) == list(range(2, FRAME_COUNT))
    row = driver.document.mask(object_id, 2)
    assert row is not None
    assert row.origin is Origin.IMPORTED


def test_taking_the_last_point_back_removes_the_mask(driver: SessionDriver) -> None:
    object_id = driver.click_object()
    driver.add_point(object_id, 0, 40, 40, on=False)
    driver.execute(edits.remove_point(driver.document, object_id, 0, 1))
    assert driver.masked_frames(object_id) == [0]
    driver.execute(edits.remove_point(driver.document, object_id, 0, 0))
    assert driver.masked_frames(object_id) == []
    assert queries.prompted_frames(driver.document, object_id) == []


def test_merge_unites_masks(driver: SessionDriver) -> None:
    first, second = driver.add_object("a"), driver.add_object("b")
    driver.draw(first, 0, disk(SIZE_HW, (20, 20), 5))
    driver.draw(second, 0, disk(SIZE_HW, (60, 20), 5))
    driver.draw(second, 1, disk(SIZE_HW, (62, 20), 5))
    driver.execute(edits.merge_objects(driver.document, first, second))
    assert [o.object_id for o in driver.document.objects] == [first]
    row = driver.document.mask(first, 0)
    assert row is not None
    assert row.mask.decode()[20, [20, 60]].all()
    assert driver.document.prompts(first, 0).mask == row.mask
    assert driver.masked_frames(first) == [0, 1]


def test_duplicate_copies_everything(driver: SessionDriver) -> None:
    object_id = driver.click_object()
    driver.track(Direction.FORWARD, 0)
    driver.execute(edits.duplicate_object(driver.document, object_id))
    copy = object_id + 1
    for table in (Table.PROMPTS, Table.MASKS, Table.MEMORY):
        rows = driver.document.of_object(table, copy)
        assert rows == driver.document.of_object(table, object_id)


def test_memory_of_a_frame_is_recorded_and_constrained(driver: SessionDriver) -> None:
    object_id = driver.click_object()
    driver.constrain(object_id, 2, Constraint.BAN)
    driver.constrain(object_id, 9, Constraint.PIN)
    driver.track(Direction.FORWARD, 0)
    records = driver.document.of_object(Table.MEMORY, object_id)
    assert records[0].decision is MemoryDecision.PROMPTED
    assert records[2].decision is MemoryDecision.BANNED
    assert records[9].decision is MemoryDecision.PINNED
    kept = queries.stored_frames(driver.document, object_id)
    assert {0, 9} <= set(kept)
    assert 2 not in kept


def test_clear_masks_keeps_verified_ones(driver: SessionDriver) -> None:
    object_id = driver.click_object()
    driver.track(Direction.FORWARD, 0)
    driver.verify(object_id, 3)
    driver.clear_masks(object_id)
    assert driver.masked_frames(object_id) == [3]


def test_a_cut_video_has_the_frames_that_can_be_decoded(tmp_path: Path) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 60)
    whole = remux(clip, tmp_path / "whole.mp4", after=["-movflags", "+faststart"])
    content = whole.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: len(content) * 7 // 10])
    with closing(Session.open(cut, FakeBackend, tmp_path / "cut.tsam")) as session:
        announced = session.num_frames
        driver = SessionDriver(session)
        driver.run(verify_job(session.source))
        last = session.num_frames - 1
        assert last + 1 < announced
        object_id = driver.click_object(frame=last)
        driver.track(Direction.BACKWARD, last)
        assert driver.masked_frames(object_id) == list(range(last + 1))
        session.save_as(tmp_path / "copy.tsam")
    with closing(Session.open(tmp_path / "copy.tsam")) as again:
        assert SessionDriver(again).masked_frames(object_id) == list(range(last + 1))
