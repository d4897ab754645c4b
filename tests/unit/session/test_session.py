from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.core.cancel import Cancelled, CancelToken
from app.core.document import Edit, Origin, Table
from app.core.errors import UsageError
from app.core.memory import Constraint, Decision
from app.core.prompts import BoxPrompt, FramePrompts
from app.session import Session
from app.tracking.backend import Direction
from app.tracking.jobs import Job, PreviewStep, TrackStep
from tests.helpers.fake_backend import FakeBackend, disk
from tests.helpers.synthetic_video import SIZE_HW, remux, write_numbered_clip

FRAME_COUNT = 12


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def session(tmp_path: Path, backend: FakeBackend) -> Iterator[Session]:
    clip = write_numbered_clip(tmp_path / "clip.mp4", FRAME_COUNT)
    opened = Session.open(clip, lambda: backend, tmp_path / "clip.tsam")
    yield opened
    opened.close()


def run(session: Session, job: Job) -> None:
    for step in job(CancelToken()):
        session.apply(step)


def clicked_object(session: Session, frame: int = 0) -> int:
    object_id = session.add_object("ball")
    session.add_point(object_id, frame, 20, 20)
    run(session, session.segment_job(object_id, frame))
    return object_id


def masked_frames(session: Session, object_id: int) -> list[int]:
    return sorted(session.document.of_object(Table.MASKS, object_id))


def test_a_click_makes_a_mask(session: Session) -> None:
    object_id = clicked_object(session)
    row = session.document.mask(object_id, 0)
    assert row is not None
    assert row.origin is Origin.PROMPT
    assert row.mask.decode()[20, 20]


def test_a_click_repairs_the_mask_where_tracking_has_been(
    session: Session, backend: FakeBackend
) -> None:
    object_id = clicked_object(session)
    session.add_point(object_id, 0, 22, 20)
    run(session, session.segment_job(object_id, 0))
    assert backend.repaired == [None, None]
    run(session, session.track_job(Direction.FORWARD, 0))
    tracked = session.document.mask(object_id, 4)
    assert tracked is not None
    next(session.preview_job(object_id, 4, FramePrompts(box=BoxPrompt(5, 5, 9, 9)))(CancelToken()))
    session.add_point(object_id, 4, 30, 20)
    run(session, session.segment_job(object_id, 4))
    assert backend.repaired[2:] == [tracked.mask, tracked.mask]


def test_a_click_starts_anew_where_a_person_painted(session: Session, backend: FakeBackend) -> None:
    object_id = clicked_object(session)
    run(session, session.track_job(Direction.FORWARD, 0))
    session.set_mask(object_id, 4, disk(SIZE_HW, (40, 30), 9))
    session.add_point(object_id, 4, 30, 20)
    run(session, session.segment_job(object_id, 4))
    assert backend.repaired[-1] is None


def test_a_preview_changes_nothing(session: Session) -> None:
    object_id = session.add_object()
    job = session.preview_job(object_id, 0, FramePrompts(box=BoxPrompt(5, 5, 25, 25)))
    (step,) = job(CancelToken())
    assert isinstance(step, PreviewStep)
    session.apply(step)
    assert not masked_frames(session, object_id)


def test_tracking_covers_the_frames_of_its_direction(session: Session) -> None:
    object_id = clicked_object(session, frame=5)
    run(session, session.track_job(Direction.BACKWARD, 5))
    assert masked_frames(session, object_id) == list(range(6))
    run(session, session.track_job(Direction.FORWARD, 5, last=8))
    assert masked_frames(session, object_id) == list(range(9))
    run(session, session.track_job(Direction.BOTH, 5))
    assert masked_frames(session, object_id) == list(range(FRAME_COUNT))


def test_tracking_stays_in_the_range(session: Session) -> None:
    object_id = clicked_object(session, frame=4)
    session.set_range(3, 6)
    run(session, session.track_job(Direction.BOTH, 4))
    assert masked_frames(session, object_id) == [3, 4, 5, 6]
    with pytest.raises(UsageError, match="outside the range 3 to 6"):
        session.track_job(Direction.FORWARD, 9)


