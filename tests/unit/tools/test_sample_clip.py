import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.helpers.sources import ROOT
from tools.sample_clip.video import OBJECTS, SampleClip

SAMPLE = ROOT / "resources" / "sample"


def masks() -> list[np.ndarray]:
    return [np.asarray(Image.open(path)) for path in sorted((SAMPLE / "masks").iterdir())]


def video(path: Path = SAMPLE / "sample.mp4") -> list[np.ndarray]:
    with av.open(path) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def clip() -> SampleClip:
    return SampleClip()


def test_every_frame_has_a_mask_of_its_size_with_both_objects() -> None:
    frames, labels = video(), masks()
    assert len(frames) == len(labels) == 144
    assert {frame.shape[:2] for frame in frames} == {mask.shape for mask in labels}
    assert all(np.array_equal(np.unique(mask), [0, 1, 2]) for mask in labels)


def test_prompts_point_at_their_objects() -> None:
    prompts = json.loads((SAMPLE / "prompts.json").read_text("utf-8"))
    labels = masks()
    assert [item["name"] for item in prompts["objects"]] == [name for name, _ in OBJECTS]
    for item in prompts["objects"]:
        for prompt in item["prompts"]:
            mask = labels[prompt["frame"]] == item["id"]
            for x, y, label in prompt.get("points", []):
                assert label == 1
                assert mask[int(y), int(x)]
            if "box" in prompt:
                x0, y0, x1, y1 = map(int, prompt["box"])
                assert mask[y0:y1, x0:x1].sum() == mask.sum()


def test_fox_passes_behind_the_tree() -> None:
    area = np.array([np.count_nonzero(mask == 1) for mask in masks()])
    hidden = area < 0.8 * (area[50] + area[96]) / 2
    assert 15 <= np.count_nonzero(hidden[56:96]) <= 30
    assert area.min() > 2000


def test_masks_carry_the_davis_palette() -> None:
    with Image.open(SAMPLE / "masks" / "00000.png") as image:
        assert image.mode == "P"
        assert image.getpalette()[:30] == [
            *(0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 0, 0, 128),
            *(128, 0, 128, 0, 128, 128, 128, 128, 128, 64, 0, 0, 192, 0, 0),
        ]


@pytest.mark.slow
@pytest.mark.parametrize("frame_index", [0, 70])
def test_committed_clip_is_what_the_renderer_renders(clip: SampleClip, frame_index: int) -> None:
    shot = clip[frame_index]
    assert np.mean(shot.labels != masks()[frame_index]) < 1e-3
    assert np.abs(shot.frame - video()[frame_index].astype(float)).mean() < 6


@pytest.mark.slow
def test_rendering_is_repeatable(clip: SampleClip) -> None:
    again = SampleClip()
    for frame_index in (5, 143):
        np.testing.assert_array_equal(clip[frame_index].frame, again[frame_index].frame)
        np.testing.assert_array_equal(clip[frame_index].labels, again[frame_index].labels)


def test_frames_outside_the_clip_are_refused(clip: SampleClip) -> None:
    with pytest.raises(IndexError, match="below 144"):
        clip[144]
