"""One open project: turns what the user wants into edits and jobs; knows no window."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Unpack

from app.core import edits
from app.core.document import Document, Edit, Origin, Table
from app.core.masks import RleMask
from app.core.memory import Constraint, Decision
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt
from app.core.settings import ModelSettings
from app.media.source import FrameSource
from app.media.verify import VerifyStep, verify_index
from app.media.video import VideoSource
from app.storage.opening import open_any
from app.storage.project_file import ProjectFile
from app.storage.source_link import locate_source
from app.tracking import jobs
from app.tracking.backend import Direction, TrackerBackend
from app.tracking.exchange import mask_to_repair, step_edit, track_request
from app.tracking.jobs import Job, PreviewStep, Step
from app.tracking.loading import BackendLoader, load_model

WEAK_CONFIDENCE = 0.5
REMEMBERED = {Decision.PROMPTED, Decision.KEPT, Decision.REPLACED, Decision.PINNED}


def _first_given(*values: int | None) -> int:
    return next(value for value in values if value is not None)


class Session:
    """An open project.

    The document and the intents belong to one thread.  Jobs are made there and may run on
    another, one at a time; their steps come back through `apply`.

    Attributes:
        document: the only truth about the annotations.
        source: where frames come from.
        execute: runs an edit; a window puts its undo stack in between.

    Args:
        source: an open video; closed with the session.
        document: its annotations.
        file: where they are saved.
        load_backend: makes the model on first use; the bundled one if None.
    """

    def __init__(
        self,
        source: FrameSource,
        document: Document,
        file: ProjectFile,
        load_backend: BackendLoader | None = None,
    ) -> None:
        self.source = source
        self.document = document
        self.execute: Callable[[Edit], None] = document.apply
        self._file = file
        self._job_numbers = count(1)
        self.use_backend(load_backend or partial(load_model, ModelSettings()))
        document.subscribe(file.write)

    @classmethod
    def open(
        cls,
        path: Path,
        load_backend: BackendLoader | None = None,
        project_path: Path | None = None,
    ) -> "Session":
        """Open a video, a frame folder or a project.

        Args:
            path: what to open.
            load_backend: makes the model on first use; the bundled one if None.
            project_path: where a video's project is kept; by default in the user's data folder,
                where the same video finds it again.

        Raises:
            SourceError: the video cannot be read.
            ProjectError: the project cannot be opened, or its video is not the one it knows.
        """
        return cls(*open_any(path, project_path), load_backend)

    def close(self) -> None:
        """Save what is left and close the project and its video; no job may run any more.

        Raises:
            ProjectError: some changes could not be saved.
        """
        self._bench.close()
        self.source.close()
        self._file.close()

    def save_as(self, path: Path) -> None:
        """Copy the project to another file and go on there.

        Raises:
            ProjectError: it cannot be written; the session stays where it was.
        """
        self._file.save_as(path, self._file.source | locate_source(self.source, path))

    def flush(self) -> None:
        """Wait until every change is on disk.

        Raises:
            ProjectError: it could not be written.
        """
        self._file.flush()

    def use_backend(self, load_backend: BackendLoader) -> None:
        """Use another model for the jobs made from now on; loaded when the first one runs."""
        self._bench = jobs.Workbench(self.source, load_backend)

    @property
    def backend(self) -> TrackerBackend:
        """The model, loaded now if it was not; belongs to the thread that runs the jobs."""
        return self._bench.backend

    @property
    def project_path(self) -> Path:
        """Where the project is saved."""
        return self._file.path

    @property
    def num_frames(self) -> int:
        """Number of frames of the video."""
        return len(self.source)

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the video in pixels."""
        return self.source.size_hw

    def add_object(
        self, name: str | None = None, category: str = "object", object_id: int | None = None
    ) -> int:
        """Add an object, under the next free id unless one is given, and return its id."""
        return self._run_adding(edits.add_object(self.document, name, category, object_id))

    def duplicate_object(self, object_id: int) -> int:
        """Copy an object with all that belongs to it and return the copy's id."""
        return self._run_adding(edits.duplicate_object(self.document, object_id))

    def remove_object(self, object_id: int) -> None:
        """Remove an object and all that belongs to it."""
        self._run(edits.remove_object(self.document, object_id))

    def update_object(self, object_id: int, **values: Unpack[edits.ObjectAttributes]) -> None:
        """Change attributes of an object (`TrackedObject` fields)."""
        self._run(edits.update_object(self.document, object_id, **values))

    def merge_objects(self, target_id: int, other_id: int) -> None:
        """Give all that belongs to one object to another and remove it."""
        self._run(edits.merge_objects(self.document, target_id, other_id))

    def add_point(
        self, object_id: int, frame: int, x: float, y: float, is_positive: bool = True
    ) -> None:
        """Click on a frame; takes the place of a painted mask there."""
        prompts = replace(self.document.prompts(object_id, frame), mask=None)
        self._set_prompts(object_id, frame, prompts.with_point(PointPrompt(x, y, is_positive)))

    def set_box(self, object_id: int, frame: int, box: BoxPrompt) -> None:
        """Draw the box of an object on a frame; takes the place of a painted mask there."""
        prompts = replace(self.document.prompts(object_id, frame), mask=None)
        self._set_prompts(object_id, frame, prompts.with_box(box))

    def remove_point(self, object_id: int, frame: int, index: int) -> None:
        """Take one click back; with the last prompt goes the mask that it stood for."""
        prompts = self.document.prompts(object_id, frame).without_point(index)
        if prompts.is_empty:
            self.clear_prompts(object_id, frame)
        else:
            self._set_prompts(object_id, frame, prompts)

    def clear_prompts(self, object_id: int, frame: int | None = None) -> None:
        """Take all prompts of a frame, or of all frames, back with the masks they stood for."""
        frames = None if frame is None else [frame]
        self._run(edits.clear_prompts(self.document, object_id, frames))

    def set_mask(
        self, object_id: int, frame: int, mask: RleMask, origin: Origin = Origin.PAINTED
    ) -> None:
        """Set a mask that a person made; see `edits.draw_mask`."""
        self._run(edits.draw_mask(self.document, object_id, frame, mask, origin))

    def clear_masks(self, object_id: int, frames: Iterable[int] | None = None) -> None:
        """Remove masks, except verified ones, and what the tracker noted of their frames."""
        self._run(edits.clear_masks(self.document, object_id, frames))

    def set_verified(self, object_id: int, frame: int, is_verified: bool = True) -> None:
        """Mark a mask as checked, so that nothing changes it until it is unmarked."""
        self._run(edits.set_verified(self.document, object_id, frame, is_verified))

    def set_constraint(self, object_id: int, frame: int, constraint: Constraint | None) -> None:
        """Pin a frame into memory, ban it, or leave it to the tracker."""
        self._run(edits.set_constraint(self.document, object_id, frame, constraint))

    def set_range(self, first: int | None, last: int | None) -> None:
        """Set the in and out frame, both inclusive."""
        self._run(edits.set_range(self.document, first, last))

    def set_exclusive(self, is_exclusive: bool) -> None:
        """Keep masks that are tracked from now on off other objects, or let them overlap."""
        self._run(edits.set_exclusive(self.document, is_exclusive))

    def verify_job(self) -> Job:
        """Prove the frame numbers by reading the whole video; the last step has the verdict."""
        return partial(verify_index, self.source)

    def encode_job(self, frame: int) -> Job:
        """Prepare a frame ahead of the click; yields nothing."""
        return jobs.encode_job(self._bench, frame)

    def segment_job(self, object_id: int, frame: int) -> Job:
        """Predict the mask of the prompts that a frame has now; yields one step."""
        prompts = self.document.prompts(object_id, frame)
        previous = mask_to_repair(self.document, object_id, frame)
        return jobs.segment_job(self._bench, object_id, frame, prompts, previous)

    def preview_job(self, object_id: int, frame: int, prompts: FramePrompts) -> Job:
        """Predict the mask that prompts would mean; yields one step that changes nothing."""
        previous = mask_to_repair(self.document, object_id, frame)
        return jobs.segment_job(self._bench, object_id, frame, prompts, previous, PreviewStep)

    def track_job(
        self,
        direction: Direction,
        start: int,
        object_ids: Sequence[int] | None = None,
        first: int | None = None,
        last: int | None = None,
    ) -> Job:
        """Track objects from a frame; yields a step per frame.

        Args:
            direction: which way.
            start: first frame; an object without a prompt there starts from its mask.
            object_ids: which; all unlocked ones if None.
            first: where to stop backward, inclusive; the in frame, or 0, if None.
            last: where to stop forward, inclusive; the out frame, or the end, if None.

        Raises:
            UsageError: there is nothing to track, or ``start`` is outside the range.
        """
        in_frame, out_frame = self.document.frame_range
        end = self.num_frames - 1
        bounds = _first_given(first, in_frame, 0), _first_given(last, out_frame, end)
        request = track_request(self.document, direction, start, object_ids, bounds)
        return jobs.track_job(self._bench, request, f"track {next(self._job_numbers)}")

    def apply(self, step: Step) -> None:
        """Put the outcome of a job into the document; what is locked or verified stays."""
        if not isinstance(step, VerifyStep):
            self._run(step_edit(self.document, step))
        elif step.result is not None and step.result.index is not None:
            assert isinstance(self.source, VideoSource)  # only a film has times that can be wrong
            self.source.adopt(step.result.index)
            self._bench = self._bench.reopened()

    def prompted_frames(self, object_id: int) -> list[int]:
        """List the frames on which an object has prompts."""
        return sorted(self.document.of_object(Table.PROMPTS, object_id))

    def kept_frames(self, object_id: int) -> list[int]:
        """List the frames that entered the memory of an object, whether they stayed or not."""
        records = self.document.of_object(Table.MEMORY, object_id).items()
        return sorted(frame for frame, row in records if row.decision in REMEMBERED)

    def weak_frames(self, object_id: int, threshold: float = WEAK_CONFIDENCE) -> list[int]:
        """List the frames whose mask the model is less sure of, less those that were verified."""
        masks = self.document.of_object(Table.MASKS, object_id).items()
        rows = ((f, row.confidence) for f, row in masks if not row.is_verified)
        return sorted(f for f, sure in rows if sure is not None and sure < threshold)

    def _run(self, edit: Edit) -> None:
        if edit.changes:
            self.execute(edit)

    def _run_adding(self, edit: Edit) -> int:
        self._run(edit)
        return int(edit.changes[0].key)

    def _set_prompts(self, object_id: int, frame: int, prompts: FramePrompts) -> None:
        self._run(edits.set_prompts(self.document, object_id, frame, prompts))
