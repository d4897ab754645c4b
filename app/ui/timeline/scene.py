"""The layout of the timeline: rows, colors, and the position of each frame."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate

from PySide6.QtCore import QRect

from app.core.document import TrackedObject
from app.core.review import ReviewRun
from app.ui.style.colors import ChartColors
from app.ui.timeline.model import TimelineModel
from app.ui.timeline.time_axis import Columns, TimeAxis

GUTTER_PX = 150
EDGE_PX = 8  # margin at both ends of the tracks, so that marks on the first frame are not clipped
RULER_PX = 46
RANGE_PX = 9  # the strip with the in/out brackets, the lowest part of the ruler
LANE_PX = 26
QUALITY_MIN_PX, QUALITY_MAX_PX = 44, 110
MEMORY_PX = 36


@dataclass(frozen=True, slots=True)
class Rows:
    """The rectangle of each row in widget pixels, without the gutter at the left.

    The lanes get the height they need, up to the available height, and scroll beyond it; the
    quality curve gets the rest.
    """

    width: int
    ruler: QRect
    lanes: QRect
    quality: QRect
    memory: QRect
    lanes_px: int  # height of all lanes together

    @staticmethod
    def arranged(width: int, height: int, lane_count: int) -> "Rows":
        """Return the rows of a widget of this size."""
        track = max(1, width - GUTTER_PX - EDGE_PX)
        lanes_px = LANE_PX * max(1, lane_count)
        free = height - RULER_PX - MEMORY_PX
        lanes = max(LANE_PX, min(lanes_px, free - QUALITY_MIN_PX))
        quality = min(max(QUALITY_MIN_PX, free - lanes), QUALITY_MAX_PX)
        lanes = max(lanes, free - quality)
        tops = list(accumulate((RULER_PX, lanes, quality, MEMORY_PX), initial=0))
        return Rows(
            width,
            ruler=QRect(GUTTER_PX, tops[0], track, RULER_PX),
            lanes=QRect(GUTTER_PX, tops[1], track, lanes),
            quality=QRect(GUTTER_PX, tops[2], track, quality),
            memory=QRect(GUTTER_PX, tops[3], track, MEMORY_PX),
            lanes_px=lanes_px,
        )

    @property
    def range_strip(self) -> QRect:
        """The lower part of the ruler, with the in and out brackets."""
        return self.ruler.adjusted(0, RULER_PX - RANGE_PX, 0, 0)

    def gutter(self, row: QRect) -> QRect:
        """The rectangle of the name of a row."""
        return QRect(0, row.top(), GUTTER_PX - EDGE_PX, row.height())

    @staticmethod
    def with_edges(row: QRect) -> QRect:
        """Extend a row by the margins at both ends, which marks may overlap."""
        return row.adjusted(-EDGE_PX, 0, EDGE_PX, 0)

    @property
    def tracks(self) -> QRect:
        """The rectangle of all rows with a time axis."""
        return self.ruler.united(self.memory)


@dataclass(frozen=True, slots=True)
class TimelineScene:
    """Everything that one painting of the timeline depends on.

    Attributes:
        model: the per-frame values.
        axis: the visible part of the video.
        rows: the rectangles of the rows.
        colors: colors of this palette.
        objects: the objects in display order.
        active: the object whose quality and memory are shown.
        scroll_px: vertical scroll position of the lanes.
        seconds_of: returns the timestamp of a frame in seconds.
        suggested_runs: returns the frames of an object that are suggested for review.
    """

    model: TimelineModel
    axis: TimeAxis
    rows: Rows
    colors: ChartColors
    objects: list[TrackedObject]
    active: TrackedObject | None
    scroll_px: int
    seconds_of: Callable[[int], float]
    suggested_runs: Callable[[int], list[ReviewRun]]
    columns: Columns = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", self.axis.columns())

    def x_of(self, frame: float) -> float:
        """Map a frame position to widget pixels."""
        return self.rows.ruler.left() + self.axis.x_of(frame)

    def lane_rect(self, index: int) -> QRect:
        """Return the rectangle of an object's lane, which may be scrolled out of view."""
        top = self.rows.lanes.top() + index * LANE_PX - self.scroll_px
        return QRect(self.rows.lanes.left(), top, self.rows.lanes.width(), LANE_PX)

    def lanes_in_view(self) -> range:
        """Return the indices of the objects whose lanes are at least partly visible."""
        first = self.scroll_px // LANE_PX
        last = -(-(self.scroll_px + self.rows.lanes.height()) // LANE_PX)
        return range(first, min(last, len(self.objects)))


def timecode(seconds: float) -> str:
    """Format seconds as ``[h:]m:ss.hh`` with hundredths."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    hour = f"{hours}:" if hours else ""
    return f"{hour}{minutes:0{2 if hours else 1}d}:{rest // 100:02d}.{rest % 100:02d}"
