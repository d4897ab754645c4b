"""What the options of external models do to the one tracking path."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.unit.tinysam2.toys import TOY, block_mask, noise_frames, randomize_norms, set_presence
from tinysam2.build import Model, prepare
from tinysam2.config import FULL_MEMORY, KeyPooling, MemoryConfig, MemoryPolicy, ModelConfig
from tinysam2.inference import frame_step
from tinysam2.inference.memory_access import memory_grid
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.memory.mask_shape import distractor_overlap
from tinysam2.model.layers.attention import Attention, KeyGroups
from tinysam2.model.network import TinySam2

SAM2 = replace(
    TOY, follows_sam2=True, wide_neck=True, memory=FULL_MEMORY, click_features=False, matching=False
)
LATENTS = replace(SAM2, perceiver=True, image_size=256)
ONE_SCALE = replace(SAM2, trunk="vit_ti", pointer_time=False, no_object_code=False)


def model_of(config: ModelConfig, presence: float = 4.0) -> Model:
    torch.manual_seed(7)
    network = TinySam2(config).eval()
    randomize_norms(network)
    set_presence(network, presence)
    return replace(prepare(network, torch.device("cpu")), autocast=None)


def track(model: Model, objects: tuple[int, ...], memory: MemoryConfig | None = None) -> Tensor:
    """Track up to two objects, one by a mask and one by a click; (T, O, H, W) logits."""
    tracker = VideoTracker(model, noise_frames(5), memory)
    if 1 in objects:
        tracker.add_mask(1, 0, block_mask())
    if 2 in objects:
        tracker.add_points(2, 0, [[30, 20]], [1])
    return torch.stack([torch.from_numpy(step.mask_logits) for step in tracker.propagate()])


@pytest.mark.parametrize(
    "config",
    [
        SAM2,
        LATENTS,
        ONE_SCALE,
        replace(ONE_SCALE, key_pooling=KeyPooling.BIAS),
        replace(ONE_SCALE, key_pooling=KeyPooling.SHIFT),
    ],
)
@pytest.mark.parametrize("memory", [FULL_MEMORY, MemoryConfig(quality_threshold=0.0), None])
def test_objects_are_tracked_each_on_its_own(
    config: ModelConfig, memory: MemoryConfig | None
) -> None:
    model = model_of(config)
    both = track(model, (1, 2), memory)
    assert both.isfinite().all()
    for row, each in enumerate((1, 2)):
        alone = track(model, (each,), memory)
        torch.testing.assert_close(both[:, row : row + 1], alone, atol=1e-3, rtol=1e-3)


def test_merged_keys_change_only_what_several_frames_say() -> None:
    plain, merged = (
        track(model_of(replace(ONE_SCALE, key_pooling=pooling)), (2,))
        for pooling in (KeyPooling.NONE, KeyPooling.BIAS)
    )
    torch.testing.assert_close(plain[:2], merged[:2])
    assert not torch.equal(plain[2:], merged[2:])


def test_a_merged_key_counts_as_often_as_it_has_members() -> None:
    attention = Attention(8).requires_grad_(False)
    q, keys = torch.randn(1, 3, 8), torch.randn(1, 3, 8)
    group = torch.tensor([5, 0, 5, 5, 0])
    spelled_out = keys[:, [1, 0, 1, 1, 0, 2]]
    groups = KeyGroups.of(group, KeyPooling.BIAS)
    torch.testing.assert_close(
        attention(q, spelled_out, spelled_out, groups=groups),
        attention(q, spelled_out, spelled_out),
    )


def test_sam2_believes_its_head_where_a_person_clicked() -> None:
    assert (track(model_of(SAM2, presence=-4.0), (2,))[0] < -1000).all()
    assert (track(model_of(TOY, presence=-4.0), (2,))[0] > -1000).all()


@pytest.mark.parametrize(("config", "is_requested"), [(SAM2, True), (TOY, False)])
def test_dam4sam_compares_masks_where_there_are_several(
    config: ModelConfig, is_requested: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def overlap(masks: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], chosen: int) -> float:
        asked.append(len(masks))
        return distractor_overlap(masks, chosen)

    monkeypatch.setattr(frame_step, "distractor_overlap", overlap)
    model = model_of(config)
    track(model, (1, 2), MemoryConfig(MemoryPolicy.DAM4SAM, keep_ratio=None))
    assert asked == ([3] * 8 if is_requested else [])
    track(model, (1, 2), MemoryConfig(MemoryPolicy.FIFO, keep_ratio=None))
    assert len(asked) == 8 * is_requested


def test_latents_stand_in_a_grid_of_windows() -> None:
    network = model_of(LATENTS).network
    assert memory_grid(network, (64, 64), 2).size_hw == (16, 16)
    assert memory_grid(network, (16, 16), 1).size_hw == (16, 16)
    assert memory_grid(model_of(SAM2).network, (64, 64), 2).size_hw == (64, 64)


def test_latents_that_see_everything_stand_nowhere() -> None:
    grid = memory_grid(model_of(LATENTS).network, (16, 16), 1)
    assert grid.covered(torch.arange(256, 512)).sum() == 0
    assert grid.covered(torch.tensor([3, 400])).flatten().nonzero().tolist() == [[3]]


def test_input_sides_fit_the_windows_of_latents() -> None:
    with pytest.raises(ValueError, match="multiple of 256"):
        VideoTracker(model_of(LATENTS), noise_frames(1), image_size=320)


def test_unknown_trunk_is_refused() -> None:
    with pytest.raises(ValueError, match="trunk must be one of"):
        ModelConfig(trunk="resnet")
