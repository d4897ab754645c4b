"""The whole work in one scenario, with the fake tracker.

`tools/window_scenario` plays the same on a screen with the real model.
Prompt, paint, track, scrub, cancel, correct, verify, track again, review, compare, undo, redo,
export, crash, reopen.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton

from app.core.document import FrameMask, Table
from app.export.selection import Existing
from app.storage.home import home_folder
from app.ui.controllers.hand_work import QUESTION
from app.ui.dialogs.compare_dialog import CompareDialog
from app.ui.dialogs.comparison_window import ComparisonWindow
from app.ui.dialogs.export_dialog import ExportDialog
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.fake_catalog import FakeCatalog
from tests.helpers.window import WindowDriver, small_clip

pytestmark = pytest.mark.gui

FRAMES = 24
MIDDLE, VERIFIED = 10, 5
FIRST, SECOND = 1, 2
CLICK, REFINEMENT, OTHER = (20, 20), (26, 24), (70, 40)
STROKE = ((40, 50), (50, 50))
Rows = dict[tuple[Table, object], object]


def rows_of(user: WindowDriver) -> Rows:
    document = user.document
    return {(table, key): row for table in Table for key, row in document.rows(table).items()}


def mask(user: WindowDriver, frame: int, object_id: int = FIRST) -> np.ndarray:
    return row(user, frame, object_id).mask.decode()


def row(user: WindowDriver, frame: int, object_id: int = FIRST) -> FrameMask:
    found = user.document.mask(object_id, frame)
    assert found is not None
    return found


def painted(user: WindowDriver, frame: int) -> np.ndarray:
    strokes = user.document.prompts(FIRST, frame).strokes
    assert strokes is not None
    return strokes.painted.decode()


def click(user: WindowDriver, at: tuple[int, int]) -> None:
    """Click and wait for the prediction."""
    before = user.workspace.controller.active_mask
    user.click(*at)
    user.wait(lambda: user.workspace.controller.active_mask not in (None, before))


def brush(user: WindowDriver) -> None:
    """Drag the brush along the stroke."""
    canvas = user.workspace.canvas
    start, end = (
        QPoint(*(round(value) for value in canvas.viewport.to_widget(*point))) for point in STROKE
    )
    user.press("B")
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(canvas, end)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)
    user.press("Q")


def prompt_and_paint(user: WindowDriver) -> None:
    """Click, paint, click again; then a second object.  The stroke stays."""
    click(user, CLICK)
    clicked = mask(user, 0)
    assert clicked[CLICK[1], CLICK[0]]
    brush(user)
    stroke = painted(user, 0)
    assert stroke[STROKE[0][1], STROKE[0][0] : STROKE[1][0]].all()
    assert (mask(user, 0) == (clicked | stroke)).all()
    click(user, REFINEMENT)
    assert len(user.document.prompts(FIRST, 0).points) == 2
    refined = mask(user, 0)
    assert refined[stroke].all()
    assert refined[REFINEMENT[1], REFINEMENT[0]]
    user.press("N")
    click(user, OTHER)
    assert mask(user, 0, SECOND)[OTHER[1], OTHER[0]]
    assert (mask(user, 0) == refined).all()


def track_scrub_and_cancel(user: WindowDriver, backend: FakeBackend) -> None:
    """Track all objects, look at another frame meanwhile, stop past the middle."""
    backend.wait_at = MIDDLE // 2
    user.press("Ctrl+Shift+T")
    user.press("T")
    user.wait(lambda: len(user.mask_frames()) == MIDDLE // 2)
    user.press("End")
    backend.wait_at = MIDDLE + 3
    user.wait(lambda: len(user.mask_frames()) == MIDDLE + 3)
    assert user.workspace.view.frame == FRAMES - 1
    user.press("Esc")
    user.wait_until_idle()
    backend.wait_at = None
    assert user.mask_frames() == user.mask_frames(SECOND) == list(range(MIDDLE + 3))


def correct_and_track_both_ways(user: WindowDriver) -> None:
    """Click and paint on a tracked frame; tracking keeps it, and the first frame."""
    user.press("1")
    user.go(MIDDLE)
    tracked = row(user, MIDDLE)
    click(user, (44, 32))
    brush(user)
    assert row(user, MIDDLE).mask != tracked.mask
    made_by_hand = [row(user, frame) for frame in (0, MIDDLE)]
    user.do("Track range both ways")
    [box] = questions(user)
    button(box.findChildren(QPushButton), "Keep them").click()
    to_the_front(user)
    user.wait_until_idle()
    assert user.mask_frames() == user.mask_frames(SECOND) == list(range(FRAMES))
    assert [row(user, frame) for frame in (0, MIDDLE)] == made_by_hand


def questions(user: WindowDriver) -> list[QMessageBox]:
    boxes = user.window.findChildren(QMessageBox)
    return [box for box in boxes if box.isVisible() and box.text() == QUESTION]


def to_the_front(user: WindowDriver) -> None:
    """Make the main window the active one after a dialog, as a window manager does."""
    user.window.activateWindow()
    user.wait(user.window.isActiveWindow)


def button(buttons: list[QPushButton], text: str) -> QPushButton:
    return next(each for each in buttons if each.text().replace("&", "") == text)


def verify_and_track_again(user: WindowDriver) -> None:
    """Verified and hand-made masks are the same to the pixel; others are not."""
    user.go(VERIFIED)
    user.press("Shift+V")
    assert row(user, VERIFIED).is_verified
    user.go(MIDDLE + 2)
    click(user, (60, 44))
    before = {frame: row(user, frame) for frame in range(FRAMES)}
    user.do("Track range both ways")
    assert not questions(user)
    user.wait_until_idle()
    after = {frame: row(user, frame) for frame in range(FRAMES)}
    assert all(after[frame] == before[frame] for frame in (0, VERIFIED, MIDDLE))
    assert after != before
    user.press("C")
    assert user.workspace.comparison.is_on
    user.press("C")
    assert not user.workspace.comparison.is_on


def review(user: WindowDriver) -> None:
    """Visit the worst frame with Enter, verify it with V, which visits the next."""
    panel = user.workspace.review
    user.window.panels.docks["Review"].raise_()
    panel.threshold.setValue(90)
    user.wait(lambda: panel.list.model().rowCount() > 1)
    user.workspace.canvas.setFocus()
    user.press("Return")
    visited = user.workspace.view.frame
    before = rows_of(user)
    assert not row(user, visited).is_verified
    user.press("V")
    assert row(user, visited).is_verified
    assert user.workspace.view.frame != visited
    changed = {key for key, now in rows_of(user).items() if now != before.get(key)}
    assert changed == {(Table.MASKS, (FIRST, visited))}


def compare_policies(user: WindowDriver) -> None:
    """Run two policies: nothing changes until one is used; that is one step."""
    before = rows_of(user)
    user.window.models.catalog = FakeCatalog()
    user.do("Compare policies…")
    user.wait(lambda: bool(user.window.findChildren(CompareDialog)))
    [dialog] = user.window.findChildren(CompareDialog)
    dialog.accept()
    user.wait_until_idle()
    [window] = user.window.findChildren(ComparisonWindow)
    assert rows_of(user) == before
    steps = len(user.history)
    button(window.findChildren(QPushButton), "Use B").click()
    user.wait_until_idle()
    to_the_front(user)
    assert len(user.history) <= steps + 1
    assert all(
        rows_of(user)[Table.MASKS, (FIRST, frame)] == before[Table.MASKS, (FIRST, frame)]
        for frame in (0, VERIFIED, MIDDLE)
    )


def undo_and_redo_all(user: WindowDriver) -> None:
    before = rows_of(user)
    steps = len(user.history)
    for _ in range(steps):
        user.press("Ctrl+Z")
    assert not rows_of(user)
    for _ in range(steps):
        user.press("Ctrl+Shift+Z")
    assert rows_of(user) == before


def export(user: WindowDriver, folder: Path) -> None:
    """Export through the dialog; the files hold the masks of the project."""
    user.do("Export…")
    [dialog] = user.window.findChildren(ExportDialog)
    for name in ("davis", "coco"):
        dialog._formats.check(name)
    dialog._form._folder.setText(str(folder))
    assert dialog.request().options.existing is Existing.REFUSE
    dialog.accept()
    user.wait_until_idle()
    images = sorted(folder.rglob("Annotations/**/*.png"))
    labels = np.stack([np.asarray(Image.open(path)) for path in images])
    assert len(labels) == FRAMES
    [coco] = folder.rglob("*.coco.json")
    areas = {
        (each["image_id"] - 1, each["track_id"]): each["area"]
        for each in json.loads(coco.read_text("utf-8"))["annotations"]
    }
    for frame in range(FRAMES):
        assert (labels[frame] == SECOND)[mask(user, frame, SECOND)].all()
        assert areas[frame, FIRST] == row(user, frame).mask.area
    for box in user.window.findChildren(QMessageBox):
        box.close()
    to_the_front(user)


def crash(user: WindowDriver, copy: Path) -> Rows:
    """Do one more thing, and copy what a power cut would leave on the disk."""
    user.press("2")
    user.go(MIDDLE)
    user.press("H")
    assert not user.document.object(SECOND).is_visible
    user.workspace.restoring.store()
    user.wait_until_idle()
    user.workspace.session.flush()
    shutil.copytree(home_folder(), copy)
    return rows_of(user)


def test_the_whole_work(start: Callable[..., int], backend: FakeBackend, tmp_path: Path) -> None:
    clip, copy = small_clip(tmp_path, FRAMES), tmp_path / "crashed"
    left: list[Rows] = []

    def work(user: WindowDriver) -> None:
        prompt_and_paint(user)
        track_scrub_and_cancel(user, backend)
        correct_and_track_both_ways(user)
        verify_and_track_again(user)
        review(user)
        compare_policies(user)
        undo_and_redo_all(user)
        export(user, tmp_path / "exports")
        left.append(crash(user, copy))

    def reopened(user: WindowDriver) -> None:
        assert rows_of(user) == left[0]
        assert user.workspace.view.frame == MIDDLE
        assert user.workspace.view.active_object == SECOND
        user.press("Ctrl+Z")
        assert user.document.object(SECOND).is_visible
        user.press("Ctrl+Shift+Z")
        assert rows_of(user) == left[0]

    assert start(clip, work) == 0
    shutil.rmtree(home_folder())
    shutil.copytree(copy, home_folder())
    assert start(clip, reopened) == 0
