"""SAM 2's loss: weighted focal, dice, IoU and presence losses."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

FOCAL, DICE, IOU, PRESENCE = 20.0, 1.0, 1.0, 1.0
_FOCAL_ALPHA, _FOCAL_GAMMA = 0.25, 2.0


@dataclass(frozen=True, slots=True)
class MaskLoss:
    """A weighted loss and, for the log, the IoU of the chosen masks."""

    total: Tensor
    iou: Tensor


def focal_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Focal loss per mask: (O, M, H, W) against (O, 1, H, W) in {0, 1} gives (O, M)."""
    target = target.expand_as(logits)
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    prob = logits.sigmoid()
    wrong = prob + target - 2 * prob * target
    alpha = _FOCAL_ALPHA * target + (1 - _FOCAL_ALPHA) * (1 - target)
    return (alpha * wrong**_FOCAL_GAMMA * entropy).mean((2, 3))


def dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """One minus the soft dice score per mask; shapes as in `focal_loss`."""
    prob = logits.sigmoid()
    overlap = 2 * (prob * target).sum((2, 3))
    return 1 - (overlap + 1) / (prob.sum((2, 3)) + target.sum((2, 3)) + 1)


def hard_iou(logits: Tensor, target: Tensor) -> Tensor:
    """IoU of the thresholded masks, (O, M); empty against empty is 1."""
    predicted, truth = logits > 0, target > 0.5
    union = (predicted | truth).sum((2, 3)).float()
    return torch.where(union > 0, (predicted & truth).sum((2, 3)) / union.clamp(min=1), 1.0)


def mask_loss(
    logits: Tensor, predicted_iou: Tensor, object_logit: Tensor, mask: Tensor
) -> MaskLoss:
    """Supervise one frame: the best of several masks, every IoU, and presence.

    Args:
        logits: (O, M, h, w).
        predicted_iou: (O, M) in [0, 1].
        object_logit: (O,).
        mask: (O, H, W) bool ground truth at any resolution of at least (h, w).
    """
    size = (2 * logits.shape[-2], 2 * logits.shape[-1])
    logits = F.interpolate(logits.float(), size, mode="bilinear", align_corners=False)
    target = (F.adaptive_avg_pool2d(mask.float()[:, None], size) > 0.5).float()
    present = mask.flatten(1).any(1).float()
    region = FOCAL * focal_loss(logits, target) + DICE * dice_loss(logits, target)  # (O, M)
    best = region.detach().argmin(1, keepdim=True)
    iou = hard_iou(logits.detach(), target)
    own = region.gather(1, best)[:, 0] + IOU * (predicted_iou.float() - iou).abs().mean(1)
    presence = F.binary_cross_entropy_with_logits(object_logit.float(), present)
    seen = present.sum().clamp(min=1)
    total = (own * present).sum() / seen + PRESENCE * presence
    return MaskLoss(total, (iou.gather(1, best)[:, 0] * present).sum() / seen)


def coarse_loss(logits: Tensor, mask: Tensor) -> Tensor:
    """Supervise what matching reads out of memory: cross entropy and dice per location.

    Args:
        logits: (O, h, w) of a coarse mask.
        mask: (O, H, W) bool ground truth.
    """
    fraction = F.adaptive_avg_pool2d(mask.float()[:, None], (logits.shape[-2], logits.shape[-1]))
    logits = logits.float()[:, None]
    entropy = F.binary_cross_entropy_with_logits(logits, fraction)
    return entropy + dice_loss(logits, fraction).mean()
