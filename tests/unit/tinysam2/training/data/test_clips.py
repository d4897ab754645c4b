from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from tests.unit.tinysam2.training.data_folder import (
    BLUE,
    GREEN,
    RED,
    colors_under,
    make_data_folder,
    write_colors,
)
from tinysam2.datasets.registry import DataRow, read_data
from tinysam2.datasets.samples import ImageFile, StillFile
from tinysam2.training.data.aspect_ratios import Shapes
from tinysam2.training.data.clips import ClickedStills, RealClips, StillLayers, draw_objects

SHAPES = Shapes(64, seed=0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_data_folder(tmp_path)


def test_layers_are_target_other_and_background(folder: Path) -> None:
    item = StillLayers((DataRow(folder / "images", "masks"),), SHAPES)[0]
    assert item.shape == (3, 4, 64, 64)
    assert item.dtype == torch.uint8
    for layer in item[:2]:
        inside = layer[3] == 255
        assert inside.any()
        assert (
            layer[:3, inside].float().mean() > 200 > 100 > layer[:3, layer[3] == 0].float().mean()
        )
    assert (item[2, 3] == 255).all()


def test_items_depend_on_seed_and_number_alone(folder: Path) -> None:
    first, later = StillLayers(folder, SHAPES), StillLayers(folder, SHAPES, start=3)
    assert torch.equal(first[5], later[2])
    assert not torch.equal(first[5], first[6])
    assert not torch.equal(first[5], StillLayers(folder, Shapes(64, seed=1))[5])
    clips = RealClips(folder, SHAPES, 3), RealClips(folder, SHAPES, 3, start=3)
    assert torch.equal(clips[0][5], clips[1][2])


def test_items_have_the_shape_of_their_step(folder: Path) -> None:
    shapes = Shapes(128, seed=0, per_step=2)
    of_items = [shapes.of_item(i) for i in range(60)]
    lying = next(i for i, (height, width) in enumerate(of_items) if height < width)
    standing = next(i for i, (height, width) in enumerate(of_items) if height > width)
    for i in (lying, standing):
        layers = StillLayers(folder, shapes)
        assert layers[i].shape == (3, 4, *of_items[i])
        assert torch.equal(StillLayers(folder, shapes, start=i - 1)[1], layers[i])
        assert RealClips(folder, shapes, 3)[i].shape == (3, 4, *of_items[i])
        assert ClickedStills(folder, shapes, 2)[i].shape == (3 + 2, *of_items[i])


def test_crops_keep_proportions(tmp_path: Path) -> None:
    disc = np.zeros((300, 300), np.uint8)
    cv2.circle(disc, (150, 150), 30, 1, -1)
    Image.fromarray(disc).save(tmp_path / "0.png")
    Image.fromarray(np.repeat(disc[..., None] * 255, 3, 2)).save(tmp_path / "0.jpg")
    shapes = Shapes(128, seed=0)
    stills = ClickedStills((DataRow(tmp_path, "masks"),), shapes, 1)
    seen = set()
    for i in range(30):
        inside = stills[i][3] > 127
        stretch = inside.any(0).sum() / inside.any(1).sum()
        assert 0.7 < stretch < 1.4
        seen.add(shapes.of_item(i))
    assert len(seen) > 3


def test_real_clips_follow_one_object(folder: Path) -> None:
    clip = RealClips(folder, SHAPES, 4)[0]
    assert clip.shape == (4, 4, 64, 64)
    for frame in clip:
        inside = frame[3] == 255
        assert frame[:3, inside].float().mean() > 200


def test_validation_videos_are_never_trained_on(folder: Path) -> None:
    found = read_data(folder)
    images = [p for m in found for p in m.images if isinstance(p, ImageFile)]
    assert len(images) == 3 + 1 + 4
    assert not any("secret" in str(image.path) for image in images)
    frames = [f for m in found for clip in m.clips for f in clip if isinstance(f, StillFile)]
    assert len(frames) == 4
    assert {frame.path.parent.name for frame in frames} == {"surf"}


def test_specks_backgrounds_and_void_are_no_objects() -> None:
    labels = np.zeros((100, 100), np.uint8)
    labels[0, :5] = 1
    labels[10:50] = 255
    rng = np.random.default_rng(0)
    assert not draw_objects(labels, rng)
    labels[60:80, :50] = 4
    found = draw_objects(labels, rng, 2)
    assert len(found) == 2
    assert all(np.array_equal(mask, labels == 4) for mask in found)


def test_several_objects_of_a_still_are_drawn_as_far_as_they_are_seen(tmp_path: Path) -> None:
    write_colors(tmp_path, "three", (RED, GREEN, BLUE))
    stills = ClickedStills((DataRow(tmp_path, "masks"),), SHAPES, 4)
    assert stills[0].shape == (3 + 4, 64, 64)
    per_still = [set(colors_under(stills[i]).tolist()) for i in range(40)]
    assert set.union(*per_still) == {0, 1, 2}
    assert max(map(len, per_still)) == 3


def test_unreadable_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no image")
    with pytest.raises(ValueError, match=r"cannot read image .*a\.jpg"):
        ImageFile(tmp_path / "a.jpg").pixels()
