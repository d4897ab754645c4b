"""Predictions of the decoder: masks of objects with their scores and pointers."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

NO_OBJECT_LOGIT = -1024.0  # SAM 2: the mask of an absent object


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The decoder's prediction for each object.

    Attributes:
        logits: (O, M, 4H, 4W), M = 3 for ambiguous prompts, else 1.
        predicted_iou: (O, M).
        object_logit: (O,).
        pointer: (O, dim) of the best mask, or the shared one of absent objects.
    """

    logits: Tensor
    predicted_iou: Tensor
    object_logit: Tensor
    pointer: Tensor

    def best(self) -> "ObjectMasks":
        """Return each object's mask with the highest predicted IoU."""
        index = self.predicted_iou.argmax(1)
        rows = torch.arange(len(index), device=index.device)
        logits, iou = self.logits[rows, index], self.predicted_iou[rows, index]
        return ObjectMasks(logits, iou, self.object_logit, self.pointer.float())

    def without_absent(self) -> "Segmentation":
        """Return the same with empty masks for objects that are not there."""
        absent = (self.object_logit <= 0)[:, None, None, None]
        return replace(self, logits=torch.where(absent, NO_OBJECT_LOGIT, self.logits))


@dataclass(frozen=True, slots=True)
class ObjectMasks:
    """One mask for each object on a frame.

    Attributes:
        logits: (O, h, w) at any resolution.
        predicted_iou: (O,) in [0, 1].
        object_logit: (O,).
        pointer: (O, dim).
    """

    logits: Tensor
    predicted_iou: Tensor
    object_logit: Tensor
    pointer: Tensor

    def without_absent(self) -> "ObjectMasks":
        """Return the same with empty masks for objects that are not there."""
        absent = (self.object_logit <= 0)[:, None, None]
        return replace(self, logits=torch.where(absent, NO_OBJECT_LOGIT, self.logits))

    def split(self) -> "list[ObjectMasks]":
        """Return the same object by object."""
        columns = (self.logits, self.predicted_iou, self.object_logit, self.pointer)
        return [ObjectMasks(*row) for row in zip(*(c.split(1) for c in columns), strict=True)]

    @staticmethod
    def joined(parts: "list[ObjectMasks]") -> "ObjectMasks":
        """Put masks of one resolution together."""
        rows = ((p.logits, p.predicted_iou, p.object_logit, p.pointer) for p in parts)
        return ObjectMasks(*(torch.cat(column) for column in zip(*rows, strict=True)))
