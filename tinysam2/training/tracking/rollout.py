"""Differentiable rollouts over batches of clips, through the memory that inference uses."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tinysam2.model.decoder.predictions import Segmentation
from tinysam2.model.image_features import ImageFeatures
from tinysam2.model.network import MASK_LOGIT, TinySam2
from tinysam2.model.sam import MASK_PROMPT_LIMIT, SamDecoder
from tinysam2.training.losses import MaskLoss, coarse_loss, mask_loss
from tinysam2.training.prompts import Prompt, correct, correct_tracked, draw_prompt, marked
from tinysam2.training.tracking.propagation import DecoderTrace, capture_decoder, propagate
from tinysam2.training.tracking.teacher import Teacher

FIRST_MASK_FRACTION = 0.85
"""Fraction of the batches whose first frame is prompted by the true mask."""
CORRECTED_FRACTION = 0.3
"""Fraction of the batches with a correction on one of the tracked frames."""
MIN_CLICK_AREA_PX = 64


@dataclass(frozen=True, slots=True)
class RolloutResult:
    """The loss of a batch of clips and mean IoUs: after one click or box, and tracked.

    They stay on the device: to read one is to wait for it.  Without prompts there is no
    ``click_iou``.
    """

    loss: Tensor
    click_iou: Tensor | None
    track_iou: Tensor


def rollout(
    network: TinySam2,
    images: Tensor,
    masks: Tensor,
    others: Tensor,
    generator: torch.Generator,
    trains_encoder: bool,
    teacher: Teacher | None = None,
    has_prompts: bool = True,
) -> RolloutResult:
    """Prompt frame 0, track the others from memory, and sum up SAM 2's losses.

    Besides, a frame is prompted as a still, on either object, so that the position of a click
    counts.  Memory mostly starts from the true mask: a wrong one would teach nothing.

    Args:
        network: in train form.
        images: (B, T, 3, H, W) normalized.
        masks: (B, T, H, W) bool, of the object to track.
        others: alike, of another object in the image, which may be absent, or part of the
            object to track: then clicks are on either part.
        generator: draws the prompts.
        trains_encoder: whether gradients reach the encoder.
        teacher: that sees the same and is copied besides.
        has_prompts: whether there are clicks and boxes; without, memory starts from true masks.
    """
    features = _encode(network, images.flatten(0, 1), trains_encoder).of_frames(images.shape[1])
    seen = None if teacher is None else [teacher.encode(frame) for frame in images.unbind(1)]
    clicked, copied = list[MaskLoss](), torch.zeros(())
    if has_prompts:
        clicked, copied = _click_a_frame(network, features, masks, others, generator, teacher, seen)
    given, corrected = (FIRST_MASK_FRACTION, CORRECTED_FRACTION) if has_prompts else (1.0, 0.0)
    prompt = draw_prompt(masks[:, 0], generator, given, max_corrections=3)
    losses, prediction = predict_prompted(network, features[0], masks[:, 0], prompt, generator)
    tracked, more, traces = _track(network, features, masks, prediction, generator, corrected)
    total = _mean_total(tracked) + _mean_total(clicked + losses + more) + copied
    total = total + _matching_loss(traces, masks)
    if teacher is not None and seen is not None:
        total = total + teacher.clip_loss(seen, [f.s16 for f in features], traces, masks)
    return RolloutResult(total, _mean_iou(clicked[:1]) if clicked else None, _mean_iou(tracked))


def _click_a_frame(
    network: TinySam2,
    features: list[ImageFeatures],
    masks: Tensor,
    others: Tensor,
    generator: torch.Generator,
    teacher: Teacher | None,
    seen: list[ImageFeatures] | None,
) -> tuple[list[MaskLoss], Tensor]:
    """Prompt a random frame as a still; returns the losses, and that of copying the teacher."""
    at = int(torch.randint(len(features), (), generator=generator, device=masks.device))
    still = _either(masks[:, at] & ~others[:, at], others[:, at], generator)
    losses, asked = _click(network, features[at], still, generator, 1)
    if teacher is None or seen is None:
        return losses, torch.zeros(())
    return losses, teacher.still_loss(seen[at], features[at].s16, *asked, still)


def click_stills(
    network: TinySam2,
    images: Tensor,
    masks: Tensor,
    generator: torch.Generator,
    trains_encoder: bool,
    teacher: Teacher | None = None,
) -> tuple[Tensor, Tensor]:
    """Predict from clicks or boxes on objects of single images, with up to three corrections.

    Args:
        network: in train form.
        images: (B, 3, H, W) normalized.
        masks: (B, K, H, W) bool, of K objects in each.
        generator: draws the prompts.
        trains_encoder: whether gradients reach the encoder.
        teacher: that sees the same and is copied besides.

    Returns:
        The loss, and the mean IoU of the first predictions.
    """
    count, masks = masks.shape[1], masks.flatten(0, 1)
    features = _encode(network, images, trains_encoder).repeated(count)
    losses, asked = _click(network, features, masks, generator, 3)
    total = torch.stack([x.total for x in losses]).mean()
    if teacher is not None:
        seen = teacher.encode(images).repeated(count)
        total = total + teacher.still_loss(seen, features.s16, *asked, masks)
    return total, _mean_iou(losses[:1])


def _encode(network: TinySam2, images: Tensor, trains_encoder: bool) -> ImageFeatures:
    with torch.set_grad_enabled(trains_encoder):
        return network.encode_image(images.contiguous(memory_format=torch.channels_last))


def _click(
    network: TinySam2,
    features: ImageFeatures,
    masks: Tensor,
    generator: torch.Generator,
    max_corrections: int,
) -> tuple[list[MaskLoss], tuple[DecoderTrace, Prompt]]:
    """Prompt images by clicks or boxes.

    Returns:
        The losses, and the decoder trace of the prompt itself.
    """
    prompt = draw_prompt(masks, generator, mask_fraction=0.0, max_corrections=max_corrections)
    with capture_decoder(network) as traces:
        losses, _ = predict_prompted(network, features, masks, prompt, generator)
    return losses, (traces[0], prompt)


def _either(masks: Tensor, others: Tensor, generator: torch.Generator) -> Tensor:
    """Take the other object's mask (B, H, W) on half of the images where it is seen."""
    is_seen = others.flatten(1).sum(1) >= MIN_CLICK_AREA_PX
    coin = torch.rand(is_seen.shape, generator=generator, device=masks.device) < 0.5
    return torch.where((is_seen & coin)[..., None, None], others, masks)


