"""Open a video with its project, or a project with its video."""

from pathlib import Path

from app.core.document import Document
from app.media.frames import FrameSource
from app.media.source import open_source
from app.storage.home import automatic_project
from app.storage.project_file import ProjectFile
from app.storage.source_link import check_same_video, describe_source, open_linked_source

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
    source = open_source(path)
    try:
        chosen = project_path or automatic_project(source, projects_folder)
        file, document = _project_of(source, chosen)
    except BaseException:
        source.close()
        raise
    return source, document, file


def _open_project(path: Path, video: Path | None) -> Opened:
    file, document = ProjectFile.open(path)
    try:
        source = open_linked_source(file.source, path, video)
    except BaseException:
        file.close()
        raise
    try:
        if video is not None:
            file.relink(describe_source(source, path))
    except BaseException:
        source.close()
        file.close()
        raise
    return source, document, file


def _project_of(source: FrameSource, path: Path) -> tuple[ProjectFile, Document]:
    link = describe_source(source, path)
    if not path.exists():
        return ProjectFile.create(path, link), Document()
    file, document = ProjectFile.open(path)
    try:
        check_same_video(file.source, source, path)
        file.relink(link)
    except BaseException:
        file.close()
        raise
    return file, document
