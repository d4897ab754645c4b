from dataclasses import replace
from pathlib import Path

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
    write_image,
)
from tinysam2.datasets.registry import Data, DataRow
from tinysam2.training.data.device_clips import DeviceDataset
from tinysam2.training.data.device_images import label_extents
from tinysam2.training.engine.distributed import ALONE, Ranks
from tinysam2.training.tracking.batches import Batch, batch_source
from tinysam2.training.tracking.config import Phase, TrackingConfig

CPU = torch.device("cpu")


def hold(data: Data, has_clips: bool = False, side: int = 64) -> DeviceDataset:
    return DeviceDataset.of(data, side, CPU, workers=0, has_clips=has_clips)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_data_folder(tmp_path / "data")


def test_layers_are_target_other_and_background(folder: Path) -> None:
    rows = (DataRow(folder / "images", "masks"), DataRow(folder / "unlabelled", "images"))
    layers = hold(rows).layers(5, (24, 32), generator())
    assert layers.shape == (5, 3, 4, 24, 32)
    assert layers.dtype == torch.uint8
    for layer in layers[:, :2].flatten(0, 1):
        inside, outside = layer[3] == 255, layer[3] == 0
        assert inside.any()
        assert layer[:3, inside].float().mean() > 200
        assert not outside.any() or layer[:3, outside].float().mean() < 100
    assert (layers[:, 2, 3] == 255).all()


def test_masks_are_where_their_objects_are(tmp_path: Path) -> None:
    write_colors(tmp_path, "three", (RED, GREEN, BLUE))
    stills = hold((DataRow(tmp_path, "masks"),)).stills(60, (32, 32), generator())
    assert stills.shape == (60, 4, 32, 32)
    counts = torch.cat([colors_under(s) for s in stills]).bincount(minlength=3)
    assert (counts > 10).all()


def test_other_objects_of_a_still_come_from_the_same_image(tmp_path: Path) -> None:
    write_colors(tmp_path, "two", (RED, GREEN))
    write_colors(tmp_path, "one", (BLUE,))
    stills = hold((DataRow(tmp_path, "masks"),)).stills(60, (32, 24), generator(), objects=5)
    assert stills.shape == (60, 3 + 5, 32, 24)
    kinds = [set(colors_under(s).tolist()) for s in stills]
    assert all(kind == {2} or kind <= {0, 1} for kind in kinds)
    assert {2} in kinds
    assert {0, 1} in kinds


def test_places_are_drawn_by_weight_then_their_images_alike(tmp_path: Path) -> None:
    write_colors(tmp_path / "a", "red", (RED,))
    write_colors(tmp_path / "b", "green", (GREEN,))
    write_colors(tmp_path / "b", "blues", (BLUE, BLUE, BLUE))
    rows = (DataRow(tmp_path / "a", "masks", weight=2), DataRow(tmp_path / "b", "masks"))
    stills = hold(rows).stills(600, (16, 16), generator())
    counts = torch.cat([colors_under(s) for s in stills]).bincount(minlength=3)
    assert 350 < counts[0] < 450
    assert (counts[1:] > 60).all()
    assert (counts[1:] < 140).all()


def test_real_clips_follow_one_object(folder: Path) -> None:
    resident = hold(folder, has_clips=True)
    clips = resident.clips(6, 4, (24, 32), generator())
    assert clips.shape == (6, 4, 4, 24, 32)
    for frame in clips.flatten(0, 1):
        assert frame[:3, frame[3] == 255].float().mean() > 200
    edges = (clips[:, :, 3] > 0).flatten(2).any(2)
    assert edges.all()
    assert (clips[:, 0] != clips[:, 1]).flatten(1).any(1).any()


