"""What an export format consists of."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from app.export.selection import Selection


class Group(StrEnum):
    """Where the window lists a format."""

    MASK_IMAGES = "Mask images"
    ANNOTATIONS = "Annotation files"
    VIDEOS = "Videos and images to look at"
    TABLES = "Tables and reports"


class Loss(StrEnum):
    """What a format cannot hold, in words for a sentence."""

    OVERLAPS = "overlaps of objects"
    IDENTITIES = "which object is which"
    PIXELS = "the exact pixels"
    MASKS = "the masks themselves"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote and what its format cannot represent.

    Attributes:
        paths: the files and folders that belong to this export alone.
        warnings: one sentence per loss, shown to the user.
    """

    paths: tuple[Path, ...]
    warnings: tuple[str, ...] = ()


Writing = Generator[int, None, tuple[str, ...]]
"""Yields the number of frames written so far, after each; returns warnings for the user.

Closing it ends the export: what was written is deleted with its folder.
"""

Write = Callable[[Selection, Path], Writing]

Merge = Callable[[str, str], str]
"""Joins the text of an earlier file, and that of this export, into one."""


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A way to write the masks of a document.

    Attributes:
        name: its name on the command line.
        title: its name in the window.
        description: which tools read it, and what it loses.
        group: where the window lists it.
        write: writes a selection below an existing, empty folder.
        targets: what ``write`` may write there that belongs to the export alone: paths in which
            ``{name}`` stands for the name of the sequence.
        merged: text files that several exports into one folder share, by path.
        loses: what the format cannot hold.
        options: names of the `ExportOptions` that not every format has a use for.
        is_video: whether consecutive frames share what they take on disk.
    """

    name: str
    title: str
    description: str
    group: Group
    write: Write
    targets: tuple[str, ...]
    merged: dict[str, Merge] = field(default_factory=dict)
    loses: tuple[Loss, ...] = ()
    options: tuple[str, ...] = ()
    is_video: bool = False

    def target_names(self, name: str) -> tuple[str, ...]:
        """Return the paths of an export of this name, relative to its folder."""
        return tuple(target.replace("{name}", name) for target in self.targets)
