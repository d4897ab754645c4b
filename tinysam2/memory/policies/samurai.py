"""SAMURAI's memory policy."""

from tinysam2.config import MemoryConfig
from tinysam2.memory.box_motion import BoxMotion
from tinysam2.memory.entry import BankDecision, Decision, MemoryEntry
from tinysam2.memory.mask_shape import Box, box_iou
from tinysam2.memory.policies.policy import BankView, Policy

# SAMURAI's constants
MIN_IOU = 0.5
MIN_MOTION = 0.0
TRUSTED_IOU = 0.3  # Below this predicted IoU the motion estimate is reset.
STABLE_FRAMES = 15  # Frames of tracked motion before the motion score counts.


class SamuraiPolicy(Policy):
    """Frames whose mask is good and moves as the object did enter; the oldest leaves.

    Source: SAMURAI (Yang et al. 2024, arXiv:2411.11922), section 4.2.  There, motion also chooses
    between the decoder's masks; here it does not.  Frames without the object are never read.
    """

    reads_previous = True

    def __init__(self, config: MemoryConfig) -> None:
        super().__init__(config)
        self._motion: BoxMotion | None = None
        self._last_frame = 0
        self._stable_frames = 0

    @property
    def thresholds(self) -> dict[str, float]:
        """The predicted IoU above which a frame enters."""
        return {"predicted_iou": MIN_IOU}

    def decide(self, entry: MemoryEntry, bank: BankView) -> BankDecision:
        """Require object presence, a predicted IoU and a motion score."""
        motion, scores = self._judge_motion(entry), entry.scores
        if scores.object_presence == 0:
            return Decision.REFUSED, "the object is not visible", None
        if scores.predicted_iou <= MIN_IOU:
            reason = f"predicted IoU {scores.predicted_iou:.2f} is not above {MIN_IOU:.2f}"
            return Decision.REFUSED, reason, None
        if motion is not None and motion <= MIN_MOTION:
            return Decision.REFUSED, "the mask is not where the object's motion leads", None
        reason = f"predicted IoU {scores.predicted_iou:.2f}"
        if motion is not None:
            reason += f", motion score {motion:.2f}"
        if not bank.is_full:
            return Decision.KEPT, f"{reason} and the bank had room", None
        return Decision.REPLACED, f"{reason}: frame {bank.oldest} was oldest", bank.oldest

    def _judge_motion(self, entry: MemoryEntry) -> float | None:
        """Return the IoU of the expected and the found box; None before motion is known.

        Prompted, pinned and banned frames, which the policy does not see, restart the estimate.
        """
        is_next = abs(entry.frame - self._last_frame) == 1
        self._last_frame = entry.frame
        box = entry.shape.box
        is_trusted = entry.scores.object_presence > 0
        is_trusted = is_trusted and entry.scores.predicted_iou >= TRUSTED_IOU
        if self._motion is None or not is_next:
            self._restart(box if is_trusted else None)
            return None
        expected = self._motion.predict()
        score = 0.0 if box is None else box_iou(expected, box)
        is_known = self._stable_frames >= STABLE_FRAMES
        if box is None or not is_trusted:
            self._restart(None)
        else:
            self._motion.update(box)
            self._stable_frames += 1
        return score if is_known else None

    def _restart(self, box: Box | None) -> None:
        self._motion = None if box is None else BoxMotion(box)
        self._stable_frames = 0 if box is None else 1
