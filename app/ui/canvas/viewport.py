"""The mapping between image and widget coordinates; Qt-free."""

from dataclasses import dataclass, replace
from typing import Self

MAX_SCALE = 64.0
MIN_SCALE = 1 / 32
FIT_MARGIN_PX = 8
MIN_VISIBLE_PX = 64
"""Widget pixels of the image that stay visible on each axis, however far it is panned."""


@dataclass(frozen=True, slots=True)
class Viewport:
    """The mapping between image and widget coordinates: ``widget = image * scale + origin``.

    Image coordinates are continuous: pixel (column i, row j) covers [i, i + 1) x [j, j + 1), so
    its center is (i + 0.5, j + 0.5), and the whole image is [0, width] x [0, height].  Widget
    coordinates are Qt's logical pixels.

    Attributes:
        image_wh: width and height of the image.
        widget_wh: width and height of the widget.
        scale: widget pixels per image pixel.
        origin_xy: top left corner of the image in widget coordinates.
    """

    image_wh: tuple[int, int]
    widget_wh: tuple[int, int]
    scale: float = 1.0
    origin_xy: tuple[float, float] = (0.0, 0.0)

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Map widget coordinates to image coordinates."""
        return (x - self.origin_xy[0]) / self.scale, (y - self.origin_xy[1]) / self.scale

    def to_widget(self, x: float, y: float) -> tuple[float, float]:
        """Map image coordinates to widget coordinates."""
        return x * self.scale + self.origin_xy[0], y * self.scale + self.origin_xy[1]

    def contains(self, x: float, y: float) -> bool:
        """Return whether image coordinates are inside the image."""
        return 0 <= x < self.image_wh[0] and 0 <= y < self.image_wh[1]

    def clamped(self, x: float, y: float) -> tuple[float, float]:
        """Return the nearest image coordinates in [0, width] x [0, height]."""
        return min(max(x, 0.0), self.image_wh[0]), min(max(y, 0.0), self.image_wh[1])

    def fitted(self) -> Self:
        """Return the viewport that shows the whole image, centered and as large as possible."""
        available = [max(1, side - 2 * FIT_MARGIN_PX) for side in self.widget_wh]
        return self._centered(min(available[0] / self.image_wh[0], available[1] / self.image_wh[1]))

    def zoomed(self, factor: float, at_xy: tuple[float, float]) -> Self:
        """Return the viewport zoomed by ``factor`` around the widget coordinates ``at_xy``."""
        scale = min(max(self.scale * factor, MIN_SCALE), MAX_SCALE)
        image_x, image_y = self.to_image(*at_xy)
        origin = at_xy[0] - image_x * scale, at_xy[1] - image_y * scale
        return replace(self, scale=scale, origin_xy=origin)._kept_visible()

    def panned(self, dx: float, dy: float) -> Self:
        """Return the viewport moved by widget pixels; part of the image stays visible."""
        origin = self.origin_xy[0] + dx, self.origin_xy[1] + dy
        return replace(self, origin_xy=origin)._kept_visible()

    @property
    def center_xy(self) -> tuple[float, float]:
        """The image coordinates at the center of the widget."""
        return self.to_image(self.widget_wh[0] / 2, self.widget_wh[1] / 2)

    def centered_on(self, center_xy: tuple[float, float], scale: float) -> Self:
        """Return the viewport with a scale and these image coordinates at its center."""
        scale = min(max(scale, MIN_SCALE), MAX_SCALE)
        x, y = (side / 2 - at * scale for side, at in zip(self.widget_wh, center_xy, strict=True))
        return replace(self, scale=scale, origin_xy=(x, y))._kept_visible()

    def resized(self, widget_wh: tuple[int, int]) -> Self:
        """Return the viewport for another widget size, with the same center."""
        dx, dy = ((new - old) / 2 for new, old in zip(widget_wh, self.widget_wh, strict=True))
        return replace(self, widget_wh=widget_wh).panned(dx, dy)

    def _centered(self, scale: float) -> Self:
        x, y = (
            (available - side * scale) / 2
            for available, side in zip(self.widget_wh, self.image_wh, strict=True)
        )
        return replace(self, scale=scale, origin_xy=(x, y))

    def _kept_visible(self) -> Self:
        x, y = (
            min(max(start, MIN_VISIBLE_PX - side * self.scale), available - MIN_VISIBLE_PX)
            for start, side, available in zip(
                self.origin_xy, self.image_wh, self.widget_wh, strict=True
            )
        )
        return replace(self, origin_xy=(x, y))
