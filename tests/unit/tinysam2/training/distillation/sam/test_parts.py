"""Parts of training images: written, read while they arrive, and seen as views on a device."""

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.unit.tinysam2.training.data_folder import make_data_folder
from tinysam2.datasets.registry import DataRow
from tinysam2.training.distillation.sam import part_loader
from tinysam2.training.distillation.sam.device_views import (
    DeviceViews,
    GrowingImages,
    GrowingTensor,
)
from tinysam2.training.distillation.sam.packing import pack
from tinysam2.training.distillation.sam.part_loader import PartLoader
from tinysam2.training.distillation.sam.parts import PartImage, PartWriter, Sampling, read_part

SIDE = 64
DEVICE = torch.device("cpu")
OBJECT, GROUND = (60, 180, 220), (40, 30, 20)  # RGB


def disc(
    x: int, group: int | None = 0, weight: float = 1.0, group_weight: float = 2.0
) -> PartImage:
    """Make a wide image with a bright disc, annotated as object 3 where it has a group."""
    labels = np.zeros((64, 128), np.uint8)
    cv2.circle(labels, (x, 32), 20, 3, -1)
    rgb = np.where(labels[..., None] > 0, np.uint8(OBJECT), np.uint8(GROUND))
    webp = cv2.imencode(".webp", rgb[:, :, ::-1], [cv2.IMWRITE_WEBP_QUALITY, 95])[1].tobytes()
    png = None if group is None else cv2.imencode(".png", labels)[1].tobytes()
    return PartImage(webp, png, Sampling(weight, group, group_weight))


def write_part(folder: Path, name: str, images: list[PartImage]) -> Path:
    writer = PartWriter(folder / "draft", 10**6)
    for image in images:
        assert writer.add(image)
    writer.close()
    return writer.paths[0].rename(folder / name)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(part_loader, "_SCAN_EVERY_S", 0.02)
    threads = cv2.getNumThreads()
    yield
    cv2.setNumThreads(threads)


def absorb_until(views: DeviceViews, parts: int) -> None:
    deadline = time.monotonic() + 20
    while views.parts < parts and time.monotonic() < deadline:
        views.absorb(0.05)
    assert views.parts == parts


def test_parts_keep_their_limit_and_give_back_what_was_added(tmp_path: Path) -> None:
    images = [disc(x, x % 3, x / 100) for x in range(24, 104, 4)]
    writer = PartWriter(tmp_path, 25_000)
    assert all(map(writer.add, images))
    writer.close()
    assert len(writer.paths) > 1
    assert max(path.stat().st_size for path in writer.paths) <= 25_000
    found = [image for path in writer.paths for image in read_part(path) or ()]
    assert found == images
    assert sorted(tmp_path.iterdir()) == writer.paths


def test_all_parts_together_keep_a_limit(tmp_path: Path) -> None:
    writer = PartWriter(tmp_path, 100_000, limit_bytes=250_000)
    while writer.add(disc(40)):
        pass
    writer.close()
    assert 180_000 < sum(path.stat().st_size for path in writer.paths) <= 250_000


def test_parts_are_not_mixed_with_older_ones(tmp_path: Path) -> None:
    write_part(tmp_path, "part-0000.tar", [disc(40)])
    with pytest.raises(ValueError, match="must hold no parts yet"):
        PartWriter(tmp_path, 25_000)


