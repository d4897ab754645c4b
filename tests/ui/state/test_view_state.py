import pytest
from pytestqt.qtbot import QtBot

from app.core.document import Document, Table
from app.core.edits import add_object, set_prompts, set_range
from app.core.history import History
from app.core.prompts import FramePrompts, PointPrompt
from app.ui.state.document_bridge import DocumentBridge
from app.ui.state.view_state import MAX_BRUSH_RADIUS_PX, Tool, ViewState


def test_values_are_clamped(qtbot: QtBot) -> None:
    state = ViewState(num_frames=10)
    state.frame, state.overlay_opacity, state.brush_radius = 99, -3.0, 10_000
    assert (state.frame, state.overlay_opacity) == (9, 0.0)
    assert state.brush_radius == MAX_BRUSH_RADIUS_PX
    state.frame, state.brush_radius = -1, 0
    assert (state.frame, state.brush_radius) == (0, 1)


def test_only_real_changes_are_signaled(qtbot: QtBot) -> None:
    state = ViewState(num_frames=10)
    emitted: list[object] = []
    state.frame_changed.connect(emitted.append)
    state.tool_changed.connect(emitted.append)
    state.active_object_changed.connect(emitted.append)
    state.frame = 3
    state.frame = 3
    state.tool = Tool.POINT
    state.tool = Tool.BRUSH
    state.active_object = 2
    state.active_object = None
    assert emitted == [3, Tool.BRUSH, 2, None]


def test_two_states_do_not_share_values(qtbot: QtBot) -> None:
    first, second = ViewState(10), ViewState(10)
    first.frame = 4
    assert second.frame == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("overlay_opacity", 0.2),
        ("show_outlines", True),
        ("show_masks", False),
        ("brush_radius", 30),
        ("solo_object", 1),
    ],
)
def test_display_attributes_share_one_signal(qtbot: QtBot, name: str, value: object) -> None:
    state = ViewState(num_frames=1)
    with qtbot.waitSignal(state.overlay_changed):
        setattr(state, name, value)
    assert getattr(state, name) == value


def test_the_bridge_signals_once_per_edit_which_rows_changed(qtbot: QtBot) -> None:
    document = Document()
    bridge = DocumentBridge(document)
    signaled: list[object] = []
    bridge.changed.connect(signaled.append)

    history = History(document)
    with history.macro():
        history.execute(add_object(document))
        history.execute(set_prompts(document, 1, 5, FramePrompts((PointPrompt(1, 2),))))
    history.execute(set_range(document, 2, 8))
    history.undo()
    history.undo()
    made = {Table.OBJECTS: [1], Table.PROMPTS: [(1, 5)]}
    ranged = {Table.PROPERTIES: ["range"]}
    assert signaled == [made, ranged, ranged, made]
    bridge.close()
    history.redo()
    assert len(signaled) == 4
