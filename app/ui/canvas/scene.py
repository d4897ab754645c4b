"""The displayed frame, and what the canvas draws over it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app.core import rules
from app.core.document import FrameMask, TrackedObject
from app.core.prompts import FramePrompts
from app.media.frames import Pixels
from app.session import Session
from app.ui.canvas import overlays
from app.ui.canvas.mask_layer import MaskLayer, draw_preview, drawn_masks, is_drawn
from app.ui.canvas.memory_layer import MemoryLayer
from app.ui.canvas.tools.base import CanvasTool
from app.ui.canvas.viewport import Viewport
from app.ui.jobs.frame_loader import FrameLoader, qimage_of
from app.ui.state.view_state import ViewState
from app.ui.translation import translate
from app.ui.translation.sentences import translate_sentence

if TYPE_CHECKING:
    from app.core.masks import RleMask

BACKGROUND = QColor(30, 31, 34)
FRAME_EDGE = QColor(74, 76, 82)
NO_OBJECT_COLOR = QColor(240, 240, 240)
CRISP_FROM_SCALE = 2.0
OTHER_PROMPTS_OPACITY = 0.4
LABEL_GAP_PX = 6.0
LOADING_MESSAGE_DELAY_MS = 300
"""Milliseconds after which a frame that is still being decoded is announced."""


class DisplayedFrame(QObject):
    """Loads the frame that the view state selects.

    While scrubbing, intermediate frames are displayed as they arrive, so ``frame`` may lag
    behind `ViewState.frame`.  A frame that takes long to decode is previewed at a lower resolution.

    Attributes:
        frame: index of the displayed frame; None when there is none.
        image: the displayed frame; null when there is none.
        message: text to display over the image; usually empty.

    Signals:
        changed: an attribute changed.
    """

    changed = Signal()

    def __init__(self, state: ViewState, loader: FrameLoader, parent: QObject) -> None:
        super().__init__(parent)
        self.frame: int | None = None
        self.image = QImage()
        self.message = ""
        self._bgra: Pixels = np.empty((0, 0, 4), dtype=np.uint8)
        self._state = state
        self._loader = loader
        self._message_timer = QTimer(self, singleShot=True, interval=LOADING_MESSAGE_DELAY_MS)
        self._message_timer.timeout.connect(self._on_late)
        loader.loaded.connect(self._on_loaded)
        loader.previewed.connect(self._on_previewed)
        loader.failed.connect(self._on_failed)
        state.frame_changed.connect(self._on_frame_changed)
        self._on_frame_changed(state.frame)

    @property
    def is_current(self) -> bool:
        """Whether the displayed frame is the one that the view state selects."""
        return self.frame == self._state.frame

    def _on_frame_changed(self, frame: int) -> None:
        if not self._message_timer.isActive():
            self._message_timer.start()
        self._loader.request(frame)

    def _on_loaded(self, frame: int, bgra: Pixels) -> None:
        image = qimage_of(bgra)
        # The old image refers to the old pixels, so it is replaced first.
        self.image, self._bgra, self.frame = image, bgra, frame
        self._finish(frame, "")

    def _on_previewed(self, frame: int, bgra: Pixels) -> None:
        if not self.is_current:  # the exact frame never gives way to its preview
            self._on_loaded(frame, bgra)

    def _on_failed(self, frame: int, sentence: str) -> None:
        if frame == self._state.frame:
            self.image, self.frame = QImage(), None
            self._finish(frame, sentence)

    def _finish(self, frame: int, message: str) -> None:
        if frame == self._state.frame:
            self._message_timer.stop()
            self.message = message
        self.changed.emit()

    def _on_late(self) -> None:
        self.message = self.tr("Loading frame {frame} ...").format(frame=self._state.frame)
        self.changed.emit()


class CanvasScene:
    """Draws the displayed frame with its masks, prompts and labels, from bottom to top.

    Lives on the GUI thread.

    Attributes:
        masks: draws the masks of the document.
        preview: preview mask for the active object; None if there is none.
    """

    def __init__(self, session: Session, state: ViewState, displayed: DisplayedFrame) -> None:
        self._document = session.document
        self._state = state
        self._displayed = displayed
        self.masks = MaskLayer(session.document, state, session.size_hw)
        self._memory = MemoryLayer(session.document, state)
        self.preview: RleMask | None = None

    @property
    def active(self) -> TrackedObject | None:
        """The active object; None if there is none."""
        return self._document.find(self._state.active_object)

    @property
    def active_color(self) -> QColor:
        """The color of the active object; white if there is none."""
        active = self.active
        return NO_OBJECT_COLOR if active is None else QColor(*active.color)

    @property
    def locked_reason(self) -> str:
        """The sentence why the active object cannot be changed on this frame; empty if it can."""
        active, frame = self.active, self._displayed.frame
        if active is None or frame is None:
            return ""
        refusal = rules.refusal(self._document, active.object_id, frame)
        return "" if refusal is None else translate_sentence(refusal.sentence)

    @property
    def can_edit(self) -> bool:
        """Whether a gesture may change the active object on the displayed frame."""
        return self._displayed.is_current and not self.locked_reason

    @property
    def active_rows(self) -> tuple[FrameMask | None, FramePrompts]:
        """The mask and the prompts of the active object on the displayed frame."""
        if self._state.active_object is None or self._displayed.frame is None:
            return None, FramePrompts()
        key = self._state.active_object, self._displayed.frame
        return self._document.mask(*key), self._document.prompts(*key)

    def draw(self, painter: QPainter, viewport: Viewport, tool: CanvasTool) -> None:
        """Draw everything; the painter is in widget coordinates."""
        painter.fillRect(painter.viewport(), BACKGROUND)
        frame = self._displayed.frame
        if frame is not None:
            self._draw_frame(painter, viewport, tool, frame)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_prompts(painter, viewport, tool, frame)
            tool.draw(painter, viewport)
            badges = self._draw_verified(painter, viewport, frame)
            self._draw_labels(painter, viewport, frame, badges)
            self._memory.draw_legend(painter, viewport, frame)
        if self._displayed.message:
            self._draw_message(painter, viewport)

    def _draw_frame(
        self, painter: QPainter, viewport: Viewport, tool: CanvasTool, frame: int
    ) -> None:
        width, height = viewport.image_wh
        painter.save()
        painter.translate(*viewport.origin_xy)
        painter.scale(viewport.scale, viewport.scale)
        is_smooth = viewport.scale < CRISP_FROM_SCALE
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_smooth)
        painter.drawImage(0, 0, self._displayed.image)
        edge = QPen(FRAME_EDGE, 1)
        edge.setCosmetic(True)
        painter.setPen(edge)
        painter.drawRect(QRectF(0, 0, width, height))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        excluded = self._state.active_object if tool.is_painting else None
        if not self._memory.draw(painter, frame, viewport.image_wh):
            self.masks.draw(painter, frame, excluded)
        if self.preview is not None:
            draw_preview(painter, self.preview, self.active_color)
        painter.restore()

    def _draw_prompts(
        self, painter: QPainter, viewport: Viewport, tool: CanvasTool, frame: int
    ) -> None:
        active_id = self._state.active_object
        active_last = sorted(self._document.objects, key=lambda o: o.object_id == active_id)
        for tracked in active_last:
            if not is_drawn(tracked, self._state):
                continue
            is_active = tracked.object_id == active_id
            painter.setOpacity(1.0 if is_active else OTHER_PROMPTS_OPACITY)
            prompts = self._document.prompts(tracked.object_id, frame)
            if is_active:
                prompts = tool.shown_prompts(prompts)
            if (box := prompts.box) is not None:
                rect = QRectF(QPointF(box.x0, box.y0), QPointF(box.x1, box.y1))
                overlays.draw_box(
                    painter, overlays.on_widget(rect, viewport), QColor(*tracked.color)
                )
            for index, point in enumerate(prompts.points):
                at = QPointF(*viewport.to_widget(point.x, point.y))
                is_selected = is_active and index == self._state.selected_point
                overlays.draw_point(painter, at, point.is_positive, is_selected)
        painter.setOpacity(1.0)

    def _draw_labels(
        self, painter: QPainter, viewport: Viewport, frame: int, badges: QRectF
    ) -> None:
        """Draw labels in the top left corner, or below the badges if they would lie over them."""
        corner = QPointF(*(max(start, 0.0) + 8 for start in viewport.origin_xy))
        labels = list(self._labels(frame))
        swatch = painter.fontMetrics().height()
        widths = [overlays.label_size(painter, text)[0] + swatch for text, _ in labels]
        if not badges.isEmpty() and corner.x() + max(widths, default=0.0) > badges.left():
            corner.setY(badges.bottom() + LABEL_GAP_PX)
        for text, color in labels:
            height = overlays.draw_label(painter, corner, text, color)
            corner += QPointF(0, height + LABEL_GAP_PX)

    def _draw_verified(self, painter: QPainter, viewport: Viewport, frame: int) -> QRectF:
        """Name the objects whose masks are verified in the top right corner; return the place."""
        (left, top), (width, _) = viewport.origin_xy, viewport.image_wh
        right = min(left + width * viewport.scale, viewport.widget_wh[0])
        corner = QPointF(right - 8, max(top, 0.0) + 8)
        badges = QRectF()
        for tracked, row in self._document.masks_on(frame):
            if row.is_verified and is_drawn(tracked, self._state):
                color = QColor(*tracked.color)
                badge = overlays.draw_verified_badge(painter, corner, tracked.name, color)
                badges = badges.united(badge)
                corner.setY(badge.bottom() + LABEL_GAP_PX)
        return badges

    def _labels(self, frame: int) -> Iterator[tuple[str, QColor | None]]:
        if reason := self.locked_reason:
            yield reason.rstrip(".\u3002"), None
        if self._state.earlier_masks is not None:
            yield translate("CanvasScene", "Masks before tracking"), None
        for tracked, row in drawn_masks(self._document, self._state, frame):
            if row.mask.area == 0:
                text = translate("CanvasScene", "{name} is not visible on this frame")
                yield text.format(name=tracked.name), QColor(*tracked.color)

    def _draw_message(self, painter: QPainter, viewport: Viewport) -> None:
        width, height = overlays.label_size(painter, self._displayed.message)
        widget_width, widget_height = viewport.widget_wh
        place = QPointF((widget_width - width) / 2, (widget_height - height) / 2)
        overlays.draw_label(painter, place, self._displayed.message, None)
