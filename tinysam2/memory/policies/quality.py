"""The default memory policy, by quality and novelty."""

import torch

from tinysam2.memory.entry import BankDecision, Decision, MemoryEntry
from tinysam2.memory.policies.policy import BankView, Policy


class QualityPolicy(Policy):
    """Frames above a quality threshold enter; from a full bank the least valuable one leaves.

    Source: ours; the form of the quality is that of SAM 3's tracker.
    """

    reads_previous = True

    @property
    def thresholds(self) -> dict[str, float]:
        """The least quality with which a frame enters."""
        return {"quality": self.config.quality_threshold}

    def decide(self, entry: MemoryEntry, bank: BankView) -> BankDecision:
        """Compare a frame's quality with the threshold, then its value with those in the bank."""
        scores, threshold = entry.scores, self.config.quality_threshold
        worth = f"quality {scores.quality:.2f}, novelty {scores.novelty:.2f}"
        if scores.object_presence == 0:
            return Decision.REFUSED, "the object is not visible", None
        if scores.quality < threshold:
            reason = f"quality {scores.quality:.3f} is below {threshold:.3f}"
            return Decision.REFUSED, reason, None
        if not bank.is_full:
            return Decision.KEPT, f"quality {scores.quality:.2f} and the bank had room", None
        evicted = _least({**bank.non_conditioning, entry.frame: entry}, bank.conditioning)
        if evicted == entry.frame:
            return Decision.REFUSED, f"adds least to the bank: {worth}", None
        return Decision.REPLACED, f"worth more than frame {evicted}: {worth}", evicted

    def make_room(self, bank: BankView) -> int:
        """Return the least valuable non-conditioning frame."""
        return _least(bank.non_conditioning, bank.conditioning)


def _least(candidates: dict[int, MemoryEntry], conditioning: list[MemoryEntry]) -> int:
    """Return the candidate of the least quality x (1 - similarity to the nearest other entry)."""
    frames = list(candidates)
    descriptors = torch.stack([e.descriptor for e in [*candidates.values(), *conditioning]])
    similarity = descriptors @ descriptors.T
    similarity.fill_diagonal_(-1)
    nearest = similarity.amax(1)[: len(frames)].tolist()
    worth = {
        f: candidates[f].scores.quality * (1 - s) for f, s in zip(frames, nearest, strict=True)
    }
    return min(worth, key=lambda f: worth[f])
