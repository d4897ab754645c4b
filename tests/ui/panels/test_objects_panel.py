from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QToolButton
from pytestqt.qtbot import QtBot

from app.core import edits
from app.core.document import Origin
from app.core.masks import RleMask
from app.session import Session
from app.ui.controllers.objects import ObjectsController
from app.ui.panels.objects_model import Column
from app.ui.panels.objects_name import name_lines
from app.ui.panels.objects_panel import ObjectsPanel
from app.ui.panels.objects_table import ObjectsTable
from app.ui.state.document_bridge import DocumentBridge
from app.ui.state.view_state import ViewState
from tests.helpers.session_driver import SessionDriver

SIZE_HW = (12, 16)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in range(3):
        cv2.imwrite(str(frames / f"{number:03}.png"), np.zeros((*SIZE_HW, 3), dtype=np.uint8))
    session = Session.open(frames, project_path=tmp_path / "test.tsam")
    yield session
    session.close()


@pytest.fixture
def state() -> ViewState:
    return ViewState(num_frames=3)


@pytest.fixture
def panel(qtbot: QtBot, session: Session, state: ViewState) -> ObjectsPanel:
    for name in ("dog", "ball", "cup"):
        SessionDriver(session).add_object(name)
    panel = ObjectsPanel(
        session,
        DocumentBridge(session.document, state),
        state,
        ObjectsController(session, state),
    )
    qtbot.addWidget(panel)
    panel.resize(300, 300)
    panel.show()
    return panel


def table_of(panel: ObjectsPanel) -> ObjectsTable:
    table: ObjectsTable = panel.findChild(ObjectsTable)
    return table


def texts(panel: ObjectsPanel, column: Column) -> list[str]:
    model = table_of(panel).model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def cell(panel: ObjectsPanel, row: int, column: Column) -> QPoint:
    table = table_of(panel)
    return table.visualRect(table.model().index(row, column)).center()


def click(qtbot: QtBot, panel: ObjectsPanel, row: int, column: Column) -> None:
    at = cell(panel, row, column)
    qtbot.mouseClick(table_of(panel).viewport(), Qt.MouseButton.LeftButton, pos=at)


def press(qtbot: QtBot, panel: ObjectsPanel, name: str) -> None:
    (button,) = (b for b in panel.findChildren(QToolButton) if b.accessibleName() == name)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def action(panel: ObjectsPanel, text: str) -> QAction:
    (found,) = (a for a in panel.findChildren(QAction) if a.text() == text)
    return found


def test_objects_are_listed_and_the_first_is_active(panel: ObjectsPanel, state: ViewState) -> None:
    assert texts(panel, Column.NAME) == ["dog", "ball", "cup"]
    assert state.active_object == 1
    assert table_of(panel).currentIndex().row() == 0


def test_selection_is_the_active_object(
    qtbot: QtBot, panel: ObjectsPanel, state: ViewState
) -> None:
    click(qtbot, panel, 1, Column.NAME)
    assert state.active_object == 2
    state.active_object = 3
    assert table_of(panel).currentIndex().row() == 2


def test_rename_in_the_list(qtbot: QtBot, session: Session, panel: ObjectsPanel) -> None:
    at = cell(panel, 1, Column.NAME)
    viewport = table_of(panel).viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=at)
    (editor,) = viewport.findChildren(QLineEdit)
    editor.setText("  red ball ")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.document.object(2).name == "red ball")
    assert texts(panel, Column.NAME)[1] == "red ball"


def test_name_cannot_be_empty(session: Session, panel: ObjectsPanel) -> None:
    model = table_of(panel).model()
    assert not model.setData(model.index(0, Column.NAME), "  ")
    assert session.document.object(1).name == "dog"


def test_category_is_edited(session: Session, panel: ObjectsPanel) -> None:
    model = table_of(panel).model()
    assert model.setData(model.index(0, Column.CATEGORY), "animal")
    assert session.document.object(1).category == "animal"


def test_toggles_switch_and_keep_the_active_object(
    qtbot: QtBot, session: Session, panel: ObjectsPanel, state: ViewState
) -> None:
    click(qtbot, panel, 1, Column.VISIBLE)
    click(qtbot, panel, 1, Column.LOCKED)
    click(qtbot, panel, 1, Column.SOLO)
    ball = session.document.object(2)
    assert (ball.is_visible, ball.is_locked, state.solo_object) == (False, True, 2)
    click(qtbot, panel, 1, Column.VISIBLE)
    click(qtbot, panel, 1, Column.LOCKED)
    click(qtbot, panel, 1, Column.SOLO)
    ball = session.document.object(2)
    assert (ball.is_visible, ball.is_locked, state.solo_object) == (True, False, None)
    assert state.active_object == 1


def test_masks_are_counted(session: Session, panel: ObjectsPanel) -> None:
    for frame in range(2):
        SessionDriver(session).draw(2, frame, RleMask.empty(SIZE_HW), Origin.IMPORTED)
    assert texts(panel, Column.MASKS) == ["0", "2", "0"]


