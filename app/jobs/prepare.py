"""Run every stage of a network once, so that an engine exports and measures them."""

from app.core.cancel import CancelToken
from app.core.prompts import FramePrompts, PointPrompt
from app.media.frames import FrameSource
from app.tracking.backend import ObjectRequest, SegmentRequest, TrackerBackend, TrackRequest

TRACKED_FRAMES = 3
TRACKED_OBJECTS = 7
"""Engines have graphs for 4, 2 and 1 objects at once: this many objects need all of them."""


def prepare_engine(backend: TrackerBackend, source: FrameSource) -> None:
    """Segment a point and track objects through a few frames, then note that it is prepared.

    Args:
        backend: uses its engine.
        source: a video; the engine is prepared for frames of its size.

    Raises:
        ModelError: the model cannot run.
        SourceError: a frame cannot be decoded.
    """
    height, width = source.size_hw
    prompts = FramePrompts((PointPrompt(width / 2, height / 2),))
    backend.encode(source, 0)
    backend.segment(source, SegmentRequest(0, prompts))
    last = min(TRACKED_FRAMES, len(source)) - 1
    objects = tuple(ObjectRequest(i, {0: prompts}) for i in range(1, TRACKED_OBJECTS + 1))
    request = TrackRequest(objects, 0, 0, last)
    for _ in backend.track(source, request, CancelToken()):
        pass
    backend.note_prepared(source)
