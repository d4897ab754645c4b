"""What the benchmark of the window measures, and how much of it."""

from dataclasses import dataclass

MEASUREMENTS = 13
"""How many there are, for the progress."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Repeated measurements of one thing.

    Attributes:
        name: key in JSON.
        label: what was measured, for people.
        values_ms: milliseconds, at least one value.
    """

    name: str
    label: str
    values_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BenchmarkPlan:
    """How often each thing is measured.

    Attributes:
        starts: starts of the program.
        seeks: random seeks; at most one per frame of the video.
        clicks: frames that are clicked, each twice.
        tracked: most frames that are tracked, twice.
        repaints: frames of the long document that are painted.
        long_frames: length of the long document in frames.
    """

    starts: int = 3
    seeks: int = 40
    clicks: int = 5
    tracked: int = 60
    repaints: int = 40
    long_frames: int = 100_000