def _track(
    network: TinySam2,
    features: list[ImageFeatures],
    masks: Tensor,
    first: Segmentation,
    generator: torch.Generator,
    corrected_fraction: float,
) -> tuple[list[MaskLoss], list[MaskLoss], list[DecoderTrace]]:
    """Propagate the first frame's predictions through the other frames, from memory alone.

    In a fraction of the batches a click corrects one of them, and tracking continues from there.

    Returns:
        The losses of the tracked frames, those of corrections, and the decoder traces of the
        tracked frames.
    """
    dice = torch.rand(2, generator=generator, device=masks.device).tolist()
    corrected_at = 1 + int(dice[1] * (len(features) - 1)) if dice[0] < corrected_fraction else 0
    losses: list[MaskLoss] = []
    correction_losses: list[MaskLoss] = []
    frames: list[DecoderTrace] = []
    propagated = propagate(network, features, first)
    corrected: Segmentation | None = None
    for t in range(1, len(features)):
        with capture_decoder(network) as traces:
            prediction, refined = propagated.send(corrected)
        frames += traces
        scored = prediction.logits, prediction.predicted_iou, prediction.object_logit
        losses.append(mask_loss(*scored, masks[:, t]))
        corrected = None
        if t == corrected_at:
            prompt = correct_tracked(
                refined.logits.detach(), masks[:, t], generator, network.sam_decoder is None
            )
            found, corrected = predict_prompted(
                network, features[t], masks[:, t], prompt, generator, frames[-1].conditioned
            )
            correction_losses += found
    return losses, correction_losses, frames


