"""What an annotator does, through the real window with the fake tracker."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from app.core import queries
from app.core.cancel import CancelToken
from app.core.document import Origin
from app.jobs.verify import IndexStatus, VerifyResult, VerifyStep
from app.media.video import VideoSource
from app.ui.dialogs.export_dialog import ExportRequest
from app.ui.dialogs.import_dialog import ImportDialog
from app.ui.state.recent import recent_entries
from app.ui.style.theme import Theme
from app.ui.window.recent_menu import RecentMenu
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.window import WAIT_MS, WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui
FRAMES = 30


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return small_clip(tmp_path, FRAMES)


@pytest.fixture
def user(qtbot: QtBot, clip: Path) -> Iterator[WindowDriver]:
    with open_window(qtbot, clip) as driver:
        yield driver


def messages(user: WindowDriver) -> list[str]:
    return [box.text() for box in user.window.findChildren(QMessageBox)]


def status_text(user: WindowDriver) -> str:
    return " ".join(label.text() for label in user.window.status.findChildren(QLabel))


def test_a_click_makes_an_object_with_a_mask_and_one_undo_takes_both_back(
    user: WindowDriver,
) -> None:
    user.click_and_wait(40, 30)
    mask = user.document.mask(1, 0)
    assert mask is not None
    assert mask.mask.decode()[30, 40]
    user.press("Ctrl+Z")
    assert user.document.objects == []
    assert user.mask_frames() == []
    user.press("Ctrl+Y")
    assert user.document.mask(1, 0) == mask
    assert user.workspace.view.active_object == 1


def test_each_of_two_quick_clicks_is_a_step_of_its_own(user: WindowDriver) -> None:
    user.click(40, 30)
    user.click(50, 30)
    user.wait_until_idle()
    user.wait(lambda: len(user.history) == 2)
    user.wait(lambda: user.mask_frames() == [0])
    user.qtbot.wait(50)
    user.press("Ctrl+Z")
    assert len(user.document.prompts(1, 0).points) == 1
    assert user.mask_frames() == [0]
    user.press("Ctrl+Z")
    assert user.document.objects == []


def test_a_negative_point_without_an_object_shows_a_hint(user: WindowDriver) -> None:
    user.click(40, 30, Qt.MouseButton.RightButton)
    assert user.document.objects == []
    assert "Add a positive point first" in status_text(user)


def test_tracking_fills_all_frames_and_is_one_step_of_undo(user: WindowDriver) -> None:
    user.click_and_wait(20, 20)
    user.press("T")
    user.wait_until_idle()
    assert user.mask_frames() == list(range(FRAMES))
    user.press("Ctrl+Z")
    assert user.mask_frames() == [0]
    user.press("Ctrl+Shift+Z")
    assert user.mask_frames() == list(range(FRAMES))


def test_keys_work_again_after_a_frame_number_was_typed(user: WindowDriver) -> None:
    user.click_and_wait(20, 20)
    user.press("Ctrl+J")
    field = user.window.focusWidget()
    user.qtbot.keyClicks(field, "12")
    user.qtbot.keyClick(field, Qt.Key.Key_Return)
    assert user.workspace.view.frame == 12
    assert user.window.focusWidget() is user.workspace.canvas


def test_backward_and_one_frame_and_both_ways(user: WindowDriver) -> None:
    user.go(10)
    user.click_and_wait(40, 30)
    user.do("Track one frame forward")
    user.wait_until_idle()
    assert user.mask_frames() == [10, 11]
    assert user.workspace.view.frame == 11
    user.go(10)
    user.press("Shift+T")
    user.wait_until_idle()
    assert user.mask_frames() == list(range(12))
    user.workspace.controller.set_range(5, 20)
    user.go(10)
    user.press("Ctrl+T")
    user.wait_until_idle()
    assert user.mask_frames() == list(range(21))


def test_canceling_tracking_keeps_the_finished_frames(qtbot: QtBot, clip: Path) -> None:
    backend = FakeBackend()
    with open_window(qtbot, clip, backend) as user:
        user.click_and_wait(20, 20)
        backend.wait_at = 5
        user.press("T")
        user.wait(lambda: len(user.mask_frames()) == 5)
        user.press("Esc")
        user.wait_until_idle()
        assert user.mask_frames() == list(range(5))
        assert "finished frames are kept" in " ".join(
            label.text() for label in user.window.jobs.findChildren(QLabel)
        )
        user.press("Ctrl+Z")
        assert user.mask_frames() == [0]


def test_the_canvas_follows_tracking_until_the_user_clicks_on_it(qtbot: QtBot, clip: Path) -> None:
    backend = FakeBackend()
    with open_window(qtbot, clip, backend) as user:
        user.click_and_wait(20, 20)
        user.do("Follow tracking")
        backend.wait_at = 4
        user.press("T")
        user.wait(lambda: user.workspace.view.frame == 3)
        user.workspace.canvas.gesture_started.emit()
        user.workspace.canvas.point_requested.emit(60.0, 40.0, True)
        stayed = user.workspace.view.frame
        backend.wait_at = None
        user.wait_until_idle()
        assert user.workspace.view.frame == stayed
        assert len(user.document.prompts(1, stayed).points) == 1


def test_undo_while_tracking_stops_it_for_good(qtbot: QtBot, clip: Path) -> None:
    backend = FakeBackend()
    with open_window(qtbot, clip, backend) as user:
        user.click_and_wait(20, 20)
        backend.wait_at = 3
        user.press("T")
        user.wait(lambda: len(user.mask_frames()) == 3)
        user.press("Ctrl+Z")
        backend.wait_at = None
        user.wait_until_idle()
        assert user.mask_frames() == [0]


def test_a_correction_while_tracking_is_a_step_of_its_own(qtbot: QtBot, clip: Path) -> None:
    backend = FakeBackend()
    with open_window(qtbot, clip, backend) as user:
        user.click_and_wait(20, 20)
        backend.wait_at = 3
        user.press("T")
        user.wait(lambda: len(user.mask_frames()) == 3)
        user.rename(1, "dog")
        backend.wait_at = None
        user.wait_until_idle()
        user.press("Ctrl+Z")
        assert user.document.object(1).name == "object 1"
        assert user.mask_frames() == list(range(FRAMES))


def test_only_the_active_object_is_tracked_unless_all_are_selected(user: WindowDriver) -> None:
    user.click_and_wait(20, 20)
    user.press("N")
    user.click_and_wait(60, 40)
    user.press("T")
    user.wait_until_idle()
    assert user.mask_frames(1) == [0]
    assert user.mask_frames(2) == list(range(FRAMES))
    user.press("Home")
    user.press("Ctrl+Shift+T")
    user.press("T")
    user.wait_until_idle()
    assert user.mask_frames(1) == list(range(FRAMES))


def test_verified_masks_survive_tracking(user: WindowDriver) -> None:
    user.click_and_wait(20, 20)
    user.press("T")
    user.wait_until_idle()
    user.go(5)
    user.press("Shift+V")
    before = user.document.mask(1, 5)
    assert before is not None
    assert before.is_verified
    user.press("Home")
    user.click(60, 40)
    user.wait_until_idle()
    user.press("T")
    user.wait_until_idle()
    assert user.document.mask(1, 5) == before
    assert user.document.mask(1, 6) != before


def test_a_failing_tracker_shows_an_error_and_keeps_finished_frames(
    qtbot: QtBot, clip: Path
) -> None:
    with open_window(qtbot, clip, FakeBackend(fail_at=6)) as user:
        user.click_and_wait(20, 20)
        user.press("T")
        user.wait_until_idle()
        assert user.mask_frames() == list(range(6))
        assert any(
            "Track object 1, frames 0 to 29, forward failed" in text for text in messages(user)
        )


def test_reopening_restores_everything(
    user: WindowDriver, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.click_and_wait(20, 20)
    user.press("Ctrl+S")
    user.wait(lambda: "Saved in" in status_text(user))
    target = tmp_path / "mine"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(target), ""))
    user.press("Ctrl+Shift+S")
    before = user.document.mask(1, 0)
    user.open(small_clip(tmp_path / "..", 12))
    assert user.document.objects == []
    user.open(tmp_path / "mine.tsam")
    assert user.document.mask(1, 0) == before
    assert user.window.preferences.recent[0] == (tmp_path / "mine.tsam").resolve()


def test_exports_contain_the_masks_and_report_their_folder(
    user: WindowDriver, tmp_path: Path
) -> None:
    user.click_and_wait(20, 20)
    user.press("T")
    user.wait_until_idle()
    order = ExportRequest(("davis", "coco"), tmp_path / "out", range(FRAMES))
    user.window.exporting.start(user.workspace.session, order)
    user.wait(lambda: bool(messages(user)))
    assert str(tmp_path / "out") in messages(user)[0]
    images = sorted((tmp_path / "out").rglob("*.png"))
    assert len(images) == FRAMES
    expected = user.document.mask(1, 7)
    assert expected is not None
    assert np.array_equal(np.array(Image.open(images[7])) == 1, expected.mask.decode())
    documents = [json.loads(path.read_text()) for path in (tmp_path / "out").rglob("*.json")]
    [coco] = [document for document in documents if "annotations" in document]
    assert len(coco["annotations"]) == FRAMES


def accept_import(user: WindowDriver, is_update: bool = False) -> None:
    user.wait(lambda: bool(user.window.findChildren(ImportDialog)))
    [dialog] = user.window.findChildren(ImportDialog)
    dialog.findChild(QCheckBox).setChecked(is_update)
    dialog.accept()


@pytest.mark.parametrize(("form", "chosen"), [("coco", "*.json"), ("davis", "*.png")])
def test_exported_masks_come_back_as_one_step(
    user: WindowDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, chosen: str
) -> None:
    user.click_and_wait(20, 20)
    user.rename(1, "dog")
    user.press("T")
    user.wait_until_idle()
    order = ExportRequest((form,), tmp_path / "out", range(FRAMES))
    user.window.exporting.start(user.workspace.session, order)
    user.wait_until_idle()
    path = str(sorted((tmp_path / "out").rglob(chosen))[0])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (path, ""))
    user.press("Home")
    user.do("Import masks…")
    accept_import(user)
    user.wait_until_idle()
    assert user.document.object(2).name == "dog"
    for frame in range(FRAMES):
        [ours, theirs] = [user.document.mask(each, frame) for each in (1, 2)]
        if ours and ours.mask.area:
            assert theirs is not None
            assert theirs.mask == ours.mask
    user.history.undo()
    assert [each.object_id for each in user.document.objects] == [1]


def test_an_import_can_update_objects_and_one_undo_takes_it_back(
    user: WindowDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.click_and_wait(20, 20)
    before = user.document.mask(1, 0)
    empty = Image.new("P", (96, 64))
    empty.paste(1, (0, 0, 10, 10))
    empty.save(tmp_path / "00000.png")
    chosen = str(tmp_path / "00000.png")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (chosen, ""))
    user.do("Import masks…")
    accept_import(user, is_update=True)
    user.wait(lambda: user.document.mask(1, 0).mask.area == 100)
    assert len(user.document.objects) == 1
    assert user.document.mask(1, 0).origin is Origin.IMPORTED
    user.history.undo()
    assert user.document.mask(1, 0) == before


def test_masks_of_another_video_are_refused(
    user: WindowDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("P", (10, 10), 1).save(tmp_path / "00000.png")
    chosen = str(tmp_path / "00000.png")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (chosen, ""))
    user.do("Import masks…")
    user.wait(lambda: bool(messages(user)))
    assert "10 x 10 pixels, but the video is 96 x 64" in messages(user)[0]
    assert user.document.objects == []


def test_letters_typed_into_a_field_are_not_shortcuts(user: WindowDriver) -> None:
    user.click_and_wait(20, 20)
    user.press("Ctrl+J")
    for key in ("T", "N", "1", "2", "Return"):
        user.press(key)
    assert user.workspace.view.frame == 12
    assert len(user.document.objects) == 1
    assert not user.window.model_jobs.running
    user.press("Esc")
    assert user.workspace.canvas.hasFocus()


def test_keys_move_through_the_frames(user: WindowDriver) -> None:
    for key, frame in (
        ("Right", 1),
        ("Shift+Right", 11),
        (",", 10),
        ("End", FRAMES - 1),
        ("D", FRAMES - 1),
        ("Home", 0),
    ):
        user.press(key)
        assert user.workspace.view.frame == frame, key


def test_jumps_to_frames_that_matter(user: WindowDriver) -> None:
    user.click_and_wait(20, 20)
    user.press("T")
    user.wait_until_idle()
    user.press("Home")
    kept = queries.stored_frames(user.document, 1)
    user.press("End")
    user.press("Ctrl+Left")
    assert user.workspace.view.frame == max(f for f in kept if f < FRAMES - 1)
    user.press("PgUp")
    assert user.workspace.view.frame == 0
    user.press("PgUp")
    assert "no prompted frame before" in status_text(user)


def test_playing_ends_on_the_last_frame(user: WindowDriver) -> None:
    user.press("Space")
    assert user.workspace.player.is_playing
    user.wait(lambda: not user.workspace.player.is_playing)
    assert user.workspace.view.frame == FRAMES - 1


def test_pinned_frames_reach_the_tracker(qtbot: QtBot, clip: Path) -> None:
    backend = FakeBackend()
    with open_window(qtbot, clip, backend) as user:
        user.click_and_wait(20, 20)
        user.go(4)
        user.press("M")
        assert "Frame 4 is pinned. Track again to apply it." in status_text(user)
        user.press("Home")
        user.press("T")
        user.wait_until_idle()
        assert dict(backend.requests[-1].objects[0].constraints) == {4: "pin"}


def test_features_of_the_displayed_frame_are_computed_before_the_click(
    qtbot: QtBot, clip: Path
) -> None:
    backend = FakeBackend()
    with open_window(qtbot, clip, backend) as user:
        user.go(7)
        user.wait(lambda: 7 in backend.encoded)


def test_a_preview_does_not_change_the_document(user: WindowDriver) -> None:
    previews: list[object] = []
    user.workspace.controller.previewed.connect(previews.append)
    user.workspace.controller.preview(30, 30, True)
    user.wait(lambda: any(previews))
    assert user.document.objects == []
    assert user.history.undo_label is None


def test_painting_is_undoable(user: WindowDriver) -> None:
    user.click_and_wait(20, 20)
    drawn = user.workspace.controller.active_mask
    assert drawn is not None
    user.go(3)
    user.workspace.controller.paint(drawn.mask, False)
    painted = user.document.mask(1, 3)
    assert painted is not None
    assert painted.origin is Origin.PAINTED
    user.press("Ctrl+Z")
    assert user.document.mask(1, 3) is None


def test_a_video_that_cannot_be_opened_leaves_the_open_one(
    user: WindowDriver, clip: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    user.window.open_path(broken)
    user.wait(lambda: bool(messages(user)))
    assert "broken.mp4" in messages(user)[0]
    assert user.workspace.session.source.path == clip


def test_the_welcome_page_lists_recent_paths(qtbot: QtBot, clip: Path) -> None:
    with open_window(qtbot) as user:
        assert not user.window.action_set["Export…"].isEnabled()
        user.window.preferences.add_recent(clip)
        user.window.welcome.show_recent(recent_entries(user.window.preferences))
        [recent] = user.window.welcome.findChildren(QToolButton)
        recent.click()
        user.wait(lambda: user.window.action_set["Export…"].isEnabled())
        assert user.workspace.session.num_frames == FRAMES


def test_the_welcome_page_opens_a_video(
    qtbot: QtBot, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(clip), ""))
    with open_window(qtbot) as user:
        buttons = user.window.welcome.findChildren(QPushButton)
        next(button for button in buttons if button.text() == "Open video…").click()
        user.wait(lambda: user.window.action_set["Export…"].isEnabled())


def test_recent_paths_can_be_opened_from_the_menu(user: WindowDriver, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    user.open(small_clip(tmp_path / "b", 5))
    [menu] = user.window.findChildren(RecentMenu)
    menu.aboutToShow.emit()
    newest, older = menu.actions()[:2]
    assert newest.toolTip() == str(tmp_path / "b" / "clip.mp4")
    older.trigger()
    user.wait(lambda: user.workspace.session.num_frames == FRAMES)


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_a_theme_is_stored(user: WindowDriver, theme: Theme) -> None:
    user.do(theme.value.capitalize())
    background = user.window.palette().window().color()
    assert (background.lightness() > 128) is (theme is Theme.LIGHT)
    assert user.window.action_set[theme.value.capitalize()].isChecked()


def test_a_video_with_fewer_frames_than_its_header_says_is_renumbered(
    qtbot: QtBot, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_open = threading.Event()

    def verify(
        source: VideoSource, token: CancelToken, proxy: object = None
    ) -> Iterator[VerifyStep]:
        assert is_open.wait(WAIT_MS / 1000)
        times = [int(pts) for pts in source.index.pts[:20]]
        found = source.index.with_decoded(list(times))
        yield VerifyStep(20, 20, VerifyResult(IndexStatus.ADOPTED, 20, "It has 20 frames.", found))

    monkeypatch.setattr("app.jobs.verify.verify_index", verify)
    with open_window(qtbot, clip) as user:
        is_open.set()
        user.wait(lambda: user.workspace.view.num_frames == 20)
        assert "It has 20 frames." in messages(user)
        for box in user.window.findChildren(QMessageBox):
            box.close()
        user.go(99)
        assert user.workspace.view.frame == 19
        user.click_and_wait(20, 20)


def write_square(folder: Path, frame: int) -> None:
    image = Image.new("P", (96, 64))
    image.paste(1, (0, 0, 10, 10))
    image.save(folder / f"{frame:05}.png")


def test_the_import_dialog_closes_when_another_video_is_opened(
    user: WindowDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for frame in range(FRAMES):
        write_square(tmp_path, frame)
    chosen = str(tmp_path / "00000.png")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (chosen, ""))
    user.do("Import masks…")
    user.wait(lambda: bool(user.window.findChildren(ImportDialog)))
    (tmp_path / "other").mkdir()
    user.open(small_clip(tmp_path / "other", 5))
    user.wait(lambda: not user.window.findChildren(ImportDialog))


def test_a_running_import_is_canceled_when_another_video_is_opened(
    user: WindowDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for frame in range(FRAMES):
        write_square(tmp_path, frame)
    (tmp_path / "other").mkdir()
    other = small_clip(tmp_path / "other", 5)
    chosen = str(tmp_path / "00000.png")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (chosen, ""))
    closed = user.workspace.session
    late: list[object] = []
    user.do("Import masks…")
    accept_import(user)
    user.wait(lambda: bool(closed.document.objects))
    user.open(other)
    closed.document.subscribe(late.append)
    user.wait_until_idle()
    assert late == []
