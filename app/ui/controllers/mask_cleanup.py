"""Removing specks and filling holes of an object's masks, on one frame or on all."""

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from app.core.document import FrameMask, Table, TrackedObject
from app.core.rules import is_mask_editable, refusal
from app.jobs.cleanup import CleanupStep, cleanup_job
from app.session import Session
from app.tracking.backend import MaskFault
from app.ui.jobs.job_queue import JobQueue, Priority
from app.ui.jobs.progress import Outcome
from app.ui.state.view_state import ViewState
from app.ui.translation.sentences import error_text


class MaskCleanupController(QObject):
    """Cleans masks of the active object in a job; each use is one undo step.

    Signals:
        message: text for the status bar.
    """

    message = Signal(str)

    def __init__(self, session: Session, view: ViewState, jobs: JobQueue, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._jobs = jobs

    def clean_here(self, fault: MaskFault) -> None:
        """Clean the mask of the displayed frame."""
        frame = self._view.frame
        active = self._session.document.find(self._view.active_object)
        if active is None:
            return
        if error := refusal(self._session.document, active.object_id, frame):
            self.message.emit(error_text(error))
            return
        self._submit(active, fault, [frame], Priority.INTERACTIVE)

    def clean_all(self, fault: MaskFault) -> None:
        """Clean the masks of all frames, except verified ones."""
        document = self._session.document
        active = document.find(self._view.active_object)
        if active is None:
            return
        if error := refusal(document, active.object_id):
            self.message.emit(error_text(error))
            return
        self._submit(active, fault, document.of_object(Table.MASKS, active.object_id))

    def _submit(
        self,
        active: TrackedObject,
        fault: MaskFault,
        frames: list[int] | Mapping[int, FrameMask],
        priority: Priority = Priority.NORMAL,
    ) -> None:
        rows: Mapping[int, FrameMask]
        document = self._session.document
        rows = document.of_object(Table.MASKS, active.object_id)
        masks = {
            frame: rows[frame].mask
            for frame in frames
            if frame in rows and is_mask_editable(document, active.object_id, frame)
        }
        label = self._label(fault).format(name=active.name)
        changed: set[int] = set()

        def apply(step: CleanupStep) -> bool:
            before = document.mask(step.object_id, step.frame)
            is_wanted = self._session.apply(step)
            if document.mask(step.object_id, step.frame) != before:
                changed.add(step.frame)
            return is_wanted

        def end(outcome: Outcome) -> None:
            text = self.tr("{job}: {changed} of %Ln mask(s) changed.", "", len(masks))
            self.message.emit(text.format(job=label, changed=len(changed)))

        job = cleanup_job(active.object_id, masks, fault, self._session.history.new_key())
        self._jobs.submit(
            job,
            label,
            apply,
            priority=priority,
            on_end=end,
            owner=self,
            keeps_finished=True,
        )

    def _label(self, fault: MaskFault) -> str:
        if fault is MaskFault.HOLES:
            return self.tr("Fill holes of {name}")
        return self.tr("Remove specks of {name}")
