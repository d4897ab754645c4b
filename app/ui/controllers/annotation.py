"""Prompts, strokes, previews and object commands of one session, as edits and jobs."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from app.core import edits
from app.core.document import Edit, FrameMask
from app.core.masks import RleMask
from app.core.memory import Constraint
from app.core.prompts import BoxPrompt, FramePrompts, PointPrompt
from app.core.queries import disobeyed_points
from app.jobs.predict import EngineUnprepared, PredictionStep, preload_job, segment_job
from app.session import Session
from app.tracking.backend import BackendLoader
from app.tracking.requests import segment_request
from app.tracking.strokes import with_strokes
from app.ui.controllers.editing import EditingController
from app.ui.controllers.objects import ObjectsController
from app.ui.jobs.job_queue import JobQueue, Priority
from app.ui.state.preferences import Preferences
from app.ui.state.view_state import ViewState

PRELOAD_DELAY_MS = 120
"""Milliseconds that a frame stays on screen before its features are computed.

Scrubbing changes frames faster than this, so it computes none.
"""


class AnnotationController(EditingController):
    """Turns prompts, strokes, previews and marks of frames into edits and jobs.

    Signals:
        message: text for the status bar.
        previewed: the `RleMask` of a preview, or None to remove it.
        engine_unprepared: the engine of the model waits for being prepared.
    """

    previewed = Signal(object)
    engine_unprepared = Signal()

    def __init__(
        self,
        session: Session,
        view: ViewState,
        objects: ObjectsController,
        jobs: JobQueue,
        preferences: Preferences,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(session, view, parent)
        self._objects = objects
        self._preferences = preferences
        self._jobs = jobs
        self._preview_job = 0
        self._preload_timer = QTimer(self, singleShot=True, interval=PRELOAD_DELAY_MS)
        self._preload_timer.timeout.connect(self._preload)
        view.frame_changed.connect(self._on_frame_changed)
        self.preload()

    def use_model(self, load_backend: BackendLoader) -> None:
        """Switch the session to another model."""
        self._session.use_backend(load_backend)
        self.preload()

    def preload(self) -> None:
        """Compute the features of the displayed frame, if it stays displayed."""
        self._preload_timer.start()

    @property
    def active_mask(self) -> FrameMask | None:
        """The mask of the active object on the displayed frame."""
        active = self._view.active_object
        return None if active is None else self._document.mask(active, self._view.frame)

    # Prompts and strokes: a gesture and the mask predicted from it are one undo step.

    def add_point(self, x: float, y: float, is_positive: bool) -> None:
        """Add a point prompt on the displayed frame; without an active object, create one first."""
        if self.active is None and not is_positive:
            text = self.tr("Add a positive point first (left click), then a negative one.")
            self.message.emit(text)
            return
        point = PointPrompt(x, y, is_positive)
        self._prompt(lambda each: edits.add_point(self._document, each, self._view.frame, point))

    def set_box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Set the box prompt on the displayed frame; without an active object, create one first."""
        box, frame = BoxPrompt(x0, y0, x1, y1), self._view.frame
        active = self.active
        is_adjusted = active and self._document.prompts(active.object_id, frame).box is not None
        self._prompt(
            lambda each: edits.set_box(self._document, each, frame, box), bool(is_adjusted)
        )

    def paint(self, stroke: RleMask, is_erasing: bool) -> None:
        """Paint or erase the pixels of a stroke; painting creates an object if none is active."""
        if self.active is not None or not is_erasing:
            self._paint(stroke, is_erasing, None)

    def repaint(
        self, over: tuple[FrameMask | None, FramePrompts], stroke: RleMask, is_erasing: bool
    ) -> None:
        """Replace a stroke by another one over the rows that were there before it."""
        self._paint(stroke, is_erasing, over)

    def _paint(
        self,
        stroke: RleMask,
        is_erasing: bool,
        over: tuple[FrameMask | None, FramePrompts] | None,
    ) -> None:
        def draw() -> None:
            with self._session.history.macro():
                target, frame = self._target(), self._view.frame
                edit = edits.paint(self._document, target, frame, stroke, is_erasing, over)
                self._session.execute(edit)

        self._attempt(draw)

    def move_point(self, index: int, x: float, y: float) -> None:
        """Move a point of the active object on the displayed frame."""
        frame = self._view.frame
        self._prompt(
            lambda each: edits.move_point(self._document, each, frame, index, (x, y)),
            starts_over=True,
        )

    def delete_point(self, index: int) -> None:
        """Delete a point of the active object on the displayed frame."""
        frame = self._view.frame
        self._prompt(
            lambda each: edits.remove_point(self._document, each, frame, index), starts_over=True
        )

    def delete_prompt(self) -> None:
        """Delete the selected point of the active object on this frame, else its newest prompt."""
        active, frame = self._view.active_object, self._view.frame
        if active is None:
            return
        count_here = len(self._document.prompts(active, frame).points)
        selected = self._view.selected_point
        if count_here:
            self.delete_point(count_here - 1 if selected is None else selected)
        elif self._document.prompts(active, frame).box is not None:
            self._prompt(lambda each: edits.remove_box(self._document, each, frame), True)
        else:
            self.clear_prompts(frame)

    def clear_prompts(self, frame: int | None = None) -> None:
        """Clear the prompts of the active object on one frame, or on all frames if None."""
        frames = None if frame is None else [frame]
        self._edit_active(lambda each: edits.clear_prompts(self._document, each, frames))

    def _prompt(self, make_edit: Callable[[int], Edit], starts_over: bool = False) -> None:
        """Change prompts on the displayed frame, then submit a job that predicts their mask."""

        def prompt() -> None:
            with self._session.history.macro() as merge_key:
                target, frame = self._target(), self._view.frame
                self._session.execute(make_edit(target))
                if not self._document.prompts(target, frame).can_predict:
                    return
                request = segment_request(
                    self._document,
                    target,
                    frame,
                    starts_over=starts_over,
                    drops_islands=self._preferences.drops_islands,
                )
            self._jobs.submit(
                segment_job(self._session.jobs, target, request, merge_key),
                self.tr("Segment"),
                self._on_segmented,
                priority=Priority.INTERACTIVE,
            )

        self._attempt(prompt)

    def _on_segmented(self, step: PredictionStep) -> bool:
        if not self._session.apply(step):
            return False
        frame = step.result.frame
        for object_id in step.result.predictions:
            for point in disobeyed_points(self._document, object_id, frame):
                if point.is_positive:
                    text = self.tr(
                        "The positive point at {x}, {y} on frame {frame} has no effect: another "
                        "point is too close."
                    )
                else:
                    text = self.tr(
                        "The negative point at {x}, {y} on frame {frame} has no effect: another "
                        "point is too close."
                    )
                self.message.emit(text.format(x=int(point.x), y=int(point.y), frame=frame))
        return True

    def toggle_islands(self) -> None:
        """Toggle whether predictions lose the parts that no prompt asks for."""
        self._preferences.drops_islands = not self._preferences.drops_islands

    def _target(self) -> int:
        active = self.active
        return active.object_id if active else self._objects.new_object()

    # Previews and encoding: jobs that never change the document.

    def preview(self, x: float, y: float, is_positive: bool) -> None:
        """Predict the mask that a click at this position would give, for display only."""
        frame, active = self._view.frame, self._view.active_object or 0
        prompts = self._document.prompts(active, frame).with_point(PointPrompt(x, y, is_positive))
        drops_islands = self._preferences.drops_islands
        request = segment_request(
            self._document, active, frame, prompts, drops_islands=drops_islands
        )
        self._preview_job = self._jobs.submit(
            segment_job(self._session.jobs, active, request, self._session.history.new_key()),
            self.tr("Preview"),
            partial(self._on_previewed, prompts),
            priority=Priority.PREVIEW,
        )

    def end_preview(self) -> None:
        """Cancel the preview job and remove the preview."""
        self._jobs.cancel(self._preview_job)
        self.previewed.emit(None)

    def _on_previewed(self, prompts: FramePrompts, step: PredictionStep) -> None:
        if step.result.frame == self._view.frame:
            (prediction,) = step.result.predictions.values()
            self.previewed.emit(with_strokes(prompts, prediction.mask))

    def _on_frame_changed(self) -> None:
        self.end_preview()
        self.preload()

    def _preload(self) -> None:
        if self._jobs.is_idle:
            job = preload_job(self._session.jobs, self._view.frame)
            label = self.tr("Encode frame")
            self._jobs.submit(job, label, self._on_unprepared, priority=Priority.IDLE)

    def _on_unprepared(self, _step: EngineUnprepared) -> None:
        self.engine_unprepared.emit()

    # Masks, memory and range.

    def clear_masks(self) -> None:
        """Clear the masks of the active object, except verified ones."""
        self._edit_active(lambda each: edits.clear_masks(self._document, each))

    def clear_mask_here(self) -> None:
        """Clear the mask of the active object on the displayed frame."""
        frames = [self._view.frame]
        self._edit_active(lambda each: edits.clear_masks(self._document, each, frames))

    def toggle_constraint(self, constraint: Constraint) -> None:
        """Pin or ban the displayed frame, or remove that constraint."""
        active, frame = self._view.active_object, self._view.frame
        if active is not None:
            now = self._document.constraint(active, frame)
            self.constrain(active, frame, None if now is constraint else constraint)

    def constrain(self, object_id: int, frame: int, constraint: Constraint | None) -> None:
        """Pin a frame in the memory bank of an object, ban it, or remove the constraint (None)."""

        def constrain() -> None:
            edit = edits.set_constraint(self._document, object_id, frame, constraint)
            self._session.execute(edit)
            text = {
                Constraint.PIN: self.tr("Frame {frame} is pinned. Track again to apply it."),
                Constraint.BAN: self.tr("Frame {frame} is banned. Track again to apply it."),
                None: self.tr("Frame {frame} is unconstrained. Track again to apply it."),
            }[constraint]
            self.message.emit(text.format(frame=frame))

        self._attempt(constrain)

    def set_range(self, first: int | None, last: int | None) -> None:
        """Set the in and out frame."""
        self._session.execute(edits.set_range(self._document, first, last))

    def set_in(self) -> None:
        """Set the in frame to the displayed frame."""
        last = self._document.frame_range[1]
        here = self._view.frame
        self.set_range(here, last if last is None or last >= here else None)

    def set_out(self) -> None:
        """Set the out frame to the displayed frame."""
        first = self._document.frame_range[0]
        here = self._view.frame
        self.set_range(first if first is None or first <= here else None, here)

    def toggle_exclusive(self) -> None:
        """Toggle whether tracked masks may overlap other objects."""
        is_exclusive = not self._document.is_exclusive
        self._session.execute(edits.set_exclusive(self._document, is_exclusive))