def test_objects_kept_apart_give_way_to_those_that_are_not_tracked(
    session: Session, backend: FakeBackend
) -> None:
    first, second = clicked_object(session), clicked_object(session)
    run(session, session.track_job(Direction.FORWARD, 0, [first]))
    session.set_exclusive(True)
    first_masks = [session.document.mask(first, frame) for frame in range(FRAME_COUNT)]
    run(session, session.track_job(Direction.FORWARD, 0, [second]))
    assert [request.is_exclusive for request in backend.requests] == [False, True]
    for frame, before in enumerate(first_masks):
        row = session.document.mask(second, frame)
        assert row is not None
        assert before is not None
        assert session.document.mask(first, frame) == before
        overlap = (row.mask.decode() & before.mask.decode()).any()
        assert overlap == (frame == 0)  # what was clicked stays as it was answered
    session.set_exclusive(False)
    run(session, session.track_job(Direction.FORWARD, 0, [second]))
    row = session.document.mask(second, 3)
    assert row is not None
    assert row.mask == first_masks[3].mask  # type: ignore[union-attr]


def test_progress_counts_every_frame_once(session: Session) -> None:
    clicked_object(session, frame=5)
    steps = list(session.track_job(Direction.BOTH, 5)(CancelToken()))
    assert [step.done for step in steps if isinstance(step, TrackStep)] == list(range(1, 13))
    assert {step.total for step in steps if isinstance(step, TrackStep)} == {FRAME_COUNT}


def test_one_tracking_is_one_step_of_undo(session: Session) -> None:
    object_id = clicked_object(session)
    keys: list[str | None] = []

    def execute(edit: Edit) -> None:
        keys.append(edit.merge_key)
        session.document.apply(edit)

    session.execute = execute
    run(session, session.track_job(Direction.FORWARD, 0))
    assert len(keys) == FRAME_COUNT
    session.clear_masks(object_id)
    run(session, session.track_job(Direction.FORWARD, 0))
    assert keys.count(keys[0]) == keys.count(keys[-1]) == FRAME_COUNT


def run_until(session: Session, job: Job, done: int) -> None:
    """Run a job and cancel it after its step number ``done``."""
    token = CancelToken()
    for step in job(token):
        session.apply(step)
        if isinstance(step, TrackStep) and step.done == done:
            token.cancel()


def test_cancel_keeps_finished_frames(session: Session) -> None:
    object_id = clicked_object(session)
    with pytest.raises(Cancelled):
        run_until(session, session.track_job(Direction.FORWARD, 0), done=4)
    assert masked_frames(session, object_id) == [0, 1, 2, 3]


def test_failure_keeps_finished_frames(session: Session, backend: FakeBackend) -> None:
    object_id = clicked_object(session)
    backend.fail_at = 3
    with pytest.raises(RuntimeError):
        run(session, session.track_job(Direction.FORWARD, 0))
    assert masked_frames(session, object_id) == [0, 1, 2]


def test_verified_and_painted_masks_survive_tracking(session: Session) -> None:
    object_id = clicked_object(session)
    run(session, session.track_job(Direction.FORWARD, 0))
    painted = disk(SIZE_HW, (70, 40), 5)
    session.set_mask(object_id, 4, painted)
    session.set_verified(object_id, 6)
    verified = session.document.mask(object_id, 6)
    run(session, session.track_job(Direction.FORWARD, 0))
    after = session.document.mask(object_id, 4)
    assert after is not None
    assert after.mask == painted
    assert session.document.mask(object_id, 6) == verified
    with pytest.raises(UsageError, match="frame 6 is verified"):
        session.add_point(object_id, 6, 1, 1)


def test_locked_objects_stay_as_they_are(session: Session) -> None:
    locked, other = clicked_object(session), clicked_object(session)
    job = session.track_job(Direction.FORWARD, 0)
    session.update_object(locked, is_locked=True)
    run(session, job)
    assert masked_frames(session, locked) == [0]
    assert masked_frames(session, other) == list(range(FRAME_COUNT))
    with pytest.raises(UsageError, match="ball is locked"):
        session.add_point(locked, 3, 1, 1)
    with pytest.raises(UsageError, match="nothing to track"):
        session.track_job(Direction.FORWARD, 0, [locked])


def test_steps_for_a_removed_object_are_dropped(session: Session) -> None:
    object_id = clicked_object(session)
    job = session.track_job(Direction.FORWARD, 0)
    session.remove_object(object_id)
    run(session, job)
    assert not session.document.rows(Table.MASKS)
    assert not session.document.rows(Table.MEMORY)


