"""On which frames an object's tracked mask is completed by SAM's decoder."""

from dataclasses import dataclass

MOST_SKIPPED = 4
"""Frames without a try between two tries that changed nothing, at most."""


@dataclass(slots=True)
class CompletionSchedule:
    """Tries on every frame while that changes the mask, and more rarely the longer it does not.

    The IoU that SAM's decoder predicts for an object changes slowly: for some it is never high
    enough, and a try takes a quarter of the time of a tracked object.

    Attributes:
        tried: the frame of the last try; None before the first.
        failures: tries since the last one that changed the mask.
    """

    tried: int | None = None
    failures: int = 0

    def is_due(self, frame: int) -> bool:
        """Return whether to try on a frame; the same frame may be tried again."""
        if self.tried is None or self.tried == frame:
            return True
        return abs(frame - self.tried) > min(self.failures, MOST_SKIPPED)

    def note(self, frame: int, is_completed: bool) -> None:
        """Remember the outcome of a try; another try on the same frame counts no more."""
        is_new = self.tried != frame
        self.tried, self.failures = frame, 0 if is_completed else self.failures + is_new
