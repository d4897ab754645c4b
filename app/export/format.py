"""What an export format consists of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.core.document import Document
from app.media.frames import FrameSource


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote and what its format cannot represent.

    Attributes:
        paths: the files and folders that belong to this export alone.
        warnings: one sentence per loss, shown to the user.
    """

    paths: tuple[Path, ...]
    warnings: tuple[str, ...] = ()


Write = Callable[[Document, FrameSource, Path, range], ExportReport]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A way to write the masks of a document.

    Attributes:
        name: its name on the command line.
        title: its name in the window.
        description: which tools read it, and what it loses.
        write: writes the given source frames into an existing folder.
        extends: files, relative to that folder, that later exports into the same folder extend;
            ``write`` finds the earlier ones in place.
    """

    name: str
    title: str
    description: str
    write: Write
    extends: tuple[str, ...] = ()