def _matching_loss(traces: list[DecoderTrace], masks: Tensor) -> Tensor | float:
    """Teach the coarse masks of the tracked frames; 0 in networks that do not match."""
    frames = zip(traces, masks[:, 1:].unbind(1), strict=True)
    losses = [coarse_loss(h.matched, mask) for h, mask in frames if h.matched is not None]
    return torch.stack(losses).mean() if losses else 0.0


def _mean_total(losses: list[MaskLoss]) -> Tensor:
    return torch.stack([x.total for x in losses]).mean() if losses else torch.zeros(())


def _mean_iou(losses: list[MaskLoss]) -> Tensor:
    return torch.stack([x.iou for x in losses]).mean().detach()


def predict_prompted(
    network: TinySam2,
    features: ImageFeatures,
    mask: Tensor,
    prompt: Prompt,
    generator: torch.Generator,
    conditioned: Tensor | None = None,
) -> tuple[list[MaskLoss], Segmentation]:
    """Predict from a prompt and its corrections; a given mask is its own prediction, without loss.

    ``conditioned`` are features that have read memory, where there is one.
    """
    if conditioned is None:
        conditioned = network.condition(features, None)
    if prompt.mask is not None:
        given = (prompt.mask.float()[:, None] - 0.5) * (2 * MASK_LOGIT)
        found = network.segment(conditioned, features, prompt.xy, prompt.labels, given)
        sure = torch.ones_like(found.predicted_iou)
        certain = torch.full_like(found.object_logit, MASK_LOGIT)
        return [], Segmentation(given, sure, certain, found.pointer)
    if network.sam_decoder is not None:
        return _predict_by_sam(network, network.sam_decoder, features, mask, prompt, generator)
    losses: list[MaskLoss] = []
    previous = prompt.previous
    refines_itself = prompt.feeds_mask and previous is None
    last = refines_itself + prompt.corrections
    for turn in range(last + 1):
        multimask = turn == 0 and prompt.is_ambiguous
        found = network.segment(
            conditioned, features, prompt.xy, prompt.labels, previous, multimask
        )
        losses.append(mask_loss(found.logits, found.predicted_iou, found.object_logit, mask))
        best = found.best().logits.detach()
        if refines_itself <= turn < last:
            prompt = correct(prompt, best, mask, generator)
        previous = marked(prompt, best) if prompt.feeds_mask else None
    return losses, found


def _predict_by_sam(
    network: TinySam2,
    decoder: SamDecoder,
    features: ImageFeatures,
    mask: Tensor,
    prompt: Prompt,
    generator: torch.Generator,
) -> tuple[list[MaskLoss], Segmentation]:
    """Predict by SAM's decoder, each correction with the mask before it as a prompt.

    The first click shows the single mask, as in use; the three masks learn besides.
    """
    losses: list[MaskLoss] = []
    previous = prompt.previous
    certain = torch.full((len(mask),), MASK_LOGIT, device=mask.device)
    for turn in range(prompt.corrections + 1):
        found, three = decoder.single_and_three(features, prompt.xy, prompt.labels, previous)
        loss = mask_loss(found.logits, found.predicted_iou, certain, mask)
        if turn == 0 and prompt.is_ambiguous:
            more = mask_loss(three.logits, three.predicted_iou, certain, mask)
            loss = MaskLoss(loss.total + more.total, loss.iou)
        losses.append(loss)
        logits, iou = found.logits[:, 0], found.predicted_iou[:, 0]
        if turn < prompt.corrections:
            prompt = correct(prompt, logits.detach(), mask, generator)
        previous = logits.detach()[:, None].clamp(-MASK_PROMPT_LIMIT, MASK_PROMPT_LIMIT)
    pointer = network.segment_given(features, logits[:, None]).pointer
    return losses, Segmentation(logits[:, None], iou[:, None], certain, pointer)
