"""An open project: its video, its annotations and the file that stores them; no Qt."""

from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from app.core import edits, rules
from app.core.document import Document, Edit
from app.core.history import History
from app.core.settings import ModelSettings
from app.jobs.cleanup import CleanupStep
from app.jobs.import_masks import ImportStep
from app.jobs.predict import JobContext, PredictionStep
from app.jobs.verify import VerifyStep
from app.media.frames import FrameSource
from app.media.proxy import proxy_of
from app.media.video import VideoSource
from app.storage.home import cache_folder
from app.storage.opening import open_any
from app.storage.project_file import ProjectFile
from app.storage.source_link import describe_source, locate_source
from app.tracking.backend import BackendLoader
from app.tracking.model_catalog import load_model
from app.tracking.results import result_edit

_MAX_KEPT_ID = 1_000_000  # Imported objects of a higher number get the next free one.

Step = PredictionStep | ImportStep | CleanupStep | VerifyStep


class Session:
    """An open project.

    All changes of the document go through `execute`, the results of jobs through `apply`, on the
    thread that the document belongs to.  Jobs are made there from ``jobs`` and a snapshot, and run
    on another thread, one at a time.

    Attributes:
        document: the annotations.
        history: undo and redo of what was executed.
        source: the video.
        jobs: the model and the reader of the video that jobs use.
        proxy: small images of the frames for display; None where exact ones are fast enough.

    Args:
        source: an open video; closed with the session.
        document: its annotations.
        file: where they are saved.
        load_backend: loads the model on first use; the bundled one if None.
    """

    def __init__(
        self,
        source: FrameSource,
        document: Document,
        file: ProjectFile,
        load_backend: BackendLoader | None = None,
    ) -> None:
        self.source = source
        self.proxy = proxy_of(source, cache_folder() / "frames")
        self.document = document
        self.history = History(document)
        self.jobs = JobContext(source, load_backend or partial(load_model, ModelSettings()))
        self.history.restore(file.steps)
        self._file = file
        self.history.subscribe(file.write_update)

    @classmethod
    def open(
        cls,
        path: Path,
        load_backend: BackendLoader | None = None,
        project_path: Path | None = None,
        projects_folder: Path | None = None,
        video: Path | None = None,
    ) -> "Session":
        """Open a video, a frame folder or a project.

        Args:
            path: what to open.
            load_backend: loads the model on first use; the bundled one if None.
            project_path: where a video's project is kept; by default in the user's data folder,
                where the same video finds it again.
            projects_folder: where to create it instead of the user's data folder.
            video: where the video of a project is now, if it was moved.

        Raises:
            SourceError: the video cannot be read.
            VideoNotFoundError: the video of a project is missing or another one.
            ProjectError: the project cannot be opened, or it belongs to another video.
        """
        return cls(*open_any(path, project_path, projects_folder, video), load_backend)

    def close(self) -> None:
        """Save pending changes and close the project and its video; no job may run any more.

        Raises:
            ProjectError: some changes could not be saved; the session stays open.
        """
        self._file.close()
        self._close_source()

    def abandon(self) -> None:
        """Close the project and its video without changes that could not be saved."""
        self._file.abandon()
        self._close_source()

    def _close_source(self) -> None:
        self.jobs.close()
        if self.proxy is not None:
            self.proxy.close()
        self.source.close()

    @property
    def notice(self) -> str:
        """What the user should know about the opening, in a sentence; usually empty."""
        return self._file.notice

    @property
    def read_only(self) -> str:
        """Why nothing can be changed, in a sentence; empty if everything can."""
        return self._file.read_only

    def request_save_as(self, path: Path) -> Future[None]:
        """Ask for the project to be copied to another file, where the session continues.

        Returns:
            What ends, on another thread, when it does, or with the `ProjectError` why the session
            stays where it was.
        """
        source = self._file.source | locate_source(self.source, path)
        document, steps = self.document.copy(), self.history.stored()
        return self._file.request_save_as(path, source, document, steps)

    def save_as(self, path: Path) -> None:
        """Copy the project to another file and continue there.

        Raises:
            ProjectError: it cannot be written; the session stays where it was.
        """
        self.request_save_as(path).result()

    @property
    def view(self) -> dict[str, float]:
        """What the window showed last, by name; see `store_view`."""
        return self._file.view

    def store_view(self, view: Mapping[str, float]) -> None:
        """Store what the window shows, so that it shows the same when the project is reopened."""
        self._file.write_view(view)

    @property
    def is_saved(self) -> bool:
        """Whether every change is on disk; never waits."""
        return self._file.is_saved

    def request_flush(self) -> Future[None]:
        """Ask for every change to be on disk.

        Returns:
            What ends, on another thread, when it is, or with the `ProjectError` why it is not.
        """
        return self._file.request_flush()

    def flush(self) -> None:
        """Wait until every change is on disk.

        Raises:
            ProjectError: it could not be written.
        """
        self._file.flush()

    def use_backend(self, load_backend: BackendLoader) -> None:
        """Use another model for the jobs made from now on; loaded when the first one runs."""
        self.jobs = self.jobs.with_backend(load_backend)

    @property
    def project_path(self) -> Path:
        """Where the project is saved."""
        return self._file.path

    @property
    def snapshots_folder(self) -> Path:
        """Where the snapshots of the project are; it exists after the first one."""
        return self._file.snapshots_folder

    @property
    def is_annotated(self) -> bool:
        """Whether something refers to frames by number, so that they must keep their numbers."""
        history = self.history
        has_steps = history.undo_label is not None or history.redo_label is not None
        return has_steps or bool(self.document.objects)

    @property
    def num_frames(self) -> int:
        """Number of frames of the video."""
        return len(self.source)

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the video in pixels."""
        return self.source.size_hw

    def execute(self, edit: Edit) -> None:
        """Apply an edit of the document as a step of undo.

        Raises:
            ProjectError: the project is read-only, or an earlier change could not be saved; in
                the second case the edit is applied nevertheless.
        """
        self._file.check_writable()
        self.history.execute(edit)

    def undo(self) -> None:
        """Revert the newest step of undo, if there is one.

        Raises:
            ProjectError: as `execute` does.
        """
        self._file.check_writable()
        self.history.undo()

    def redo(self) -> None:
        """Repeat the step that was undone last, if there is one.

        Raises:
            ProjectError: as `execute` does.
        """
        self._file.check_writable()
        self.history.redo()

    def apply(self, step: Step) -> bool:
        """Store the result of a job step; locked objects and verified masks stay as they are.

        Returns:
            Whether the job should continue: False, and nothing is stored, when the user has
            undone what the step belongs to, or has deleted or locked all objects that it predicts.
        """
        if isinstance(step, VerifyStep):
            self._adopt(step)
            return True
        if self.history.is_undone(step.merge_key):
            return False
        if isinstance(step, ImportStep):
            self._import(step)
        elif isinstance(step, CleanupStep):
            key, label = (step.object_id, step.frame), f"Remove {step.fault}"
            self.execute(
                edits.clean_mask(self.document, key, step.before, step.after, label, step.merge_key)
            )
        else:
            return self._predict(step)
        return True

    def _predict(self, step: PredictionStep) -> bool:
        document, result = self.document, step.result
        self.execute(result_edit(document, result, step.merge_key, step.protects_hand_work))
        is_editable = [rules.is_object_editable(document, each) for each in result.predictions]
        return any(is_editable) or not is_editable

    def _adopt(self, step: VerifyStep) -> None:
        if step.result is None or step.result.index is None or self.is_annotated:
            return
        assert isinstance(self.source, VideoSource)  # only a video's times can be wrong
        self.source.adopt(step.result.index)
        self._file.relink(describe_source(self.source, self.project_path))
        self.jobs.renew()

    def _import(self, step: ImportStep) -> None:
        document = self.document
        with self.history.macro(step.merge_key):
            for file_id, (name, category) in step.names.items():
                if file_id not in step.object_ids:
                    is_free = 0 < file_id <= _MAX_KEPT_ID and document.find(file_id) is None
                    object_id = file_id if is_free else edits.next_object_id(document)
                    step.object_ids[file_id] = object_id
                    own_name = None if name == f"object {file_id}" else name  # not a number's
                    self.execute(edits.add_object(document, own_name, category, object_id))
            for file_id, row in step.masks.items():
                object_id = step.object_ids[file_id]
                if rules.is_mask_editable(document, object_id, step.frame):
                    self.execute(edits.import_mask(document, object_id, step.frame, row))
