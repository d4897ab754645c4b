"""Which masks become labels, and how they share an image."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.tinysam2.training.labeling.bright import (
    DOUBTFUL,
    HEIGHT,
    SURE,
    WIDTH,
    BrightPredictor,
    Rectangle,
    rectangle,
)
from tinysam2.datasets.samples import VOID
from tinysam2.inference.propose import Proposal, ProposalStep
from tinysam2.training.labeling import label_maps
from tinysam2.training.labeling.label_maps import (
    BoxCriteria,
    LabelMap,
    label_boxes,
    label_everything,
)

CRITERIA = BoxCriteria(0.85, 0.75)


def image_of(*objects: tuple[Rectangle, int]) -> NDArray[np.uint8]:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for box, gray in objects:
        image[rectangle(box)] = gray
    return image


def labels_of(image: NDArray[np.uint8], *boxes: tuple[int, Rectangle]) -> LabelMap:
    return label_boxes(BrightPredictor(), 0, image, boxes, CRITERIA)  # type: ignore[arg-type]


def test_a_mask_of_high_iou_that_fills_its_box_is_kept() -> None:
    box = (10, 10, 39, 39)
    found = labels_of(image_of((box, SURE)), (7, box))
    assert (found.kept, found.refused) == (1, 0)
    np.testing.assert_array_equal(found.labels, rectangle(box) * 7)


@pytest.mark.parametrize(
    ("seen", "gray"),
    [
        ((10, 10, 39, 39), DOUBTFUL),  # a low predicted IoU
        ((10, 10, 39, 30), SURE),  # the mask's own box has an IoU of 0.69 with the given one
        ((0, 0, 0, 0), SURE),  # nothing in the box
    ],
)
def test_other_masks_are_void(seen: Rectangle, gray: int) -> None:
    box = (10, 10, 39, 39)
    found = labels_of(image_of((seen, gray)), (7, box))
    assert (found.kept, found.refused) == (0, 1)
    np.testing.assert_array_equal(found.labels, rectangle(box) * VOID)


def test_specks_do_not_count() -> None:
    box, speck = (10, 10, 59, 49), (59, 49, 59, 49)
    thing = (10, 10, 53, 49)
    found = labels_of(image_of((thing, SURE), (speck, SURE)), (1, box))
    np.testing.assert_array_equal(found.labels, rectangle(thing))


def test_smaller_objects_lie_on_larger_ones_and_refused_ones_under_them() -> None:
    large, small, poor = (0, 0, 49, 49), (10, 10, 19, 19), (40, 40, 69, 59)
    image = image_of((large, SURE), ((50, 40, 69, 59), DOUBTFUL))
    found = labels_of(image, (2, small), (1, large), (3, poor))
    assert (found.kept, found.refused) == (2, 1)
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    for value, box in ((VOID, poor), (1, large), (2, small)):
        expected[rectangle(box)] = value
    np.testing.assert_array_equal(found.labels, expected)


def everything(monkeypatch: pytest.MonkeyPatch, *boxes: Rectangle) -> LabelMap:
    proposals = tuple(Proposal(rectangle(box), 0.9, 0.9, (0.0, 0.0)) for box in boxes)

    def propose(*_: object) -> Iterator[ProposalStep]:
        yield ProposalStep(0, 4)
        yield ProposalStep(4, 4, proposals)

    monkeypatch.setattr(label_maps, "propose_objects", propose)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    return label_everything(BrightPredictor(), 0, image, 8)  # type: ignore[arg-type]


def test_everything_that_is_seen_is_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    part, whole, beside = (10, 10, 19, 19), (10, 10, 49, 49), (60, 0, 69, 9)
    found = everything(monkeypatch, part, whole, beside)
    assert (found.kept, found.refused) == (3, 0)
    outlines = [rectangle(whole) & ~rectangle(part), rectangle(part), rectangle(beside)]
    for outline in outlines:
        (value,) = np.unique(found.labels[outline])
        np.testing.assert_array_equal(found.labels == value, outline)
    assert set(np.unique(found.labels)) == {0, 1, 2, 3}


def test_objects_that_others_hide_and_specks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden, over, speck = (10, 10, 49, 29), (10, 10, 35, 29), (70, 50, 71, 50)
    found = everything(monkeypatch, hidden, over, speck)
    assert (found.kept, found.refused) == (1, 2)
    np.testing.assert_array_equal(found.labels, rectangle(over))


def test_more_objects_than_a_label_map_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [(x, y, x + 2, y + 2) for y in range(0, 57, 3) for x in range(0, 77, 3)]
    found = everything(monkeypatch, *places[:300])
    assert (found.kept, found.refused) == (254, 46)
    assert found.labels.max() == 254


def test_an_image_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = everything(monkeypatch)
    assert (found.kept, found.refused) == (0, 0)
    assert not found.labels.any()
