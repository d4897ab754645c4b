"""The start page: recent projects, the sample clip, the state of models, drag and drop."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPixmap
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.core.settings import ModelSettings
from app.tracking.model_catalog import BUNDLED_SCORE, ModelState
from app.ui.dialogs.model_dialog import ModelDialog
from app.ui.state.recent import recent_entries
from app.ui.window.welcome import SAMPLE, RecentButton
from tests.helpers.fake_catalog import FakeCatalog
from tests.helpers.sources import ROOT
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui
FRAMES = 12


@pytest.fixture
def user(qtbot: QtBot) -> Iterator[WindowDriver]:
    with open_window(qtbot) as driver:
        driver.window.models.catalog = FakeCatalog()
        yield driver


def button(user: WindowDriver, text: str) -> QPushButton:
    [found] = [b for b in user.window.welcome.findChildren(QPushButton) if b.text() == text]
    return found


def texts(widget: object) -> str:
    assert hasattr(widget, "findChildren")
    return " ".join(label.text() for label in widget.findChildren(QLabel))


def test_a_closed_project_is_listed_with_progress_and_thumbnail(
    user: WindowDriver, tmp_path: Path
) -> None:
    user.open(small_clip(tmp_path, FRAMES))
    user.click_and_wait(20, 20)
    user.press("T")
    user.wait_until_idle()
    user.do("Verify or unverify the mask of this frame")
    (tmp_path / "b").mkdir()
    user.open(small_clip(tmp_path / "b", 5))
    [_, entry] = recent_entries(user.window.preferences)
    assert entry.progress == f"1 object, masks on {FRAMES} of {FRAMES} frames, 8 % verified"
    assert not QPixmap(str(entry.thumbnail)).isNull()
    user.window.welcome.show_recent([entry])
    [row] = user.window.welcome.findChildren(RecentButton)
    assert "clip.mp4" in texts(row)
    assert entry.progress in texts(row)
    row.click()
    user.wait(lambda: user.workspace.session.num_frames == FRAMES)


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the sample clip was left out")
def test_the_sample_clip_is_opened(user: WindowDriver) -> None:
    button(user, "Sample clip").click()
    user.wait(lambda: user.window.windowTitle().startswith("sample"))


def test_a_better_model_is_suggested_beside_the_figure_of_the_bundled_one(
    user: WindowDriver,
) -> None:
    card = user.window.welcome.models
    assert not card.better.isVisible()
    before = button(user, "Sample clip").mapTo(user.window, QPoint(0, 0))
    user.window.show_models()
    user.wait(card.better.isVisible)
    user.qtbot.wait(20)
    moved = button(user, "Sample clip").mapTo(user.window, QPoint(0, 0)) - before
    assert moved.manhattanLength() <= 1, "nothing moves under the pointer"
    assert "J&F 0.770" in card.in_use.text()
    assert "Better masks: get EdgeTAM (56 MB)" in card.better.text()
    assert "J&F 0.877" in card.better.text()
    assert "TinySAM 2, SAM 2.1 Hiera tiny" in card.stored.text()
    button(user, "Get EdgeTAM…").click()
    user.wait(lambda: bool(user.window.findChildren(ModelDialog)))
    [dialog] = user.window.findChildren(ModelDialog)
    assert dialog.table.selected.name == "edgetam"


def test_nothing_is_suggested_to_who_uses_a_better_model(user: WindowDriver) -> None:
    catalog, card = FakeCatalog(), user.window.welcome.models
    models = catalog.available().models
    card.show_models(models, ModelSettings("sam2.1-hiera-tiny"))
    assert not card.better.isVisible()
    catalog._store("edgetam")
    stored = catalog.available().models
    assert stored[1].state is ModelState.STORED
    card.show_models(stored, ModelSettings())
    assert "Better masks: use EdgeTAM" in card.better.text()


def test_the_figure_of_the_bundled_model_is_that_of_its_card() -> None:
    card = (ROOT / "resources" / "weights" / "README.md").read_text("utf-8")
    row = re.search(r"mean over objects, as DAVIS counts \|.*\| ([\d.]+) \|", card)
    assert row
    assert float(row[1]) == BUNDLED_SCORE
    assert "15 validation sequences of DAVIS" in card


def test_a_file_dragged_over_the_window_is_announced(user: WindowDriver, tmp_path: Path) -> None:
    clip = small_clip(tmp_path, 5)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(clip))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none, overlay = Qt.KeyboardModifier.NoModifier, user.window.drop
    entering = QDragEnterEvent(QPoint(5, 5), copy, mime, left, none)
    QApplication.sendEvent(user.window, entering)
    assert entering.isAccepted()
    assert overlay.isVisible()
    assert "clip.mp4" in overlay.text
    QApplication.sendEvent(user.window, QDragLeaveEvent())
    assert not overlay.isVisible()
    QApplication.sendEvent(user.window, entering)
    QApplication.sendEvent(user.window, QDropEvent(QPointF(5, 5), copy, mime, left, none))
    assert not overlay.isVisible()
    user.wait(lambda: user.window.windowTitle().startswith("clip"))
    (tmp_path / "b").mkdir()
    mime.setUrls([QUrl.fromLocalFile(str(small_clip(tmp_path / "b", 6)))])
    QApplication.sendEvent(user.window, entering)
    QApplication.sendEvent(user.window, QDropEvent(QPointF(5, 5), copy, mime, left, none))
    user.wait(lambda: user.workspace.session.num_frames == 6)
