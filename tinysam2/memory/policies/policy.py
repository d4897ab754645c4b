"""The interface of memory policies, and the view of a bank that they decide on."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from tinysam2.config import MemoryConfig
from tinysam2.memory.entry import BankDecision, MemoryEntry


@dataclass(frozen=True, slots=True)
class BankView:
    """A bank as a policy sees it.

    Attributes:
        non_conditioning: entries that may leave, by frame, in order of arrival.
        conditioning: prompted and pinned entries.
        capacity: most non-conditioning entries.
    """

    non_conditioning: dict[int, MemoryEntry]
    conditioning: list[MemoryEntry]
    capacity: int

    @property
    def is_full(self) -> bool:
        """Whether a frame must leave before another enters."""
        return len(self.non_conditioning) >= self.capacity

    @property
    def oldest(self) -> int:
        """The non-conditioning frame that arrived first."""
        return next(iter(self.non_conditioning))


class Policy(ABC):
    """Decides on the frames of one object, in the order in which they are tracked.

    Attributes:
        reads_previous: whether a refused frame that shows the object is read once, by the next
            frame; it takes one of the bank's places.
        conditioning_take_places: whether prompted and pinned frames take places of the bank.
        needs_distractor_overlap: whether entries need `MemoryEntry.distractor_overlap`.
    """

    reads_previous: ClassVar[bool]
    conditioning_take_places: ClassVar[bool] = True
    needs_distractor_overlap: ClassVar[bool] = False

    def __init__(self, config: MemoryConfig) -> None:
        self.config = config

    @property
    def thresholds(self) -> dict[str, float]:
        """What a frame's scores have to reach, by field of `FrameScores`."""
        return {}

    @abstractmethod
    def decide(self, entry: MemoryEntry, bank: BankView) -> BankDecision:
        """Decide on a frame: kept, replaced (with the frame that leaves) or refused, and why."""

    def make_room(self, bank: BankView) -> int:
        """Return the non-conditioning frame that makes room for a conditioning frame."""
        return bank.oldest
