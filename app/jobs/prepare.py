"""Run every stage of a network once, so that an engine exports and measures them."""

from app.core.cancel import CancelToken
from app.core.prompts import FramePrompts, PointPrompt
from app.media.frames import FrameSource
from app.tracking.backend import ObjectRequest, SegmentRequest, TrackerBackend, TrackRequest

TRACKED_FRAMES = 3


def prepare_engine(backend: TrackerBackend, source: FrameSource) -> None:
    """Segment a point and track its object through a few frames, then note that it is prepared.

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
    request = TrackRequest((ObjectRequest(1, {0: prompts}),), 0, 0, last)
    for _ in backend.track(source, request, CancelToken()):
        pass
    backend.note_prepared(source)
