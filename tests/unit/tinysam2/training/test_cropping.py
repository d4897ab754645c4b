import cv2
import numpy as np
import pytest
import torch

from tinysam2.training.cropping import crop, draw_boxes

SIDE = 40


@pytest.mark.parametrize("size", [10, 33, 64])
@pytest.mark.parametrize("box", [(0, 40, 0, 40), (5, 40, 2, 12), (7, 30, 33, 9)])
def test_a_crop_is_what_resizing_one_gives(box: tuple[int, int, int, int], size: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    picture = cv2.GaussianBlur(noise, (0, 0), 1)
    y0, y1, x0, x1 = box
    cut = picture[y0:y1, x0:x1] if x0 < x1 else picture[y0:y1, x1:x0][:, ::-1]
    shrinks = cv2.INTER_AREA, cv2.INTER_LINEAR
    expected = cut
    for axis in (1, 0):  # one side may grow while the other one shrinks
        length = expected.shape[axis]
        to = (size, expected.shape[0]) if axis else (expected.shape[1], size)
        expected = cv2.resize(expected, to, interpolation=shrinks[size > length])
    planes = torch.from_numpy(picture).permute(2, 0, 1)[None]
    got = crop(planes, torch.tensor([box], dtype=torch.float32), size)[0].permute(1, 2, 0).numpy()
    assert got.dtype == np.uint8
    edge = size // 8  # what grows there also shows what lies beside the crop
    inside = np.s_[edge:-edge, edge:-edge]
    difference = np.abs(got[inside].astype(int) - expected[inside].astype(int))
    assert difference.max() <= 3
    assert difference.mean() < 0.5


def test_boxes_hold_what_has_to_be_inside_and_stay_in_the_picture() -> None:
    inner = torch.tensor([[10.0, 20.0, 0.0, 40.0]]).expand(50, 4)
    boxes = draw_boxes(inner, SIDE, torch.Generator().manual_seed(0))
    y0, y1, x0, x1 = boxes.unbind(1)
    assert ((y0 >= 0) & (y0 <= 10) & (y1 >= 20) & (y1 <= SIDE)).all()
    flipped = x0 > x1
    assert 10 < flipped.sum() < 40
    assert (torch.minimum(x0, x1) == 0).all()
    assert (torch.maximum(x0, x1) == SIDE).all()
    assert len(y0.unique()) > 40
