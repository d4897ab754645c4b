"""A canvas of 400 x 300 that shows a gray image of 100 x 80, so that 3.6 px are one pixel."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core.document import Document, FrameMask, Origin
from app.core.edits import add_object, set_masks
from app.core.masks import RleMask
from app.ui.canvas.view import CanvasView
from app.ui.state.document_bridge import DocumentBridge
from app.ui.state.gesture_keys import CANCEL, GESTURE_KEYS
from app.ui.state.keymap import Keymap
from app.ui.state.preferences import Preferences
from app.ui.state.view_state import ViewState

SIZE_HW = (80, 100)
GRAY = 128
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
MIDDLE, NO_BUTTON = Qt.MouseButton.MiddleButton, Qt.MouseButton.NoButton
PLAIN, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier


class StubLoader(QObject):
    """Delivers a gray frame at once, unless it is slow."""

    previewed = Signal(int, object)
    loaded = Signal(int, object)
    failed = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self.is_slow = False

    def request(self, frame: int) -> None:
        if not self.is_slow:
            self.deliver(frame)

    def deliver(self, frame: int) -> None:
        self.loaded.emit(frame, np.full((*SIZE_HW, 4), GRAY, dtype=np.uint8))


@dataclass
class Stage:
    """A canvas on screen, with what a test needs around it."""

    document: Document
    state: ViewState
    loader: StubLoader
    view: CanvasView
    keymap: Keymap
    received: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)

    def listen(self, *names: str) -> None:
        """Append what these signals emit to `received`."""
        for name in names:
            getattr(self.view, name).connect(self._receiving(name))

    def _receiving(self, name: str) -> Callable[..., None]:
        return lambda *values: self.received.append((name, values))

    def widget_point(self, x: float, y: float) -> QPointF:
        """Return where image coordinates are on the widget."""
        return QPointF(*self.view.viewport.to_widget(x, y))

    def mouse(
        self,
        kind: QEvent.Type,
        at: QPointF,
        button: Qt.MouseButton = NO_BUTTON,
        modifiers: Qt.KeyboardModifier = PLAIN,
    ) -> None:
        """Send a mouse event at a place of the widget, to the fraction of a pixel."""
        everywhere = self.view.mapToGlobal(at)
        event = QMouseEvent(kind, at, everywhere, button, button, modifiers)
        QApplication.sendEvent(self.view, event)

    def press(
        self,
        x: float,
        y: float,
        button: Qt.MouseButton = LEFT,
        modifiers: Qt.KeyboardModifier = PLAIN,
    ) -> None:
        """Press at image coordinates."""
        self.mouse(QEvent.Type.MouseButtonPress, self.widget_point(x, y), button, modifiers)

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
        """Move to image coordinates."""
        self.mouse(QEvent.Type.MouseMove, self.widget_point(x, y), NO_BUTTON, modifiers)

    def release(self, x: float, y: float, button: Qt.MouseButton = LEFT) -> None:
        """Release at image coordinates."""
        self.mouse(QEvent.Type.MouseButtonRelease, self.widget_point(x, y), button)

    def wheel(self, at: QPointF, notches: int, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
        """Turn the wheel."""
        phase = Qt.ScrollPhase.NoScrollPhase
        turn = QPoint(0, 120 * notches)
        everywhere = self.view.mapToGlobal(at)
        event = QWheelEvent(at, everywhere, QPoint(), turn, NO_BUTTON, modifiers, phase, False)
        QApplication.sendEvent(self.view, event)

    def add_mask(self, object_id: int, rows: slice, columns: slice, frame: int = 0) -> RleMask:
        """Give an object the mask of a rectangle."""
        bitmap = np.zeros(SIZE_HW, dtype=np.bool_)
        bitmap[rows, columns] = True
        mask = RleMask.encode(bitmap)
        row = FrameMask(mask, Origin.TRACKED, 0.9)
        self.document.apply(set_masks(self.document, {(object_id, frame): row}, "Test"))
        return mask

    def color_at(self, x: float, y: float) -> QColor:
        """Look at the widget where image coordinates are."""
        at = self.widget_point(x, y).toPoint()
        return self.view.grab().toImage().pixelColor(at)


@pytest.fixture
def stage(qtbot: QtBot) -> Stage:
    """Two objects, the first one active; no masks."""
    document = Document()
    document.apply(add_object(document, "first"))
    document.apply(add_object(document, "second"))
    state = ViewState(num_frames=20)
    loader = StubLoader()
    session = SimpleNamespace(document=document, size_hw=SIZE_HW)
    keys = {"Smaller brush": ("[",), "Larger brush": ("]",), CANCEL: ("Esc",)}
    keymap = Keymap(keys, Preferences(), gestures=GESTURE_KEYS)
    bridge = DocumentBridge(document, state)
    view = CanvasView(session, bridge, state, loader, keymap)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    state.active_object = 1
    return Stage(document, state, loader, view, keymap)
