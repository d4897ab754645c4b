"""Tracking jobs: which objects, which direction, which frames; following them on screen."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from app.core.errors import UsageError
from app.jobs.predict import PredictionStep, track_job
from app.session import Session
from app.tracking.backend import Direction, TrackRequest
from app.tracking.requests import track_request
from app.ui.controllers.annotation import AnnotationController
from app.ui.controllers.hand_work import HandWorkProtection
from app.ui.jobs.job_queue import JobQueue
from app.ui.jobs.progress import Outcome
from app.ui.state.view_state import ViewState


class TrackingController(QObject):
    """Runs one tracking job at a time and applies each tracked frame to the document.

    Attributes:
        tracks_all: track all unlocked objects instead of the active one only.
        follows: display each tracked frame until the user navigates to another one.

    Signals:
        message: text for the status bar.
        changed: ``tracks_all`` or ``follows`` changed.
    """

    message = Signal(str)
    changed = Signal()

    def __init__(
        self,
        session: Session,
        view: ViewState,
        controller: AnnotationController,
        jobs: JobQueue,
        protection: HandWorkProtection,
    ) -> None:
        super().__init__(controller)
        self.tracks_all = False
        self.follows = True
        self._session = session
        self._view = view
        self._controller = controller
        self._jobs = jobs
        self._protection = protection
        self._job_id: int | None = None
        self._followed: int | None = None

    def toggle_all(self) -> None:
        """Toggle between tracking all objects and only the active one."""
        self.tracks_all = not self.tracks_all
        self.changed.emit()

    def toggle_follow(self) -> None:
        """Toggle whether tracked frames are displayed as they arrive."""
        self.follows = not self.follows
        self.changed.emit()

    def stop_following(self) -> None:
        """Keep the displayed frame, because the user has started to edit it."""
        self._followed = None

    def track(self, direction: Direction) -> None:
        """Track from the displayed frame to the end of the in/out range or of the video."""
        self._start(direction)

    def track_one(self, direction: Direction) -> None:
        """Track one frame in a direction and display it."""
        here = self._view.frame
        self._start(direction, max(0, here - 1), min(here + 1, self._session.num_frames - 1))

    def track_range(self) -> None:
        """Track in both directions from the displayed frame, over the in/out range or the video."""
        self._start(Direction.BOTH)

    def _objects(self) -> Sequence[int] | None:
        active = self._view.active_object
        return None if self.tracks_all or active is None else [active]

    def _start(
        self, direction: Direction, first: int | None = None, last: int | None = None
    ) -> None:
        if self._job_id is not None:
            self.message.emit("Tracking is running; Esc stops it.")
            return
        ask = partial(self._request, direction, self._view.frame, first, last)
        try:
            request = ask()
        except UsageError as error:
            self.message.emit(str(error))
            return
        ids = [each.object_id for each in request.objects]
        self._protection.ask_before(lambda: self._submit(ask(), first), ids, request.frames[1:])

    def _request(
        self, direction: Direction, start: int, first: int | None, last: int | None
    ) -> TrackRequest:
        document, num_frames = self._session.document, self._session.num_frames
        protects = self._protection.is_on
        return track_request(
            document, num_frames, direction, start, self._objects(), first, last, protects
        )

    def _submit(self, request: TrackRequest, first: int | None) -> None:
        session, direction = self._session, request.direction
        active = self._controller.active
        name = "all objects" if self.tracks_all or active is None else active.name
        direction_text = "both ways" if direction is Direction.BOTH else direction.value
        self._followed = request.start if self.follows or first is not None else None
        job = track_job(session.jobs, request, session.history.new_key())
        self._job_id = self._jobs.submit(
            job, f"Track {name} {direction_text}", self._on_tracked, on_end=self._on_ended
        )

    def _on_tracked(self, step: PredictionStep) -> bool:
        if not self._session.apply(step):
            return False
        if QGuiApplication.mouseButtons():
            self.stop_following()
        if self._followed is not None:
            if self._view.frame == self._followed:
                self._view.frame = self._followed = step.result.frame
            else:
                self._followed = None
        return True

    def _on_ended(self, outcome: Outcome) -> None:
        self._job_id = None
