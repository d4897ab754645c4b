"""Suggested objects: searching the displayed frame, and accepting what was found."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from app.core import edits
from app.core.document import Origin
from app.core.mask_change import mask_iou
from app.core.masks import RleMask
from app.core.prompts import FramePrompts
from app.jobs.propose import propose_job
from app.session import Session
from app.tracking.backend import SuggestionStep
from app.ui.jobs.job_queue import JobQueue
from app.ui.state.view_state import ViewState

MAX_KNOWN_IOU = 0.7
"""A mask that overlaps one of the document by more is no suggestion."""


class SuggestionController(QObject):
    """Suggests objects on the displayed frame until the user leaves it or tracks.

    Args:
        session: the session that objects are added to.
        view: the displayed frame and the active object.
        jobs: jobs that use the model.
        parent: owner.

    Signals:
        suggested: list of `RleMask` to show; empty to remove what is shown.
        message: text for the status bar.
    """

    suggested = Signal(object)
    message = Signal(str)

    def __init__(
        self, session: Session, view: ViewState, jobs: JobQueue, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._jobs = jobs
        self._job = 0
        view.frame_changed.connect(self.dismiss)
        view.tool_changed.connect(self.dismiss)

    def suggest(self) -> None:
        """Search the displayed frame in the background."""
        self.suggested.emit([])
        self._jobs.cancel(self._job)
        frame = self._view.frame
        self._job = self._jobs.submit(
            propose_job(self._session.jobs, frame),
            self.tr("Suggest objects on frame {frame}").format(frame=frame),
            lambda step: self._on_step(frame, step),
            unit="points",
        )

    def accept(self, masks: Sequence[RleMask]) -> None:
        """Add an object for each mask as one step of undo; the last one becomes active.

        The masks are prompts, so that tracking starts from them and never replaces them.
        """
        document, frame = self._session.document, self._view.frame
        object_id = self._view.active_object
        with self._session.history.macro():
            for mask in masks:
                object_id = edits.next_object_id(document)
                self._session.execute(edits.add_object(document, object_id=object_id))
                drawn = edits.draw_mask(document, object_id, frame, mask, Origin.IMPORTED)
                self._session.execute(drawn)
                prompts = FramePrompts(mask=mask)
                self._session.execute(edits.set_prompts(document, object_id, frame, prompts))
        self._view.active_object = object_id

    def _on_step(self, frame: int, step: SuggestionStep) -> None:
        if step.masks is None:
            return
        if frame != self._view.frame:
            text = self.tr("Objects were suggested on frame {frame}, which you left.")
            self.message.emit(text.format(frame=frame))
            return
        found = [mask for mask in step.masks if not self._is_known(frame, mask)]
        if found:
            self.suggested.emit(found)
        else:
            text = self.tr("No other object was found on this frame. Click one instead.")
            self.message.emit(text)

    def _is_known(self, frame: int, mask: RleMask) -> bool:
        rows = self._session.document.masks_on(frame)
        return any(mask_iou(mask, row.mask) > MAX_KNOWN_IOU for _, row in rows)

    def dismiss(self) -> None:
        """Remove what is shown, because the user does something else."""
        self.suggested.emit([])
