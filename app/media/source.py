"""Open a video, a folder of images or an image as a source of frames."""

from pathlib import Path

from app.core.errors import SourceError
from app.media.frames import FrameSource
from app.media.sequence import IMAGE_SUFFIXES, open_images
from app.media.video import VideoSource


def open_source(path: Path | str) -> FrameSource:
    """Open a video, a folder of images or a single image.

    Raises:
        SourceError: no frames can be read from the path.
    """
    path = Path(path)
    if not path.exists():
        raise SourceError(f"{path} does not exist.", "Check the name, or whether it was moved.")
    if path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
        return open_images(path)
    return VideoSource(path)
