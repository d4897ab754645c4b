"""A document on a video that does not exist, for widgets that only display documents."""

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QImage

from app.core import edits
from app.core.document import Document, FrameMask, Origin
from app.core.masks import RleMask
from app.core.memory import MemoryDecision, MemoryRecord, MemoryScores
from app.core.prompts import FramePrompts, PointPrompt
from app.ui.state.document_bridge import DocumentBridge
from app.ui.state.review_state import ReviewState
from app.ui.state.view_state import ViewState

SIZE_HW = (72, 128)
SOLID = RleMask(SIZE_HW, np.array([100, 50, 72 * 128 - 150], np.uint32))
EMPTY = RleMask.empty(SIZE_HW)


class StillLoader(QObject):
    """Frames at once, without a video; `asked` lists the requested ones."""

    thumbnail_loaded = Signal(int, QImage)

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def thumbnail(self, frame: int) -> None:
        self.asked.append(frame)
        image = QImage(160, 90, QImage.Format.Format_RGB32)
        image.fill(QColor.fromHsv(frame * 7 % 360, 120, 200))
        self.thumbnail_loaded.emit(frame, image)


class FakeVideo:
    def timestamp_s(self, frame_index: int) -> float:
        return frame_index / 25


@dataclass
class Stage:
    """What a `Session` shows, and the objects that widgets share."""

    num_frames: int
    document: Document = field(default_factory=Document)
    source: FakeVideo = field(default_factory=FakeVideo)
    size_hw: tuple[int, int] = SIZE_HW

    def __post_init__(self) -> None:
        self.bridge = DocumentBridge(self.document)
        self.state = ViewState(self.num_frames)
        self.loader = StillLoader()
        self.review = ReviewState(self, self.bridge, self.state)  # type: ignore[arg-type]

    def add_object(self, name: str | None = None) -> int:
        edit = edits.add_object(self.document, name)
        self.document.apply(edit)
        return int(edit.changes[0].key)

    def prompt(self, object_id: int, frame: int) -> None:
        prompts = FramePrompts((PointPrompt(5, 5),))
        self.document.apply(edits.set_prompts(self.document, object_id, frame, prompts))

    def put(
        self,
        object_id: int,
        masks: dict[int, FrameMask],
        memory: dict[int, MemoryRecord | None] | None = None,
    ) -> None:
        rows = {(object_id, frame): row for frame, row in masks.items()}
        records = {(object_id, frame): row for frame, row in (memory or {}).items()}
        self.document.apply(edits.set_masks(self.document, rows, "Track", records))


def tracked(confidence: float = 0.9, mask: RleMask = SOLID, is_verified: bool = False) -> FrameMask:
    return FrameMask(mask, Origin.TRACKED, confidence, is_verified)


def painted() -> FrameMask:
    return FrameMask(SOLID, Origin.PAINTED)


def record(
    decision: MemoryDecision,
    bank: tuple[int, ...] = (),
    evicted: int | None = None,
    presence: float = 0.97,
    quality: float = 0.91,
    reason: str = "the bank had room",
) -> MemoryRecord:
    bits = np.packbits(np.arange(64) % 3 > 0).tobytes()
    return MemoryRecord(
        decision,
        reason,
        MemoryScores(quality, presence, quality, 0.23),
        bank,
        evicted,
        tokens_stored=498,
        tokens_attended=434,
        tokens_full_sam2=7168,
        survivors={frame: (8, 8, bits) for frame in bank},
        tokens=dict.fromkeys(bank, 42),
    )
