"""The base class of the canvas tools."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from app.ui.canvas.viewport import Viewport

NO_RECT = QRectF()


class CanvasTool:
    """Handles one gesture: `start`, any number of `move`, then `end` or `cancel`.

    Coordinates are image coordinates (see `Viewport`) and may be outside the image.  A returned
    rectangle is the part of the image to repaint.

    Attributes:
        cursor: mouse cursor over the canvas.
    """

    cursor = Qt.CursorShape.CrossCursor

    @property
    def footprint_radius(self) -> float:
        """Radius of the circle around the pointer in image pixels; 0 for none."""
        return 0.0

    @property
    def is_painting(self) -> bool:
        """Whether the tool currently draws the mask of the active object itself."""
        return False

    def start(self, x: float, y: float, is_negative: bool) -> QRectF:
        """Start a gesture; ``is_negative`` for the right button or Ctrl."""
        return NO_RECT

    def move(self, x: float, y: float) -> QRectF:
        """Continue the gesture."""
        return NO_RECT

    def end(self) -> None:
        """Finish the gesture; a no-op if there is none."""

    def cancel(self) -> bool:
        """Cancel the gesture without an effect.

        Returns:
            Whether there was one.
        """
        return False

    def draw(self, painter: QPainter, viewport: Viewport) -> None:
        """Draw the gesture in progress; the painter is in widget coordinates."""
