"""Learning from a larger network's masks, besides the true ones."""

import torch
from torch import Tensor
from torch.nn import functional as F

from tinysam2.network import Segmentation, TinySam2
from tinysam2.training.losses import hard_iou
from tinysam2.training.prompting import Prompt

_EPS = 1e-3


class MaskTeacher:
    """A trained network that answers the same prompts, at the input size it was made for."""

    def __init__(self, network: TinySam2) -> None:
        self._network = network

    @torch.no_grad()
    def masks(self, pictures: Tensor, prompt: Prompt) -> Tensor:
        """Answer a prompt of clicks or boxes on normalised pictures.

        Args:
            pictures: (B, 3, S, S).
            prompt: what the student is asked.

        Returns:
            (B, h, w) logits of the mask that the teacher thinks best.
        """
        side = self._network.config.image_size
        pictures = F.interpolate(pictures, (side, side), mode="bilinear", align_corners=False)
        features = self._network.encode_image(pictures)
        conditioned = self._network.condition(features, None)
        answer = self._network.segment(
            conditioned, features, prompt.xy, prompt.labels, None, prompt.is_ambiguous
        )
        return answer.best().logits.float()


def copying_loss(answer: Segmentation, taught: Tensor, mask: Tensor) -> Tensor:
    """Compare the student's nearest mask with the teacher's, hard pictures more than easy ones.

    Args:
        answer: of the student, for B objects.
        taught: (B, h, w) logits of `MaskTeacher.masks`.
        mask: (B, H, W) bool, the truth, at any resolution of at least the student's.

    Returns:
        Mean L1 of mask probabilities, weighted per object.

    Source:
        TinySAM (Shu et al., arXiv:2312.13789), section 3.1: mask outputs and the hard mask weight
        ``sigmoid(IoU(teacher) / IoU(student) - 1)``.  Its embeddings and output tokens are not
        compared, for teachers may be of another width; absent objects are left out.
    """
    size = (answer.logits.shape[-2], answer.logits.shape[-1])
    logits = answer.logits.float()
    taught = F.interpolate(taught[:, None], size, mode="bilinear", align_corners=False)
    distance = (logits.sigmoid() - taught.sigmoid()).abs().mean((2, 3))  # (B, M)
    nearest = distance.argmin(1, keepdim=True)
    truth = (F.adaptive_avg_pool2d(mask.float()[:, None], size) > 0.5).float()
    student_iou = hard_iou(logits.detach(), truth).gather(1, nearest)[:, 0]
    weight = torch.sigmoid(hard_iou(taught, truth)[:, 0] / (student_iou + _EPS) - 1)
    weight = weight * mask.flatten(1).any(1)
    return (weight * distance.gather(1, nearest)[:, 0]).mean()
