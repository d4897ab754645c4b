"""One differentiable walk over a batch of clips, through the memory that inference uses."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tinysam2.memory.bank import MemoryBank
from tinysam2.network import MASK_LOGIT, ImageFeatures, Segmentation, TinySam2
from tinysam2.tracking.remembering import make_bank, make_entries, read_memory
from tinysam2.training.losses import MaskLoss, mask_loss
from tinysam2.training.prompting import Prompt, correct, draw_prompt
from tinysam2.training.teaching import MaskTeacher, copying_loss

FIRST_MASK_SHARE = 0.85
MIN_CLICK_AREA_PX = 64


@dataclass(frozen=True, slots=True)
class RolloutResult:
    """The loss of a batch of clips and mean IoUs: after one click or box, and tracked."""

    loss: Tensor
    click_iou: float
    track_iou: float


def rollout(
    network: TinySam2,
    pictures: Tensor,
    masks: Tensor,
    others: Tensor,
    generator: torch.Generator,
    train_trunk: bool,
    teacher: MaskTeacher | None = None,
) -> RolloutResult:
    """Prompt frame 0, track the others from memory, and sum up SAM 2's losses.

    Besides, every frame is prompted by clicks or a box as a still, on either object, so that a
    click cannot be answered without looking where it is.  Memory mostly starts from the
    true mask: while clicks are still being learnt, tracking what they hit would teach nothing.

    Args:
        network: in train form.
        pictures: (B, T, 3, S, S) normalised.
        masks: (B, T, S, S) bool, of the object to track.
        others: alike, of another object in the picture, which may be absent.
        generator: draws the prompts.
        train_trunk: whether gradients reach the encoder's trunk.
        teacher: whose masks of the stills are copied besides.
    """
    count, length = pictures.shape[:2]
    with torch.set_grad_enabled(train_trunk):
        levels = network.trunk(pictures.flatten(0, 1).contiguous(memory_format=torch.channels_last))
    maps = [m.unflatten(0, (count, length)) for m in network.neck(levels)]
    features = [ImageFeatures(*(m[:, t] for m in maps)) for t in range(length)]
    flat = ImageFeatures(*(m.flatten(0, 1) for m in maps))
    stills = _either(masks, others, generator).flatten(0, 1)
    prompt = draw_prompt(stills, generator, mask_share=0.0, most_corrections=1)
    taught = None if teacher is None else teacher.masks(pictures.flatten(0, 1), prompt)
    still_losses, _ = _prompted(network, flat, stills, prompt, generator, taught)
    prompt = draw_prompt(masks[:, 0], generator, FIRST_MASK_SHARE, most_corrections=3)
    losses, answer = _prompted(network, features[0], masks[:, 0], prompt, generator)
    tracked = _track(network, features, masks, answer)
    total = torch.stack([x.total for x in tracked]).mean()
    total = total + torch.stack([x.total for x in still_losses + losses]).mean()
    return RolloutResult(total, _mean_iou(still_losses[:1]), _mean_iou(tracked))


def _either(masks: Tensor, others: Tensor, generator: torch.Generator) -> Tensor:
    """Take the other object's mask on half of the frames where it is seen."""
    is_seen = others.flatten(2).sum(2) >= MIN_CLICK_AREA_PX
    coin = torch.rand(is_seen.shape, generator=generator, device=masks.device) < 0.5
    return torch.where((is_seen & coin)[..., None, None], others, masks)


def _track(
    network: TinySam2, features: list[ImageFeatures], masks: Tensor, first: Segmentation
) -> list[MaskLoss]:
    """Follow what the first frame's answers show through the other frames, from memory alone."""
    config, size_hw = network.config.memory, features[0].size_hw
    banks = [make_bank(network, config, size_hw) for _ in range(len(masks))]
    _remember(network, features[0], first, banks, 0, is_prompted=True)
    losses = []
    for t in range(1, len(features)):
        memories = [read_memory(network, bank, t, size_hw) for bank in banks]
        answer = network.segment_remembered(features[t], memories)
        losses.append(
            mask_loss(answer.logits, answer.predicted_iou, answer.object_logit, masks[:, t])
        )
        if t + 1 < len(features):
            _remember(network, features[t], answer, banks, t, is_prompted=False)
    return losses


def _mean_iou(losses: list[MaskLoss]) -> float:
    return float(torch.stack([x.iou for x in losses]).mean())


def _prompted(
    network: TinySam2,
    features: ImageFeatures,
    mask: Tensor,
    prompt: Prompt,
    generator: torch.Generator,
    taught: Tensor | None = None,
) -> tuple[list[MaskLoss], Segmentation]:
    """Answer a prompt and its corrections; a given mask costs nothing, it is the answer.

    The answer to the prompt itself is also compared with a teacher's masks, where there are any.
    """
    conditioned = network.condition(features, None)
    if prompt.mask is not None:
        given = (prompt.mask.float()[:, None] - 0.5) * (2 * MASK_LOGIT)
        found = network.segment(conditioned, features, prompt.xy, prompt.labels, given)
        sure = torch.ones_like(found.predicted_iou)
        certain = torch.full_like(found.object_logit, MASK_LOGIT)
        return [], Segmentation(given, sure, certain, found.pointer)
    losses: list[MaskLoss] = []
    previous: Tensor | None = None
    for correction in range(prompt.corrections + 1):
        multimask = correction == 0 and prompt.is_ambiguous
        found = network.segment(
            conditioned, features, prompt.xy, prompt.labels, previous, multimask
        )
        loss = mask_loss(found.logits, found.predicted_iou, found.object_logit, mask)
        if correction == 0 and taught is not None:
            loss = replace(loss, total=loss.total + copying_loss(found, taught, mask))
        losses.append(loss)
        if correction < prompt.corrections:
            best = found.best().logits.detach()
            prompt = correct(prompt, best, mask, generator)
            previous = best[:, None] if prompt.feeds_mask else None
    return losses, found


def _remember(
    network: TinySam2,
    features: ImageFeatures,
    answer: Segmentation,
    banks: list[MemoryBank],
    frame: int,
    is_prompted: bool,
) -> None:
    masks = answer.best()
    flags = torch.full((len(banks),), is_prompted, device=masks.logits.device)
    memory = network.encode_memory(features, masks.logits, masks.object_logit, flags)
    entries = make_entries(
        memory.float(), features, masks, banks, frame, [is_prompted] * len(banks)
    )
    for bank, entry in zip(banks, entries, strict=True):
        bank.offer(entry)
