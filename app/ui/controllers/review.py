"""Going through suggested and unverified frames, verifying them, and comparing both directions."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QObject

from app.core import edits
from app.core.document import Document, Table
from app.core.review import ReviewRun
from app.jobs.review import AgreementStep, agreement_job, reverse_tracking
from app.session import Session
from app.ui.controllers.editing import EditingController
from app.ui.jobs.job_queue import JobQueue
from app.ui.jobs.progress import Outcome
from app.ui.state.keymap import Keymap
from app.ui.state.review_state import ReviewState
from app.ui.state.view_state import ViewState
from app.ui.translation import QT_TRANSLATE_NOOP

NO_MASK_HERE = QT_TRANSLATE_NOOP("ReviewController", "There is no mask to verify on this frame.")
EARLIER_SHOWN = QT_TRANSLATE_NOOP(
    "ReviewController",
    "Not verified: the masks from before tracking are shown. Hide them to see what would be "
    "verified.",
)


class ReviewController(EditingController):
    """Visits and verifies masks of the active object.

    The current suggestion is the one that covers the displayed frame of the active object.

    Args:
        session: the session to review.
        view: the displayed frame and the active object.
        review: the suggestions.
        jobs: jobs that use the model.
        keymap: the keys that messages name.
        parent: owner.

    Signals:
        message: text for the status bar.
    """

    def __init__(
        self,
        session: Session,
        view: ViewState,
        review: ReviewState,
        jobs: JobQueue,
        keymap: Keymap,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(session, view, parent)
        self._review = review
        self._jobs = jobs
        self._keymap = keymap
        self._comparison = 0

    def visit(self, run: ReviewRun) -> None:
        """Display the worst frame of a suggestion and make its object the active one."""
        self._view.active_object = run.object_id
        self._view.frame = run.worst

    def visit_next(self) -> None:
        """Visit the suggestion after the current one, or the worst one if there is none."""
        frame = self._view.frame
        self._when_examined(lambda: self._visit_after(self._review.run_at(frame)))

    def verify_and_continue(self) -> None:
        """Verify the mask of the active object on this frame and visit the next suggestion."""
        frame = self._view.frame

        def verify() -> None:
            current = self._review.run_at(frame)
            if self._verify([frame], self.tr(NO_MASK_HERE)):
                self._when_examined(lambda: self._visit_after(current))

        self._when_examined(verify)

    def _when_examined(self, act: Callable[[], None]) -> None:
        """Act on the suggestions as soon as they are up to date; usually that is at once."""
        if not self._review.when_complete(act):
            self.message.emit(self.tr("Examining masks…"))

    def toggle_verified(self) -> None:
        """Mark the mask of the active object on this frame as verified, or remove the mark."""
        frame, active = self._view.frame, self._view.active_object
        row = None if active is None else self._document.mask(active, frame)
        if active is not None and row is not None and row.is_verified:
            edit = edits.set_verified
            self._attempt(lambda: self._session.execute(edit(self._document, active, frame, False)))
        else:
            self._verify([frame], self.tr(NO_MASK_HERE))

    def verify_run(self) -> None:
        """Verify all frames of the current suggestion and visit the next one."""
        frame = self._view.frame

        def verify() -> None:
            run = self._review.run_at(frame)
            if run is None:
                self.message.emit(self.tr("This frame is not part of a suggestion."))
            elif self._verify(range(run.first, run.last + 1), ""):
                self._when_examined(lambda: self._visit_after(run))

        self._when_examined(verify)

    def verify_range(self) -> None:
        """Verify the masks of the active object from the in frame to the out frame."""
        first, last = self._document.frame_range
        if first is None and last is None:
            text = self.tr("Set an in or out frame first")
            self.message.emit(self._keymap.with_keys(text, "Set in frame", "Set out frame"))
            return
        stop = self._session.num_frames - 1 if last is None else last
        refusal = self.tr("There is no mask to verify in the range.")
        self._verify(range(first or 0, stop + 1), refusal)

    def jump_suggested(self, sign: int) -> None:
        """Display the worst frame of the next (1) or previous (-1) suggestion in time."""

        def jump() -> None:
            active = self._view.active_object
            runs = [] if active is None else self._review.runs_of(active)
            after = self.tr("There is no suggested frame after this one.")
            before = self.tr("There is no suggested frame before this one.")
            frames = sorted(run.worst for run in runs)
            self._jump(sign, frames, after if sign > 0 else before)

        self._when_examined(jump)

    def jump_unverified(self, sign: int) -> None:
        """Display the next (1) or previous (-1) frame whose mask is not verified."""
        active = self._view.active_object
        frames = [] if active is None else unverified_frames(self._document, active)
        after = self.tr("There is no unverified mask after this one.")
        before = self.tr("There is no unverified mask before this one.")
        self._jump(sign, frames, after if sign > 0 else before)

    def compare_directions(self) -> None:
        """Track the suggested objects the other way in the background; score the agreement."""
        if self._jobs.is_active(self._comparison):
            text = self.tr("The directions are being compared; stop that first")
            self.message.emit(self._keymap.with_keys(text, "Cancel stroke or stop tracking"))
            return
        ids = self._review.object_ids

        def submit() -> None:
            snapshot = reverse_tracking(self._document, ids)
            if len(ids) == 1:
                label = self.tr("Compare {name} with tracking the other way")
                label = label.format(name=self._document.object(ids[0]).name)
            else:
                label = self.tr("Compare all objects with tracking the other way")
            self._comparison = self._jobs.submit(
                agreement_job(self._session.jobs, snapshot),
                label,
                self._on_compared,
                on_end=self._on_comparison_ended,
                owner=self,
                keeps_finished=True,
            )

        self._attempt(submit)

    def _on_compared(self, step: AgreementStep) -> None:
        for object_id, (mask, iou) in step.agreements.items():
            self._review.set_agreement(object_id, step.frame, mask, iou)

    def _on_comparison_ended(self, outcome: Outcome) -> None:
        if outcome is Outcome.DONE:
            text = self.tr("The suggestions now include how far both directions agree.")
            self.message.emit(text)

    def _verify(self, frames: Iterable[int], refusal: str) -> bool:
        """Verify the masks of the active object on some frames; return whether it has any."""
        active = self._view.active_object
        held = {} if active is None else self._document.of_object(Table.MASKS, active)
        chosen = [frame for frame in frames if frame in held]
        if active is None or not chosen:
            self.message.emit(refusal)
            return False
        if any(self._view.shows_earlier(active, frame) for frame in chosen):
            self.message.emit(self.tr(EARLIER_SHOWN))
            return False
        edit = edits.verify_frames  # raises for a locked object
        return self._attempt(lambda: self._session.execute(edit(self._document, active, chosen)))

    def _visit_after(self, current: ReviewRun | None) -> None:
        """Visit the suggestion that is next in the list and not a rest of the current one."""
        runs = self._review.runs
        if current is not None:
            score = (current.score, current.first, current.object_id)
            others = [run for run in runs if not _overlap(run, current)]
            later = [run for run in others if (run.score, run.first, run.object_id) > score]
            runs = later or others or [run for run in runs if run != current]
        if runs:
            self.visit(runs[0])
        else:
            self.message.emit(self.tr("There is no other suggestion."))

    def _jump(self, sign: int, frames: Sequence[int], refusal: str) -> None:
        here = self._view.frame
        index = bisect_right(frames, here) if sign > 0 else bisect_left(frames, here) - 1
        if 0 <= index < len(frames):
            self._view.frame = frames[index]
        else:
            self.message.emit(refusal)


def unverified_frames(document: Document, object_id: int) -> list[int]:
    """Return the frames on which an object has a mask that is not verified, ascending."""
    rows = document.of_object(Table.MASKS, object_id).items()
    return sorted(frame for frame, row in rows if not row.is_verified)


def _overlap(one: ReviewRun, other: ReviewRun) -> bool:
    is_apart = one.last < other.first or other.last < one.first
    return one.object_id == other.object_id and not is_apart
