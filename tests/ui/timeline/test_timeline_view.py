from unittest.mock import Mock

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from app.core import edits
from app.core.memory import Constraint, MemoryDecision
from app.ui.style.memory_marks import MARK_NAMES, Mark, mark_color
from app.ui.timeline import TimelineView, lanes
from app.ui.timeline.active_rows import ENTERED_Y, REFUSED_Y, memory_marks
from app.ui.timeline.hover import HoverPopup
from app.ui.timeline.lanes import mark_x
from app.ui.timeline.raster import BAR_BOTTOM_PX, BAR_TOP_PX
from app.ui.timeline.scene import GUTTER_PX
from tests.ui.timeline_stage import EMPTY, Stage, painted, record, tracked

pytestmark = pytest.mark.gui

NUM_FRAMES = 200
SIZE = (1000 + GUTTER_PX + 8, 260)


def shown(stage: Stage, qtbot: QtBot) -> TimelineView:
    view = TimelineView(stage, stage.bridge, stage.state, stage.loader, stage.review)
    qtbot.addWidget(view)
    view.resize(*SIZE)
    view.show()
    view.grab()  # a first painting, so that sizes are settled
    return view


@pytest.fixture
def stage() -> Stage:
    stage = Stage(NUM_FRAMES)
    stage.state.active_object = stage.add_object("dog")
    return stage


@pytest.fixture
def view(stage: Stage, qtbot: QtBot) -> TimelineView:
    return shown(stage, qtbot)


def painting(view: TimelineView) -> QImage:
    return view.viewport().grab().toImage()


def x_of(view: TimelineView, frame: int) -> int:
    return int(view.scene.x_of(frame + 0.5))


def color_at(view: TimelineView, x: float, y: float) -> QColor:
    return painting(view).pixelColor(round(x), round(y))


def test_marks_are_on_their_frames_with_shape_and_color(stage: Stage, view: TimelineView) -> None:
    stage.put(
        1,
        {},
        {
            10: record(MemoryDecision.PROMPTED),
            30: record(MemoryDecision.KEPT),
            50: record(MemoryDecision.REFUSED),
            70: record(MemoryDecision.REPLACED, evicted=30),
            90: record(MemoryDecision.PINNED),
        },
    )
    stage.document.apply(edits.set_constraint(stage.document, 1, 110, Constraint.BAN))
    marks = {mark: mark_x(view.scene, column) for column, mark in memory_marks(view.scene)}
    expected = {
        Mark.PROMPTED: 10,
        Mark.REPLACED: 30,
        Mark.REFUSED: 50,
        Mark.KEPT: 70,
        Mark.PINNED: 90,
        Mark.BANNED: 110,
    }
    assert marks == {mark: view.scene.x_of(frame + 0.5) for mark, frame in expected.items()}
    row = view.scene.rows.memory
    upper, lower = row.top() + row.height() * ENTERED_Y, row.top() + row.height() * REFUSED_Y
    dark = view.scene.colors.dark
    for mark in (Mark.PROMPTED, Mark.KEPT, Mark.PINNED):
        assert color_at(view, x_of(view, expected[mark]) - 1, upper) == mark_color(mark, dark)
    refused = color_at(view, x_of(view, 50) - 1, lower)
    assert refused == mark_color(Mark.REFUSED, dark)
    inside_ring = color_at(view, x_of(view, 30) - 1, upper)
    assert inside_ring == view.scene.colors.background


def test_frames_in_the_current_bank_have_a_line_above_their_marks(
    stage: Stage, view: TimelineView
) -> None:
    stage.put(
        1, {}, {30: record(MemoryDecision.KEPT), 60: record(MemoryDecision.REFUSED, bank=(30,))}
    )
    row = view.scene.rows.memory
    above, mark = (x_of(view, 30) - 3, row.top() + 2), (x_of(view, 30) - 1, row.top() + 13)
    before = color_at(view, *above)
    stage.state.frame = 60
    assert color_at(view, *above) == view.scene.colors.accent
    assert color_at(view, *mark) == mark_color(Mark.KEPT, view.scene.colors.dark)
    stage.state.frame = 61
    assert color_at(view, *above) == before


def test_prompt_bar_and_verified_mark_of_one_frame_are_all_visible(
    stage: Stage, view: TimelineView
) -> None:
    stage.prompt(1, 20)
    stage.put(1, {20: tracked(is_verified=True), 63: tracked()})
    image, rect = painting(view), view.scene.lane_rect(0)

    def colors(frame: int) -> set[str]:
        x = x_of(view, frame)
        return {image.pixelColor(x, y).name() for y in range(rect.top(), rect.bottom())}

    bar = colors(63) - {view.scene.colors.background.name()}
    both = colors(20)
    assert len(bar) == 1
    assert bar <= both, "the bar shows beside the prompt"
    assert mark_color(Mark.PROMPTED, view.scene.colors.dark).name() in both
    assert view.scene.colors.text.name() in both, "the underline of the verified frame"


