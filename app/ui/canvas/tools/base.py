"""What every tool of the canvas offers."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from app.ui.canvas.viewport import Viewport

NOTHING = QRectF()


class CanvasTool:
    """One gesture: `start`, any number of `move`, then `end` or `cancel`.

    All coordinates are image coordinates (see `Viewport`) and may be outside the picture.
    Where a method returns a rectangle, it is the part of the image to draw again.

    Attributes:
        cursor: the shape of the mouse pointer.
    """

    cursor = Qt.CursorShape.CrossCursor

    @property
    def footprint_radius(self) -> float:
        """Radius in image pixels of the circle around the pointer, 0 for none."""
        return 0.0

    @property
    def is_painting(self) -> bool:
        """Whether the tool draws the mask of the active object itself just now."""
        return False

    def start(self, x: float, y: float, is_exclude: bool) -> QRectF:
        """Begin with a press; ``is_exclude`` for the right button or Ctrl."""
        return NOTHING

    def move(self, x: float, y: float) -> QRectF:
        """Follow a drag."""
        return NOTHING

    def end(self) -> None:
        """Finish with what was drawn so far; a no-op when there is no gesture."""

    def cancel(self) -> bool:
        """Drop the gesture without a trace.

        Returns:
            Whether there was one.
        """
        return False

    def draw(self, painter: QPainter, viewport: Viewport) -> None:
        """Draw what the gesture did so far, with a painter in widget coordinates."""
