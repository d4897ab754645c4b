"""Imported masks are protected from tracking, whatever origin their file states."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.core import edits, rules
from app.core.document import FrameMask, Origin, Table
from app.core.masks import RleMask
from app.export.registry import export
from app.session import Session
from app.tracking.backend import Direction
from tests.helpers.fake_backend import RADIUS, FakeBackend, disk
from tests.helpers.session_driver import SessionDriver
from tests.helpers.synthetic_video import SIZE_HW, write_numbered_clip
from tests.unit.export.scene import content, update

FRAMES = 8


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_numbered_clip(tmp_path / "clip.mp4", FRAMES)


@pytest.fixture
def driver(clip: Path, tmp_path: Path) -> Iterator[SessionDriver]:
    with closing(Session.open(clip, FakeBackend, tmp_path / "new.tsam")) as session:
        yield SessionDriver(session)


@pytest.fixture(params=["coco", "sav"])
def tracked_export(clip: Path, tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str, Path]:
    """Export an object that was clicked on frame 0, painted on frame 4 and tracked elsewhere."""
    with closing(Session.open(clip, FakeBackend, tmp_path / "old.tsam")) as session:
        driver = SessionDriver(session)
        object_id = driver.click_object(0)
        driver.track(Direction.FORWARD, 0)
        driver.paint(object_id, 4, disk(SIZE_HW, (60, 40), RADIUS))
        export(session.document, session.source, request.param, tmp_path / "first")
    return request.param, tmp_path / "first"


def masks(driver: SessionDriver) -> dict[tuple[int, int], FrameMask]:
    return dict(driver.document.rows(Table.MASKS))


def test_tracking_leaves_masks_alone_that_a_file_calls_tracked(
    driver: SessionDriver, tracked_export: tuple[str, Path]
) -> None:
    update(driver.session, next(tracked_export[1].iterdir()), is_update=False)
    before = masks(driver)
    assert len(before) == FRAMES
    assert {row.origin for row in before.values()} == {Origin.IMPORTED}
    driver.add_point(1, 0, 70, 50)
    driver.segment(1, 0)
    driver.track(Direction.FORWARD, 0, [1])
    after = masks(driver)
    assert after.pop((1, 0)) != before.pop((1, 0))
    assert after == before


def test_the_origin_that_a_file_states_is_exported_again(
    driver: SessionDriver, tracked_export: tuple[str, Path], tmp_path: Path
) -> None:
    name, folder = tracked_export
    update(driver.session, next(folder.iterdir()), is_update=False)
    driver.session.flush()
    driver.session.close()
    with closing(Session.open(tmp_path / "new.tsam", FakeBackend)) as session:
        export(session.document, session.source, name, tmp_path / "second")
    assert content(tmp_path / "second") == content(folder)


@pytest.mark.parametrize("stated", [None, Origin.TRACKED, Origin.PROMPT, Origin.PAINTED])
def test_a_mask_that_says_the_object_is_absent_is_protected(
    driver: SessionDriver, stated: Origin | None
) -> None:
    object_id = driver.click_object(0)
    absent = FrameMask(RleMask.empty(SIZE_HW), Origin.IMPORTED, stated_origin=stated)
    driver.execute(edits.import_mask(driver.document, object_id, 3, absent))
    driver.track(Direction.FORWARD, 0)
    assert driver.document.mask(object_id, 3) == absent
    assert not rules.is_mask_trackable(driver.document, object_id, 3)


def test_painting_over_an_imported_mask_is_the_user_s_work_until_it_is_undone(
    driver: SessionDriver, tracked_export: tuple[str, Path]
) -> None:
    update(driver.session, next(tracked_export[1].iterdir()), is_update=False)
    before = masks(driver)[1, 2]
    assert before.exported_origin is Origin.TRACKED
    driver.paint(1, 2, disk(SIZE_HW, (60, 40), RADIUS))
    assert masks(driver)[1, 2].exported_origin is Origin.PAINTED
    driver.clear_prompts(1, [2])
    assert masks(driver)[1, 2] == before