def test_the_scroll_bar_appears_with_the_first_lane_that_has_no_room(
    stage: Stage, view: TimelineView, qtbot: QtBot
) -> None:
    assert not view.verticalScrollBar().isVisible()
    for _ in range(30):
        stage.add_object()
    qtbot.waitUntil(view.verticalScrollBar().isVisible)
    assert view.axis.width_px == view.scene.rows.ruler.width()


def test_the_legend_opens_from_a_button_and_names_every_mark(
    view: TimelineView, qtbot: QtBot
) -> None:
    [button] = [
        b for b in view.findChildren(QToolButton) if b.accessibleName().startswith("Legend")
    ]
    button.click()
    assert view.legend.isVisible()
    texts = " ".join(label.text() for label in view.legend.findChildren(QLabel))
    assert all(name in texts for name in MARK_NAMES.values())
    assert "verified" in texts
    view.legend.close()


def test_gaps_and_empty_masks_differ_from_masks(stage: Stage, view: TimelineView) -> None:
    solid = {frame: tracked() for frame in range(100)}
    del solid[43]
    stage.put(1, {**solid, 150: painted(), 170: tracked(0.1, EMPTY)})
    scene = view.scene
    y = scene.lane_rect(0).center().y()
    bar = color_at(view, x_of(view, 20), y)
    assert bar != scene.colors.background
    assert color_at(view, x_of(view, 43), y) == scene.colors.background
    assert color_at(view, x_of(view, 150), y) not in (bar, scene.colors.background)
    image = painting(view)
    hatched = {image.pixelColor(x_of(view, 170), y + dy).name() for dy in range(-1, 6)}
    assert hatched == {scene.colors.weak.name(), scene.colors.background.name()}


def test_a_gap_shows_even_when_many_frames_share_a_pixel(qtbot: QtBot) -> None:
    stage = Stage(20_000)
    stage.add_object()
    stage.put(1, {frame: tracked() for frame in range(20_000) if frame != 10_330})
    view = shown(stage, qtbot)
    rect = view.scene.lane_rect(0)
    x = x_of(view, 10_330)
    upper = [color_at(view, x + dx, rect.top() + BAR_TOP_PX + 1).name() for dx in (-40, 0)]
    lower = [color_at(view, x + dx, rect.bottom() - BAR_BOTTOM_PX - 1).name() for dx in (-40, 0)]
    assert upper[0] == lower[0] == lower[1]
    assert upper[1] == view.scene.colors.background.name()


def test_weak_quality_has_the_warning_color(stage: Stage, view: TimelineView) -> None:
    stage.put(1, {frame: tracked(0.4 if frame < 100 else 0.9) for frame in range(200)})
    bottom = view.scene.rows.quality.bottom() - 4
    weak, good = color_at(view, x_of(view, 51), bottom), color_at(view, x_of(view, 151), bottom)
    assert weak.red() > weak.green()
    assert good.green() > good.red()


@pytest.mark.parametrize("row", ["ruler", "lanes", "quality"])
def test_scrubbing_requests_the_frames_under_the_pointer(
    view: TimelineView, qtbot: QtBot, row: str
) -> None:
    asked: list[int] = []
    view.frame_requested.connect(asked.append)
    y = getattr(view.scene.rows, row).center().y()
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(view.viewport(), left, pos=QPoint(x_of(view, 20), y))
    qtbot.mouseMove(view.viewport(), QPoint(x_of(view, 77), y))
    qtbot.mouseMove(view.viewport(), QPoint(5000, y))
    qtbot.mouseRelease(view.viewport(), left, pos=QPoint(5000, y))
    qtbot.mouseMove(view.viewport(), QPoint(x_of(view, 10), y))
    assert asked == [20, 77, NUM_FRAMES - 1]


def test_a_click_near_a_memory_mark_goes_to_its_frame(qtbot: QtBot) -> None:
    stage = Stage(50_000)
    stage.state.active_object = stage.add_object()
    stage.put(1, {}, {20_013: record(MemoryDecision.KEPT)})
    view = shown(stage, qtbot)
    at = QPoint(x_of(view, 20_013) + 4, view.scene.rows.memory.center().y())
    with qtbot.waitSignal(view.frame_requested) as asked:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert asked.args == [20_013]


