"""What quantization is to keep: masks and predicted IoU of the calibration frames."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from tinysam2.model.network import TinySam2
from tinysam2.model.stages import NetworkStage, Tensors

IOU_WEIGHT = 1.0
"""Weight of the squared error of the predicted IoU, beside the divergence of the masks."""


@dataclass(frozen=True, slots=True)
class CalibrationFrame:
    """What the stages of a network were given on a tracked frame, in groups of objects.

    Attributes:
        image: (1, 3, Hi, Wi) normalized.
        memories: per group the inputs of memory attention after the image's features.
        masks: per group the inputs of the memory encoder after the image's features.
        tracked: the masks and boxes that SAM's decoder was given, of any number of objects.
    """

    image: Tensor
    memories: tuple[Tensors, ...]
    masks: tuple[Tensors, ...]
    tracked: tuple[Tensors, ...] = ()


@dataclass(frozen=True, slots=True)
class FrameOutputs:
    """What a network makes of a `CalibrationFrame`.

    Attributes:
        logits: (N, 4H, 4W) mask logits of the objects, then those of SAM's decoder.
        predicted_iou: (N,) of these masks, in [0, 1].
        object_logit: (O, 1) positive when the object is in the image.
        memory: the memory of this frame.
    """

    logits: Tensor
    predicted_iou: Tensor
    object_logit: Tensor
    memory: Tensor


def outputs_of(network: TinySam2, frame: CalibrationFrame) -> FrameOutputs:
    """Run all stages on a frame, by torch, in float32."""
    stage = network.stage_function
    s16, *finer = stage(NetworkStage.ENCODE_IMAGE)(frame.image)
    high_res, for_sam = finer[:2], finer[2:]
    attended, for_memory = stage(NetworkStage.ATTEND_IMAGE)(s16)
    condition, encode_memory = map(stage, (NetworkStage.CONDITION, NetworkStage.ENCODE_MEMORY))
    conditioned = torch.cat([condition(attended, *each)[0] for each in frame.memories])
    logits, iou, object_logit, _ = stage(NetworkStage.DECODE)(conditioned, *high_res)
    memory = torch.cat([encode_memory(for_memory, *each)[0] for each in frame.masks])
    redraw = stage(NetworkStage.REDRAW)
    redrawn = [redraw(*each, *for_sam) for each in frame.tracked]
    iou = torch.cat([iou[:, : logits.shape[1]].flatten(), *(each for _, each in redrawn)])
    logits = torch.cat([logits.flatten(0, 1), *(mask for mask, _ in redrawn)])
    return FrameOutputs(logits, iou, object_logit, memory)


def loss(found: FrameOutputs, expected: FrameOutputs) -> float:
    """Return how far outputs are from those in float32; 0 when they are equal.

    The sum of the divergence of the masks (mean over pixels of the Kullback-Leibler divergence of
    inside and outside), the same of the object's presence, the squared error of the predicted IoU,
    and the squared error of the memory over its variance.
    """
    iou_error = (found.predicted_iou - expected.predicted_iou).square().mean()
    memory_error = (found.memory - expected.memory).square().mean() / expected.memory.var()
    total = (
        _divergence(found.logits, expected.logits)
        + _divergence(found.object_logit, expected.object_logit)
        + IOU_WEIGHT * iou_error
        + memory_error
    )
    return float(total)


def _divergence(logits: Tensor, expected: Tensor) -> Tensor:
    """Return the mean Kullback-Leibler divergence of Bernoulli distributions from expected ones."""
    target = expected.sigmoid()
    cross = F.binary_cross_entropy_with_logits(logits, target)
    return cross - F.binary_cross_entropy_with_logits(expected, target)


def random_projection(outputs: FrameOutputs, generator: torch.Generator) -> Tensor:
    """Return a sum of the outputs with random signs and the weights that `loss` gives them.

    The square of its gradient with respect to any value in between is, on average, the diagonal of
    the Gauss-Newton matrix of `loss`: how much the loss grows with an error of that value.
    """
    parts = (
        (outputs.logits, _deviation(outputs.logits)),
        (outputs.object_logit, _deviation(outputs.object_logit)),
        (outputs.predicted_iou, torch.full_like(outputs.predicted_iou, (2 * IOU_WEIGHT) ** 0.5)),
        (outputs.memory, (2 / outputs.memory.var()).sqrt().expand_as(outputs.memory)),
    )
    total = outputs.logits.new_zeros(())
    for values, weight in parts:
        signs = torch.randint(0, 2, values.shape, generator=generator) * 2.0 - 1.0
        total = total + (signs * weight.detach() * values).sum() / values.numel() ** 0.5
    return total


def _deviation(logits: Tensor) -> Tensor:
    """Return the standard deviation of Bernoulli variables, the root of their logits' curvature."""
    probability = logits.detach().sigmoid()
    return (probability * (1 - probability)).sqrt()
