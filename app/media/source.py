"""Open a video, a folder of images, a stack of images or an image as a source of frames."""

import stat
from pathlib import Path

from app.core.errors import SourceError
from app.media.frames import FrameSource, reading
from app.media.identity import file_sha256, images_sha256
from app.media.remote import RemotePath, source_path
from app.media.sequence import IMAGE_SUFFIXES, image_files, open_images
from app.media.video import VideoSource


def open_source(path: Path | str, table: bytes | None = None) -> FrameSource:
    """Open a video, a folder of images, a stack or a single image.

    Args:
        path: what to open.
        table: the `FrameSource.frame_table` of an earlier opening, whose frames are used whatever
            a new reading would find; None to read it.

    Raises:
        SourceError: no frames can be read from the path, or the table is damaged.
    """
    path = source_path(path) if isinstance(path, str) else path
    _check_kind(path)
    with reading(path):
        if is_images(path):
            if isinstance(path, RemotePath):
                raise SourceError(f"{path} is not a video.", "Save images as local files first.")
            return open_images(path, table)
        return VideoSource(path) if table is None else VideoSource.from_table(path, table)


def identify_source(path: Path) -> tuple[str, str]:
    """Return the name and the `content_sha256` of a source without opening it.

    Raises:
        SourceError: it does not exist or cannot be read.
    """
    _check_kind(path)
    with reading(path):
        if path.is_dir():
            return path.name, images_sha256(image_files(path)[0])
        return path.stem, file_sha256(path)


def _check_kind(path: Path) -> None:
    try:
        with reading(path):
            mode = path.stat().st_mode
    except ValueError as error:  # the name cannot be that of a file
        raise SourceError(f"{path} cannot be read: {error}.") from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise SourceError(
            f"{path} is neither a file nor a folder.", "Save what it delivers as a file first."
        )


def is_images(path: Path) -> bool:
    """Return whether a path is read as images, not as a video."""
    return path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES
