"""Label maps of one image from masks that a model predicts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tinysam2.datasets.samples import VOID, Pixels
from tinysam2.datasets.segmentation import MAX_OBJECTS, draw_labels
from tinysam2.evaluation.prompts import enclosing_box
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.postprocess import MaskCleanup
from tinysam2.inference.propose import ProposalConfig, propose_objects
from tinysam2.memory.mask_shape import box_iou
from tinysam2.training.labeling.entries import Box

MIN_AREA = 0.001  # of the image; smaller parts of proposals are specks
MIN_SEEN = 0.5  # of a proposal's mask that must be left when smaller ones lie on it


@dataclass(frozen=True, slots=True)
class BoxCriteria:
    """Which masks that boxes give are kept.

    Attributes:
        min_predicted_iou: as the model predicts it, in [0, 1].
        min_box_iou: IoU of the prompted box with the one that encloses the mask.
        min_shape_iou: in clips, IoU of an object's shapes in two frames, see `consistent_frames`.
    """

    min_predicted_iou: float = 0.85
    min_box_iou: float = 0.75
    min_shape_iou: float = 0.75


@dataclass(frozen=True, slots=True)
class LabelMap:
    """The objects of an image.

    Attributes:
        labels: (H, W) object ids, 0 for background, `VOID` for what was refused.
        kept: number of objects in it.
        refused: number of objects that are not.
    """

    labels: Pixels
    kept: int
    refused: int


def mask_in_box(
    predictor: FramePredictor, key: int, image: Pixels, box: Box, criteria: BoxCriteria
) -> NDArray[np.bool_] | None:
    """Segment what a box encloses.

    Args:
        predictor: of any model.
        key: what the image's features are kept under.
        image: (H, W, 3) RGB.
        box: around the object.
        criteria: of the mask.

    Returns:
        (H, W) mask without small holes and specks; None where it does not meet the criteria.
    """
    size_hw = (image.shape[0], image.shape[1])
    found = predictor.predict(key, image, ObjectPrompt(box_xyxy=box))
    if found.confidence < criteria.min_predicted_iou:
        return None
    logits = MaskCleanup.of_fraction(size_hw).clean(torch.from_numpy(found.mask_logits))
    mask = logits.numpy() > 0
    if not mask.any():
        return None
    x0, y0, x1, y1 = enclosing_box(mask)
    return mask if box_iou((x0, y0, x1, y1), box) >= criteria.min_box_iou else None


def label_boxes(
    predictor: FramePredictor,
    key: int,
    image: Pixels,
    boxes: Sequence[tuple[int, Box]],
    criteria: BoxCriteria,
) -> LabelMap:
    """Draw the objects in boxes, smaller ones over larger ones.

    Boxes of refused objects are void where no other object is.

    Args:
        predictor: of any model.
        key: what the image's features are kept under.
        image: (H, W, 3) RGB.
        boxes: object id and box of each.
        criteria: of the masks.
    """
    size_hw = (image.shape[0], image.shape[1])
    kept, refused = [], np.zeros(size_hw, np.bool_)
    for value, box in boxes[:MAX_OBJECTS]:
        mask = mask_in_box(predictor, key, image, box, criteria)
        if mask is not None:
            kept.append((value, mask))
        else:
            x0, y0, x1, y1 = (max(0, round(v)) for v in box)
            refused[y0 : y1 + 1, x0 : x1 + 1] = True
    labels = draw_labels(kept, size_hw)
    labels[refused & (labels == 0)] = VOID
    return LabelMap(labels, len(kept), len(boxes) - len(kept))


def label_everything(
    predictor: FramePredictor, key: int, image: Pixels, points_per_side: int
) -> LabelMap:
    """Draw the objects that a grid of points finds, smaller ones over larger ones.

    An object is refused when less than half of it is left under the smaller ones, or no part that
    is more than a speck.

    Args:
        predictor: of any model.
        key: what the image's features are kept under.
        image: (H, W, 3) RGB.
        points_per_side: of the grid.
    """
    *_, last = propose_objects(predictor, key, image, ProposalConfig(points_per_side))
    masks = [proposal.mask for proposal in last.proposals or ()]  # the highest IoU first
    largest_first = sorted(masks[:MAX_OBJECTS], key=np.count_nonzero, reverse=True)
    size_hw = (image.shape[0], image.shape[1])
    labels = draw_labels(enumerate(largest_first, start=1), size_hw)
    kept = 0
    for value, mask in enumerate(largest_first, start=1):
        seen = labels == value
        least = max(MIN_SEEN * np.count_nonzero(mask), MIN_AREA * seen.size)
        is_kept = bool(np.count_nonzero(seen) >= least)
        kept += is_kept
        labels[seen] = kept if is_kept else 0
    return LabelMap(labels, kept, len(masks) - kept)