def test_tracking_from_a_mask_without_prompts(session: Session, backend: FakeBackend) -> None:
    object_id = session.add_object()
    seed = disk(SIZE_HW, (30, 30), 6)
    session.set_mask(object_id, 2, seed, Origin.IMPORTED)
    run(session, session.track_job(Direction.FORWARD, 2))
    assert backend.requests[0].objects[0].seed == seed
    assert masked_frames(session, object_id) == list(range(2, FRAME_COUNT))
    row = session.document.mask(object_id, 2)
    assert row is not None
    assert row.origin is Origin.IMPORTED


def test_taking_the_last_point_back_removes_the_mask(session: Session) -> None:
    object_id = clicked_object(session)
    session.add_point(object_id, 0, 40, 40, is_positive=False)
    session.remove_point(object_id, 0, 1)
    assert masked_frames(session, object_id) == [0]
    session.remove_point(object_id, 0, 0)
    assert masked_frames(session, object_id) == []
    assert session.prompted_frames(object_id) == []


def test_merge_unites_masks(session: Session) -> None:
    first, second = session.add_object("a"), session.add_object("b")
    session.set_mask(first, 0, disk(SIZE_HW, (20, 20), 5))
    session.set_mask(second, 0, disk(SIZE_HW, (60, 20), 5))
    session.set_mask(second, 1, disk(SIZE_HW, (62, 20), 5))
    session.merge_objects(first, second)
    assert [o.object_id for o in session.document.objects] == [first]
    row = session.document.mask(first, 0)
    assert row is not None
    assert row.mask.decode()[20, [20, 60]].all()
    assert session.document.prompts(first, 0).mask == row.mask
    assert masked_frames(session, first) == [0, 1]


def test_duplicate_copies_everything(session: Session) -> None:
    object_id = clicked_object(session)
    run(session, session.track_job(Direction.FORWARD, 0))
    copy = session.duplicate_object(object_id)
    for table in (Table.PROMPTS, Table.MASKS, Table.MEMORY):
        rows = session.document.of_object(table, copy)
        assert rows == session.document.of_object(table, object_id)


def test_memory_of_a_frame_is_recorded_and_constrained(session: Session) -> None:
    object_id = clicked_object(session)
    session.set_constraint(object_id, 2, Constraint.BAN)
    session.set_constraint(object_id, 9, Constraint.PIN)
    run(session, session.track_job(Direction.FORWARD, 0))
    records = session.document.of_object(Table.MEMORY, object_id)
    assert records[0].decision is Decision.PROMPTED
    assert records[2].decision is Decision.BANNED
    assert records[9].decision is Decision.PINNED
    kept = session.kept_frames(object_id)
    assert {0, 9} <= set(kept)
    assert 2 not in kept


def test_weak_frames_leave_out_verified_ones(session: Session) -> None:
    object_id = clicked_object(session)
    run(session, session.track_job(Direction.FORWARD, 0))
    weak = session.weak_frames(object_id)
    assert weak
    session.set_verified(object_id, weak[0])
    assert session.weak_frames(object_id) == weak[1:]


def test_clear_masks_keeps_verified_ones(session: Session) -> None:
    object_id = clicked_object(session)
    run(session, session.track_job(Direction.FORWARD, 0))
    session.set_verified(object_id, 3)
    session.clear_masks(object_id)
    assert masked_frames(session, object_id) == [3]


def test_a_cut_film_has_the_frames_that_can_be_decoded(tmp_path: Path) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", 60)
    whole = remux(clip, tmp_path / "whole.mp4", after=["-movflags", "+faststart"])
    content = whole.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: len(content) * 7 // 10])
    with closing(Session.open(cut, FakeBackend, tmp_path / "cut.tsam")) as session:
        announced = session.num_frames
        run(session, session.verify_job())
        last = session.num_frames - 1
        assert last + 1 < announced
        object_id = clicked_object(session, frame=last)
        run(session, session.track_job(Direction.BACKWARD, last))
        assert masked_frames(session, object_id) == list(range(last + 1))
        session.save_as(tmp_path / "copy.tsam")
    with closing(Session.open(tmp_path / "copy.tsam")) as again:
        assert masked_frames(again, object_id) == list(range(last + 1))
