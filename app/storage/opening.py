"""Open a video with its project, or a project with its video."""

from contextlib import suppress
from pathlib import Path

from app.core.document import FRAME_TABLES, Document, FrameMask, Table
from app.core.errors import ProjectError
from app.media.frames import FrameSource
from app.media.source import identify_source, open_source
from app.media.video import VideoSource
from app.storage.database import HINT_DAMAGED, EmptyProjectError
from app.storage.home import automatic_project, automatic_project_of_version_1
from app.storage.project_file import ProjectFile
from app.storage.source_link import describe_source, open_linked_source

PROJECT_SUFFIX = ".tsam"

Opened = tuple[FrameSource, Document, ProjectFile]


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
    if path.suffix.lower() == PROJECT_SUFFIX:
        return _open_project(path, video)
    name, content = identify_source(path)
    project = project_path or automatic_project(name, content, projects_folder)
    with suppress(EmptyProjectError):
        if project.exists():
            return _open_project(project, path)
    source = open_source(path)
    try:
        if project_path is None and not project.exists():
            older = automatic_project_of_version_1(source, projects_folder)
            with suppress(EmptyProjectError):
                if older.exists():
                    return _open_project(older, path)
        file = ProjectFile.create(project, describe_source(source, project))
        return source, Document(), file
    except BaseException:
        source.close()
        raise


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
        is_annotated = any(document.rows(table) for table in FRAME_TABLES)
        if "frame_table" not in file.source and is_annotated and isinstance(source, VideoSource):
            source.display_as_coded()
        _check_sizes(file, document, source)
        link = describe_source(source, file.path)
        if any(file.source.get(name) != value for name, value in link.items()):
            file.relink(link)
    except BaseException:
        source.close()
        raise
    return source, document, file


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
