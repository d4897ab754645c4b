"""An open session, driven as the window and the command line drive it, without threads."""

from collections.abc import Iterable, Sequence
from typing import Unpack

from app.core import edits
from app.core.cancel import CancelToken, Job
from app.core.document import Document, Edit, Origin, Table
from app.core.masks import RleMask
from app.core.memory import Constraint
from app.core.prompts import BoxPrompt, PointPrompt
from app.jobs.predict import segment_job, track_job
from app.session import Session
from app.tracking.backend import Direction
from app.tracking.requests import segment_request, track_request


class SessionDriver:
    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def document(self) -> Document:
        return self.session.document

    def execute(self, edit: Edit) -> None:
        self.session.execute(edit)

    def add_object(self, name: str | None = None) -> int:
        object_id = edits.next_object_id(self.document)
        self.execute(edits.add_object(self.document, name, object_id=object_id))
        return object_id

    def update_object(self, object_id: int, **values: Unpack[edits.ObjectAttributes]) -> None:
        self.execute(edits.update_object(self.document, object_id, **values))

    def remove_object(self, object_id: int) -> None:
        self.execute(edits.remove_object(self.document, object_id))

    def add_point(self, object_id: int, frame: int, x: float, y: float, on: bool = True) -> None:
        self.execute(edits.add_point(self.document, object_id, frame, PointPrompt(x, y, on)))

    def set_box(self, object_id: int, frame: int, box: BoxPrompt) -> None:
        self.execute(edits.set_box(self.document, object_id, frame, box))

    def draw(
        self, object_id: int, frame: int, mask: RleMask, origin: Origin = Origin.PAINTED
    ) -> None:
        self.execute(edits.draw_mask(self.document, object_id, frame, mask, origin))

    def paint(self, object_id: int, frame: int, stroke: RleMask, is_erasing: bool = False) -> None:
        self.execute(edits.paint(self.document, object_id, frame, stroke, is_erasing))

    def clear_masks(self, object_id: int, frames: Iterable[int] | None = None) -> None:
        self.execute(edits.clear_masks(self.document, object_id, frames))

    def clear_prompts(self, object_id: int, frames: Iterable[int] | None = None) -> None:
        self.execute(edits.clear_prompts(self.document, object_id, frames))

    def verify(self, object_id: int, frame: int) -> None:
        self.execute(edits.set_verified(self.document, object_id, frame, True))

    def constrain(self, object_id: int, frame: int, constraint: Constraint | None) -> None:
        self.execute(edits.set_constraint(self.document, object_id, frame, constraint))

    def segment_job(self, object_id: int, frame: int) -> Job:
        request = segment_request(self.document, object_id, frame)
        return segment_job(self.session.jobs, object_id, request, self.session.history.new_key())

    def track_job(
        self,
        direction: Direction,
        start: int,
        object_ids: Sequence[int] | None = None,
        first: int | None = None,
        last: int | None = None,
    ) -> Job:
        num_frames = self.session.num_frames
        request = track_request(
            self.document, num_frames, direction, start, object_ids, first, last
        )
        return track_job(self.session.jobs, request, self.session.history.new_key())

    def run(self, job: Job) -> None:
        for step in job(CancelToken()):
            if not self.session.apply(step):
                return

    def segment(self, object_id: int, frame: int) -> None:
        self.run(self.segment_job(object_id, frame))

    def track(
        self,
        direction: Direction,
        start: int,
        object_ids: Sequence[int] | None = None,
        first: int | None = None,
        last: int | None = None,
    ) -> None:
        self.run(self.track_job(direction, start, object_ids, first, last))

    def click_object(self, frame: int = 0) -> int:
        """Add an object, click on it and segment it."""
        object_id = self.add_object("ball")
        self.add_point(object_id, frame, 20, 20)
        self.segment(object_id, frame)
        return object_id

    def masked_frames(self, object_id: int) -> list[int]:
        return sorted(self.document.of_object(Table.MASKS, object_id))
