"""DAM4SAM's memory policy."""

from collections import deque
from statistics import median

from tinysam2.config import MemoryConfig
from tinysam2.memory.entry import BankDecision, Decision, MemoryEntry
from tinysam2.memory.policies.policy import BankView, Policy

# DAM4SAM's constants
ANCHORS = 3
ANCHOR_IOU = 0.8
STEADY_AREA = (0.8, 1.2)  # Range of the area divided by its median over `MEDIAN_FRAMES`.
MEDIAN_FRAMES = 10
DISTRACTOR_OVERLAP = 0.7  # Above it the masks show no distractor.
STRIDE = 5  # Frames with the object between stored recent frames; anchors are farther apart.


class Dam4SamPolicy(Policy):
    """Part of the bank holds recent frames, part holds anchors, which resolve distractors.

    Anchors are confident masks of a steady size on frames with a distractor, which shows as another
    mask of the decoder that reaches beyond the selected one.  TinySAM 2's decoder predicts one mask
    while tracking and shows no distractors; there the other conditions decide.

    The newest frame that shows the object is always stored.  When the next one arrives, it stays as
    an anchor, stays as every fifth frame, or leaves.

    Source: DAM4SAM (Videnovic et al., CVPR 2025, arXiv:2411.17576; jovanavidenovic/DAM4SAM,
    ``dam4sam_tracker.py``).  Differs: masks are compared at the decoder's resolution.
    """

    reads_previous = False
    needs_distractor_overlap = True

    def __init__(self, config: MemoryConfig) -> None:
        super().__init__(config)
        self._areas: deque[float] = deque(maxlen=MEDIAN_FRAMES)
        self._anchors: list[int] = []
        self._newest: int | None = None
        self._since_fifth = STRIDE  # frames with the object since one stayed as a fifth frame

    @property
    def thresholds(self) -> dict[str, float]:
        """The predicted IoU above which a frame can become an anchor."""
        return {"predicted_iou": ANCHOR_IOU}

    def decide(self, entry: MemoryEntry, bank: BankView) -> BankDecision:
        """Store the frame as the newest, and decide whether the one before it stays."""
        if entry.scores.object_presence == 0 or entry.shape.box is None:
            return Decision.REFUSED, "the object is not visible", None
        leaver = self._settle(bank)
        self._newest = entry.frame
        self._areas.append(entry.shape.area)
        reason = "the newest frame that shows the object"
        if self._is_anchor(entry):
            self._anchors.append(entry.frame)
            reason += f", an anchor: predicted IoU {entry.scores.predicted_iou:.2f}, steady size"
            if entry.distractor_overlap is not None:
                reason += ", and another mask of the decoder shows a distractor"
        if leaver is None:
            return Decision.KEPT, reason, None
        evicted, why = leaver
        return Decision.REPLACED, f"{reason}; frame {evicted} {why}", evicted

    def make_room(self, bank: BankView) -> int:
        """Return the oldest frame of the part that holds more frames than its limit."""
        leaver = self._over_limit(bank, self._newest)
        return leaver[0] if leaver else bank.oldest

    def _settle(self, bank: BankView) -> tuple[int, str] | None:
        """Return the frame that leaves before another becomes the newest, and why."""
        self._anchors = [f for f in self._anchors if f in bank.non_conditioning]
        before = self._newest
        is_due = self._since_fifth >= STRIDE
        self._since_fifth += 1
        if before in bank.non_conditioning and before not in self._anchors:
            if not is_due:
                return before, "was neither an anchor nor a fifth frame"
            self._since_fifth = 1
        return self._over_limit(bank, None)

    def _over_limit(self, bank: BankView, newest: int | None) -> tuple[int, str] | None:
        """Return the oldest frame of a part that is too large; ``newest`` belongs to neither."""
        stored = [f for f in bank.non_conditioning if f != newest]
        anchors = [f for f in stored if f in self._anchors]
        recent = [f for f in stored if f not in self._anchors]
        anchor_places = min(ANCHORS, bank.capacity // 2)
        if len(anchors) > anchor_places:
            return anchors[0], "was the oldest anchor"
        if len(recent) > bank.capacity - 1 - anchor_places:  # the newest has a place of its own
            return recent[0], "was the oldest recent frame"
        return None

    def _is_anchor(self, entry: MemoryEntry) -> bool:
        if entry.scores.predicted_iou <= ANCHOR_IOU or len(self._areas) < 2:
            return False
        if entry.distractor_overlap is not None and entry.distractor_overlap > DISTRACTOR_OVERLAP:
            return False
        if self._anchors and abs(entry.frame - self._anchors[-1]) <= STRIDE:
            return False
        least, most = STEADY_AREA
        return least <= entry.shape.area / median(self._areas) <= most