def test_add_and_duplicate_become_active(
    qtbot: QtBot, panel: ObjectsPanel, state: ViewState
) -> None:
    press(qtbot, panel, "New object")
    assert state.active_object == 4
    press(qtbot, panel, "Duplicate")
    assert state.active_object == 5
    assert len(texts(panel, Column.NAME)) == 5


def test_delete_makes_the_next_object_active(
    qtbot: QtBot, session: Session, panel: ObjectsPanel, state: ViewState
) -> None:
    state.active_object = 2
    press(qtbot, panel, "Delete object")
    assert texts(panel, Column.NAME) == ["dog", "cup"]
    assert state.active_object == 3
    press(qtbot, panel, "Delete object")
    assert state.active_object == 1
    press(qtbot, panel, "Delete object")
    assert state.active_object is None
    assert session.document.objects == []
    assert not action(panel, "Duplicate").isEnabled()


def test_locked_object_is_not_deleted(qtbot: QtBot, session: Session, panel: ObjectsPanel) -> None:
    SessionDriver(session).update_object(1, is_locked=True)
    press(qtbot, panel, "Delete object")
    assert texts(panel, Column.NAME) == ["dog", "ball", "cup"]


def test_move_changes_the_order_in_one_edit(
    qtbot: QtBot, session: Session, panel: ObjectsPanel, state: ViewState
) -> None:
    before = len(session.history)
    press(qtbot, panel, "Move down")
    press(qtbot, panel, "Move down")
    assert texts(panel, Column.NAME) == ["ball", "cup", "dog"]
    assert not action(panel, "Move down").isEnabled()
    press(qtbot, panel, "Move up")
    assert texts(panel, Column.NAME) == ["ball", "dog", "cup"]
    assert state.active_object == 1
    assert len(session.history) == before + 3


def test_merge_lists_the_other_objects(
    session: Session, panel: ObjectsPanel, state: ViewState
) -> None:
    SessionDriver(session).update_object(3, is_locked=True)
    menu = action(panel, "Merge into").menu()
    menu.aboutToShow.emit()
    entries = {each.text(): each for each in menu.actions()}
    assert {name: each.isEnabled() for name, each in entries.items()} == {
        "ball": True,
        "cup": False,
    }
    entries["ball"].trigger()
    assert texts(panel, Column.NAME) == ["ball", "cup"]
    assert state.active_object == 2


def test_empty_table_shows_a_hint(
    qtbot: QtBot, session: Session, panel: ObjectsPanel, state: ViewState
) -> None:
    full = table_of(panel).grab().toImage()
    for each in (1, 2, 3):
        SessionDriver(session).remove_object(each)
    assert table_of(panel).grab().toImage() != full
    assert "Click an object" in table_of(panel).accessibleDescription()


def test_everything_has_a_name_and_a_tip(panel: ObjectsPanel) -> None:
    for button in panel.findChildren(QToolButton):
        assert button.accessibleName()
        assert button.toolTip()
    model = table_of(panel).model()
    for column in Column:
        tip = model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
        assert tip
    spoken = model.index(0, Column.LOCKED).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "dog: Unlocked: click to lock"


def test_long_names_take_two_lines_and_are_elided_in_the_middle(
    qtbot: QtBot, session: Session, panel: ObjectsPanel
) -> None:
    table = table_of(panel)
    one_line = table.rowHeight(0)
    SessionDriver(session).update_object(1, name="left_rear_wheel_" * 8 + "front")
    qtbot.waitUntil(lambda: table.rowHeight(0) > one_line)
    assert table.rowHeight(1) == one_line
    first, second = name_lines("left_rear_wheel_" * 8 + "front", table.fontMetrics(), 100)
    assert first.startswith("left_rear")
    assert second.endswith("front")
    assert "…" in second
    assert "left_rear" in table.model().index(0, Column.NAME).data(Qt.ItemDataRole.ToolTipRole)


def test_a_name_of_two_words_breaks_between_them(panel: ObjectsPanel) -> None:
    metrics = table_of(panel).fontMetrics()
    width = metrics.horizontalAdvance("yellow bicycle")
    assert name_lines("yellow bicycle wheel", metrics, width) == ["yellow bicycle", "wheel"]
    assert name_lines("wheel", metrics, width) == ["wheel"]


def test_a_narrow_panel_gives_names_the_room_of_the_categories(
    qtbot: QtBot, panel: ObjectsPanel
) -> None:
    table = table_of(panel)
    assert not table.isColumnHidden(Column.CATEGORY)
    panel.resize(220, 300)
    qtbot.waitUntil(lambda: table.isColumnHidden(Column.CATEGORY))
    assert table.columnWidth(Column.NAME) > 80
    panel.change_category()
    (editor,) = table.viewport().findChildren(QLineEdit)
    editor.setText("animal")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel._document.object(1).category == "animal")


def test_all_objects_are_shown_again_when_the_one_shown_alone_is_deleted(
    panel: ObjectsPanel, session: Session, state: ViewState
) -> None:
    state.solo_object = 2
    session.execute(edits.remove_object(session.document, 1))
    assert state.solo_object == 2
    session.execute(edits.remove_object(session.document, 2))
    assert state.solo_object is None
