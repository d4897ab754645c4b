"""A small source and document with what makes exports go wrong: overlaps, gaps, late objects."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from app.core import edits
from app.core.cancel import CancelToken
from app.core.document import Document, FrameMask, Origin
from app.core.masks import RleMask
from app.jobs.import_masks import ImportPlan, ImportRequest, import_job, plan_job
from app.media.frames import FrameSource, Pixels
from app.media.source import open_source
from app.session import Session

SIZE_HW = (40, 61)
FRAME_COUNT = 6
RATE = Fraction(24)


def rectangle(top: int, left: int, bottom: int, right: int) -> RleMask:
    bitmap = np.zeros(SIZE_HW, dtype=np.bool_)
    bitmap[top:bottom, left:right] = True
    return RleMask.encode(bitmap)


def open_frames(folder: Path, count: int = FRAME_COUNT, name: str = "{:03d}.png") -> FrameSource:
    """Write a folder of frames named ``my clip`` and open it."""
    frames = folder / "my clip"
    frames.mkdir(parents=True)
    for number in range(count):
        pixels = np.full((*SIZE_HW, 3), 20 * number, dtype=np.uint8)
        Image.fromarray(pixels).save(frames / name.format(number))
    return open_source(frames)


def add_object(document: Document, name: str, category: str = "object") -> int:
    edit = edits.add_object(document, name, category)
    document.apply(edit)
    return int(edit.changes[0].key)


def set_mask(
    document: Document,
    object_id: int,
    frame: int,
    mask: RleMask,
    confidence: float | None = 0.9,
    is_verified: bool = False,
) -> None:
    origin = Origin.PAINTED if confidence is None else Origin.TRACKED
    row = FrameMask(mask, origin, confidence, is_verified)
    document.apply(edits.set_masks(document, {(object_id, frame): row}, "Set"))


def two_objects() -> Document:
    """Return a dog on all frames but 3, where it is lost, and a red ball on all that rolls."""
    document = Document()
    dog = add_object(document, "dog", "animal")
    ball = add_object(document, "red ball", "toy")
    for frame in range(FRAME_COUNT):
        empty = RleMask.empty(SIZE_HW)
        set_mask(document, dog, frame, empty if frame == 3 else rectangle(5, 5, 25, 20))
        set_mask(document, ball, frame, rectangle(28, 10 + frame, 38, 20 + frame), 0.5)
    return document


class BlankFrames(FrameSource):
    """Black frames of any size and number, in memory."""

    def __init__(self, size_hw: tuple[int, int], count: int, name: str = "my clip") -> None:
        self.path = Path(name)
        self.name = name
        self.size_hw = size_hw
        self.frame_rate = RATE
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, frame_index: int) -> Pixels:
        return np.zeros((*self.size_hw, 3), dtype=np.uint8)

    def timestamp_s(self, frame_index: int) -> float:
        return float(frame_index / self.frame_rate)


class NoFile:
    """Stands for the project file of a session whose document is only in memory."""

    steps = ()

    def check_writable(self) -> None:
        pass

    def write_update(self, update: object) -> None:
        pass


def imported(path: Path, source: FrameSource, video: str | None = None) -> Session:
    """Import masks into a new session, as a user does; its document is not saved."""
    session = Session(source, Document(), NoFile())  # type: ignore[arg-type]
    update(session, path, video=video, is_update=False)
    return session


def update(
    session: Session, path: Path, video: str | None = None, is_update: bool = True
) -> ImportPlan:
    """Import masks into a session; returns the plan that was followed."""
    request = ImportRequest(path, video)
    plan = list(plan_job(session.document, session.source, request)(CancelToken()))[-1]
    key = session.history.new_key()
    for step in import_job(plan, session.source, key, is_update)(CancelToken()):
        session.apply(step)
    return plan


def content(folder: Path) -> dict[str, bytes]:
    """Return what all files below a folder hold, by their paths."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
