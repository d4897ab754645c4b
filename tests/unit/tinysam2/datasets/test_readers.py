import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco_mask

from tests.helpers.synthetic_video import read_number, write_numbered_clip
from tests.unit.tinysam2.training.data_folder import HEIGHT, WIDTH, make_data_folder, write_image
from tinysam2.datasets.davis_tree import VALIDATION_VIDEOS
from tinysam2.datasets.regions import REGION_COUNTS
from tinysam2.datasets.registry import DataRow, read_data
from tinysam2.datasets.samples import VOID, Clip
from tinysam2.training.data.aspect_ratios import Shapes
from tinysam2.training.data.clips import RealClips, StillLayers

VIDEO_HW = (96, 128)


def write_davis(root: Path, *videos: str, between: str = "480p") -> Path:
    for video in videos:
        frames = root / "JPEGImages" / between / video
        masks = root / "Annotations" / between / video
        masks.mkdir(parents=True)
        for i in range(4):
            write_image(frames / f"{i:05d}", x=5 * i)
            (frames / f"{i:05d}.png").rename(masks / f"{i:05d}.png")
    return root


def rectangle(size_hw: tuple[int, int], y: int, x: int, side: int) -> NDArray[np.uint8]:
    mask = np.zeros(size_hw, np.uint8)
    mask[y : y + side, x : x + side] = 1
    return mask


def run_length(mask: NDArray[np.uint8]) -> dict[str, object]:
    coded = coco_mask.encode(np.asfortranarray(mask))
    return {**coded, "counts": coded["counts"].decode()}


def write_coco(root: Path) -> Path:
    images, annotations = root / "train2017", root / "annotations"
    annotations.mkdir(parents=True)
    write_image(images / "a", x=10, has_mask=False)
    size = {"height": HEIGHT, "width": WIDTH}
    polygon = [10, 20, 34, 20, 34, 44, 10, 44]
    crowd = coco_mask.encode(np.asfortranarray(rectangle((HEIGHT, WIDTH), 0, 60, 10)))
    content = {
        "images": [
            {"id": 7, "file_name": "a.jpg", **size},
            {"id": 8, "file_name": "absent.jpg", **size},
        ],
        "annotations": [
            {"image_id": 7, "area": 16, "iscrowd": 0,
             "segmentation": run_length(rectangle((HEIGHT, WIDTH), 25, 15, 4))},
            {"image_id": 7, "area": 576, "iscrowd": 0, "segmentation": [polygon]},
            {"image_id": 7, "area": 100, "iscrowd": 1,
             "segmentation": {"size": crowd["size"], "counts": crowd["counts"].decode()}},
            {"image_id": 8, "area": 576, "iscrowd": 0, "segmentation": [polygon]},
        ],
    }  # fmt: skip
    path = annotations / "instances_train2017.json"
    path.write_text(json.dumps(content))
    return path


def write_sav(root: Path) -> Path:
    (root / "000").mkdir(parents=True)
    write_numbered_clip(root / "000" / "sav_1.mp4", 13, size_hw=VIDEO_HW)
    masks = [[rectangle(VIDEO_HW, 10, 10 + 4 * t, 40), rectangle(VIDEO_HW, 15, 20, 8)]
             for t in range(4)]  # fmt: skip
    masklet: list[list[object]] = [[run_length(m) for m in frame] for frame in masks]
    masklet[2][0] = None
    (root / "000" / "sav_1_manual.json").write_text(json.dumps({"masklet": masklet}))
    return root


def only_clip(row: DataRow) -> Clip:
    (part,) = read_data((row,))
    (clip,) = part.clips
    return clip


@pytest.mark.parametrize("between", ["480p", "Full-Resolution", ""])
def test_videos_of_a_davis_tree_are_clips(tmp_path: Path, between: str) -> None:
    clip = only_clip(DataRow(write_davis(tmp_path, "surf", between=between), "davis"))
    assert len(clip) == 4
    for i in range(4):
        assert clip[i].pixels().shape == (HEIGHT, WIDTH, 3)
        assert clip[i].labels()[30, 5 * i + 5] == 2


