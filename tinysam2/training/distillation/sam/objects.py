"""The objects that prompts are about: true masks, or what the teacher outlines at a point."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from tinysam2.inference.propose import mask_stability
from tinysam2.model.decoder.prompt_encoder import POSITIVE
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.sam import SamDecoder

MIN_IOU = 0.75  # predicted by the teacher for a mask that counts as an object
MIN_STABILITY = 0.85  # see `mask_stability`
AREA_RANGE = (0.002, 0.6)
"""Range of an object's area as a fraction of the image."""


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects of a batch of images, K in each, O = B x K rows.

    Attributes:
        masks: (O, 4H, 4W) bool.
        is_true: (O,) bool, annotated by people; the others are the teacher's.
        is_usable: (O,) bool, False where neither gave an object.
    """

    masks: Tensor
    is_true: Tensor
    is_usable: Tensor


@torch.no_grad()
def choose_objects(
    teacher: SamDecoder, features: ImageFeatures, truth: Tensor, generator: torch.Generator
) -> Objects:
    """Take annotated objects, and elsewhere one of the teacher's three masks at a random point.

    Args:
        teacher: SAM's decoder with the teacher's weights.
        features: of the images, with the teacher's embedding.
        truth: (B, K, Hi, Wi) bool, empty where nothing is annotated.
        generator: of all choices.
    """
    count = truth.shape[1]
    device = truth.device
    rows = truth.shape[0] * count
    points = torch.rand(rows, 1, 2, generator=generator, device=device)
    labels = torch.full((rows, 1), POSITIVE, device=device)
    found = teacher(features.repeated(count), points, labels, multimask=True)
    is_good = (
        (found.predicted_iou > MIN_IOU)
        & (mask_stability(found.logits) > MIN_STABILITY)
        & _has_fitting_area(found.logits > 0)
    )  # (O, 3)
    chance = torch.rand(is_good.shape, generator=generator, device=device)
    chosen = (chance + is_good).argmax(1)  # a random one of the good masks
    each = torch.arange(rows, device=device)
    masks = found.logits[each, chosen] > 0
    true = annotated_objects(truth, masks.shape[-2:])
    return Objects(
        torch.where(true.is_true[:, None, None], true.masks, masks),
        true.is_true,
        true.is_true | is_good[each, chosen],
    )


def annotated_objects(truth: Tensor, size_hw: tuple[int, int]) -> Objects:
    """Take the annotated objects of a batch alone.

    Args:
        truth: (B, K, Hi, Wi) bool, empty where nothing is annotated.
        size_hw: of the decoder's masks.
    """
    covered = F.adaptive_avg_pool2d(truth.flatten(0, 1).float()[:, None], size_hw)[:, 0]
    masks = covered > 0.5
    is_true = masks.flatten(1).any(1)
    return Objects(masks, is_true, is_true)


def _has_fitting_area(masks: Tensor) -> Tensor:
    area = masks.flatten(-2).float().mean(-1)
    return (area > AREA_RANGE[0]) & (area < AREA_RANGE[1])
