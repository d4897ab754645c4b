"""The size of brush and eraser as a slider and a number, in a corner of the canvas."""

import math

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSlider, QSpinBox, QWidget

from app.ui.state.keymap import Keymap
from app.ui.state.view_state import MAX_BRUSH_RADIUS_PX, Tool, ViewState
from app.ui.style.theme import SPACING_PX

SLIDER_STEPS = 100
SLIDER_WIDTH_PX = 120
MARGIN_PX = 8
SIZED_TOOLS = (Tool.BRUSH, Tool.ERASER)
BRUSH_ACTIONS = ("Smaller brush", "Larger brush")
"""The actions that change the radius."""


class BrushOptions(QFrame):
    """Edits the brush radius; displayed while a tool that has one is selected.

    The slider is logarithmic, so that small brushes can be set to the pixel.
    """

    def __init__(self, state: ViewState, keymap: Keymap, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._state = state
        self._keymap = keymap
        self._canvas = canvas
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        self._slider.setRange(0, SLIDER_STEPS)
        self._slider.setFixedWidth(SLIDER_WIDTH_PX)
        self._slider.setAccessibleName(self.tr("Brush radius"))
        self._number = QSpinBox(self)
        self._number.setRange(1, MAX_BRUSH_RADIUS_PX)
        self._number.setSuffix(" px")
        self._number.setAccessibleName(self.tr("Brush radius in pixels"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACING_PX, SPACING_PX // 2, SPACING_PX, SPACING_PX // 2)
        for part in (QLabel(self.tr("Radius"), self), self._slider, self._number):
            layout.addWidget(part)
        self._slider.valueChanged.connect(self._on_slid)
        self._number.valueChanged.connect(self._on_typed)
        self._number.editingFinished.connect(canvas.setFocus)
        state.overlay_changed.connect(self._show_radius)
        state.tool_changed.connect(self._show_tool)
        keymap.changed.connect(self._show_keys)
        self._show_keys()
        self._show_radius()
        self._show_tool(state.tool)

    def place(self) -> None:
        """Move to the top right corner of the canvas."""
        self.adjustSize()
        self.move(self._canvas.width() - self.width() - MARGIN_PX, MARGIN_PX)

    def _show_keys(self) -> None:
        tip = self.tr("Radius of brush and eraser in pixels of the video")
        tip = self._keymap.with_keys(tip, *BRUSH_ACTIONS)
        for widget in (self._slider, self._number):
            widget.setToolTip(tip)

    def _on_slid(self, step: int) -> None:
        self._state.brush_radius = round(MAX_BRUSH_RADIUS_PX ** (step / SLIDER_STEPS))

    def _on_typed(self, radius: int) -> None:
        self._state.brush_radius = radius

    def _show_radius(self) -> None:
        radius = self._state.brush_radius
        step = round(SLIDER_STEPS * math.log(radius, MAX_BRUSH_RADIUS_PX))
        for widget, value in ((self._slider, step), (self._number, radius)):
            with QSignalBlocker(widget):
                widget.setValue(value)

    def _show_tool(self, tool: Tool) -> None:
        self.setVisible(tool in SIZED_TOOLS)
        self.place()