def test_davis_validation_videos_are_refused(tmp_path: Path) -> None:
    assert len(VALIDATION_VIDEOS) == 30
    found = read_data((DataRow(write_davis(tmp_path, "goat", "surf", "soapbox"), "davis"),))
    paths = [
        str(p) for m in found for p in (*m.images, *m.stills, *(f for c in m.clips for f in c))
    ]
    assert paths
    assert not any("goat" in p or "soapbox" in p for p in paths)
    with pytest.raises(ValueError, match="no annotated video that may be trained on"):
        read_data((DataRow(write_davis(tmp_path / "val", "goat"), "davis"),))


def test_davis_validation_videos_are_refused_whatever_an_index_says(tmp_path: Path) -> None:
    root = make_data_folder(tmp_path)
    (root / "video/secret").rename(root / "video/goat")
    index = (root / "index.json").read_text().replace("secret", "goat").replace("val", "train")
    (root / "index.json").write_text(index)
    (clips,) = [m.clips for m in read_data(root) if m.clips]
    assert len(clips) == 1


def test_coco_objects_are_drawn_small_on_large(tmp_path: Path) -> None:
    (part,) = read_data((DataRow(write_coco(tmp_path), "coco"),))
    (still,) = part.stills  # the absent image is none
    labels = still.labels()
    assert labels[22, 12] == 2
    assert (labels == 1).sum() == 16  # though listed first
    assert labels[5, 65] == VOID
    assert still.pixels()[22, 12].mean() > 200


def test_coco_images_may_lie_elsewhere(tmp_path: Path) -> None:
    path = write_coco(tmp_path)
    (tmp_path / "train2017").rename(tmp_path / "images")
    assert read_data((DataRow(path, "coco", images=tmp_path / "images"),))[0].stills
    with pytest.raises(ValueError, match=r"instances_train2017\.json describes no image"):
        read_data((DataRow(path, "coco"),))


def test_sav_masks_lie_on_every_fourth_frame(tmp_path: Path) -> None:
    clip = only_clip(DataRow(write_sav(tmp_path), "sav"))
    assert len(clip) == 4
    for i in (2, 0, 3, 1):  # in any order
        assert read_number(clip[i].pixels()) == 4 * i
    labels = clip[1].labels()
    assert (labels[12, 16], labels[16, 21], labels[90, 100]) == (1, 2, 0)
    assert set(np.unique(clip[2].labels())) == {0, 2}  # the first object is not seen
    with pytest.raises(IndexError):
        clip[4]


def test_sav_videos_give_the_encoder_images(tmp_path: Path) -> None:
    (part,) = read_data((DataRow(write_sav(tmp_path), "sav"),))
    assert {p.pixels().shape for p in part.images} == {(*VIDEO_HW, 3)}
    assert read_number(part.stills[0].pixels()) == 0  # also after looking elsewhere


def test_masks_belong_to_images_of_the_same_name(tmp_path: Path) -> None:
    for name in ("one", "deep/two", "alone"):
        write_image(tmp_path / name, x=20)
    (tmp_path / "alone.jpg").unlink()
    (part,) = read_data((DataRow(tmp_path, "masks"),))
    assert len(part.stills) == 2
    assert part.stills[0].labels()[30, 30] == 2


def test_black_and_white_masks_show_an_object(tmp_path: Path) -> None:
    write_image(tmp_path / "images/a", x=20, has_mask=False)
    (tmp_path / "masks").mkdir()
    mask = rectangle((HEIGHT, WIDTH), 20, 20, 24) * 255
    Image.fromarray(mask).save(tmp_path / "masks/a.png")
    row = DataRow(tmp_path / "masks", "masks", images=tmp_path / "images")
    (part,) = read_data((row,))
    assert set(np.unique(part.stills[0].labels())) == {0, 1}


