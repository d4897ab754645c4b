"""How the decoded pixels of a video are turned, mirrored and stretched to be displayed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type
from numpy.typing import NDArray

from app.media.frames import Pixels

SQUARE_TOLERANCE = 0.01
"""Pixels whose sides differ by less than this are displayed as squares, unscaled."""

MAX_ASPECT = 4
"""A pixel more oblong than this is taken for a mistake in the file."""

MIN_ALIGNMENT = 0.9999
"""Cosine between a display matrix and its nearest quarter turn from which it is exact."""


@dataclass(frozen=True, slots=True)
class DisplayShape:
    """What leads from decoded to displayed pixels, in this order.

    Attributes:
        width, height: size in pixels that frames are scaled to, before they are turned.
        quarter_turns: counterclockwise, 0 to 3.
        is_mirrored: whether left and right are then swapped.
        is_exact: False where the file asks for an angle between quarter turns.
    """

    width: int
    height: int
    quarter_turns: int = 0
    is_mirrored: bool = False
    is_exact: bool = True

    @staticmethod
    def of(frame: av.VideoFrame, pixel_aspect: Fraction | None) -> "DisplayShape":
        """Return what the first frame's display matrix and the stream's pixel aspect ask for."""
        width, height = _square_size(frame.width, frame.height, pixel_aspect)
        matrix = _display_matrix(frame)
        if matrix is None:
            return DisplayShape(width, height)
        alignment, turns, is_mirrored = max(
            (_cosine(matrix, _orientation(turns, mirrored)), turns, mirrored)
            for turns in range(4)
            for mirrored in (False, True)
        )
        return DisplayShape(width, height, turns, is_mirrored, alignment >= MIN_ALIGNMENT)

    def as_coded(self, frame: av.VideoFrame) -> "DisplayShape":
        """Return the shape that version 0.1 displayed: turned, neither mirrored nor stretched."""
        return DisplayShape(frame.width, frame.height, (frame.rotation // 90) % 4)

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the displayed frame."""
        upright = (self.height, self.width)
        return upright[::-1] if self.quarter_turns % 2 else upright

    def applied(self, pixels: Pixels) -> Pixels:
        """Turn and mirror scaled pixels; returns a contiguous array."""
        turned = np.rot90(pixels, self.quarter_turns)
        return np.ascontiguousarray(turned[:, ::-1] if self.is_mirrored else turned)

    def to_json(self) -> dict[str, Any]:
        """Return the values that `from_json` takes."""
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> "DisplayShape":
        """Check and return stored values.

        Raises:
            ValueError, TypeError: they cannot be used.
        """
        shape = DisplayShape(**values)
        sides = (shape.width, shape.height)
        if any(type(side) is not int or not 0 < side <= 1 << 16 for side in sides):
            raise ValueError(f"frames of {shape.width} x {shape.height} pixels")
        if shape.quarter_turns not in range(4) or type(shape.is_mirrored) is not bool:
            raise ValueError("unknown orientation")
        return shape


def _square_size(width: int, height: int, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """Return the size in square pixels; the larger side is stretched, so that no pixel is lost."""
    aspect = float(pixel_aspect or 1)
    if abs(aspect - 1) < SQUARE_TOLERANCE or not 1 / MAX_ASPECT <= aspect <= MAX_ASPECT:
        return width, height
    if aspect > 1:
        return round(width * aspect), height
    return width, round(height / aspect)


def _display_matrix(frame: av.VideoFrame) -> NDArray[np.float64] | None:
    """Return the 2 x 2 matrix that maps (x, y) of decoded to displayed pixels, y down."""
    side_data: Mapping[Any, Any] = frame.side_data  # declared with other keys
    found = side_data.get(Type.DISPLAYMATRIX)
    if found is None or len(values := np.frombuffer(found, dtype="=i4")) < 9:
        return None
    matrix: NDArray[np.float64] = values[:9].reshape(3, 3)[:2, :2].T.astype(np.float64)
    return matrix if np.all(np.any(matrix, axis=0)) else None


def _orientation(quarter_turns: int, is_mirrored: bool) -> NDArray[np.float64]:
    turn = np.linalg.matrix_power(np.array([[0.0, 1.0], [-1.0, 0.0]]), quarter_turns)
    return np.diag([-1.0, 1.0]) @ turn if is_mirrored else turn


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float((a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b)))
