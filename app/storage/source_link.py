"""The link from a project to its video: where it is, how it is identified, which frames it has."""

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from app.core.errors import SourceError, VideoNotFoundError, shown
from app.media.frames import FrameSource
from app.media.identity import file_sha256
from app.media.source import open_source

MAX_SEARCHED = 10_000
"""Most entries of a folder that are looked at for a renamed video."""


def describe_source(source: FrameSource, project: Path) -> dict[str, Any]:
    """Return what a project stores of its video: identity, frame table and paths."""
    fingerprint = source.fingerprint()
    return {
        "frame_count": fingerprint.frame_count,
        "index_sha256": fingerprint.index_sha256,
        "byte_size": fingerprint.byte_size,
        "content_sha256": fingerprint.content_sha256,
        "frame_table": source.frame_table(),
        **locate_source(source, project),
    }


def locate_source(source: FrameSource, project: Path) -> dict[str, Any]:
    """Return the path of a video, absolute and relative to its project."""
    absolute = source.path.resolve()
    return {
        "absolute_path": _stored(str(absolute)),
        "relative_path": _stored(_relative(absolute, project)),
    }


def _relative(video: Path, project: Path) -> str:
    try:
        return Path(os.path.relpath(video, project.resolve().parent)).as_posix()
    except ValueError:  # another drive
        return str(video)


def _stored(path: str) -> str | bytes:
    """Return a path as SQLite takes it: names that are not UTF-8 as their bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def open_linked_source(
    link: Mapping[str, Any], project: Path, video: Path | None = None
) -> FrameSource:
    """Open the video of a project, also when both were moved together or it was renamed.

    Its frames are those that the project stores, see `open_source`.

    Args:
        link: the result of `describe_source`.
        project: the path of the project now.
        video: where the user says that the video is; None to look for it where it was, beside the
            project, and by its content in these two folders.

    Raises:
        VideoNotFoundError: the video is missing, or another one is in its place.
        SourceError: it cannot be read.
    """
    if video is not None:
        return _open_checked(video, link, project)
    stored = linked_path(link)
    beside = Path(os.path.normpath(project.resolve().parent / _path(link.get("relative_path"))))
    refusal: SourceError | VideoNotFoundError = VideoNotFoundError(
        f"The video of {project} is not at {stored} any more.",
        "Locate it, or move it back there or to where it was relative to the project.",
        project,
        stored,
    )
    for place in dict.fromkeys(place for place in (beside, stored) if os.path.exists(place)):
        try:
            return _open_checked(place, link, project)
        except (SourceError, VideoNotFoundError) as error:
            refusal = error
    if renamed := _find_renamed(link, (project.resolve().parent, stored.parent)):
        return _open_checked(renamed, link, project)
    raise refusal


def linked_path(link: Mapping[str, Any]) -> Path:
    """Return where the video of a project was last."""
    return _path(link.get("absolute_path"))


def _path(stored: object) -> Path:
    return Path(os.fsdecode(stored) if isinstance(stored, bytes) else str(stored))


def _open_checked(video: Path, link: Mapping[str, Any], project: Path) -> FrameSource:
    is_other_file = video.is_file() and video.stat().st_size != link.get("byte_size")
    source = open_source(video, None if is_other_file else link.get("frame_table"))
    try:
        check_same_video(link, source, project)
    except VideoNotFoundError:
        source.close()
        raise
    return source


def _find_renamed(link: Mapping[str, Any], folders: tuple[Path, ...]) -> Path | None:
    """Find a video by its content in folders, not in those below them."""
    content = link.get("content_sha256")
    for file in _files_of_size(link.get("byte_size"), folders) if content else ():
        try:
            if file_sha256(file) == content:
                return file
        except OSError:
            continue
    return None


def _files_of_size(byte_size: object, folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in dict.fromkeys(folders):
        try:
            with os.scandir(folder) as entries:
                for entry in islice(entries, MAX_SEARCHED):
                    if entry.is_file() and entry.stat().st_size == byte_size:
                        yield Path(entry.path)
        except OSError:
            continue


def check_same_video(link: Mapping[str, Any], source: FrameSource, project: Path) -> None:
    """Check that a video is the one that a project belongs to.

    Projects of version 0.1 know the times of the frames and the size on disk; later ones the
    content.

    Raises:
        VideoNotFoundError: it is another one.
    """
    here = source.fingerprint()
    names = ("content_sha256",) if "content_sha256" in link else ("index_sha256", "byte_size")
    if any(link.get(name) != getattr(here, name) for name in names):
        raise VideoNotFoundError(
            f"{source.path} is not the video of {project}: it has {len(source)} frames "
            f"in {here.byte_size} bytes, the project knows {shown(link.get('frame_count'))} "
            f"frames in {shown(link.get('byte_size'))} bytes.",
            "Locate the original video, or put it back.",
            project,
            linked_path(link),
        )
