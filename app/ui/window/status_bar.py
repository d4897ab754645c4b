"""The status bar: frame, time, pixel, tool hint, job progress and model."""

from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QLabel,
    QMenu,
    QProgressBar,
    QSpinBox,
    QStatusBar,
    QToolButton,
    QWidget,
)

from app.media.frames import FrameSource, Pixels
from app.ui.canvas.brush_options import BRUSH_ACTIONS, SIZED_TOOLS
from app.ui.jobs.progress import JobProgress
from app.ui.state.gesture_keys import CANCEL, FINISH, STEP_BACK
from app.ui.state.keymap import Keymap, key_text
from app.ui.state.view_state import Tool
from app.ui.style.elided import ElidedButton, ElidedLabel
from app.ui.style.icons import icon
from app.ui.style.theme import SPACING_PX
from app.ui.timeline.scene import timecode
from app.ui.translation import QT_TRANSLATE_NOOP, translate

MESSAGE_MS = 8000
PROGRESS_WIDTH_PX = 150
ITEM_SPACING_PX = 7  # what `QStatusBar` leaves between its widgets, at most
JOB_TEXT_PX = 300
"""Room for a text like "Track object 1: 100/1000 frames, 9.9/s, 0:59 left"; more is elided."""
SWATCH_PX = 12
MENU_ARROW_PX = 26
ZOOM_PERCENTS = (25, 50, 100, 200, 400)

HINTS = {
    Tool.POINT: QT_TRANSLATE_NOOP(
        "StatusBar", "left: positive, right or Ctrl+left: negative, drag: move, Alt: remove"
    ),
    Tool.BOX: QT_TRANSLATE_NOOP("StatusBar", "drag: box around the object, or its handles"),
    Tool.BRUSH: QT_TRANSLATE_NOOP("StatusBar", "drag: paint the mask"),
    Tool.ERASER: QT_TRANSLATE_NOOP("StatusBar", "drag: erase from the mask"),
    Tool.POLYGON: QT_TRANSLATE_NOOP("StatusBar", "click: vertex, double click: close"),
    Tool.LASSO: QT_TRANSLATE_NOOP(
        "StatusBar", "drag: paint what you circle, right or Ctrl+left: erase it"
    ),
}

KEY_HINTS = {
    Tool.BOX: ((CANCEL, QT_TRANSLATE_NOOP("StatusBar", "{key}: cancel")),),
    Tool.POLYGON: (
        (FINISH, QT_TRANSLATE_NOOP("StatusBar", "{key}: close")),
        (STEP_BACK, QT_TRANSLATE_NOOP("StatusBar", "{key}: step back")),
    ),
}
"""The keys within a gesture of a tool, by action, and what they do."""


def _fixed(label: QLabel, widest: str) -> QLabel:
    """Fix the width of a label to its widest text, so that its neighbors never move."""
    label.setFixedWidth(QFontMetrics(label.font()).horizontalAdvance(widest) + 8)
    return label


