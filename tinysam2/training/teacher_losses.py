"""How far a student is from its teacher: what is compared, and how much it counts."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional as F

from tinysam2.training.losses import hard_iou

_EPS = 1e-3


@dataclass(frozen=True, slots=True)
class TeacherLoss:
    """How much each part of what a teacher shows counts; 0 leaves a part out.

    Attributes:
        embedding: image embeddings (stride 16) of all images.
        memory: what memory attention makes of the tracked frames.
        tokens: mask tokens of predictions from clicks and boxes.
        masks: masks of these predictions, and of the tracked frames.

    Source:
        Embeddings, tokens and masks: TinySAM's full-stage distillation (arXiv:2312.13789), section
        3.1; embeddings and memory attention's output: EdgeTAM (arXiv:2501.07256), section 3.3.
        The parts are in units of the teacher's own size here, so that they count alike with every
        teacher, and the weights are our choice.
    """

    embedding: float = 1.0
    memory: float = 1.0
    tokens: float = 1.0
    masks: float = 1.0

    def __post_init__(self) -> None:
        weights = [getattr(self, field.name) for field in fields(self)]
        if min(weights) < 0 or not max(weights):
            raise ValueError(f"weights must be at least 0, and one of them more, got {weights}")


def relative_error(student: Tensor, taught: Tensor) -> Tensor:
    """Return the mean square error in units of the teacher's mean square.

    Args:
        student: in the teacher's width, of any type.
        taught: of the same shape; maps (B, C, H, W) may have another grid: the smaller height and
            width count.
    """
    student, taught = student.float(), taught.float()
    if student.ndim == 4:
        student, taught = on_smaller_grid(student, taught)
    return F.mse_loss(student, taught) / taught.square().mean().clamp(min=1e-6)


def on_smaller_grid(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Average maps (B, C, H, W) down to the smaller of their heights and of their widths."""
    height, width = (min(pair) for pair in zip(one.shape[-2:], other.shape[-2:], strict=True))
    return reduced(one, (height, width)), reduced(other, (height, width))


def reduced(maps: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Average maps (B, C, H, W) down to a grid; those that have it stay as they are."""
    return maps if maps.shape[-2:] == size_hw else F.adaptive_avg_pool2d(maps, size_hw)


def copying_loss(logits: Tensor, taught: Tensor, mask: Tensor) -> Tensor:
    """Compare the student's nearest mask with the teacher's, hard images more than easy ones.

    Args:
        logits: (B, M, h, w) the student's predictions for B objects.
        taught: (B, h', w') logits of the teacher's mask.
        mask: (B, H, W) bool, the truth, at any resolution of at least the student's.

    Returns:
        Mean L1 of mask probabilities, weighted per object.

    Source:
        TinySAM (arXiv:2312.13789), section 3.1: mask outputs and the hard mask weight
        ``sigmoid(IoU(teacher) / IoU(student) - 1)``.  Absent objects are left out.
    """
    size = (logits.shape[-2], logits.shape[-1])
    logits = logits.float()
    taught = F.interpolate(taught.float()[:, None], size, mode="bilinear", align_corners=False)
    distance = (logits.sigmoid() - taught.sigmoid()).abs().mean((2, 3))  # (B, M)
    nearest = distance.argmin(1, keepdim=True)
    truth = (F.adaptive_avg_pool2d(mask.float()[:, None], size) > 0.5).float()
    student_iou = hard_iou(logits.detach(), truth).gather(1, nearest)[:, 0]
    weight = torch.sigmoid(hard_iou(taught, truth)[:, 0] / (student_iou + _EPS) - 1)
    weight = weight * mask.flatten(1).any(1)
    return (weight * distance.gather(1, nearest)[:, 0]).mean()