def test_a_click_on_a_name_activates_the_object(
    stage: Stage, view: TimelineView, qtbot: QtBot
) -> None:
    stage.add_object("ball")
    with qtbot.waitSignal(view.object_activated) as activated:
        at = view.scene.lane_rect(1).center()
        at.setX(60)
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert activated.args == [2]


def drag(view: TimelineView, qtbot: QtBot, from_x: float, to_x: float) -> None:
    y = view.scene.rows.range_strip.center().y()
    start, end = QPoint(round(from_x), y), QPoint(round(to_x), y)
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(view.viewport(), end)
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=end)


def test_brackets_are_dragged_to_set_the_range(
    stage: Stage, view: TimelineView, qtbot: QtBot
) -> None:
    asked: list[tuple[object, object]] = []
    view.range_requested.connect(lambda first, last: asked.append((first, last)))
    drag(view, qtbot, view.scene.x_of(0), x_of(view, 40))
    stage.document.apply(edits.set_range(stage.document, 40, None))
    drag(view, qtbot, view.scene.x_of(NUM_FRAMES), x_of(view, 120))
    stage.document.apply(edits.set_range(stage.document, 40, 120))
    drag(view, qtbot, view.scene.x_of(40), x_of(view, 150))
    drag(view, qtbot, view.scene.x_of(121), 5000)
    assert asked == [(40, None), (40, 120), (120, 120), (40, None)]


def test_what_is_outside_the_range_is_shaded(stage: Stage, view: TimelineView) -> None:
    stage.put(1, {frame: tracked() for frame in range(200)})
    y = view.scene.lane_rect(0).center().y()
    before = color_at(view, x_of(view, 20), y)
    stage.document.apply(edits.set_range(stage.document, 50, None))
    assert color_at(view, x_of(view, 20), y) != before
    assert color_at(view, x_of(view, 80), y) == before


def wheel(view: TimelineView, x: int, dy: int, keys: Qt.KeyboardModifier) -> None:
    at = QPointF(x, 20)
    none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, at, QPoint(), QPoint(0, dy), none, keys, phase, False)
    QApplication.sendEvent(view.viewport(), event)


def test_the_wheel_zooms_at_the_pointer_and_with_shift_pans(view: TimelineView) -> None:
    x = GUTTER_PX + 400
    under_pointer = view.axis.frame_at(400.5)
    for _ in range(5):
        wheel(view, x, 120, Qt.KeyboardModifier.NoModifier)
        assert view.axis.frame_at(400.5) == under_pointer
    assert view.axis.span < NUM_FRAMES / 2
    first = view.axis.first
    wheel(view, x, -120, Qt.KeyboardModifier.ShiftModifier)
    assert view.axis.first > first
    view.fit()
    assert view.axis.is_fitted


def test_middle_drag_and_the_scroll_bar_pan(view: TimelineView, qtbot: QtBot) -> None:
    wheel(view, GUTTER_PX + 500, 480, Qt.KeyboardModifier.NoModifier)
    first, middle = view.axis.first, Qt.MouseButton.MiddleButton
    qtbot.mousePress(view.viewport(), middle, pos=QPoint(600, 80))
    qtbot.mouseMove(view.viewport(), QPoint(500, 80))
    qtbot.mouseRelease(view.viewport(), middle, pos=QPoint(500, 80))
    assert view.axis.first == pytest.approx(first + 100 / view.axis.px_per_frame)
    view.horizontalScrollBar().setValue(0)
    assert view.axis.first == pytest.approx(0, abs=1)


def test_the_current_frame_stays_in_view(stage: Stage, view: TimelineView) -> None:
    wheel(view, GUTTER_PX + 10, 1200, Qt.KeyboardModifier.NoModifier)
    assert view.axis.span < 100
    stage.state.frame = 180
    assert 0 <= view.axis.x_of(180) < view.axis.width_px


def test_hovering_names_the_frame_and_requests_its_thumbnail_once_it_rests(
    stage: Stage, view: TimelineView, qtbot: QtBot
) -> None:
    for frame in range(20, 60):
        qtbot.mouseMove(view.viewport(), QPoint(x_of(view, frame), 90))
    qtbot.waitUntil(lambda: 59 in stage.loader.asked)
    assert len(stage.loader.asked) < 10
    popup = view.findChild(HoverPopup)
    assert popup.isVisible()
    assert popup.caption.text().startswith("Frame 59")
    assert "0:02.36" in popup.caption.text()
    QApplication.sendEvent(view.viewport(), QEvent(QEvent.Type.Leave))
    assert not popup.isVisible()


