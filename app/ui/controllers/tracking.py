"""Tracking jobs: which objects, which direction, which frames; following them on screen."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from app.core.cancel import Job
from app.core.errors import UsageError
from app.jobs.predict import PredictionStep, track_job
from app.session import Session
from app.tracking.backend import Direction, TrackRequest
from app.tracking.requests import track_request
from app.ui.controllers.hand_work import HandWorkProtection
from app.ui.jobs.job_queue import Deferred, JobQueue
from app.ui.state.preferences import Preferences
from app.ui.state.view_state import ViewState
from app.ui.translation import translate
from app.ui.translation.sentences import error_text


@dataclass(frozen=True, slots=True)
class _TrackingRun:
    """What a tracking job was asked to do; the prompts are those when it starts.

    Attributes:
        object_id: the object to track; None for all objects.
        start: frame to start from.
        first, last: range of frames, inclusive.
        is_single: tracks one frame and displays it.
    """

    object_id: int | None
    direction: Direction
    start: int
    first: int
    last: int
    is_single: bool = False

    def label(self, name: str) -> str:
        start, end = self.start, self.last
        if self.direction is Direction.BOTH:
            text = translate(
                "TrackingController", "Track {name}, frames {start} to {end}, both ways"
            )
            start = self.first
        elif self.direction is Direction.FORWARD:
            text = translate("TrackingController", "Track {name}, frames {start} to {end}, forward")
        else:
            text = translate(
                "TrackingController", "Track {name}, frames {start} to {end}, backward"
            )
            end = self.first
        return text.format(name=name, start=start, end=end)


class TrackingController(QObject):
    """Queues tracking jobs and applies each tracked frame to the document.

    A job is made from the document as it is when the job starts.

    Signals:
        message: text for the status bar.
        changed: `tracks_all` or `follows` changed.
        run_started: merge key of the edits that the running job makes.
        frame_tracked: the same merge key, `FrameResult` that was stored.
        run_ended: the same merge key.
    """

    message = Signal(str)
    changed = Signal()
    run_started = Signal(int)
    frame_tracked = Signal(int, object)
    run_ended = Signal(int)

    def __init__(
        self,
        session: Session,
        view: ViewState,
        jobs: JobQueue,
        preferences: Preferences,
        protection: HandWorkProtection,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._jobs = jobs
        self._preferences = preferences
        self._protection = protection
        self._waiting: list[_TrackingRun] = []
        self._is_stepping = False  # whether a job that tracks one frame has not ended
        self._merge_key = 0  # of the running job
        self._followed: int | None = None  # the frame that the running job displayed last

    @property
    def tracks_all(self) -> bool:
        """Whether all unlocked objects are tracked instead of the active one only."""
        return self._preferences.tracks_all

    def toggle_all(self) -> None:
        """Toggle between tracking all objects and only the active one."""
        self._preferences.tracks_all = not self.tracks_all
        self.changed.emit()

    @property
    def follows(self) -> bool:
        """Whether each tracked frame is displayed until the user navigates to another one."""
        return self._preferences.follows_tracking

    def toggle_follow(self) -> None:
        """Toggle whether tracked frames are displayed as they arrive."""
        self._preferences.follows_tracking = not self.follows
        self.changed.emit()

    def stop_following(self) -> None:
        """Keep the displayed frame, because the user has started to edit it."""
        self._followed = None

    def track(self, direction: Direction) -> None:
        """Track from the displayed frame, to the ends of the in/out range or of the video."""
        in_frame, out_frame = self._session.document.frame_range
        first = 0 if in_frame is None else in_frame
        last = self._session.num_frames - 1 if out_frame is None else out_frame
        self._submit(_TrackingRun(self._object_id, direction, self._view.frame, first, last))

    def track_one(self, direction: Direction) -> None:
        """Track one frame in a direction and display it; ignored until the one before is done."""
        if self._is_stepping:
            return
        here = self._view.frame
        first, last = max(0, here - 1), min(here + 1, self._session.num_frames - 1)
        self._submit(_TrackingRun(self._object_id, direction, here, first, last, is_single=True))

    @property
    def _object_id(self) -> int | None:
        return None if self.tracks_all else self._view.active_object

    @property
    def target(self) -> str:
        """What the next job tracks, as text: the name of the active object, or all objects."""
        return self._name_of(self._object_id)

    def _name_of(self, object_id: int | None) -> str:
        tracked = self._session.document.find(object_id)
        return self.tr("all objects") if tracked is None else tracked.name

    def _submit(self, run: _TrackingRun) -> None:
        label = run.label(self._name_of(run.object_id))
        if run in self._waiting:
            self.message.emit(self.tr("Waiting already: {job}.").format(job=label))
            return
        try:
            request = self._request(run)
        except UsageError as error:
            # A job before this one may track what it starts from.
            if self._jobs.running and run.first <= run.start <= run.last:
                self._enqueue(run, label)
            else:
                self.message.emit(error_text(error))
            return
        if len(request.frames) == 1:  # the start frame, at the end of the range
            text = {
                Direction.FORWARD: self.tr("There is no frame to track after frame {frame}."),
                Direction.BACKWARD: self.tr("There is no frame to track before frame {frame}."),
                Direction.BOTH: self.tr("There is no frame to track beside frame {frame}."),
            }[run.direction]
            self.message.emit(text.format(frame=run.start))
            return
        ids = [tracked.object_id for tracked in request.objects]
        self._protection.ask_before(lambda: self._enqueue(run, label), ids, request.frames[1:])

    def _enqueue(self, run: _TrackingRun, label: str) -> None:
        is_next = not self._jobs.running
        self._waiting.append(run)
        self._is_stepping |= run.is_single
        self._jobs.submit(
            Deferred(lambda: self._job(run)),
            label,
            self._on_tracked,
            on_end=lambda outcome: self._on_ended(run),
            owner=self,
            keeps_finished=True,
        )
        if not is_next:
            text = self.tr("Queued: {job}. See the Jobs panel.")
            self.message.emit(text.format(job=label))

    def _request(self, run: _TrackingRun) -> TrackRequest:
        session = self._session
        ids = None if run.object_id is None else [run.object_id]
        return track_request(
            session.document,
            session.num_frames,
            run.direction,
            run.start,
            ids,
            run.first,
            run.last,
            self._protection.is_on,
        )

    def _job(self, run: _TrackingRun) -> Job:
        request = self._request(run)
        self._forget_waiting(run)
        self._followed = run.start if self.follows or run.is_single else None
        self._merge_key = self._session.history.new_key()
        self.run_started.emit(self._merge_key)
        return track_job(self._session.jobs, request, self._merge_key)

    def _on_tracked(self, step: PredictionStep) -> bool:
        if not self._session.apply(step):
            return False
        self.frame_tracked.emit(step.merge_key, step.result)
        if QGuiApplication.mouseButtons():
            self.stop_following()
        if self._followed is not None:
            if self._view.frame == self._followed:
                self._view.frame = self._followed = step.result.frame
            else:
                self._followed = None
        return True

    def _on_ended(self, run: _TrackingRun) -> None:
        self._is_stepping &= not run.is_single
        if any(waiting is run for waiting in self._waiting):  # it never started
            self._forget_waiting(run)
        else:
            self.run_ended.emit(self._merge_key)

    def _forget_waiting(self, run: _TrackingRun) -> None:
        self._waiting = [waiting for waiting in self._waiting if waiting is not run]
