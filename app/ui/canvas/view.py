"""The canvas widget: passes mouse input to the selected tool, and zooms and pans."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.core.document import Table
from app.core.masks import RleMask
from app.core.prompts import FramePrompts
from app.session import Session
from app.ui.canvas.brush_options import BrushOptions
from app.ui.canvas.hover import HoverPreview
from app.ui.canvas.overlays import draw_brush_circle, on_widget
from app.ui.canvas.scene import CanvasScene, DisplayedFrame
from app.ui.canvas.tools.base import CanvasTool
from app.ui.canvas.tools.box import BoxTool
from app.ui.canvas.tools.brush import BrushTool, EraserTool
from app.ui.canvas.tools.outline import (
    ActiveRows,
    LassoTool,
    OutlineRequests,
    Place,
    PolygonTool,
)
from app.ui.canvas.tools.point import PointRequests, PointTool
from app.ui.canvas.viewport import Viewport
from app.ui.canvas.zoom_pan import ZoomPan
from app.ui.jobs.frame_loader import FrameLoader
from app.ui.state.document_bridge import ChangedRows, DocumentBridge
from app.ui.state.gesture_keys import CANCEL, FINISH, STEP_BACK
from app.ui.state.keymap import Keymap
from app.ui.state.view_state import Tool, ViewState

TOOL_BUTTONS = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)
ALT = Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier


class CanvasView(QWidget):
    """Displays the selected frame with masks and prompts, and turns gestures into requests.

    It never changes the document.  A press has an effect only while the selected frame is
    displayed and the active object is neither locked nor verified on it.  Coordinates are image
    coordinates, see `Viewport`.

    Attributes:
        zoom_pan: zooms and pans the image.

    Signals:
        point_requested: x, y, is_positive.
        point_moved: index of a point, x, y.
        point_removed: index of a point.
        box_requested: x0, y0, x1, y1.
        stroke_finished: pixels of a stroke as `RleMask`, and whether it erases them.
        stroke_replaced: mask and prompts before the stroke that is replaced, then as above.
        gesture_started: the user pressed, to change the active object or add one.
        message: text for the status bar: why a press had no effect, what became of a gesture.
        preview_requested: x, y, is_positive of the point that a click would add; throttled.
        preview_ended: the preview is no longer needed.
        cursor_moved: (column, row) of the pixel under the pointer, None outside the image.
    """

    point_requested = Signal(float, float, bool)
    point_moved = Signal(int, float, float)
    point_removed = Signal(int)
    box_requested = Signal(float, float, float, float)
    stroke_finished = Signal(object, bool)
    stroke_replaced = Signal(object, object, bool)
    gesture_started = Signal()
    message = Signal(str)
    preview_requested = Signal(float, float, bool)
    preview_ended = Signal()
    cursor_moved = Signal(object)

    def __init__(
        self,
        session: Session,
        bridge: DocumentBridge,
        view_state: ViewState,
        frame_loader: FrameLoader,
        keymap: Keymap,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._state = view_state
        widget_wh = self.width(), self.height()
        self.zoom_pan = ZoomPan(Viewport(session.size_hw[::-1], widget_wh).fitted(), self)
        self._displayed = DisplayedFrame(view_state, frame_loader, self)
        self._scene = CanvasScene(session, view_state, self._displayed)
        self._hover = HoverPreview(self)
        self._keymap = keymap
        self._brush_options = BrushOptions(view_state, keymap, self)
        self._tools = self._make_tools(session.size_hw)
        self._pressed = Qt.MouseButton.NoButton
        self._connect(bridge)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Frame"))
        self._update_cursor()

    def _make_tools(self, size_hw: tuple[int, int]) -> dict[Tool, CanvasTool]:
        scene, stroke = self._scene, self.stroke_finished.emit

        def mask() -> RleMask:
            row, _ = scene.active_rows
            return RleMask.empty(size_hw) if row is None else row.mask

        def prompts() -> FramePrompts:
            return scene.active_rows[1]

        def rows() -> ActiveRows:
            return scene.active_rows

        def place() -> Place:
            return self._state.active_object, self._state.frame

        def color() -> QColor:
            return scene.active_color

        def viewport() -> Viewport:
            return self.viewport

        points = PointRequests(
            self.point_requested.emit,
            self.point_moved.emit,
            self.point_removed.emit,
            self._state.select_point,
        )
        outlines = OutlineRequests(stroke, self.stroke_replaced.emit)
        return {
            Tool.POINT: PointTool(size_hw, viewport, prompts, points),
            Tool.BOX: BoxTool(size_hw, viewport, prompts, self.box_requested.emit, color),
            Tool.BRUSH: BrushTool(self._state, mask, stroke, color),
            Tool.ERASER: EraserTool(self._state, mask, stroke, color),
            Tool.POLYGON: PolygonTool(size_hw, viewport, rows, place, outlines, color),
            Tool.LASSO: LassoTool(size_hw, outlines, color),
        }

    def _connect(self, bridge: DocumentBridge) -> None:
        bridge.changed.connect(self._on_document_changed)
        self._state.leaving.connect(self._leave_gesture)
        self._state.frame_changed.connect(self._arrive)
        self._state.active_object_changed.connect(self._arrive)
        self._state.tool_changed.connect(self._arrive)
        self._state.overlay_changed.connect(self.update)
        self.zoom_pan.changed.connect(self.update)
        self._displayed.changed.connect(self._refresh)
        self._hover.requested.connect(self.preview_requested)
        self._hover.ended.connect(self._on_hover_ended)

    @property
    def viewport(self) -> Viewport:
        """The current mapping between image and widget."""
        return self.zoom_pan.viewport

    def image(self) -> QImage:
        """Return what is displayed of the frame, with masks, without the area around it."""
        viewport = self.viewport
        corners = [QPointF(*viewport.to_widget(*xy)) for xy in ((0, 0), viewport.image_wh)]
        shown = QRectF(*corners).toAlignedRect() & self.rect()
        return self.grab(shown).toImage()

    def cancel_gesture(self) -> bool:
        """Cancel a stroke or box in progress.

        Returns:
            Whether there was one.
        """
        self._pressed = Qt.MouseButton.NoButton
        was_active = self._tool.cancel()
        self.update()
        return was_active

    def show_preview(self, mask: RleMask | None) -> None:
        """Display a preview mask, or None; a mask that arrives after `preview_ended` is ignored."""
        if mask is None or self._hover.is_on:
            self._scene.preview = mask
            self.update()

    @property
    def _tool(self) -> CanvasTool:
        return self._tools[self._state.tool]

    def _image_xy(self, at: QPointF) -> tuple[float, float]:
        return self.viewport.to_image(at.x(), at.y())

    def _update_part(self, image_rect: QRectF) -> None:
        """Repaint an image rectangle with a margin for the line width."""
        if not image_rect.isNull():
            part = on_widget(image_rect, self.viewport).adjusted(-4, -4, 4, 4)
            self.update(part.toAlignedRect())

    def _footprint(self) -> QRectF:
        """Return the widget rectangle of the brush circle; null if there is none."""
        radius = self._tool.footprint_radius * self.viewport.scale
        pointer = self.zoom_pan.pointer
        if pointer is None or not radius:
            return QRectF()
        reach = radius + 3
        return QRectF(pointer, pointer).adjusted(-reach, -reach, reach, reach)

    def _move_pointer(self, at: QPointF | None) -> None:
        before = self._footprint()
        self.zoom_pan.pointer = at
        self.update((before | self._footprint()).toAlignedRect())
        xy = None if at is None else self._image_xy(at)
        is_inside = xy is not None and self.viewport.contains(*xy)
        self.cursor_moved.emit(tuple(map(int, xy)) if xy and is_inside else None)

    def _update_hover(self, modifiers: Qt.KeyboardModifier) -> None:
        """Request a preview while Shift is held and a click would add a point."""
        is_previewing = bool(modifiers & SHIFT) and self._state.tool is Tool.POINT
        xy = None if self.zoom_pan.pointer is None else self._image_xy(self.zoom_pan.pointer)
        if is_previewing and self._scene.can_edit and xy and self.viewport.contains(*xy):
            self._hover.request(*xy, not modifiers & CTRL)
        else:
            self._hover.stop()

    def _update_cursor(self) -> None:
        if self.zoom_pan.is_panning:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self._scene.locked_reason:
            self.setCursor(Qt.CursorShape.ForbiddenCursor)
        elif self.zoom_pan.pointer is None:
            self.setCursor(self._tool.cursor)
        else:
            self.setCursor(self._tool.cursor_at(*self._image_xy(self.zoom_pan.pointer)))

    def _refresh(self) -> None:
        self._update_cursor()
        self.update()

    def _on_document_changed(self, rows: ChangedRows) -> None:
        keys = (*rows.get(Table.MASKS, ()), *rows.get(Table.PROMPTS, ()))
        is_shown = any(frame == self._displayed.frame for _, frame in keys)
        if is_shown:
            self._state.selected_point = None
            self._tool.synchronize()
        if is_shown or Table.OBJECTS in rows:
            self._scene.masks.invalidate()
            self._refresh()
        elif self._state.show_memory_map and Table.MEMORY in rows:
            self.update()

    def _on_hover_ended(self) -> None:
        self.show_preview(None)
        self.preview_ended.emit()

    def _leave_gesture(self) -> None:
        """Finish or keep a gesture in progress before its frame, object or tool changes."""
        self._pressed = Qt.MouseButton.NoButton
        if self._state.active_object is not None and self._scene.active is None:
            self._tool.cancel()  # the object was deleted
        elif sentence := self._tool.leave():
            self.message.emit(sentence)

    def _arrive(self) -> None:
        self._tool.arrive()
        self._state.selected_point = None
        self._hover.stop()
        self._refresh()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Start a pan, or a gesture of the tool."""
        self._move_pointer(event.position())
        if event.button() == Qt.MouseButton.MiddleButton:
            self.zoom_pan.start_pan(event.position())
            self._update_cursor()
        elif event.button() in TOOL_BUTTONS and not self._pressed:
            if reason := self._scene.locked_reason:
                self.message.emit(reason)
            elif self._scene.can_edit:
                self._hover.stop()
                self._start_gesture(event)

    def _start_gesture(self, event: QMouseEvent) -> None:
        self._state.earlier_masks = None  # a gesture changes the current masks
        self.gesture_started.emit()
        is_left = event.button() == Qt.MouseButton.LeftButton
        at = self._image_xy(event.position())
        if is_left and event.modifiers() & ALT and self._tool.remove_at(*at):
            return
        self._pressed = event.button()
        is_negative = not is_left or bool(event.modifiers() & CTRL)
        self._update_part(self._tool.start(*at, is_negative))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Finish a gesture of several clicks; else the second click is a click."""
        if event.button() not in TOOL_BUTTONS or not self._tool.close():
            self.mousePressEvent(event)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Continue the pan or the gesture, or update the preview."""
        self.zoom_pan.pan_to(event.position())
        self._move_pointer(event.position())
        at = self._image_xy(event.position())
        if self._pressed:
            self._update_part(self._tool.move(*at))
        else:
            self._update_part(self._tool.hover(*at))
            self._update_hover(event.modifiers())
            self._update_cursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the pan or the gesture that the button started."""
        if event.button() == Qt.MouseButton.MiddleButton:
            self.zoom_pan.end_pan()
            self._update_cursor()
        elif event.button() == self._pressed:
            self._pressed = Qt.MouseButton.NoButton
            self._tool.end()
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """End the preview and hide the brush circle."""
        self._move_pointer(None)
        self._hover.stop()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom, or pan with a trackpad; see `ZoomPan`."""
        self.zoom_pan.on_wheel(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Cancel, finish or step back in a gesture; start the preview on Shift."""
        self._update_hover(event.modifiers())
        act = self._gesture_act(event)
        if act is None or not act():
            super().keyPressEvent(event)
        self.update()

    def _gesture_act(self, event: QKeyEvent) -> Callable[[], bool] | None:
        """Return what a key does within a gesture; None if it has no meaning there."""
        acts = {
            CANCEL: self.cancel_gesture,
            FINISH: self._tool.close,
            STEP_BACK: self._tool.step_back,
        }
        return next((act for each, act in acts.items() if self._keymap.has_key(each, event)), None)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """End the preview when Shift is released."""
        self._update_hover(event.modifiers())
        super().keyReleaseEvent(event)

    def event(self, event: QEvent) -> bool:
        """Handle pinch gestures, and keep keys of the gesture from the window's shortcuts."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._tool.has_clicks
            and self._gesture_act(event) is not None
        ):
            event.accept()
            return True
        if isinstance(event, QNativeGestureEvent) and self.zoom_pan.on_pinch(event):
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the center of the image in place, or the image fitted."""
        self.zoom_pan.resize((self.width(), self.height()))
        self._brush_options.place()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the scene and the brush circle."""
        painter = QPainter(self)
        self._scene.draw(painter, self.viewport, self._tool)
        if self.zoom_pan.pointer is not None and (radius := self._tool.footprint_radius):
            draw_brush_circle(painter, self.zoom_pan.pointer, radius * self.viewport.scale)
