"""From what the user does to edits and jobs of the session, and back to the screen."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.document import FrameMask, TrackedObject
from app.core.errors import UsageError
from app.core.masks import RleMask
from app.core.memory import Constraint
from app.core.prompts import BoxPrompt, PointPrompt
from app.session import Session
from app.tracking.jobs import PreviewStep, SegmentStep
from app.tracking.loading import BackendLoader
from app.ui.jobs.job_queue import JobQueue
from app.ui.jobs.job_runner import Priority
from app.ui.state.undo import EditStack
from app.ui.state.view_state import Tool, ViewState
from app.ui.style.memory_marks import MARK_NAMES, memory_mark

ENCODE_DELAY_MS = 120
"""How long a frame is on screen before it is prepared for a click; scrubbing is faster."""

OPACITY_STEP = 0.1
BRUSH_STEP = 1.25


class AnnotationController(QObject):
    """The intents of one open session.

    An intent that cannot be done says so through ``message`` and changes nothing.

    Signals:
        message: a sentence for the status bar.
        previewed: the `RleMask` of a preview, None when there is none.
    """

    message = Signal(str)
    previewed = Signal(object)

    def __init__(
        self,
        session: Session,
        view: ViewState,
        stack: EditStack,
        jobs: JobQueue,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._stack = stack
        self._jobs = jobs
        self._gestures = count(1)
        self._preview_job = 0
        session.execute = stack.push_edit
        self._encode_timer = QTimer(self, singleShot=True, interval=ENCODE_DELAY_MS)
        self._encode_timer.timeout.connect(self._encode_ahead)
        view.frame_changed.connect(self._on_frame_changed)
        self._encode_timer.start()

    def use_model(self, load_backend: BackendLoader) -> None:
        """Use another model from now on."""
        self._session.use_backend(load_backend)
        self._encode_timer.start()

    @property
    def active(self) -> TrackedObject | None:
        """The object that prompts go to."""
        active = self._view.active_object
        objects = {each.object_id: each for each in self._session.document.objects}
        return None if active is None else objects.get(active)

    @property
    def active_mask(self) -> FrameMask | None:
        """The mask of the active object on the frame on screen."""
        active = self._view.active_object
        return None if active is None else self._session.document.mask(active, self._view.frame)

    # Prompts and strokes: one gesture is one step of undo, with the mask that it leads to.

    def add_point(self, x: float, y: float, is_positive: bool) -> None:
        """Click on the frame on screen; without an object the click makes one."""
        if self.active is None and not is_positive:
            self.message.emit("Include something first (left click), then exclude from it.")
            return
        self._prompt(lambda each, at: self._session.add_point(each, at, x, y, is_positive))

    def set_box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Draw a box on the frame on screen; without an object the box makes one."""
        box = BoxPrompt(x0, y0, x1, y1)
        self._prompt(lambda each, at: self._session.set_box(each, at, box))

    def paint(self, mask: RleMask) -> None:
        """Take the mask after a stroke of brush or eraser; without an object it makes one."""
        with self._stack.merging(f"gesture {next(self._gestures)}"):
            self._attempt(lambda: self._session.set_mask(self._target(), self._view.frame, mask))

    def delete_prompt(self) -> None:
        """Take back a point of the active object here: the selected one, else the newest."""
        active, frame = self._view.active_object, self._view.frame
        if active is None:
            return
        count_here = len(self._session.document.prompts(active, frame).points)
        selected = self._view.selected_point
        index = count_here - 1 if selected is None else selected
        if count_here > 1:
            self._prompt(lambda each, at: self._session.remove_point(each, at, index))
        else:
            self.clear_prompts(frame)

    def clear_prompts_here(self) -> None:
        """Clear the prompts of the active object on the frame on screen."""
        self.clear_prompts(self._view.frame)

    def clear_prompts(self, frame: int | None = None) -> None:
        """Clear the prompts of the active object on a frame, or on all."""
        self._on_active(lambda each: self._session.clear_prompts(each, frame))

    def _prompt(self, intent: Callable[[int, int], None]) -> None:
        """Change prompts on the frame on screen, then ask for the mask that they mean."""
        frame = self._view.frame
        key = f"gesture {next(self._gestures)}"

        def prompt() -> None:
            target = self._target()
            intent(target, frame)
            job = self._session.segment_job(target, frame)
            self._jobs.submit(
                job,
                "Segment",
                lambda step: self._on_segmented(key, step),
                priority=Priority.INTERACTIVE,
            )

        with self._stack.merging(key):
            self._attempt(prompt)

    def _on_segmented(self, key: str, step: SegmentStep) -> None:
        if not self._stack.is_undone(key):
            with self._stack.merging(key):
                self._session.apply(step)

    def _target(self) -> int:
        active = self.active
        return active.object_id if active else self.new_object()

    # Previews and preparation: jobs that leave no trace in the document.

    def preview(self, x: float, y: float, is_positive: bool) -> None:
        """Show the mask that a click here would give."""
        frame, active = self._view.frame, self._view.active_object or 0
        prompts = replace(self._session.document.prompts(active, frame), mask=None)
        prompts = prompts.with_point(PointPrompt(x, y, is_positive))
        self._preview_job = self._jobs.submit(
            self._session.preview_job(active, frame, prompts),
            "Preview",
            self._on_previewed,
            priority=Priority.PREVIEW,
        )

    def end_preview(self) -> None:
        """Take the preview from the screen."""
        self._jobs.runner.cancel(self._preview_job)
        self.previewed.emit(None)

    def _on_previewed(self, step: PreviewStep) -> None:
        if step.frame == self._view.frame:
            self.previewed.emit(step.prediction.mask)

    def _on_frame_changed(self) -> None:
        self.end_preview()
        self._encode_timer.start()

    def _encode_ahead(self) -> None:
        if self._jobs.runner.is_idle:
            job = self._session.encode_job(self._view.frame)
            self._jobs.submit(job, "Prepare", lambda step: None, priority=Priority.IDLE)

    # Objects and single masks.

    def new_object(self) -> int:
        """Add an object and make it the active one."""
        self._view.active_object = self._session.add_object()
        return self._view.active_object

    def select_nth(self, position: int) -> None:
        """Make the object at a place in the list, from 1, the active one."""
        objects = self._session.document.objects
        if position <= len(objects):
            self._view.active_object = objects[position - 1].object_id

    def delete_object(self) -> None:
        """Delete the active object and all that belongs to it."""
        self._on_active(self._session.remove_object)

    def clear_masks(self) -> None:
        """Clear the masks of the active object, except verified ones."""
        self._on_active(self._session.clear_masks)

    def clear_mask_here(self) -> None:
        """Clear the mask of the active object on the frame on screen."""
        self._on_active(lambda each: self._session.clear_masks(each, [self._view.frame]))

    def toggle_visible(self) -> None:
        """Hide or show the active object."""
        if row := self.active:
            self._session.update_object(row.object_id, is_visible=not row.is_visible)

    def toggle_locked(self) -> None:
        """Lock the active object against every change, or unlock it."""
        if row := self.active:
            self._session.update_object(row.object_id, is_locked=not row.is_locked)

    def toggle_verified(self) -> None:
        """Mark the mask of the active object here as checked, or take the mark back."""
        if (row := self.active_mask) is None:
            self.message.emit("There is no mask to verify on this frame.")
            return
        self._on_active(
            lambda each: self._session.set_verified(each, self._view.frame, not row.is_verified)
        )

    def toggle_constraint(self, constraint: Constraint) -> None:
        """Pin or ban the frame on screen, or leave it to the tracker again."""
        active, frame = self._view.active_object, self._view.frame
        if active is not None:
            now = self._session.document.constraint(active, frame)
            self.constrain(active, frame, None if now is constraint else constraint)

    def constrain(self, object_id: int, frame: int, constraint: Constraint | None) -> None:
        """Pin a frame into the memory of an object, ban it, or leave it to the tracker."""
        self._attempt(lambda: self._session.set_constraint(object_id, frame, constraint))
        demanded = MARK_NAMES.get(memory_mark(None, constraint, was_evicted=False))
        state = demanded or "left to the tracker"
        self.message.emit(f"Frame {frame} is {state}. Track again to apply it.")

    def set_range(self, first: int | None, last: int | None) -> None:
        """Set the in and out frame."""
        self._attempt(lambda: self._session.set_range(first, last))

    def set_in(self) -> None:
        """Let the range begin on the frame on screen."""
        last = self._session.document.frame_range[1]
        here = self._view.frame
        self.set_range(here, last if last is None or last >= here else None)

    def set_out(self) -> None:
        """Let the range end on the frame on screen."""
        first = self._session.document.frame_range[0]
        here = self._view.frame
        self.set_range(first if first is None or first <= here else None, here)

    def toggle_exclusive(self) -> None:
        """Keep tracked masks off other objects, or let them overlap."""
        self._session.set_exclusive(not self._session.document.is_exclusive)

    # What the mouse does and how masks look.

    def use_tool(self, tool: Tool) -> None:
        """Let the mouse do something else."""
        self._view.tool = tool

    def toggle_masks(self) -> None:
        """Show all masks, or none."""
        self._view.show_masks = not self._view.show_masks

    def toggle_outlines(self) -> None:
        """Draw masks as contours, or filled."""
        self._view.show_outlines = not self._view.show_outlines

    def change_opacity(self, sign: int) -> None:
        """Make mask fills more or less opaque."""
        self._view.overlay_opacity += sign * OPACITY_STEP

    def change_brush(self, sign: int) -> None:
        """Make the brush larger or smaller."""
        radius = self._view.brush_radius
        grown = max(radius + 1, round(radius * BRUSH_STEP))
        self._view.brush_radius = grown if sign > 0 else min(radius - 1, round(radius / BRUSH_STEP))

    def _on_active(self, intent: Callable[[int], None]) -> None:
        if (active := self._view.active_object) is not None:
            self._attempt(lambda: intent(active))

    def _attempt(self, intent: Callable[[], None]) -> None:
        try:
            intent()
        except UsageError as error:
            self.message.emit(str(error))
