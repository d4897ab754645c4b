"""Videos of the masks: drawn over the frames, or as an alpha channel."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from app.export.format import ExportFormat, Group, Loss, Writing
from app.export.overlay import overlaid
from app.export.selection import Selection
from app.export.stills import union
from app.media.frames import Pixels
from app.media.writer import H264, PRORES_4444, VP9_ALPHA, VideoEncoding, video_writer

Draw = Callable[[Selection, int], Pixels]


def with_alpha(selection: Selection, frame: int) -> Pixels:
    """Return a frame, (H, W, 4) RGB and alpha, 255 on the objects.

    The colors outside stay, so that scaled edges do not darken.
    """
    alpha = union(selection, frame).astype(np.uint8) * 255
    return np.dstack([selection.image(frame), alpha])


def write_frames(
    suffix: str, encoding: VideoEncoding, draw: Draw, selection: Selection, folder: Path
) -> Writing:
    """Write a video of drawn frames; left-out frames do not change its speed."""
    rate = selection.source.frame_rate / selection.frames.step
    with video_writer(folder / f"{selection.name}{suffix}", rate, encoding) as add:
        for done, frame in enumerate(selection.frames, 1):
            add(draw(selection, frame))
            yield done
    return ()


OVERLAY = ExportFormat(
    "overlay",
    "Overlay video (MP4)",
    "The frames with the masks drawn over them, to look at.",
    Group.VIDEOS,
    partial(write_frames, ".overlay.mp4", H264, overlaid),
    ("{name}.overlay.mp4",),
    loses=(Loss.PIXELS,),
    is_video=True,
)
ALPHA_WEBM = ExportFormat(
    "alpha_webm",
    "Alpha video (WebM)",
    "VP9 with an alpha channel that is the masks, for browsers.",
    Group.VIDEOS,
    partial(write_frames, ".alpha.webm", VP9_ALPHA, with_alpha),
    ("{name}.alpha.webm",),
    loses=(Loss.IDENTITIES, Loss.PIXELS),
    is_video=True,
)
ALPHA_PRORES = ExportFormat(
    "alpha_prores",
    "Alpha video (ProRes 4444)",
    "ProRes with an alpha channel that is the masks, for video editors. Large.",
    Group.VIDEOS,
    partial(write_frames, ".alpha.mov", PRORES_4444, with_alpha),
    ("{name}.alpha.mov",),
    loses=(Loss.IDENTITIES,),
    is_video=True,
)
