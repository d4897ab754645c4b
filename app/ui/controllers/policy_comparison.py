"""Comparing two memory policies: asks, runs both in the background, shows and applies them."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.core.errors import UsageError
from app.core.rules import is_object_editable
from app.core.settings import ModelSettings
from app.jobs.compare import compare_job, replay_job
from app.session import Session
from app.tracking.backend import Direction, TrackRequest
from app.tracking.comparison import Comparison, ComparisonRequest, ComparisonStep, MemoryVariant
from app.tracking.model_catalog import AvailableModels
from app.tracking.requests import track_request
from app.ui.controllers.hand_work import HandWorkProtection
from app.ui.controllers.model_selection import ModelSelection
from app.ui.dialogs.compare_dialog import CompareDialog
from app.ui.dialogs.comparison_window import ComparisonWindow
from app.ui.dialogs.frame_range_input import FrameRangeInput
from app.ui.jobs.job_queue import JobQueue
from app.ui.jobs.progress import Outcome
from app.ui.state.view_state import ViewState
from app.ui.translation.sentences import error_text


class PolicyComparison(QObject):
    """Runs two memory policies on the same frames without touching the document.

    Signals:
        message: text for the status bar.
    """

    message = Signal(str)

    def __init__(
        self,
        session: Session,
        view: ViewState,
        jobs: JobQueue,
        protection: HandWorkProtection,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session = session
        self._view = view
        self._jobs = jobs
        self._protection = protection
        self._window = window
        self._windows: list[ComparisonWindow] = []

    def ask(self, models: ModelSelection) -> None:
        """Open the dialog for the active object, once the memory settings of the model are known.

        Accepting it starts the runs.

        Args:
            models: lists the models.
        """
        if (object_id := self._view.active_object) is not None:
            models.list_for(
                self, lambda available, settings: self._open(object_id, available, settings)
            )

    def _open(self, object_id: int, available: AvailableModels, settings: ModelSettings) -> None:
        document = self._session.document
        tracked = document.find(object_id)
        if tracked is None:
            return
        frames = FrameRangeInput(range(self._session.num_frames), document.frame_range)
        dialog = CompareDialog(tracked.name, frames, available, settings, self._window)
        dialog.accepted.connect(lambda: self.start(object_id, dialog.frames, dialog.variants))
        dialog.open()

    def start(
        self, object_id: int, frames: range, variants: tuple[MemoryVariant, MemoryVariant]
    ) -> ComparisonWindow | None:
        """Track an object under both variants, from the displayed frame; show them as they come."""
        session = self._session
        try:
            request = self._request(object_id, frames)
        except UsageError as error:
            self.message.emit(error_text(error))
            return None
        name = session.document.object(object_id).name
        compared = Comparison(ComparisonRequest(object_id, request, variants))
        window = ComparisonWindow(name, compared, session.source, self._window)
        label = self.tr("Compare policies on {name}, frames {first} to {last}")
        label = label.format(name=name, first=frames[0], last=frames[-1])

        def on_step(step: ComparisonStep) -> None:
            compared.add(step)
            if window in self._windows:
                window.refresh(is_complete=False)

        def on_end(outcome: Outcome) -> None:
            if window in self._windows:
                window.refresh(is_complete=outcome is Outcome.DONE)

        job_id = self._jobs.submit(
            compare_job(session.jobs, compared.request), label, on_step, on_end=on_end
        )
        window.used.connect(lambda side: self._use(window, side))
        window.rejected.connect(lambda: self._on_closed(window, job_id))
        self._windows.append(window)
        window.refresh(is_complete=False)
        window.show()
        return window

    def _request(self, object_id: int, frames: range) -> TrackRequest:
        first, last = frames[0], frames[-1]
        start = min(max(self._view.frame, first), last)
        return track_request(
            self._session.document,
            self._session.num_frames,
            Direction.FORWARD if start == first else Direction.BOTH,
            start,
            [object_id],
            first,
            last,
            self._protection.is_on,
        )

    def _use(self, window: ComparisonWindow, side: int) -> None:
        """Apply a run as one undoable step."""
        request, key = window.comparison.request, self._session.history.new_key()
        if not is_object_editable(self._session.document, request.object_id):
            text = self.tr("The object was deleted or locked since, so nothing is used.")
            self.message.emit(text)
            return
        job = replay_job(window.comparison.results(side), key, request.track.protects_hand_work)
        letter = "AB"[side]
        label = self.tr("Use {letter} of the comparison").format(letter=letter)
        self._jobs.submit(job, label, self._session.apply, keeps_finished=True)
        text = self.tr("{letter} is used: {settings}. Undo takes it back.")
        self.message.emit(text.format(letter=letter, settings=request.variants[side].label))
        window.reject()

    def _on_closed(self, window: ComparisonWindow, job_id: int) -> None:
        if window in self._windows:
            self._windows.remove(window)
            self._jobs.cancel(job_id)
