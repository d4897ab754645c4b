"""Failures that a user can act on.  Programming mistakes stay plain Python exceptions."""

from pathlib import Path


def shown(value: object) -> str:
    """Return a value as it is shown in a sentence."""
    written = repr(value)
    return written if len(written) <= 60 else f"{written[:57]}..."


class AppError(Exception):
    """Say in one sentence what went wrong and where, and what the user can do.

    Args:
        sentence: what failed and where, fit for a dialog or one line on stderr.
        hint: what to do next; empty if there is nothing to add.
    """

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".strip()


class UsageError(AppError):
    """The request itself is wrong: a bad option, prompt file or frame number (exit status 2)."""


class SourceError(AppError):
    """A video or frame folder cannot be opened or read."""


class ProjectError(AppError):
    """A project file cannot be opened, read or written."""


class VideoNotFoundError(ProjectError):
    """The video of a project is not where it was, or another one is in its place.

    Attributes:
        project: the project file.
        video: where the video was.
    """

    def __init__(self, sentence: str, hint: str, project: Path, video: Path) -> None:
        super().__init__(sentence, hint)
        self.project = project
        self.video = video


class ModelError(AppError):
    """A model or its weights cannot be loaded or run."""


class ExportError(AppError):
    """Masks cannot be exported or imported."""
