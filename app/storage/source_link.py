"""The link from a project to its video: where it is, and how it is identified."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.core.errors import VideoNotFoundError
from app.media.frames import FrameSource
from app.media.source import open_source


def describe_source(source: FrameSource, project: Path) -> dict[str, Any]:
    """Return the description of a video that a project stores: its fingerprint and its paths."""
    fingerprint = source.fingerprint()
    return {
        "frame_count": fingerprint.frame_count,
        "index_sha256": fingerprint.index_sha256,
        "byte_size": fingerprint.byte_size,
        **locate_source(source, project),
    }


def locate_source(source: FrameSource, project: Path) -> dict[str, str]:
    """Return the path of a video, absolute and relative to its project."""
    absolute = source.path.resolve()
    return {"absolute_path": str(absolute), "relative_path": _relative(absolute, project)}


def _relative(video: Path, project: Path) -> str:
    try:
        return Path(os.path.relpath(video, project.resolve().parent)).as_posix()
    except ValueError:  # another drive
        return str(video)


def open_linked_source(
    link: Mapping[str, Any], project: Path, video: Path | None = None
) -> FrameSource:
    """Open the video of a project, also when both were moved together.

    Args:
        link: the result of `describe_source`.
        project: the path of the project now.
        video: where the user says that the video is; None to look where it was.

    Raises:
        VideoNotFoundError: the video is missing, or another one is in its place.
        SourceError: it cannot be read.
    """
    stored = Path(str(link.get("absolute_path")))
    if video is None:
        places = (project.resolve().parent / str(link.get("relative_path")), stored)
        video = next((place for place in places if place.exists()), None)
    if video is None:
        raise VideoNotFoundError(
            f"The video of {project} is not at {stored} any more.",
            "Locate it, or move it back there or to where it was relative to the project.",
            project,
            stored,
        )
    source = open_source(video)
    try:
        check_same_video(link, source, project)
    except VideoNotFoundError:
        source.close()
        raise
    return source


def check_same_video(link: Mapping[str, Any], source: FrameSource, project: Path) -> None:
    """Check that a video is the one that a project belongs to.

    Raises:
        VideoNotFoundError: frames, times or size on disk differ.
    """
    here = describe_source(source, project)
    if any(link.get(name) != here[name] for name in ("frame_count", "index_sha256", "byte_size")):
        raise VideoNotFoundError(
            f"{source.path} is not the video of {project}: it has {len(source)} frames "
            f"in {here['byte_size']} bytes, the project knows {link.get('frame_count')} frames in "
            f"{link.get('byte_size')} bytes.",
            "Locate the original video, or put it back.",
            project,
            Path(str(link.get("absolute_path"))),
        )
