"""What is suggested for review, kept up to date with the document in small slices of time."""

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from app.core.document import FRAME_TABLES, Table
from app.core.masks import RleMask
from app.core.review import DEFAULT_THRESHOLD, ObjectReview, ReviewRun
from app.session import Session
from app.ui.state.document_bridge import ChangedRows, DocumentBridge
from app.ui.state.view_state import ViewState

SLICE_S = 0.004
"""Seconds that examining changed frames may take of the GUI thread before events are handled."""

PROMPT_SLICE_S = 0.02
"""The same, for what the user waits for."""

SLICE_FRAMES = 16
NOTIFY_MS = 200
"""Least milliseconds between two signals, since tracking changes frames more often than that."""


class ReviewState(QObject):
    """The frames that are suggested for review, and how many masks are verified.

    Masks are examined on the GUI thread in slices of `SLICE_S`, when no event waits.

    Args:
        session: the session to review.
        bridge: signals changes of the document.
        view: holds the active object.
        parent: owner.

    Signals:
        changed: suggestions, counts, threshold or scope may have changed.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        bridge: DocumentBridge,
        view: ViewState,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = session.document
        self._num_frames = session.num_frames
        self._view = view
        self._threshold = DEFAULT_THRESHOLD
        self._covers_all = False
        self._reviews: dict[int, ObjectReview] = {}
        self._runs: dict[int, list[ReviewRun]] = {}
        self._actions: list[Callable[[], None]] = []  # what waits for the scope to be examined
        self._slices = QTimer(self, interval=0)
        self._slices.timeout.connect(lambda: self._examine())
        self._notify = QTimer(self, singleShot=True)
        self._notify.timeout.connect(self._emit_changed)
        self._since_signal = QElapsedTimer()
        bridge.changed.connect(self._on_document_changed)
        view.active_object_changed.connect(self._on_active_object_changed)
        self._on_objects_changed()

    @property
    def threshold(self) -> float:
        """Frames that score less are suggested, in [0, 1]."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        if threshold != self._threshold:
            self._threshold = threshold
            self._runs.clear()
            self.changed.emit()

    @property
    def covers_all(self) -> bool:
        """Whether the suggestions are those of all objects, not of the active one alone."""
        return self._covers_all

    @covers_all.setter
    def covers_all(self, covers_all: bool) -> None:
        if covers_all != self._covers_all:
            self._covers_all = covers_all
            self.changed.emit()

    @property
    def is_complete(self) -> bool:
        """Whether every changed mask has been examined."""
        return all(review.is_complete for review in self._reviews.values())

    @property
    def object_ids(self) -> list[int]:
        """The objects that suggestions are made for, in display order."""
        if self._covers_all:
            return [each.object_id for each in self._document.objects]
        active = self._document.find(self._view.active_object)
        return [] if active is None else [active.object_id]

    @property
    def runs(self) -> list[ReviewRun]:
        """The suggestions, worst first."""
        found = [run for each in self.object_ids for run in self.runs_of(each)]
        return sorted(found, key=lambda run: (run.score, run.first, run.object_id))

    def runs_of(self, object_id: int) -> list[ReviewRun]:
        """Return the suggestions of an object, in frame order, whatever the scope is."""
        if object_id not in self._runs and object_id in self._reviews:
            self._runs[object_id] = self._reviews[object_id].runs(self._threshold)
        return self._runs.get(object_id, [])

    def run_at(self, frame: int) -> ReviewRun | None:
        """Return the suggestion of the active object that covers a frame."""
        active = self._view.active_object
        if active is None:
            return None
        return next((run for run in self.runs_of(active) if run.covers(active, frame)), None)

    def verified_count(self, *object_ids: int) -> tuple[int, int]:
        """Return how many masks of these objects are verified, and how many there are."""
        reviews = [self._reviews[each] for each in object_ids if each in self._reviews]
        return sum(r.verified_count for r in reviews), sum(r.mask_count for r in reviews)

    def set_agreement(self, object_id: int, frame: int, mask: RleMask, iou: float) -> None:
        """Take the IoU of a mask and that of tracking the other way into account."""
        if (review := self._reviews.get(object_id)) is not None:
            review.set_agreement(frame, mask, iou)
            self._start()

    def when_complete(self, act: Callable[[], None]) -> bool:
        """Act once the objects in scope and the active one are examined.

        Returns:
            Whether they are already: a few frames have changed, unless a project was just opened.
        """
        self._actions.append(act)
        self._examine(PROMPT_SLICE_S)
        return act not in self._actions

    @property
    def _has_examined_scope(self) -> bool:
        ids = {*self.object_ids, self._view.active_object}
        return all(each.is_complete for i, each in self._reviews.items() if i in ids)

    def _start(self) -> None:
        if not self._slices.isActive():
            self._slices.start()

    def _examine(self, slice_s: float = SLICE_S) -> None:
        end_s = time.perf_counter() + slice_s
        for review in self._waiting():
            review.update(SLICE_FRAMES)
            self._runs.pop(review.object_id, None)
            if time.perf_counter() >= end_s:
                break
        if self.is_complete:
            self._slices.stop()
        if not self._notify.isActive():
            self._notify.start(self._ms_to_signal())
        if self._has_examined_scope:
            actions, self._actions = self._actions, []
            for act in actions:
                act()

    def _ms_to_signal(self) -> int:
        if not self._since_signal.isValid():
            return 0
        return max(0, NOTIFY_MS - self._since_signal.elapsed())

    def _emit_changed(self) -> None:
        self._since_signal.start()
        self.changed.emit()

    def _waiting(self) -> Iterator[ObjectReview]:
        """Yield reviews as long as changed frames wait: active object, those in scope, others."""
        first = [self._view.active_object], self.object_ids
        places = {each: place for place, ids in enumerate(reversed(first)) for each in ids}
        for review in sorted(self._reviews.values(), key=lambda r: -places.get(r.object_id, -1)):
            while not review.is_complete:
                yield review

    def _on_objects_changed(self) -> None:
        ids = self._document.rows(Table.OBJECTS).keys()
        for gone in self._reviews.keys() - ids:
            del self._reviews[gone]
            self._runs.pop(gone, None)
        for added in ids - self._reviews.keys():
            self._reviews[added] = ObjectReview(self._document, added, self._num_frames)
        self._start()

    def _on_document_changed(self, rows: ChangedRows) -> None:
        if Table.OBJECTS in rows:
            self._on_objects_changed()
        frames: dict[int, list[int]] = {}
        for object_id, frame in (key for table in FRAME_TABLES for key in rows.get(table, ())):
            frames.setdefault(object_id, []).append(frame)
        for object_id, changed in frames.items():
            if (review := self._reviews.get(object_id)) is not None:
                review.invalidate(changed)
        if frames:
            self._start()

    def _on_active_object_changed(self, _object_id: int | None) -> None:
        if not self._covers_all:
            self.changed.emit()