def test_real_clips_show_frames_in_one_direction_and_turn_at_the_ends(tmp_path: Path) -> None:
    for i in range(12):
        write_image(tmp_path / "v" / f"{i:05d}", x=4 * i)
    rows = (DataRow(_tree(tmp_path), "davis"),)
    resident = hold(rows, has_clips=True)
    assert resident.videos is not None
    maps, values, _ = resident.videos.draw(200, 4, generator())
    frames = maps - resident.videos.offset
    assert (values == 2).all()
    assert frames.min() == 0
    assert frames.max() == 11
    steps = frames.diff(dim=1).abs()
    assert steps.max() <= 8
    assert 0.25 < (steps == 1).float().mean() < 0.45  # as many clips move slowly as fast
    assert (frames[:, 0].bincount(minlength=12) > 0).all()
    straight = (frames.diff(dim=1) > 0).all(1).sum(), (frames.diff(dim=1) < 0).all(1).sum()
    assert min(straight) > 20


def _tree(root: Path) -> Path:
    """Move what `write_image` wrote in ``v`` to where a DAVIS tree has it."""
    for kind, suffix in (("JPEGImages", "jpg"), ("Annotations", "png")):
        (root / kind / "v").mkdir(parents=True)
        for path in (root / "v").glob(f"*.{suffix}"):
            path.rename(root / kind / "v" / path.name)
    return root


def test_a_file_is_stored_once_however_often_it_is_annotated(folder: Path) -> None:
    resident = hold(folder, has_clips=True)
    # Three stills, one image with five sets of regions, four frames; validation is left out.
    assert len(resident.images.pixels) == 3 + 1 + 4
    assert len(resident.images.labels) == 3 + 5 + 4


def test_data_without_what_is_asked_for_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no annotated videos"):
        hold((DataRow(folder / "images", "masks"),), has_clips=True)
    (tmp_path / "specks").mkdir()
    Image.fromarray(np.zeros((60, 80, 3), np.uint8)).save(tmp_path / "specks" / "0.jpg")
    Image.fromarray(np.zeros((60, 80), np.uint8)).save(tmp_path / "specks" / "0.png")
    with pytest.raises(ValueError, match="shows an object"):
        hold((DataRow(tmp_path / "specks", "masks"),))


def test_extents_are_the_areas_and_boxes_of_labels() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[3:7, 5:15] = 9
    labels[19, 19] = 255
    extents = label_extents(labels)
    assert extents[9].tolist() == [40, 3, 7, 5, 15]
    assert extents[255].tolist() == [1, 19, 20, 19, 20]
    assert extents[1].tolist() == [0, 0, 0, 0, 0]


@pytest.fixture
def config(folder: Path, tmp_path: Path) -> TrackingConfig:
    encoder = tmp_path / "encoder.safetensors"
    return TrackingConfig(
        folder,
        tmp_path / "out",
        encoder,
        synthetic=2,
        real=2,
        stills=3,
        resident_side=48,
        workers=0,
    )


def drawn(config: TrackingConfig, step: int, ranks: Ranks = ALONE) -> Batch:
    return next(batch_source(config, ranks)(Phase(1.0, 64, length=4), step))


def are_equal(a: Batch, b: Batch) -> bool:
    return all(
        torch.equal(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None
    )


def test_batches_depend_on_seed_step_and_process_alone(config: TrackingConfig) -> None:
    batches = batch_source(config, ALONE)(Phase(1.0, 64, length=4), 0)
    first, second = next(batches), next(batches)
    assert are_equal(second, drawn(config, 1))
    assert not are_equal(first, second)
    assert not are_equal(first, drawn(replace(config, seed=1), 0))
    own, other = (drawn(config, 0, Ranks(own, 2)) for own in (0, 1))
    assert not are_equal(own, other)


def test_resident_batches_are_shaped_like_those_that_are_read(config: TrackingConfig) -> None:
    resident, read = drawn(config, 0), drawn(replace(config, resident_side=None), 0)
    for ours, theirs in zip(resident, read, strict=True):
        assert ours is not None
        assert theirs is not None
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype


def test_what_a_recipe_does_without_is_not_drawn(config: TrackingConfig) -> None:
    assert drawn(replace(config, real=0, stills=0), 0)[1:] == (None, None)
    with pytest.raises(ValueError, match="resident_side must be at least"):
        replace(config, resident_side=8)
