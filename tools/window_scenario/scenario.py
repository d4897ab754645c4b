"""What is done on which pixels of which video."""

from dataclasses import dataclass

FramePoint = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Where a user clicks in a video.  Points are (x, y) in pixels of the frame.

    Attributes:
        first, last: in and out frame; the work begins on the first.
        middle: the frame that is corrected after tracking has come by; ``first < middle < last``.
        click: on the first object.
        stroke: from where to where the brush adds to it.
        refinement: a second click on it.
        second: on a second object.
        correction: on the first object, on the middle frame.
        suggested: a frame outside of the range, on which objects are searched for.
        suggestion: on an object that is found there.
    """

    first: int
    middle: int
    last: int
    click: FramePoint
    stroke: tuple[FramePoint, FramePoint]
    refinement: FramePoint
    second: FramePoint
    correction: FramePoint
    suggested: int
    suggestion: FramePoint

    @property
    def verified(self) -> int:
        """The frame whose mask of the first object is verified."""
        return (self.first + self.middle) // 2

    @property
    def num_frames(self) -> int:
        """Number of frames in the range."""
        return self.last - self.first + 1


SCENARIOS = {
    "dog": Scenario(
        first=92,
        middle=100,
        last=110,
        click=(380, 240),
        stroke=((388, 544), (424, 547)),
        refinement=(258, 546),
        second=(1190, 290),
        correction=(262, 548),
        suggested=30,
        suggestion=(298, 280),
    ),
    "coffee": Scenario(
        first=92,
        middle=100,
        last=110,
        click=(820, 470),
        stroke=((905, 388), (924, 396)),
        refinement=(904, 470),
        second=(460, 140),
        correction=(912, 396),
        suggested=10,
        suggestion=(871, 483),
    ),
}
"""Scenarios for two clips of SAM 2's demo (facebookresearch/sam2, demo/data/gallery), by name."""