def test_a_part_is_complete_only_with_its_last_bytes(tmp_path: Path) -> None:
    path = write_part(tmp_path, "a.tar", [disc(40), disc(60, None)])
    whole = path.read_bytes()
    end = whole.index(b"index.json")
    for size in (0, 100, 700, end // 2, end - 100, end + 600):
        path.write_bytes(whole[:size])
        assert read_part(path) is None
    path.write_bytes(whole)
    assert len(read_part(path) or ()) == 2


def test_annotated_images_come_first_and_every_image_once(tmp_path: Path) -> None:
    data = make_data_folder(tmp_path / "data")
    writer = PartWriter(tmp_path / "parts", 10**6)
    (*_, last) = pack((DataRow(data, "index", weight=2.0),), writer)
    images = read_part(writer.paths[0])
    assert images is not None
    is_annotated = [image.labels is not None for image in images]
    assert is_annotated == [True] * 7 + [False]  # stills and a video's frames; validation left out
    assert last == len(images)
    assert {image.sampling.weight for image in images} == {2.0}
    weights = {(image.sampling.group, image.sampling.group_weight) for image in images}
    assert weights == {(0, 6.0), (1, 2.0), (None, 1.0)}  # of the set bsds500, of videos
    labels = cv2.imdecode(np.frombuffer(images[0].labels or b"", np.uint8), cv2.IMREAD_GRAYSCALE)
    assert labels is not None
    assert set(np.unique(labels)) == {0, 2}


def test_a_part_that_arrives_later_is_used(tmp_path: Path) -> None:
    write_part(tmp_path, "part-0000.tar", [disc(40, None)])
    with PartLoader(tmp_path, SIDE, 2) as loader:
        views = DeviceViews(loader, GrowingImages(SIDE, DEVICE))
        views.wait_for_part(lambda: False)
        assert len(views.images) == 1
        assert views.draw((64, 64), 4, 1, 1.0, (0,))[1].max() == 0  # nothing is annotated yet
        write_part(tmp_path, "part-0001.tar", [disc(x) for x in range(30, 90)])
        absorb_until(views, 2)
        assert len(views.images) == 61
        assert views.draw((64, 64), 4, 1, 1.0, (0,))[1].max() == 255
        report = views.report()
        assert (report["parts"], report["resident"]) == (2, 61)
        assert report["decoded_per_s"] > 0


def test_a_half_written_part_is_left_until_it_is_complete(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    path = write_part(tmp_path, "part-0000.tar", [disc(40), disc(60)])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with PartLoader(tmp_path, SIDE, 1) as loader:
        views = DeviceViews(loader, GrowingImages(SIDE, DEVICE))
        views.absorb(0.3)
        assert (views.parts, len(views.images)) == (0, 0)
        path.write_bytes(whole)
        absorb_until(views, 1)
        assert len(views.images) == 2
    assert caplog.text.count("part-0000.tar is not complete yet") == 1


def test_an_image_that_cannot_be_decoded_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_part(tmp_path, "a.tar", [disc(40), PartImage(b"no image", None, Sampling()), disc(60)])
    with PartLoader(tmp_path, SIDE, 1) as loader:
        views = DeviceViews(loader, GrowingImages(SIDE, DEVICE))
        views.wait_for_part(lambda: False)
        assert len(views.images) == 2
    assert "cannot be decoded" in caplog.text


def test_a_tar_of_another_kind_ends_the_run(tmp_path: Path) -> None:
    path = write_part(tmp_path, "a.tar", [disc(40)])
    path.write_bytes(path.read_bytes().replace(b'"group_weight"', b'"group_height"'))
    with PartLoader(tmp_path, SIDE, 1) as loader:
        views = DeviceViews(loader, GrowingImages(SIDE, DEVICE))
        with pytest.raises(ValueError, match="is not a part of training images"):
            views.wait_for_part(lambda: False)


def test_waiting_ends_when_the_run_is_to_stop(tmp_path: Path) -> None:
    with PartLoader(tmp_path, SIDE, 1) as loader:
        views = DeviceViews(loader, GrowingImages(SIDE, DEVICE))
        views.wait_for_part(lambda: True)
        assert not views.parts


def test_masks_stay_on_their_objects_and_draws_repeat(tmp_path: Path) -> None:
    write_part(tmp_path, "a.tar", [disc(50, None), disc(30, 0), disc(64, None), disc(90, 1)])
    with PartLoader(tmp_path, SIDE, 1) as loader:
        views = DeviceViews(loader, GrowingImages(SIDE, DEVICE))
        views.wait_for_part(lambda: False)
        images, masks = views.draw((64, 128), 24, 2, 0.6, (3, 1))
        assert (images.shape, masks.shape) == ((24, 3, 64, 128), (24, 2, 64, 128))
        assert torch.equal(images, views.draw((64, 128), 24, 2, 0.6, (3, 1))[0])
        assert not torch.equal(images, views.draw((64, 128), 24, 2, 0.6, (3, 2))[0])
    is_empty = masks.flatten(1).amax(1) == 0
    assert 4 < is_empty.sum() < 20  # drawn without annotations
    seen = [(i, m[0]) for i, m in zip(images, masks, strict=True) if (m[0] > 250).sum() > 200]
    assert len(seen) > 8
    for image, mask in seen:
        inside, outside = image[:, mask > 250].float(), image[:, mask == 0].float()
        assert (inside.mean(1) - torch.tensor(OBJECT)).abs().max() < 25
        assert (outside.mean(1) - torch.tensor(GROUND)).abs().max() < 25


def test_weights_say_how_often_an_image_is_drawn(tmp_path: Path) -> None:
    dark = disc(200, None, 3.0)  # the disc lies outside: GROUND alone
    write_part(tmp_path, "a.tar", [dark, disc(64, None, 1.0), disc(64, None, 0.0)])
    with PartLoader(tmp_path, SIDE, 1) as loader:
        views = DeviceViews(loader, GrowingImages(SIDE, DEVICE))
        views.wait_for_part(lambda: False)
        images, _ = views.draw((64, 64), 200, 1, 0.0, (0,))
    is_dark = images.flatten(1).amax(1) < 80
    assert 0.65 < is_dark.float().mean() < 0.85


def test_a_group_of_annotated_images_is_drawn_by_its_weight(tmp_path: Path) -> None:
    few = [disc(10, 0, group_weight=30.0)]  # its disc is cut at the edge
    many = [disc(64, 1, group_weight=1.0) for _ in range(9)]
    write_part(tmp_path, "a.tar", [*few, *many])
    with PartLoader(tmp_path, SIDE, 1) as loader:
        views = DeviceViews(loader, GrowingImages(SIDE, DEVICE))
        views.wait_for_part(lambda: False)
        _, masks = views.draw((64, 128), 300, 1, 1.0, (0,))
    sides = masks[:, 0, :, [0, -1]].flatten(1).amax(1) > 127  # touched by the cut disc
    seen = masks.flatten(1).amax(1) > 127
    assert sides[seen].float().mean() > 0.7


def test_half_of_the_views_are_flipped(tmp_path: Path) -> None:
    write_part(tmp_path, "a.tar", [disc(24, 0)])
    with PartLoader(tmp_path, SIDE, 1) as loader:
        views = DeviceViews(loader, GrowingImages(SIDE, DEVICE))
        views.wait_for_part(lambda: False)
        _, masks = views.draw((64, 128), 100, 1, 1.0, (0,))
    left, right = ((half > 127).flatten(1).sum(1) for half in masks.chunk(2, dim=3))
    assert 0.3 < (left > right).float().mean() < 0.7
    assert 0.3 < (right > left).float().mean() < 0.7


def test_growing_keeps_rows() -> None:
    rows = torch.randint(256, (150, 3), dtype=torch.uint8)
    growing = GrowingTensor((3,), DEVICE)
    for at in range(0, 150, 50):
        growing.add(rows[at : at + 50])
    assert torch.equal(growing.rows, rows)
