import numpy as np
import pytest

from app.core.masks import RleMask


@pytest.mark.parametrize("density", [0.0, 0.01, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("size_hw", [(1, 1), (1, 7), (7, 1), (31, 17)])
def test_coding_is_exact(density: float, size_hw: tuple[int, int]) -> None:
    bitmap = np.random.default_rng(0).random(size_hw) < density
    mask = RleMask.encode(bitmap)
    assert np.array_equal(mask.decode(), bitmap)
    assert RleMask.from_bytes(size_hw, mask.to_bytes()) == mask
    assert mask.area == bitmap.sum()


def test_box_encloses_the_mask() -> None:
    bitmap = np.zeros((10, 20), dtype=np.bool_)
    assert RleMask.encode(bitmap).box_xyxy is None
    bitmap[2:5, 3:9] = True
    assert RleMask.encode(bitmap).box_xyxy == (3, 2, 9, 5)


def test_empty_equals_an_encoded_empty_raster() -> None:
    assert RleMask.empty((3, 4)) == RleMask.encode(np.zeros((3, 4), dtype=np.bool_))


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(H, W\) bool"):
        RleMask.encode(np.zeros((2, 2), dtype=np.uint8))
    with pytest.raises(ValueError, match="add up"):
        RleMask.from_bytes((5, 5), RleMask.empty((5, 4)).to_bytes())


@pytest.mark.parametrize("density", [0.0, 0.02, 0.5, 0.98, 1.0])
def test_masks_combine_as_their_bitmaps_do(density: float) -> None:
    rng = np.random.default_rng(3)
    for other_density in (0.0, 0.3, 1.0):
        first, second = rng.random((7, 9)) < density, rng.random((7, 9)) < other_density
        one, other = RleMask.encode(first), RleMask.encode(second)
        assert one | other == RleMask.encode(first | second)
        assert one & other == RleMask.encode(first & second)
        assert one - other == RleMask.encode(first & ~second)
        covered = [[one.covers(x + 0.5, y + 0.5) for x in range(9)] for y in range(7)]
        assert np.array_equal(covered, first)
    assert one.covers(-3, 99) == first[-1, 0]
    with pytest.raises(ValueError, match="one size"):
        one | RleMask.empty((9, 7))
