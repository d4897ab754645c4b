import numpy as np
import pytest
import torch

from tinysam2.memory.box_motion import BoxMotion
from tinysam2.memory.mask_shape import Box, MaskShape, box_iou, distractor_overlap, mask_shapes


def test_shape_is_measured_in_fractions_of_the_image() -> None:
    logits = torch.full((2, 10, 20), -1.0)
    logits[0, 2:5, 4:10] = 1.0
    assert mask_shapes(logits) == [
        MaskShape(pytest.approx(18 / 200), pytest.approx((0.2, 0.2, 0.5, 0.5))),
        MaskShape(0.0, None),
    ]


def test_mask_of_the_whole_image_has_its_box() -> None:
    assert mask_shapes(torch.ones(1, 4, 4)) == [MaskShape(1.0, (0.0, 0.0, 1.0, 1.0))]


def test_boxes_overlap_by_their_fraction() -> None:
    assert box_iou((0, 0, 2, 1), (1, 0, 3, 1)) == pytest.approx(1 / 3)
    assert box_iou((0, 0, 1, 1), (2, 2, 3, 3)) == 0
    assert box_iou((0, 0, 0, 0), (0, 0, 0, 0)) == 0


def box_at(frame: int) -> Box:
    """A box that moves right by 0.02 and grows by 0.004 a frame."""
    x, side = 0.1 + 0.02 * frame, 0.2 + 0.004 * frame
    return x, 0.3, x + side, 0.3 + side


def test_motion_is_foreseen_after_a_while() -> None:
    motion = BoxMotion(box_at(0))
    overlaps = []
    for frame in range(1, 31):
        overlaps.append(box_iou(motion.predict(), box_at(frame)))
        motion.update(box_at(frame))
    assert overlaps[0] < 0.9
    assert overlaps[-1] > 0.97


def test_motion_continues_while_nothing_is_seen() -> None:
    motion = BoxMotion(box_at(0))
    for frame in range(1, 31):
        motion.predict()
        motion.update(box_at(frame))
    for _ in range(5):
        expected = motion.predict()
    assert box_iou(expected, box_at(35)) > 0.85


def test_a_mask_is_alone_unless_another_reaches_beyond_it() -> None:
    mine, inside, beside = np.zeros((3, 40, 60), np.bool_)
    mine[10:20, 10:20] = True
    inside[12:18, 12:18] = True
    beside[10:20, 30:40] = True
    beside[38, 58] = True  # a speck: the largest part counts
    assert distractor_overlap(np.stack([mine, inside]), 0) == 1
    assert distractor_overlap(np.stack([inside, mine, beside]), 1) == pytest.approx(10 / 30)
    assert distractor_overlap(np.stack([mine | beside, mine]), 1) == pytest.approx(10 / 30)
