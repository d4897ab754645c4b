"""What is minimized: distance from the teacher's embedding, and errors of prompted masks."""

import torch
from torch import Tensor
from torch.nn import functional as F

from tinysam2.model.decoder.prompt_encoder import NOT_A_POINT, POSITIVE
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.sam import MASK_PROMPT_LIMIT, MaskPrediction, SamDecoder
from tinysam2.training.distillation.sam.objects import Objects
from tinysam2.training.losses import DICE, FOCAL, IOU, dice_loss, focal_loss, hard_iou
from tinysam2.training.prompts import Prompt, box_corners, draw_click

BOX_FRACTION = 0.3
"""Fraction of the batches that start with a box."""
TRACKED_FRACTION = 0.2
"""Fraction of the batches that start with a faulty mask and its box; the others with a click."""
NOISE = 4.0  # largest deviation of the noise in faulty masks, logits
NOISE_GRIDS = (4, 12)  # locations per side of its coarse and its fine part
_EPS = 1e-3


def embedding_loss(student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
    """Compare embeddings (B, C, H, W).

    Returns:
        The mean square error over the teacher's variance, plus one minus the cosine; and the mean
        cosine similarity.
    """
    student, teacher = student.float(), teacher.float()
    cosine = F.cosine_similarity(student, teacher, dim=1).mean()
    error = F.mse_loss(student, teacher) / teacher.var().clamp(min=1e-6)
    return error + 1 - cosine, cosine.detach()


def prompt_loss(
    student: tuple[SamDecoder, ImageFeatures],
    teacher: tuple[SamDecoder, ImageFeatures] | None,
    objects: Objects,
    rounds: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Prompt every object, then correct the prediction where it is wrong.

    The first click is ambiguous.  On an annotated object the single mask is supervised, which is
    what a click shows in use and what the next one corrects, and the best of the three masks
    besides, with every IoU.  On an object that only the teacher knows, the three masks and IoUs
    copy the teacher's, and the single mask, which is to be what people mean, learns nothing.

    Args:
        student: its decoder and its features of B images.
        teacher: the same of the teacher; None if all usable objects are annotated.
        objects: K of each image.
        rounds: predictions for each object.
        generator: draws prompts.

    Returns:
        The loss, and the mean IoU with the objects after each round, (rounds,).

    Source: SAM (arXiv:2304.02643), appendix A; TinySAM (arXiv:2312.13789), section 3.1.
    """
    per_image = len(objects.masks) // len(student[1].s16)
    decoder, features = student[0], student[1].repeated(per_image)
    prompt = _first_prompt(objects.masks, generator)
    losses, ious = [], []
    for number in range(rounds):
        found, three = decoder.single_and_three(features, prompt.xy, prompt.labels, prompt.previous)
        loss, iou = _object_loss(found, objects.masks)
        if number == 0 and prompt.is_ambiguous:
            shown = None if teacher is None else _shown(*teacher, prompt, per_image)
            loss = _with_three(loss, three, shown, objects)
        losses.append(_weighted_mean(loss, torch.sigmoid(1 / (iou + _EPS) - 1), objects))
        ious.append(_weighted_mean(iou, torch.ones_like(iou), objects))
        prompt = _corrected(prompt, found.logits[:, 0].detach(), objects.masks, generator)
    return torch.stack(losses).mean(), torch.stack(ious)


@torch.no_grad()
def _shown(
    decoder: SamDecoder, features: ImageFeatures, prompt: Prompt, per_image: int
) -> MaskPrediction:
    """Return the teacher's three masks for an ambiguous prompt."""
    return decoder(features.repeated(per_image), prompt.xy, prompt.labels, None, True)


def _with_three(
    loss: Tensor, three: MaskPrediction, shown: MaskPrediction | None, objects: Objects
) -> Tensor:
    """Add the loss of the three masks to that of the single one, (O,); see `prompt_loss`."""
    loss = loss + _object_loss(three, objects.masks)[0]
    return loss if shown is None else torch.where(objects.is_true, loss, _copy_loss(three, shown))


def _weighted_mean(values: Tensor, weight: Tensor, objects: Objects) -> Tensor:
    """Average values (O,) over the objects that can be used."""
    weight = weight * objects.is_usable
    return (values * weight).sum() / weight.sum().clamp(min=1)


def _first_prompt(masks: Tensor, generator: torch.Generator) -> Prompt:
    """Draw a click, a box, or a mask as tracking finds it, for all objects (O, h, w)."""
    chance = float(torch.rand((), generator=generator, device=masks.device))
    corner_labels = torch.tensor([2, 3], device=masks.device).expand(len(masks), 2)
    if chance < TRACKED_FRACTION:
        logits = faulty_logits(masks, generator)
        return Prompt(box_corners(logits > 0, generator), corner_labels, previous=logits[:, None])
    if chance < TRACKED_FRACTION + BOX_FRACTION:
        return Prompt(box_corners(masks, generator), corner_labels)
    xy, labels = draw_click(masks, torch.zeros_like(masks), generator)
    labels = torch.where(labels == NOT_A_POINT, POSITIVE, labels)
    return Prompt(xy[:, None], labels[:, None], is_ambiguous=True)


def faulty_logits(masks: Tensor, generator: torch.Generator) -> Tensor:
    """Blur masks and add smooth noise, so that parts are missed, added and displaced.

    Args:
        masks: (O, h, w) bool.
        generator: of the noise; each object draws its own strength.

    Returns:
        (O, h, w) logits.
    """
    count, size = len(masks), masks.shape[-2:]
    device = masks.device
    blurred = F.avg_pool2d(masks.float()[:, None], 7, 1, 3, count_include_pad=False)
    logits = 3 * NOISE * (blurred - 0.5)
    for locations in NOISE_GRIDS:
        strength = torch.rand(count, 1, 1, 1, generator=generator, device=device)
        noise = torch.randn(count, 1, locations, locations, generator=generator, device=device)
        logits = logits + NOISE * strength * F.interpolate(noise, size, mode="bicubic")
    return logits[:, 0]


def _corrected(prompt: Prompt, logits: Tensor, masks: Tensor, generator: torch.Generator) -> Prompt:
    """Add a click where each prediction (O, h, w) is wrong, and the prediction as mask prompt."""
    predicted = logits > 0
    xy, labels = draw_click(masks & ~predicted, predicted & ~masks, generator)
    return Prompt(
        torch.cat([prompt.xy, xy[:, None]], 1),
        torch.cat([prompt.labels, labels[:, None]], 1),
        previous=logits[:, None].clamp(-MASK_PROMPT_LIMIT, MASK_PROMPT_LIMIT),
    )


def _object_loss(found: MaskPrediction, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Supervise the best mask and every IoU; returns the loss and the IoU of that mask, (O,)."""
    target = masks[:, None].float()
    region = FOCAL * focal_loss(found.logits, target) + DICE * dice_loss(found.logits, target)
    iou = hard_iou(found.logits.detach(), target)  # (O, M)
    best = region.detach().argmin(1, keepdim=True)
    score = IOU * (found.predicted_iou - iou).abs().mean(1)
    return region.gather(1, best)[:, 0] + score, iou.gather(1, best)[:, 0]


def _copy_loss(found: MaskPrediction, shown: MaskPrediction) -> Tensor:
    """Copy each of the teacher's masks and its IoU, (O,)."""
    target = (shown.logits > 0).float()
    trust = shown.predicted_iou.clamp(0, 1)
    region = FOCAL * focal_loss(found.logits, target) + DICE * dice_loss(found.logits, target)
    region = (trust * region).mean(1)
    return region + IOU * (found.predicted_iou - shown.predicted_iou).abs().mean(1)
