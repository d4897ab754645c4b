"""What every export format is to those who offer and run it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.core.document import Document
from app.media.frames import FrameSource


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote and what its format could not hold.

    Attributes:
        paths: the files and folders that belong to this export alone.
        warnings: one sentence for each loss, for the user.
    """

    paths: tuple[Path, ...]
    warnings: tuple[str, ...] = ()


Write = Callable[[Document, FrameSource, Path, range], ExportReport]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A way to write the masks of a document.

    Attributes:
        name: what the command line calls it.
        title: what the window calls it.
        description: who reads it, and what it loses.
        write: writes the given source frames into an existing folder.
        extends: files, relative to that folder, that a later export into the same folder adds
            to; ``write`` finds the earlier ones in place.
    """

    name: str
    title: str
    description: str
    write: Write
    extends: tuple[str, ...] = ()
