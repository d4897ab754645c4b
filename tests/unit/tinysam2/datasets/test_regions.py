from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.unit.tinysam2.training.data_folder import make_data_folder
from tinysam2.datasets.regions import REGION_COUNTS, divide, region_stills
from tinysam2.datasets.registry import DataRow, read_data
from tinysam2.datasets.samples import Pixels
from tinysam2.training.data.aspect_ratios import Shapes
from tinysam2.training.data.clips import StillLayers

HEIGHT, WIDTH = 100, 140


def scene() -> Pixels:
    """A noisy ground with a disk in a square, all of one lightness or nearly."""
    image = np.full((HEIGHT, WIDTH, 3), (60, 110, 60), np.uint8)
    image[20:80, 20:80] = (150, 80, 70)
    cv2.circle(image, (50, 50), 15, (70, 80, 180), -1)
    noise = np.random.default_rng(0).integers(-6, 7, image.shape)
    return (image + noise).clip(0, 255).astype(np.uint8)


def truth() -> list[np.ndarray]:
    window = np.zeros((HEIGHT, WIDTH), np.uint8)
    window[20:80, 20:80] = 1
    disk = cv2.circle(np.zeros_like(window), (50, 50), 15, 1, -1)
    return [window == 0, (window - disk) == 1, disk == 1]


def test_regions_are_what_looks_alike() -> None:
    labels = divide(scene(), 3)
    for mask, at in zip(truth(), [(5, 5), (25, 25), (50, 50)], strict=True):
        region = labels == labels[at]
        assert (region & mask).sum() / (region | mask).sum() > 0.9


@pytest.mark.parametrize("count", REGION_COUNTS)
def test_regions_are_connected_and_as_many_as_asked_for(count: int) -> None:
    labels = divide(scene(), count)
    assert labels.max() <= count
    assert (labels > 0).mean() > 0.8
    for value in range(1, labels.max() + 1):
        parts, _ = cv2.connectedComponents((labels == value).astype(np.uint8), connectivity=4)
        assert parts == 2  # the rest, and one region


def test_a_finer_division_is_within_a_coarser_one() -> None:
    coarse, fine = divide(scene(), 4), divide(scene(), 16)
    for value in range(1, fine.max() + 1):
        assert len(np.unique(coarse[fine == value])) == 1


def test_a_image_of_one_color_is_one_region_at_most() -> None:
    labels = divide(np.full((40, 50, 3), 128, np.uint8), 4)
    assert len(np.unique(labels)) == 1


def test_large_images_are_shrunk_with_their_labels(tmp_path: Path) -> None:
    Image.fromarray(np.repeat(np.repeat(scene(), 4, 0), 4, 1)).save(tmp_path / "a.png")
    (part,) = read_data((DataRow(tmp_path, "regions"),))
    assert len(part.stills) == len(REGION_COUNTS)
    for still in part.stills:
        assert still.pixels().shape == (256, 358, 3)
        assert still.labels().shape == (256, 358)
    assert [p.pixels().shape for p in part.images] == [(4 * HEIGHT, 4 * WIDTH, 3)]


def test_a_still_is_the_same_each_time(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "a.png")
    for still, again in zip(*[region_stills([tmp_path / "a.png"]) for _ in range(2)], strict=True):
        np.testing.assert_array_equal(still.labels(), again.labels())


def test_unlabeled_images_of_an_index_are_learned_from(tmp_path: Path) -> None:
    root = make_data_folder(tmp_path)
    Image.fromarray(scene()).save(root / "unlabelled/0.jpg")
    stills, regions, rest = read_data(root)
    assert (len(stills.stills), len(regions.stills)) == (3, len(REGION_COUNTS))
    assert not regions.images
    assert len(rest.backgrounds) == 1
    assert len(rest.images) == 8  # the encoder sees each image once
    layers, again = StillLayers(root, Shapes(64, 0)), StillLayers(root, Shapes(64, 0), start=3)
    np.testing.assert_array_equal(layers[5], again[2])
