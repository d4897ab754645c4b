"""The window on a screen of 1024 x 640: everything fits and can be read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QDialog, QStatusBar, QToolBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.ui.dialogs.model_dialog import TITLE_BAR
from app.ui.style.theme import Theme, apply_theme
from app.ui.window.status_bar import HINTS
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.fake_catalog import FakeCatalog
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui
WIDTH, HEIGHT = 1024, 640
FONT_PX = 13  # a common desktop font; that of the offscreen platform is smaller
EXTENSION = "qt_toolbar_ext_button"


@pytest.fixture
def user(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowDriver]:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    font, style = application.font(), application.style().objectName()
    larger = QFont(font)
    larger.setPixelSize(FONT_PX)
    application.setFont(larger)
    application.setStyle("Fusion")
    apply_theme(application, Theme.DARK)
    backend = FakeBackend()
    backend.wait_at = 5  # where a job is looked at while it runs
    with open_window(qtbot, small_clip(tmp_path, 240), backend) as driver:
        driver.window.resize(WIDTH, HEIGHT)
        qtbot.wait(50)
        yield driver
    application.setFont(font)
    application.setStyle(style)


def is_inside(widget: QWidget, window: QWidget) -> bool:
    corner = widget.mapTo(window, widget.rect().bottomRight())
    return corner.x() < WIDTH and corner.y() < HEIGHT


def test_the_window_fits(user: WindowDriver) -> None:
    window, workspace = user.window, user.workspace
    assert (window.width(), window.height()) == (WIDTH, HEIGHT)
    for widget in (workspace.objects, workspace.memory, workspace.timeline, window.status):
        assert is_inside(widget, window), widget.accessibleName()
    assert workspace.canvas.width() > WIDTH / 2


def test_names_of_objects_have_room(user: WindowDriver) -> None:
    user.click_and_wait(20, 20)
    table = user.workspace.objects._table
    name = table.model().index(0, 0)
    metrics = table.fontMetrics()
    assert table.rowHeight(0) < 2 * metrics.lineSpacing() + 10, "one line"
    assert table.visualRect(name).width() > metrics.horizontalAdvance("object 10") + 22


def test_no_toolbar_button_is_hidden(user: WindowDriver) -> None:
    for toolbar in user.window.findChildren(QToolBar):
        extension = toolbar.findChild(QToolButton, EXTENSION)
        assert extension is None or not extension.isVisible(), toolbar.windowTitle()


def test_tracking_actions_have_text_in_the_toolbar(user: WindowDriver) -> None:
    texts = {
        button.text()
        for bar in user.window.findChildren(QToolBar)
        for button in bar.findChildren(QToolButton)
        if button.toolButtonStyle().name == "ToolButtonTextBesideIcon"
    }
    assert texts >= {"Backward", "Forward", "Both ways", "Stop", "All objects"}


DIALOGS = (
    "Preferences…",
    "Keyboard shortcuts",
    "Export…",
    "Model…",
    "Compare policies…",
)


@pytest.mark.parametrize("action", DIALOGS)
def test_dialogs_fit(user: WindowDriver, action: str) -> None:
    user.window.models.catalog = FakeCatalog()
    user.click_and_wait(20, 20)
    user.do(action)
    user.wait(lambda: any(each.isVisible() for each in user.window.findChildren(QDialog)))
    [dialog] = [each for each in user.window.findChildren(QDialog) if each.isVisible()]
    least, room = dialog.minimumSizeHint(), dialog.screen().availableSize()
    assert least.width() <= WIDTH
    assert least.height() <= HEIGHT - TITLE_BAR.height()
    assert dialog.height() <= room.height() - TITLE_BAR.height()
    dialog.close()


def test_the_hint_of_the_tool_is_not_cut_while_a_job_reports(user: WindowDriver) -> None:
    user.click_and_wait(20, 20)
    user.press("T")
    user.wait(lambda: len(user.mask_frames()) == 5)
    status = user.window.status
    assert isinstance(status, QStatusBar)
    status.clear_message()
    user.qtbot.wait(50)
    [hint] = [
        each
        for each in status.findChildren(QWidget)
        if getattr(each, "text", str)() == HINTS[user.workspace.view.tool]
    ]
    assert hint.width() >= hint.fontMetrics().horizontalAdvance(hint.text())
    shown = [each for each in status.findChildren(QWidget) if each.isVisible()]
    assert all(is_inside(each, user.window) for each in shown)
    user.window.resize(1280, 800)
    user.qtbot.wait(50)
    job = user.window.status._progress_text
    assert job.text().startswith("Track")
    assert job.width() > job.fontMetrics().horizontalAdvance("Track object 1: 100/240 frames")
    user.press("Esc")
    user.wait_until_idle()