def test_lanes_scroll_and_the_active_one_becomes_visible(stage: Stage, view: TimelineView) -> None:
    for _ in range(30):
        stage.add_object()
    stage.state.active_object = 31
    assert 30 in view.scene.lanes_in_view()
    stage.state.active_object = 1
    assert 0 in view.scene.lanes_in_view()


def test_the_active_lane_stays_visible_when_the_timeline_becomes_smaller(
    stage: Stage, view: TimelineView
) -> None:
    for _ in range(30):
        stage.add_object()
    view.resize(SIZE[0], 900)
    stage.state.active_object = 20
    view.resize(*SIZE)
    assert 19 in view.scene.lanes_in_view()


def test_without_objects_a_text_says_so_within_a_narrow_timeline(qtbot: QtBot) -> None:
    view = shown(Stage(NUM_FRAMES), qtbot)
    view.resize(GUTTER_PX + 200, SIZE[1])
    image, lanes = painting(view), view.scene.rows.lanes
    rows = range(lanes.top() + 2, lanes.bottom() - 2)

    def is_written_on(columns: range) -> bool:
        return any(len({image.pixel(x, y) for y in rows}) > 1 for x in columns)

    assert is_written_on(range(lanes.left() + 40, lanes.right() - 40))
    assert not is_written_on(range(lanes.right() - 12, lanes.right() - 2))


def test_restored_objects_show_their_rows(stage: Stage, view: TimelineView) -> None:
    stage.put(1, {frame: tracked() for frame in range(200)})
    y = view.scene.lane_rect(0).center().y()
    bar = color_at(view, x_of(view, 50), y)
    removal = edits.remove_object(stage.document, 1)
    stage.document.apply(removal)
    assert color_at(view, x_of(view, 50), y) != bar
    stage.document.apply(removal.inverse())
    assert color_at(view, x_of(view, 50), y) == bar


def test_painting_cost_depends_on_the_width_and_not_on_the_video(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(100_000)
    for _ in range(40):
        stage.add_object()
    kept = record(MemoryDecision.KEPT)
    stage.put(1, {}, {frame: kept for frame in range(0, 100_000, 20)})
    stage.state.active_object = 1
    view = shown(stage, qtbot)
    drawn = Mock(wraps=lanes.bar_pixels)
    monkeypatch.setattr(lanes, "bar_pixels", drawn)
    for frame in range(5):
        stage.state.frame = frame
        view.viewport().grab()
    assert drawn.call_count == 0, "a new current frame draws no lane again"
    stage.put(1, {500: tracked()})
    view.viewport().grab()
    assert drawn.call_count == 1, "only the lane of the changed object"
    view.zoom_in()
    view.viewport().grab()
    visible = len(view.scene.lanes_in_view())
    assert 1 < drawn.call_count - 1 == visible < 10
    view.fit()
    assert len(drawn.call_args.args[1].starts) == 1000
    assert len(memory_marks(view.scene)) <= 2 * 100
    assert np.ptp([column for column, _ in memory_marks(view.scene)]) > 900


def test_a_lane_is_drawn_again_for_every_kind_of_change(stage: Stage, view: TimelineView) -> None:
    stage.put(1, {frame: tracked() for frame in range(200)})
    y, before = view.scene.lane_rect(0).center().y(), painting(view)
    changed = [
        edits.set_verified(stage.document, 1, 50, True),
        edits.update_object(stage.document, 1, color=(255, 0, 255)),
    ]
    for edit in changed:
        stage.document.apply(edit)
        after = painting(view)
        assert after != before
        before = after
    view.resize(SIZE[0] - 300, SIZE[1])
    assert color_at(view, view.scene.rows.lanes.right() - 2, y).alpha() == 255
    assert view.scene.rows.lanes.width() == 700


def test_suggested_frames_have_a_line_above_their_bar(
    stage: Stage, view: TimelineView, qtbot: QtBot
) -> None:
    weak = {frame: tracked(0.4 if 50 <= frame < 60 else 0.9) for frame in range(100)}
    stage.put(1, weak)
    qtbot.waitUntil(lambda: bool(stage.review.is_complete and stage.review.runs))
    with qtbot.waitSignal(stage.review.changed):
        stage.review.threshold = 0.45
    top = view.scene.lane_rect(0).top() + BAR_TOP_PX - 2
    lines = [color_at(view, x_of(view, frame), top) for frame in (49, 50, 59, 60)]
    is_weak = [color == view.scene.colors.weak for color in lines]
    assert is_weak == [False, True, True, False]
