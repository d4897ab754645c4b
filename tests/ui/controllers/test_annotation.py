"""What an intent does when it meets something in its way, and whose keys are whose."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QMessageBox, QTableView, QToolButton
from pytestqt.qtbot import QtBot

from app.core import edits
from app.core.document import FrameMask, Origin, Table
from app.core.errors import ModelError
from app.core.masks import RleMask
from app.tracking.backend import MaskFault, TrackerBackend
from app.tracking.mask_cleaning import clean_mask
from app.ui.window.main_window import MainWindow
from tests.helpers.fake_backend import FakeBackend, SlowLoader
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return small_clip(tmp_path, 12)


@pytest.fixture
def user(qtbot: QtBot, clip: Path) -> Iterator[WindowDriver]:
    with open_window(qtbot, clip) as driver:
        driver.click_and_wait(20, 20)
        yield driver


def status_message(user: WindowDriver) -> str:
    status = user.window.status
    shown = (*status.findChildren(QLabel), *status.findChildren(QToolButton))
    return " ".join(widget.text() for widget in shown)


def test_a_locked_object_is_not_changed_and_the_status_bar_says_why(user: WindowDriver) -> None:
    user.press("L")
    before = user.document.prompts(1, 0)
    user.workspace.controller.add_point(30, 30, True)
    assert "object 1 is locked" in status_message(user)
    assert user.document.prompts(1, 0) == before


def test_tracking_without_prompts_shows_why(user: WindowDriver) -> None:
    user.do("New object")
    user.press("T")
    assert not user.window.model_jobs.running
    assert "nothing to track" in status_message(user)


def test_the_undo_action_names_the_step(user: WindowDriver) -> None:
    user.press("H")
    user.window.refresh_actions()
    assert user.window.action_set["Undo"].text() == "Undo change is visible of object 1"
    user.press("Ctrl+Z")
    assert user.document.object(1).is_visible


def test_in_and_out_frames_never_cross(user: WindowDriver) -> None:
    user.workspace.navigator.go(5)
    user.press("O")
    user.workspace.navigator.go(8)
    user.press("I")
    assert user.document.frame_range == (8, None)
    user.press("Ctrl+Shift+X")
    assert user.document.frame_range == (None, None)


def test_up_and_down_keys_go_to_the_focused_list(user: WindowDriver) -> None:
    user.press("N")
    user.workspace.objects.setFocus()
    assert isinstance(user.window.focusWidget(), QTableView)
    user.press("Up")
    assert user.workspace.view.active_object == 1
    user.press("Right")
    assert user.workspace.view.frame == 1
    user.press("T")
    assert user.window.model_jobs.running


def test_a_model_that_cannot_be_loaded_is_reported_on_first_use(qtbot: QtBot, clip: Path) -> None:
    def load() -> TrackerBackend:
        raise ModelError("There are no weights.", "Run `tinysam2 weights get`.")

    with open_window(qtbot, clip, load=load) as user:
        user.wait(lambda: "No model" in status_message(user))
        assert not user.window.findChildren(QMessageBox)
        user.click(20, 20)
        user.wait(lambda: bool(user.window.findChildren(QMessageBox)))
        [box] = user.window.findChildren(QMessageBox)
        assert box.text() == "There are no weights."
        assert len(user.document.prompts(1, 0).points) == 1


def test_a_window_can_be_closed_while_the_model_loads(qtbot: QtBot, clip: Path) -> None:
    load = SlowLoader(0.3)
    with open_window(qtbot, clip, load=load) as user:
        user.wait(load.has_started.is_set)
        user.wait(lambda: "Loading model" in status_message(user))
    assert not user.window.isVisible()


def test_a_window_can_be_closed_while_a_video_opens(qtbot: QtBot, clip: Path) -> None:
    window = MainWindow(load_backend=lambda settings: FakeBackend())
    window.open_path(clip)
    window.close()
    window.deleteLater()


def test_a_point_without_effect_is_announced(user: WindowDriver) -> None:
    user.workspace.controller.add_point(21.5, 20.5, False)
    reported = "negative point at 21, 20 on frame 0 has no effect"
    user.wait(lambda: reported in status_message(user))


@pytest.mark.parametrize("is_on", [True, False])
def test_dropping_islands_is_an_option(qtbot: QtBot, clip: Path, is_on: bool) -> None:
    backend = FakeBackend()
    with open_window(qtbot, clip, backend) as user:
        assert user.window.action_set["Drop islands"].isChecked()
        if not is_on:
            user.do("Drop islands")
        user.click_and_wait(20, 20)
        assert [request.drops_islands for request in backend.segmented] == [is_on]


def faulty(size_hw: tuple[int, int]) -> RleMask:
    """Draw a block with a hole of one pixel, and a speck."""
    bitmap = np.zeros(size_hw, dtype=np.bool_)
    bitmap[10:30, 10:30] = True
    bitmap[20, 20] = False
    bitmap[40, 60] = True
    return RleMask.encode(bitmap)


def test_specks_and_holes_are_removed_here_or_on_all_frames(user: WindowDriver) -> None:
    mask = faulty(user.workspace.session.size_hw)
    assert clean_mask(mask, MaskFault.SPECKS).area == mask.area - 1
    rows = {(1, frame): FrameMask(mask, Origin.TRACKED, 0.5) for frame in range(1, 4)}
    user.history.execute(edits.set_masks(user.document, rows, "Put"))
    user.history.execute(edits.set_verified(user.document, 1, 3, True))

    def areas() -> list[int]:
        return [row.mask.area for _, row in sorted(user.document.of_object(Table.MASKS, 1).items())]

    untouched = areas()
    user.go(1)
    user.do("Remove specks")
    user.wait(lambda: "1 of 1 mask changed" in status_message(user))
    assert areas() == [untouched[0], 399, 400, 400]
    user.do("Fill holes on all frames")
    user.wait(lambda: "2 of 3 masks changed" in status_message(user))
    assert areas() == [untouched[0], 400, 401, 400]
    user.do("Undo")
    user.do("Undo")
    assert areas() == untouched
    user.go(3)
    user.do("Remove specks")
    assert "is verified" in status_message(user)


def test_cleaned_masks_are_counted_while_the_project_is_copied(user: WindowDriver) -> None:
    mask = faulty(user.workspace.session.size_hw)
    rows = {(1, frame): FrameMask(mask, Origin.TRACKED, 0.5) for frame in range(1, 4)}
    user.history.execute(edits.set_masks(user.document, rows, "Put"))
    user.do("Fill holes on all frames")
    user.document.copy()  # as an export does
    user.wait(lambda: "3 of 4 masks changed" in status_message(user))


def test_cleaning_keeps_what_was_painted(user: WindowDriver) -> None:
    size_hw = user.workspace.session.size_hw
    speck = np.zeros(size_hw, dtype=np.bool_)
    speck[55, 80] = True
    user.workspace.controller.paint(RleMask.encode(speck), False)
    user.do("Remove specks")
    user.wait(lambda: "0 of 1 mask changed" in status_message(user))
    found = user.workspace.controller.active_mask
    assert found is not None
    assert found.mask.covers(80, 55)


def test_a_moved_point_predicts_the_mask_anew(user: WindowDriver) -> None:
    before = user.document.mask(1, 0)
    user.workspace.canvas.point_moved.emit(0, 60.5, 40.5)
    user.wait(lambda: user.document.mask(1, 0) != before)
    found = user.document.mask(1, 0)
    assert found is not None
    assert found.mask.covers(60, 40)
    assert len(user.document.prompts(1, 0).points) == 1
    user.press("Ctrl+Z")
    assert user.document.mask(1, 0) == before


def test_a_click_on_a_locked_object_is_refused_in_the_status_bar(user: WindowDriver) -> None:
    user.press("L")
    user.click(40, 40)
    assert "object 1 is locked." in status_message(user)


def test_the_status_bar_shows_the_zoom_and_changes_it(user: WindowDriver) -> None:
    zoom = next(b for b in user.window.status.findChildren(QToolButton) if b.text().endswith(" %"))
    choices = {action.text(): action for action in zoom.menu().actions()}
    choices["200 %"].trigger()
    assert zoom.text() == "200 %"
    assert user.workspace.canvas.zoom_pan.zoom == pytest.approx(2)
    user.workspace.canvas.zoom_pan.zoom_in()
    assert zoom.text() == "250 %"
    choices["Fit"].trigger()
    fitted = user.workspace.canvas.zoom_pan.zoom
    user.do("100 %")
    user.do("Fit")
    assert user.workspace.canvas.zoom_pan.zoom == pytest.approx(fitted)