def test_colored_masks_are_named(tmp_path: Path) -> None:
    write_image(tmp_path / "a", x=20, has_mask=False)
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "a.png")
    (part,) = read_data((DataRow(tmp_path, "masks"),))
    with pytest.raises(ValueError, match=r"a\.png must be an 8-bit palette or gray PNG"):
        part.stills[0].labels()


def test_clips_and_layers_come_from_all_places(tmp_path: Path) -> None:
    write_image(tmp_path / "plain/x", x=50, has_mask=False)
    data = (
        DataRow(write_davis(tmp_path / "davis", "surf"), "davis"),
        DataRow(write_coco(tmp_path / "coco"), "coco", weight=3),
        DataRow(write_sav(tmp_path / "sav"), "sav", weight=0.5),
        DataRow(tmp_path / "plain", "images"),
    )
    layers = pickle.loads(pickle.dumps(StillLayers(data, Shapes(64, 0))))  # as workers get it
    assert layers[0].shape == (3, 4, 64, 64)
    clips = pickle.loads(pickle.dumps(RealClips(data, Shapes(64, 0), 3)))
    assert all(clips[i].shape == (3, 4, 64, 64) for i in range(4))


def test_weights_say_how_often_a_place_is_drawn_from(tmp_path: Path) -> None:
    write_image(tmp_path / "dark/a", x=1)
    write_image(tmp_path / "light/a", x=1)
    Image.new("RGB", (WIDTH, HEIGHT), "white").save(tmp_path / "light/a.jpg")
    data = (
        DataRow(tmp_path / "dark", "masks", weight=1),
        DataRow(tmp_path / "light", "masks", weight=9),
    )
    layers = StillLayers(data, Shapes(64, 0))
    drawn = [float(layers[i][2, :3].float().mean()) > 240 for i in range(60)]
    assert 0.75 < np.mean(drawn) < 1


def test_videos_alone_are_enough(tmp_path: Path) -> None:
    data = (DataRow(write_davis(tmp_path, "surf"), "davis"),)
    assert (StillLayers(data, Shapes(64, 0))[0][0, 3] == 255).any()


def test_data_without_objects_is_refused_instead_of_searched_for_ever(tmp_path: Path) -> None:
    write_image(tmp_path / "a", x=1)
    Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).save(tmp_path / "a.png")
    data = (DataRow(tmp_path, "masks"),)
    with pytest.raises(ValueError, match="no image shows an object"):
        StillLayers(data, Shapes(64, 0))[0]
    with pytest.raises(ValueError, match="no annotated videos"):
        RealClips(data, Shapes(64, 0), 3)


@pytest.mark.parametrize("kind", ["davis", "sav", "masks", "images", "regions"])
def test_an_empty_folder_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ValueError, match=str(tmp_path)):
        read_data((DataRow(tmp_path, kind),))


def test_files_of_another_kind_are_named(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    for text in ("{}", "no json"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"other\.json is no data of the kind coco"):
            read_data((DataRow(path, "coco"),))


@pytest.mark.parametrize("text", ["[]", '{"entries": [1]}', '{"entries": null}'])
def test_an_index_of_another_form_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(ValueError, match=f"{tmp_path} is no data of the kind index"):
        read_data((DataRow(tmp_path, "index"),))


def test_regions_of_an_index_can_be_left_out(tmp_path: Path) -> None:
    root = make_data_folder(tmp_path)
    with_regions = read_data((DataRow(root, "index"),))
    without = read_data((DataRow(root, "index", regions=False),))
    assert sum(len(part.stills) for part in with_regions) == 3 + len(REGION_COUNTS)
    assert sum(len(m.stills) for m in without) == 3
    assert sum(len(m.backgrounds) for m in without) == 1
    with pytest.raises(ValueError, match="regions is for the kind index"):
        DataRow(root, "regions", regions=False)