class StatusBar(QStatusBar):
    """Displays state that others set and lets the user type a frame number.

    Signals:
        frame_requested: frame index that the user typed.
        frame_entered: the user pressed Return in the frame field.
        zoom_requested: screen pixels per image pixel; None to fit the image.
        cancel_requested: the stop button was clicked.
        model_requested: the model button was clicked.
    """

    frame_requested = Signal(int)
    frame_entered = Signal()
    zoom_requested = Signal(object)
    cancel_requested = Signal()
    model_requested = Signal()

    def __init__(self, keymap: Keymap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keymap = keymap
        keymap.changed.connect(self._on_keys_changed)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(SPACING_PX, 0, SPACING_PX, 0)
        self._source: FrameSource | None = None
        self._pixels: Pixels | None = None
        self._frame = QSpinBox(self)
        self._frame.setKeyboardTracking(False)
        self._frame.setAccessibleName(self.tr("Frame number"))
        self._frame.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._frame.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self._frame.setToolTip(self.tr("Frame, counted from 0"))
        self._frame.valueChanged.connect(self.frame_requested)
        self._frame.lineEdit().returnPressed.connect(self.frame_entered)
        self._time = _fixed(QLabel(self), "0:00:00.00")
        self._time.setToolTip(self.tr("Time from the start"))
        self._swatch = QLabel(self)
        self._swatch.setFixedSize(SWATCH_PX, SWATCH_PX)
        self._pixel = _fixed(QLabel(self), "x 8888, y 8888  #888888")
        self._zoom = self._make_zoom()
        self._hint = ElidedLabel(self)
        self._hint.setProperty("role", "muted")
        self._message_timer = QTimer(self, singleShot=True, interval=MESSAGE_MS)
        self._message_timer.timeout.connect(self._show_hint)
        self._tool = Tool.POINT
        self._is_busy = False
        self._model_text = self.tr("Model")
        self._is_preparing = False
        self._add_widgets()
        self.set_source(None)

    def _add_widgets(self) -> None:
        self._progress_text = ElidedLabel(self)
        self._progress = QProgressBar(self)
        self._progress.setAccessibleName(self.tr("Job progress"))
        self._progress.setFixedWidth(PROGRESS_WIDTH_PX)
        self._cancel = QToolButton(self, autoRaise=True)
        self._cancel.setAccessibleName(self.tr("Stop the job"))
        self._cancel.setIcon(icon("stop"))
        self._cancel.clicked.connect(self.cancel_requested)
        tip = self.tr("Model, input size and device; click to select another")
        self._model = ElidedButton(tip, self)
        self._model.setAutoRaise(True)
        self._model.setText(self._model_text)
        self._model.setAccessibleName(self.tr("Model"))
        self._model.setProperty("role", "muted")
        self._model.clicked.connect(self.model_requested)
        for place in (self._frame, self._time, self._zoom, self._swatch, self._pixel):
            self.addWidget(place)
        self.addWidget(self._hint, 1)
        for widget in (self._progress_text, self._progress, self._cancel, self._model):
            self.addPermanentWidget(widget)
        self.show_progress([])

    def _make_zoom(self) -> QToolButton:
        button = QToolButton(self, autoRaise=True)
        button.setProperty("role", "menu")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setAccessibleName(self.tr("Zoom"))
        button.setToolTip(self.tr("Screen pixels per pixel of the video; click to change"))
        widest = QFontMetrics(button.font()).horizontalAdvance("8888 %")
        button.setFixedWidth(widest + MENU_ARROW_PX)
        menu = QMenu(button)
        fit = menu.addAction(self.tr("Fit"))
        fit.triggered.connect(lambda: self.zoom_requested.emit(None))
        for percent in ZOOM_PERCENTS:
            action = menu.addAction(f"{percent} %")
            action.triggered.connect(partial(self._request_zoom, percent))
        button.setMenu(menu)
        return button

    def _request_zoom(self, percent: int, _checked: bool = False) -> None:
        self.zoom_requested.emit(percent / 100)

    def show_zoom(self, zoom: float) -> None:
        """Show the screen pixels per image pixel in percent."""
        self._zoom.setText(f"{100 * zoom:.0f} %")

    def set_source(self, source: FrameSource | None) -> None:
        """Show another source, or None on the welcome page."""
        self._source, self._pixels = source, None
        for widget in (self._frame, self._time, self._zoom, self._swatch, self._pixel):
            widget.setVisible(source is not None)
        if source is not None:
            self._frame.blockSignals(True)  # a smaller range would request another frame
            self._frame.setRange(0, len(source) - 1)
            self._frame.blockSignals(False)
            self._frame.setSuffix(f" / {len(source) - 1}")
            self.show_frame(0)
        self._share_width()
        self.show_cursor(None)
        self._show_hint()

    def show_frame(self, frame: int) -> None:
        """Show the index and timestamp of a frame."""
        self._frame.blockSignals(True)
        self._frame.setValue(frame)
        self._frame.blockSignals(False)
        if self._source is not None:
            self._time.setText(timecode(self._source.timestamp_s(frame)))

    def edit_frame(self) -> None:
        """Move the focus to the frame field."""
        self._frame.setFocus()
        self._frame.selectAll()

    def keep_pixels(self, frame: int, pixels: Pixels) -> None:
        """Keep the displayed (H, W, 4) BGRA frame to look up pixel colors."""
        self._pixels = pixels

    def show_cursor(self, xy: tuple[int, int] | None) -> None:
        """Show the position and color of a pixel; None clears them."""
        if xy is None or self._pixels is None:
            self._pixel.clear()
            self._swatch.clear()
            return
        blue, green, red = (int(v) for v in self._pixels[xy[1], xy[0], :3])
        color = QColor(red, green, blue)
        self._pixel.setText(f"x {xy[0]}, y {xy[1]}  {color.name()}")
        swatch = QPixmap(SWATCH_PX, SWATCH_PX)
        swatch.fill(color)
        self._swatch.setPixmap(swatch)

    def show_tool(self, tool: Tool) -> None:
        """Show the hint of a tool."""
        self._tool = tool
        self._show_hint()

    def show_message(self, sentence: str) -> None:
        """Show a message for `MESSAGE_MS` instead of the hint."""
        self._hint.setText(sentence)
        self._restyle("")
        self._message_timer.start()

    def clear_message(self) -> None:
        """Show the hint again."""
        self._show_hint()

    def show_progress(self, running: list[JobProgress]) -> None:
        """Show the progress of the oldest running job and the number of others."""
        self._is_busy = bool(running)
        for widget in (self._progress_text, self._progress, self._cancel):
            widget.setVisible(self._is_busy)
        if running:
            first = running[0]
            self._progress.setRange(0, first.total)
            self._progress.setValue(first.done)
            self._progress.setFormat(f"{first.done} / {first.total}" if first.total else "")
            more = f" (+{len(running) - 1})" if len(running) > 1 else ""
            text = self.tr("{job}: {progress}{more}").format(
                job=first.label, progress=first.text(), more=more
            )
            self._progress_text.setText(text)
            self._progress.setToolTip(text)
            self._cancel.setToolTip(first.stop_tip)
        self._share_width()

    def show_model(self, text: str) -> None:
        """Show the name, input size and device of the model."""
        self._model_text = text
        self._show_model()

    def show_preparing(self, is_preparing: bool) -> None:
        """Show whether the model is being prepared for this computer."""
        self._is_preparing = is_preparing
        self._show_model()

    def _show_model(self) -> None:
        text = self._model_text
        if self._is_preparing:
            name, *_ = text.split(" · ")  # whole, in the width of the button
            text = self.tr("{model} · preparing…").format(model=name)
        self._model.setText(text)
        self._model.setAccessibleName(self.tr("Model: {name}").format(name=text))
        self._share_width()

    def _share_width(self) -> None:
        """Show the tool's hint whole: zoom, a job's text and pixel, in turn, get what it leaves."""
        job = (self._progress, self._cancel) if self._is_busy else ()
        needed = self._width_of(self._frame, self._time, self._hint, *job, self._model)
        pixel = self._width_of(self._swatch, self._pixel)
        left = self.contentsRect().width() - 2 * ITEM_SPACING_PX - needed
        zoom = self._width_of(self._zoom)
        has_zoom = self._source is not None and zoom <= left
        self._zoom.setVisible(has_zoom)
        left -= has_zoom * zoom
        has_pixel = self._source is not None and pixel <= left - self._is_busy * JOB_TEXT_PX
        self._swatch.setVisible(has_pixel)
        self._pixel.setVisible(has_pixel)
        self._progress_text.setMaximumWidth(max(0, left - has_pixel * pixel))

    @staticmethod
    def _width_of(*widgets: QWidget) -> int:
        widths = (max(each.minimumWidth(), each.sizeHint().width()) for each in widgets)
        return sum(width + ITEM_SPACING_PX for width in widths)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width again."""
        super().resizeEvent(event)
        self._share_width()

    def _show_hint(self) -> None:
        self._message_timer.stop()
        hint = translate("StatusBar", HINTS[self._tool])
        for action, meaning in KEY_HINTS.get(self._tool, ()):
            if keys := self._keymap.keys(action):
                hint += ", " + translate("StatusBar", meaning).format(key=key_text(keys[:1]))
        if self._tool in SIZED_TOOLS:
            size = self.tr("change its size")
            hint = f"{hint}, {self._keymap.with_keys(size, *BRUSH_ACTIONS)}"
        self._hint.setText(hint if self._source is not None else "")
        self._restyle("muted")

    def _on_keys_changed(self) -> None:
        if not self._message_timer.isActive():
            self._show_hint()

    def _restyle(self, role: str) -> None:
        self._share_width()
        self._hint.setProperty("role", role)
        self._hint.style().unpolish(self._hint)
        self._hint.style().polish(self._hint)
