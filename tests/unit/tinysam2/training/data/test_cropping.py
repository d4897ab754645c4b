import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from tinysam2.training.data.cropping import ASPECT_NOISE, crop, draw_boxes

SIDE = 40


@pytest.mark.parametrize("size", [10, 33, 64])
@pytest.mark.parametrize("box", [(0, 40, 0, 40), (5, 40, 2, 12), (7, 30, 33, 9)])
def test_a_crop_is_what_resizing_one_gives(box: tuple[int, int, int, int], size: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    image = cv2.GaussianBlur(noise, (0, 0), 1)
    y0, y1, x0, x1 = box
    cut = image[y0:y1, x0:x1] if x0 < x1 else image[y0:y1, x1:x0][:, ::-1]
    shrinks = cv2.INTER_AREA, cv2.INTER_LINEAR
    expected = cut
    for axis in (1, 0):  # one side may grow while the other one shrinks
        length = expected.shape[axis]
        to = (size, expected.shape[0]) if axis else (expected.shape[1], size)
        expected = cv2.resize(expected, to, interpolation=shrinks[size > length])
    planes = torch.from_numpy(image).permute(2, 0, 1)[None]
    squashed = crop(planes, torch.tensor([box], dtype=torch.float32), (size, size))
    got = squashed[0].permute(1, 2, 0).numpy()
    assert got.dtype == np.uint8
    edge = size // 8  # what grows there also shows what lies beside the crop
    inside = np.s_[edge:-edge, edge:-edge]
    difference = np.abs(got[inside].astype(int) - expected[inside].astype(int))
    assert difference.max() <= 3
    assert difference.mean() < 0.5


def boxes_of(inner: list[float], aspect: float, *, is_whole: bool = False) -> Tensor:
    """Draw 50 boxes that hold one."""
    count = 50
    return draw_boxes(
        torch.tensor([inner]).expand(count, 4),
        torch.full((count,), is_whole),
        torch.full((count,), aspect),
        SIDE,
        torch.Generator().manual_seed(0),
    )


def test_boxes_hold_what_has_to_be_inside_and_stay_in_the_image() -> None:
    y0, y1, x0, x1 = boxes_of([10.0, 20.0, 0.0, 40.0], 2.0).unbind(1)
    assert ((y0 >= 0) & (y0 <= 10) & (y1 >= 20) & (y1 <= SIDE)).all()
    flipped = x0 > x1
    assert 10 < flipped.sum() < 40
    assert (torch.minimum(x0, x1) == 0).all()
    assert (torch.maximum(x0, x1) == SIDE).all()
    assert len(y0.unique()) > 40


@pytest.mark.parametrize("aspect", [0.6, 1.0, 1.8])
def test_boxes_have_the_wanted_proportions_where_there_is_room(aspect: float) -> None:
    for is_whole in (False, True):
        y0, y1, x0, x1 = boxes_of([18.0, 22.0, 17.0, 21.0], aspect, is_whole=is_whole).unbind(1)
        wide, high = (x1 - x0).abs(), y1 - y0
        assert ((wide / high / aspect).log().abs() < 4 * ASPECT_NOISE).all()
        if is_whole:
            assert (torch.maximum(wide, high) > SIDE - 1e-3).all()


def test_crops_may_lie_or_stand() -> None:
    planes = torch.arange(SIDE).expand(1, 3, SIDE, SIDE)
    box = torch.tensor([[0.0, SIDE, 0.0, SIDE]])
    assert crop(planes, box, (10, 30)).shape == (1, 3, 10, 30)
    assert crop(planes, box, (30, 10)).shape == (1, 3, 30, 10)
