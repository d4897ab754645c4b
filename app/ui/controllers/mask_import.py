"""Mask import in the background, as one undo step."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.core.cancel import CancelToken
from app.core.document import Origin
from app.core.errors import ExportError
from app.core.masks import RleMask
from app.export.reading import read_masks
from app.session import Session
from app.ui.dialogs import paths
from app.ui.jobs.job_queue import JobQueue
from app.ui.jobs.job_runner import Job
from app.ui.state.preferences import Preferences
from app.ui.state.undo import EditStack


@dataclass(frozen=True, slots=True)
class ImportedFrame:
    """The masks of one frame by object id of the file; ``names`` as in `MaskSource`."""

    frame: int
    masks: dict[int, RleMask]
    names: dict[int, tuple[str, str]]


def import_job(path: Path, num_frames: int, size_hw: tuple[int, int]) -> Job:
    """Read masks from files and check that they fit the video; yields `ImportedFrame`s."""

    def run(token: CancelToken) -> Iterator[ImportedFrame]:
        found = read_masks(path)
        for frame, masks in found.frames:
            if frame >= num_frames:
                raise ExportError(
                    f"{path} has masks on frame {frame}, but the video ends at {num_frames - 1}.",
                    "Open the video that they were made for.",
                )
            for mask in masks.values():
                _check_size(path, mask, size_hw)
            yield ImportedFrame(frame, masks, found.names)

    return run


def _check_size(path: Path, mask: RleMask, size_hw: tuple[int, int]) -> None:
    if mask.size_hw != size_hw:
        raise ExportError(
            f"The masks of {path} are {mask.size_hw[1]} x {mask.size_hw[0]} pixels, but the "
            f"video is {size_hw[1]} x {size_hw[0]}.",
            "Masks must have the size of the video's frames.",
        )


class ImportController(QObject):
    """Imports masks; each object of the file becomes a new object of the session."""

    def __init__(self, jobs: JobQueue, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._preferences = preferences
        self._window = parent
        self._imports = count(1)

    def ask(self, session: Session, stack: EditStack) -> None:
        """Let the user select mask files and import them."""
        if path := paths.ask_masks(self._window, self._preferences):
            self.start(path, session, stack)

    def start(self, path: Path, session: Session, stack: EditStack) -> None:
        """Import a JSON file or a folder of label images in the background."""
        key = f"import {next(self._imports)}"
        objects: dict[int, int] = {}

        def add(step: ImportedFrame) -> None:
            if stack.is_undone(key):
                self._jobs.runner.cancel(job_id)
                return
            with stack.merging(key):
                for file_id, mask in step.masks.items():
                    if file_id not in objects:
                        objects[file_id] = session.add_object(*step.names.get(file_id, (None,)))
                    session.set_mask(objects[file_id], step.frame, mask, Origin.IMPORTED)

        job = import_job(path, session.num_frames, session.size_hw)
        job_id = self._jobs.submit(job, f"Import {path.name}", add)
