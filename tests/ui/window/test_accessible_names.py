"""Every control has a name that a screen reader can read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QDockWidget,
    QLabel,
    QLineEdit,
    QProgressBar,
    QScrollBar,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.helpers.fake_catalog import FakeCatalog
from tests.helpers.session_driver import SessionDriver
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QProgressBar,
)
DIALOGS = (
    "Preferences…",
    "Keyboard shortcuts",
    "Export…",
    "Model…",
    "Compare policies…",
    "Export memory…",
)


@pytest.fixture
def user(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowDriver]:
    with open_window(qtbot, small_clip(tmp_path, 8)) as driver:
        driver.window.models.catalog = FakeCatalog()
        SessionDriver(driver.workspace.session).add_object("dog")
        driver.click_and_wait(20, 20)
        driver.press("T")
        driver.wait_until_idle()
        yield driver


def is_inner(widget: QWidget) -> bool:
    """Return whether Qt made the widget as a part of another control, which has the name."""
    parent = widget.parent()
    return (
        isinstance(widget, QScrollBar)
        or widget.objectName().startswith("qt_")
        or (isinstance(widget, QLineEdit) and isinstance(parent, QAbstractSpinBox | QComboBox))
        or isinstance(parent, QDockWidget | QLineEdit | QAbstractItemView)
        or (isinstance(parent, QWidget) and is_in_view(widget))
    )


def is_in_view(widget: QWidget) -> bool:
    area = widget.parentWidget()
    while area is not None and not isinstance(area, QAbstractItemView | QComboBox):
        area = area.parentWidget()
    return area is not None


def name_of(widget: QWidget) -> str:
    if widget.accessibleName():
        return widget.accessibleName()
    if isinstance(widget, QAbstractButton) and widget.text().strip("…+-\N{MINUS SIGN}?&"):
        return widget.text()
    if isinstance(widget, QLabel):
        return widget.text()
    if isinstance(widget, QTabBar):  # a screen reader reads its tabs
        return " ".join(widget.tabText(each) for each in range(widget.count()))
    window = widget.window()
    buddies = (each for each in window.findChildren(QLabel) if each.buddy() is widget)
    return next((label.text() for label in buddies), "")


def nameless(root: QWidget) -> list[str]:
    found = [each for kind in CONTROLS for each in root.findChildren(kind)]
    found += [
        each
        for each in root.findChildren(QWidget)
        if each.focusPolicy().value and not isinstance(each, QAbstractScrollArea)
    ]
    return sorted(
        {
            f"{type(each).__name__} in {type(each.parent()).__name__} {each.toolTip()!r}"
            for each in found
            if not is_inner(each) and not name_of(each)
        }
    )


def test_every_control_of_the_window_has_a_name(user: WindowDriver) -> None:
    found = nameless(user.window)
    assert found == [], "\n".join(found)
    assert user.workspace.canvas.accessibleName()
    assert user.workspace.timeline.accessibleName()


@pytest.mark.parametrize("action", DIALOGS)
def test_every_control_of_the_dialogs_has_a_name(user: WindowDriver, action: str) -> None:
    user.do(action)
    user.wait(lambda: any(each.isVisible() for each in user.window.findChildren(QDialog)))
    for dialog in user.window.findChildren(QDialog):
        assert nameless(dialog) == []
        dialog.close()
