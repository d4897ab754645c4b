"""Open a video with its project, or a project with its video."""

from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

from app.core.document import FRAME_TABLES, Document, FrameMask, Table
from app.core.errors import ProjectError
from app.media.frames import FrameSource
from app.media.source import identify_source, open_source
from app.media.video import VideoSource
from app.storage.content import read
from app.storage.database import HINT_DAMAGED, EmptyProjectError, read_without_writing
from app.storage.home import automatic_project, automatic_project_of_version_1
from app.storage.project_file import ProjectFile
from app.storage.source_link import describe_source, open_linked_source

PROJECT_SUFFIX = ".tsam"

Opened = tuple[FrameSource, Document, ProjectFile]
Read = tuple[FrameSource, Document, Path]
T = TypeVar("T", Opened, Read)


def open_any(
    path: Path,
    project_path: Path | None,
    projects_folder: Path | None = None,
    video: Path | None = None,
) -> Opened:
    """Open a video, a frame folder or a project, whichever it is.

    Args:
        path: what to open.
        project_path: where the project of a video is, or is created; by default in the user's
            data folder, where the same video finds it again.
        projects_folder: where to create it instead of the user's data folder.
        video: where the video of a project is now, if it was moved; by default where it was.

    Raises:
        SourceError: the video cannot be read.
        VideoNotFoundError: the video of a project is missing, or another one is in its place.
        ProjectError: the project cannot be opened, or it belongs to another video.
    """
    return _find(path, project_path, projects_folder, video, _open_project, _create_project)


def read_any(path: Path, project_path: Path | None) -> Read:
    """Read a video, a frame folder or a project as `open_any` does, without writing anything.

    Returns:
        The frames, the annotations, and the project; it does not exist if the video has none yet.

    Raises:
        SourceError, VideoNotFoundError, ProjectError: as `open_any` does.
    """

    def without_project(source: FrameSource, project: Path) -> Read:
        return source, Document(), project

    return _find(path, project_path, None, None, _read_project, without_project)


def _find(
    path: Path,
    project_path: Path | None,
    projects_folder: Path | None,
    video: Path | None,
    use: Callable[[Path, Path | None], T],
    make: Callable[[FrameSource, Path], T],
) -> T:
    """Use the project of a path, else make one of the video; arguments as of `open_any`."""
    if path.suffix.lower() == PROJECT_SUFFIX:
        return use(path, video)
    name, content = identify_source(path)
    project = project_path or automatic_project(name, content, projects_folder)
    with suppress(EmptyProjectError):
        if project.exists():
            return use(project, path)
    source = open_source(path)
    try:
        if project_path is None and not project.exists():
            older = automatic_project_of_version_1(source, projects_folder)
            with suppress(EmptyProjectError):
                if older.exists():
                    return use(older, path)
        return make(source, project)
    except BaseException:
        source.close()
        raise


def _create_project(source: FrameSource, project: Path) -> Opened:
    return source, Document(), ProjectFile.create(project, describe_source(source, project))


def _read_project(path: Path, video: Path | None) -> Read:
    with closing(read_without_writing(path)) as connection:
        content = read(connection, path)
    source = open_linked_source(content.source, path, video)
    _display_as_annotated(content.source, content.document, source)
    return source, content.document, path


def _open_project(path: Path, video: Path | None) -> Opened:
    file, document = ProjectFile.open(path)
    try:
        source = open_linked_source(file.source, path, video)
        return _linked(file, document, source)
    except BaseException:
        file.abandon()
        raise


def _linked(file: ProjectFile, document: Document, source: FrameSource) -> Opened:
    """Prepare the video of a project of an earlier version, and store where it is now."""
    try:
        _display_as_annotated(file.source, document, source)
        _check_sizes(file, document, source)
        link = describe_source(source, file.path)
        if any(file.source.get(name) != value for name, value in link.items()):
            file.relink(link)
    except BaseException:
        source.close()
        raise
    return source, document, file


def _display_as_annotated(link: Mapping[str, Any], document: Document, source: FrameSource) -> None:
    """Keep the pixels as they are coded where masks of version 0.1, which did so, are on them."""
    is_annotated = any(document.rows(table) for table in FRAME_TABLES)
    if "frame_table" not in link and is_annotated and isinstance(source, VideoSource):
        source.display_as_coded()


def _check_sizes(file: ProjectFile, document: Document, source: FrameSource) -> None:
    steps = [row for step in file.steps for (_, row) in step.values.items()]
    if any(isinstance(row, FrameMask) and row.mask.size_hw != source.size_hw for row in steps):
        file.steps = ()  # an undo would put back masks that fit no frame
    rows = document.rows(Table.MASKS).items()
    wrong = next((key for key, row in rows if row.mask.size_hw != source.size_hw), None)
    if wrong is not None:
        height, width = source.size_hw
        raise ProjectError(
            f"{file.path} is damaged: the mask of object {wrong[0]} on frame {wrong[1]} is not "
            f"{width} x {height} pixels, as the frames are.",
            HINT_DAMAGED,
        )
