"""Background check that the frame index of a video is exact."""

from PySide6.QtCore import QObject, Signal

from app.core.errors import SourceError
from app.jobs.verify import IndexStatus, VerifyStep, verify_job
from app.session import Session
from app.ui.jobs.job_queue import JobQueue, Priority


class VerificationController(QObject):
    """Verifies the frame index of one session at a time, at idle priority.

    The small images of its frames are stored on the way.

    Signals:
        renumbered: the frames of the session have new indices; nothing was annotated yet.
        warned: `SourceError` that describes a wrong frame index; nothing was changed.
    """

    renumbered = Signal()
    warned = Signal(object)

    def __init__(self, jobs: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._job_id = 0

    def start(self, session: Session) -> None:
        """Check a session; a running check of another one is canceled."""
        self._jobs.cancel(self._job_id)
        self._job_id = self._jobs.submit(
            verify_job(session.source, session.proxy),
            self.tr("Check {name}").format(name=session.source.name),
            lambda step: self._on_step(session, step),
            priority=Priority.IDLE,
        )

    def _on_step(self, session: Session, step: VerifyStep) -> None:
        if step.result is None or not step.result.sentence:
            return
        hint = self.tr("Check the video before you rely on its annotations, or convert it.")
        if step.result.status is IndexStatus.VERIFIED:
            hint = ""
        elif step.result.status is IndexStatus.ADOPTED:
            if session.is_annotated:
                hint = self.tr(
                    "Frames keep the numbers they have; those that are missing are not shown."
                )
            else:
                hint = self.tr("Frames are numbered by what can be decoded.")
                session.apply(step)
                self.renumbered.emit()
        self.warned.emit(SourceError(step.result.sentence, hint))
