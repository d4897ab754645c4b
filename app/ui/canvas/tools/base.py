"""The base class of the canvas tools."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from app.core.prompts import FramePrompts
from app.ui.canvas.viewport import Viewport

NO_RECT = QRectF()
GRIP_RADIUS_PX = 7.0
"""Distance from the pointer, in widget pixels, within which points and handles are grabbed."""


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

    def cursor_at(self, x: float, y: float) -> Qt.CursorShape:
        """Return the mouse cursor for what a press would do there."""
        return self.cursor

    def start(self, x: float, y: float, is_negative: bool) -> QRectF:
        """Start a gesture; ``is_negative`` for the right button or Ctrl."""
        return NO_RECT

    def move(self, x: float, y: float) -> QRectF:
        """Continue the gesture."""
        return NO_RECT

    def hover(self, x: float, y: float) -> QRectF:
        """Follow the pointer while no button is pressed."""
        return NO_RECT

    def end(self) -> None:
        """Finish the gesture; a no-op if there is none."""

    def close(self) -> bool:
        """Finish a gesture of several clicks, on a double click or a key of `FINISH`.

        Returns:
            Whether there was one; else a double click is two clicks.
        """
        return False

    def step_back(self) -> bool:
        """Take back the last click of a gesture of several clicks, on a key of `STEP_BACK`.

        Returns:
            Whether there was one.
        """
        return False

    def cancel(self) -> bool:
        """Cancel the gesture without an effect.

        Returns:
            Whether there was one.
        """
        return False

    def leave(self) -> str:
        """Leave the frame or the object, which are about to change, or the tool.

        What was painted is finished; other gestures are canceled.

        Returns:
            What became of an unfinished gesture, in a sentence; usually empty.
        """
        self.cancel()
        return ""

    def arrive(self) -> None:
        """Take up what was left unfinished on this frame and object."""

    @property
    def has_clicks(self) -> bool:
        """Whether a gesture of several clicks is in progress, which takes the keys of gestures."""
        return False

    def remove_at(self, x: float, y: float) -> bool:
        """Remove what can be grabbed at a position, on Alt and a click.

        Returns:
            Whether there was something.
        """
        return False

    def synchronize(self) -> None:
        """Follow a change of the document."""

    def shown_prompts(self, prompts: FramePrompts) -> FramePrompts:
        """Return the prompts of the active object as they would be if the gesture ended now."""
        return prompts

    def draw(self, painter: QPainter, viewport: Viewport) -> None:
        """Draw the gesture in progress; the painter is in widget coordinates."""


def is_near(viewport: Viewport, first: tuple[float, float], second: tuple[float, float]) -> bool:
    """Return whether two image positions are within `GRIP_RADIUS_PX` on the widget."""
    away = max(abs(first[0] - second[0]), abs(first[1] - second[1]))
    return away * viewport.scale <= GRIP_RADIUS_PX
