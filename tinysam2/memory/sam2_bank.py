"""The memory bank of SAM 2."""

from torch import Tensor

from tinysam2.memory.bank import MemoryBank
from tinysam2.memory.entry import MemoryEntry


class Sam2Bank(MemoryBank):
    """Read all prompted frames, and of the others those of the last few steps of the propagation.

    A prompted frame among the last steps is read once, as a prompted frame.  If a frame of the last
    steps is not in the bank, no older one is read in its place.

    Source: SAM 2 (facebookresearch/sam2, ``sam2/modeling/sam2_base.py``,
    ``_prepare_memory_conditioned_features``) with the settings that it and its derivatives publish:
    any number of prompted frames, pointers of earlier frames only.
    """

    def readable(self, frame: int | None = None) -> list[MemoryEntry]:
        """Return the entries that a frame reads, prompted ones first; all entries if it is None."""
        entries, places = super().readable(), self.config.max_frames
        if frame is None:
            return entries
        return [
            e for e in entries if e.is_conditioning or 0 < self._passed(e.frame, frame) < places
        ]

    def steps_back(self, entries: list[MemoryEntry], frame: int) -> list[int]:
        """Return the number of propagation steps from each entry to a frame."""
        return [self._passed(e.frame, frame) for e in entries]

    def pointers_behind(self, frame: int) -> dict[int, Tensor]:
        """Return the pointers of prompted frames up to this one, and of the last steps."""
        passed = {f: self._passed(f, frame) for f in self.pointers}
        conditioning = {f for f, e in self.entries.items() if e.is_conditioning}
        return {
            f: pointer
            for f, pointer in self.pointers.items()
            if (passed[f] >= 0 if f in conditioning else 0 < passed[f] < self.config.max_pointers)
        }

    def _max_pointers(self, conditioning: int) -> int:
        return conditioning + self.config.max_pointers - 1

    def _passed(self, earlier: int, frame: int) -> int:
        """Count the steps of propagation from one frame to another; negative if it lies ahead."""
        return earlier - frame if self.is_backward else frame - earlier
