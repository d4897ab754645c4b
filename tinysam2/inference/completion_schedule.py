"""On which frames an object's tracked mask is completed by SAM's decoder."""

from dataclasses import dataclass, field

from torch import Tensor
from torch.nn import functional as F

LEAST_SKIPPED, MOST_SKIPPED = 1, 4
"""Frames without a try after one that completed the mask, and after several that did not."""
LEAST_SIMILARITY = 0.87
"""Mean cosine similarity to earlier features under a mask, below which an object has changed."""


@dataclass(slots=True)
class CompletionSchedule:
    """Tries where the object's appearance changes; else on every second frame, or less often.

    What is added is remembered, and so found by itself on the next frame.  The IoU that SAM's
    decoder predicts for an object changes slowly: for some it is never high enough, and a try takes
    a quarter of the time of a tracked object.

    Attributes:
        tried: the frame of the last try; None before the first.
        failures: tries since the last one that completed the mask.
        reference_frame: the last frame on which the appearance had changed; None before the first.
        reference: (dim, H, W) features of that frame.
    """

    tried: int | None = None
    failures: int = 0
    reference_frame: int | None = None
    reference: Tensor | None = field(default=None, compare=False)

    def has_changed(self, frame: int, features: Tensor, covered: Tensor) -> bool:
        """Return whether features under a mask differ from those of ``reference`` at that place.

        They do without a reference, and on the frame of the reference when that is tracked again,
        as after running out of memory.

        Args:
            frame: index of the frame.
            features: (dim, H, W) of its image.
            covered: (H, W), the fraction of each location that the mask covers.
        """
        if self.reference is None or self.reference_frame == frame:
            return True
        shares = covered.flatten()
        there = shares.nonzero()[:, 0]
        both = (maps.flatten(1) for maps in (features, self.reference))
        ours, theirs = (maps.index_select(1, there) for maps in both)  # faster than indexing
        alike = F.cosine_similarity(ours, theirs, dim=0)
        return float(((alike - LEAST_SIMILARITY) * shares[there]).sum()) < 0

    def is_due(self, frame: int) -> bool:
        """Return whether to try on a frame without a change; the same may be tried again."""
        if self.tried is None or self.tried == frame:
            return True
        rest = min(max(self.failures, LEAST_SKIPPED), MOST_SKIPPED)
        return abs(frame - self.tried) > rest

    def note(self, frame: int, is_completed: bool, changed: Tensor | None = None) -> None:
        """Remember the outcome of a try; another try on the same frame counts no more.

        Args:
            frame: index of the frame.
            is_completed: whether the try changed the mask.
            changed: (dim, H, W) features of the frame's image if the object has changed.
        """
        is_new = self.tried != frame
        self.tried, self.failures = frame, 0 if is_completed else self.failures + is_new
        if changed is not None:
            self.reference_frame, self.reference = frame, changed
