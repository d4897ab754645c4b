"""The suggested objects over the canvas, to be accepted with the mouse."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QTransform
from PySide6.QtWidgets import QWidget

from app.core.masks import RleMask
from app.core.palette import display_color
from app.ui.canvas import overlays
from app.ui.canvas.mask_layer import OUTLINE_PX, draw_outline, draw_preview, outline
from app.ui.canvas.view import CanvasView
from app.ui.state.gesture_keys import CANCEL, FINISH
from app.ui.state.keymap import Keymap, key_text

HOVERED = QColor(255, 214, 64)
SHIFT = Qt.KeyboardModifier.ShiftModifier
MARGIN_PX = 8


class SuggestionOverlay(QWidget):
    """Covers the canvas while there are suggestions; zoom and pan still work.

    Args:
        canvas: the canvas to cover.
        keymap: the keys that accept all suggestions, or none.

    Signals:
        accepted: list of `RleMask`.
    """

    accepted = Signal(object)

    def __init__(self, canvas: CanvasView, keymap: Keymap) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._keymap = keymap
        self.masks: list[RleMask] = []
        self._hovered: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Suggested objects"))
        canvas.installEventFilter(self)
        canvas.zoom_pan.changed.connect(self.update)
        self.hide()

    def show_masks(self, masks: Sequence[RleMask]) -> None:
        """Show suggestions, or close when there are none."""
        self.masks = list(masks)
        self._hover(None)
        had_focus = self.hasFocus()
        self.setVisible(bool(masks))
        if masks:
            self.setGeometry(self._canvas.rect())
            self.raise_()
            self.setFocus()
        elif had_focus:
            self._canvas.setFocus()

    def dismiss(self) -> bool:
        """Close; return whether there were suggestions."""
        had_masks = bool(self.masks)
        self.show_masks([])
        return had_masks

    def _mask_at(self, at: QPointF) -> int | None:
        """Return the index of the smallest mask at a position of the widget."""
        x, y = self._canvas.viewport.to_image(at.x(), at.y())
        if not self._canvas.viewport.contains(x, y):
            return None
        hits = [i for i, mask in enumerate(self.masks) if mask.covers(x, y)]
        return min(hits, key=lambda index: self.masks[index].area, default=None)

    def _hover(self, index: int | None) -> None:
        if index != self._hovered:
            self._hovered = index
            self.update()
        shape = Qt.CursorShape.ArrowCursor if index is None else Qt.CursorShape.PointingHandCursor
        self.setCursor(shape)

    def _accept(self, masks: list[RleMask], rest: list[RleMask]) -> None:
        self.show_masks(rest)
        self.accepted.emit(masks)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Highlight the suggestion under the pointer."""
        self._hover(self._mask_at(event.position()))
        event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Accept the suggestion under the pointer; other buttons are those of the canvas."""
        if event.button() == Qt.MouseButton.MiddleButton:
            event.ignore()
            return
        index = self._mask_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and index is not None:
            rest = [mask for i, mask in enumerate(self.masks) if i != index]
            self._accept([self.masks[index]], rest if event.modifiers() & SHIFT else [])

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the canvas end a pan."""
        event.ignore()

    def leaveEvent(self, event: QEvent) -> None:
        """Highlight nothing."""
        self._hover(None)

    def event(self, event: QEvent) -> bool:
        """Keep the keys of suggestions from being shortcuts of the window."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and self._act_of(event) is not None:
            event.accept()
            return True
        return super().event(event)

    def _act_of(self, event: QKeyEvent) -> Callable[[], object] | None:
        """Return what a key does: accept all suggestions, or none; None for other keys."""
        if self._keymap.has_key(FINISH, event):
            return lambda: self._accept(self.masks, [])
        return self.dismiss if self._keymap.has_key(CANCEL, event) else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Accept all suggestions, or none."""
        if (act := self._act_of(event)) is not None:
            act()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of the canvas."""
        if watched is self._canvas and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._canvas.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the outlines, the highlighted suggestion on top, and the hint."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        view = self._canvas.viewport
        (left, top), scale = view.origin_xy, view.scale
        painter.setTransform(QTransform(scale, 0, 0, scale, left, top))
        for number, mask in enumerate(self.masks, 1):
            color = QColor(*display_color(number))  # so that neighbors differ
            draw_outline(painter, outline(mask), color, OUTLINE_PX)
        if self._hovered is not None:
            draw_preview(painter, self.masks[self._hovered], HOVERED)
        painter.resetTransform()
        hint = self._hint()
        width, height = overlays.label_size(painter, hint)
        place = QPointF((self.width() - width) / 2, self.height() - height - MARGIN_PX)
        overlays.draw_label(painter, place, hint, None)

    def _hint(self) -> str:
        text = self.tr(
            "%Ln suggested object(s). Click: accept one, Shift+click: several", "", len(self.masks)
        )
        for action, meaning in ((FINISH, self.tr("{key}: all")), (CANCEL, self.tr("{key}: none"))):
            if keys := self._keymap.keys(action):
                text += ", " + meaning.format(key=key_text(keys[:1]))
        return text
