"""A network with SAM's decoder: it predicts from prompts, and completes what memory finds."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.unit.tinysam2.toys import (
    SIZE_HW,
    TOY,
    block_mask,
    noise_frames,
    randomize_norms,
    set_presence,
)
from tinysam2.build import ImageModel, Model, prepare
from tinysam2.config import SamConfig, TinyVitConfig
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.model import mask_completion
from tinysam2.model.decoder.predictions import ObjectMasks
from tinysam2.model.decoder.prompt_encoder import BOX_FIRST, BOX_SECOND
from tinysam2.model.network import TinySam2
from tinysam2.model.sam import Sam, enclosing_corners
from tinysam2.model.stages import NetworkStage

CLICK = ObjectPrompt.of([[30, 20]], [1], None)


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(7)
    network = TinySam2(replace(TOY, sam_decoder=True, refines_tracked=True)).eval()
    randomize_norms(network)
    set_presence(network, 4.0)
    return replace(prepare(network, torch.device("cpu")), autocast=None)


@pytest.fixture(scope="module")
def still_model() -> ImageModel:
    torch.manual_seed(7)
    trunk = TinyVitConfig((16, 32, 64, 64), (1, 1, 1, 1), (0, 1, 2, 2))
    return ImageModel(Sam(SamConfig("tinysam", trunk, 128)).eval(), torch.device("cpu"), None)


@torch.inference_mode()
def test_clicks_at_once_equal_clicks_one_by_one(model: Model) -> None:
    predictor = FramePredictor(model)
    features = predictor.features(0, noise_frames(1)[0])
    xy, labels = [[30, 20], [60, 40], [10, 5]], [1, 0, 1]
    previous = None
    for count in (1, 2, 3):
        so_far = ObjectPrompt.of(xy[:count], labels[:count], None)
        previous, iou = predictor.predict_logits(features, so_far, SIZE_HW, previous)
    at_once, _ = predictor.predict_logits(features, ObjectPrompt.of(xy, labels, None), SIZE_HW)
    assert previous is not None
    torch.testing.assert_close(at_once, previous)
    assert 0 <= float(iou) <= 1


@torch.inference_mode()
def test_a_single_click_gets_the_single_mask_and_in_sam_the_best_of_three(
    model: Model, still_model: ImageModel
) -> None:
    for each, masks in ((model, slice(0, 1)), (still_model, slice(1, 4))):
        predictor = FramePredictor(each)
        features = predictor.features(0, noise_frames(1)[0])
        decoder = each.network.sam_decoder
        assert decoder is not None
        xy = torch.tensor([[[30.5 / SIZE_HW[1], 20.5 / SIZE_HW[0]]]])
        _, iou = decoder.all_masks(features, xy, torch.tensor([[1]]))
        _, predicted = predictor.predict_logits(features, CLICK, SIZE_HW)
        torch.testing.assert_close(predicted[0], iou[0, masks].max().clamp(0, 1))


def test_frames_without_prompts_compute_nothing_that_only_prompts_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(7)
    network = TinySam2(replace(TOY, sam_decoder=True)).eval()
    set_presence(network, 4.0)
    plain = replace(prepare(network, torch.device("cpu")), autocast=None)
    computed: list[int] = []
    assert network.sam_neck is not None
    network.sam_neck.register_forward_hook(lambda *_: computed.append(1))
    tracker = VideoTracker(plain, noise_frames(4))
    tracker.add_prompt(1, 0, CLICK)
    tracker.add_prompt(1, 2, ObjectPrompt.of([[40, 30]], [1], None))
    assert len(list(tracker.propagate())) == 4
    assert len(computed) == 2


def test_features_of_a_tracked_frame_are_completed_for_a_click() -> None:
    torch.manual_seed(7)
    network = TinySam2(replace(TOY, sam_decoder=True)).eval()
    model = replace(prepare(network, torch.device("cpu")), autocast=None)
    predictor, image = FramePredictor(model), noise_frames(1)[0]
    expected = FramePredictor(model).predict(0, image, CLICK)
    predictor.features(0, image, for_prompts=False)
    found = predictor.predict(0, image, CLICK)
    np.testing.assert_allclose(found.mask_logits, expected.mask_logits, atol=1e-4)


def test_each_kind_of_prompt_gives_its_own_mask(model: Model) -> None:
    predictor, image = FramePredictor(model), noise_frames(1)[0]
    prompts = [
        CLICK,
        ObjectPrompt.of([[30, 20]], [0], None),
        ObjectPrompt.of([], [], [10, 10, 50, 40]),
        ObjectPrompt.of([[30, 20]], [1], [10, 10, 50, 40]),
    ]
    masks = [predictor.predict(0, image, p).mask_logits for p in prompts]
    masks.append(predictor.predict(0, image, CLICK, previous=block_mask()).mask_logits)
    for i, one in enumerate(masks):
        assert not any(np.allclose(one, other, atol=1e-4) for other in masks[:i])


def test_still_model_predicts_but_does_not_track(still_model: ImageModel) -> None:
    predictor = FramePredictor(still_model)
    found = predictor.predict(0, noise_frames(1)[0], CLICK)
    assert found.mask_logits.shape == SIZE_HW
    with pytest.raises(ValueError, match="tinysam segments single images and cannot track"):
        _ = predictor.network


@torch.inference_mode()
def test_tracked_masks_are_completed_and_remembered_so(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decoder is given the mask that memory found and its box; what it adds is remembered."""
    decoder = model.network.sam_decoder
    assert decoder is not None
    asked, remembered = [], []

    def draw(
        _features: object, xy: Tensor, labels: Tensor, mask: Tensor, masks: int
    ) -> tuple[Tensor, Tensor]:
        asked.append((xy, labels, mask))
        return mask.expand(-1, masks, -1, -1) + 3.0, torch.full((1, 4), 0.95)

    encode = TinySam2.encode_memory

    def encode_memory(self: TinySam2, *given: Tensor) -> Tensor:
        remembered.append(given[1])
        return encode(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(decoder, "all_masks", draw)
    monkeypatch.setattr(mask_completion, "MOST_GROWTH", 1e9)
    monkeypatch.setattr(TinySam2, "encode_memory", encode_memory)
    tracker = VideoTracker(model, noise_frames(5))
    tracker.add_mask(1, 0, block_mask())
    steps = list(tracker.propagate())
    assert len(steps[1:]) == 4
    assert len(asked) == 2  # every second frame
    for (corners, labels, mask), stored in zip(asked, remembered[-4::2], strict=True):
        assert labels.tolist() == [[2, 3]]
        torch.testing.assert_close(corners, enclosing_corners(mask[:, 0] > 0))
        torch.testing.assert_close(stored, mask[:, 0] + 3.0)


@torch.inference_mode()
@pytest.mark.parametrize("has_changed", [True, False])
def test_an_unsure_mask_is_added_where_the_object_has_changed(
    model: Model, monkeypatch: pytest.MonkeyPatch, has_changed: bool
) -> None:
    decoder = model.network.sam_decoder
    assert decoder is not None

    def draw(
        _features: object, _xy: Tensor, _labels: Tensor, mask: Tensor, masks: int
    ) -> tuple[Tensor, Tensor]:
        return mask.expand(-1, masks, -1, -1) + 3.0, torch.full((1, 4), 0.7)

    monkeypatch.setattr(decoder, "all_masks", draw)
    predictor = FramePredictor(model)
    features = predictor.features(0, noise_frames(1)[0])
    logits = torch.full((1, 4 * features.size_hw[0], 4 * features.size_hw[1]), -9.0)
    logits[:, 3:9, 5:20] = 4.0
    masks = ObjectMasks(logits, torch.tensor([0.9]), torch.ones(1), torch.zeros(1, TOY.dim))
    refined = predictor.refine(features, masks, torch.tensor([has_changed]))
    torch.testing.assert_close(refined.logits, logits + 3.0 if has_changed else logits)


@torch.inference_mode()
def test_empty_masks_stay_empty(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask_completion, "ALWAYS", mask_completion.Demands(-1e9, -1.0))
    monkeypatch.setattr(mask_completion, "MOST_GROWTH", 1e9)
    predictor = FramePredictor(model)
    features = predictor.features(0, noise_frames(1)[0])
    height, width = 4 * features.size_hw[0], 4 * features.size_hw[1]
    logits = torch.full((2, height, width), -1024.0)
    logits[1, 3:9, 5:20] = 4.0
    masks = ObjectMasks(logits, torch.tensor([0.1, 0.2]), torch.ones(2), torch.zeros(2, TOY.dim))
    refined = predictor.refine(features, masks)
    torch.testing.assert_close(refined.logits[0], logits[0])
    torch.testing.assert_close(refined.predicted_iou, masks.predicted_iou)
    assert (refined.logits[1] >= logits[1]).all()
    assert not torch.equal(refined.logits[1], logits[1])


@torch.inference_mode()
def test_what_is_computed_once_for_all_objects_changes_no_mask_and_no_memory(model: Model) -> None:
    """The encoder of tracked images projects the fine maps, and a shared stage those for memory."""
    model = deepcopy(model)
    network = model.network
    assert network.sam_decoder is not None
    for projection in network.sam_decoder.high_res:
        torch.nn.init.normal_(projection.weight, std=0.5)  # they start at zero
    predictor = FramePredictor(model)
    frame = noise_frames(1)[0]
    shared, own = (predictor.encode(frame, for_prompts=each) for each in (False, True))
    assert len(shared.sam_high_res) == 2
    assert shared.for_memory is not None
    assert own.sam_high_res == ()
    assert own.for_memory is None
    logits = torch.full((2, 4 * own.size_hw[0], 4 * own.size_hw[1]), -9.0)
    logits[0, 3:9, 5:20] = logits[1, 10:15, 5:10] = 4.0
    presence = torch.ones(2)
    masks = ObjectMasks(logits, torch.tensor([0.9, 0.9]), presence, torch.zeros(2, TOY.dim))
    memories, redrawn, refined = [], [], []
    draw = network.stage_function(NetworkStage.REDRAW)
    for features in (shared, own):
        memories.append(network.encode_memory(features, logits, presence, logits[:, 0, 0] > 0))
        finer = features.sam_high_res or network.sam_decoder.projected(features.high_res)
        given = logits[:1], enclosing_corners(logits[:1] > 0), features.sam_embedding, *finer
        redrawn.append(draw(*given)[0])
        refined.append(network.refined(features, masks).logits)
    torch.testing.assert_close(*memories)
    torch.testing.assert_close(*redrawn)
    torch.testing.assert_close(*refined)
    expected, _ = network.sam_decoder.all_masks(
        own,
        enclosing_corners(logits[:1] > 0),
        torch.tensor([[BOX_FIRST, BOX_SECOND]]),
        logits[:1, None],
    )
    torch.testing.assert_close(redrawn[0], expected[:, 0])


def test_corners_enclose_the_mask() -> None:
    masks = torch.zeros(2, 10, 20, dtype=torch.bool)
    masks[0, 2:5, 4:16] = True
    corners = enclosing_corners(masks)
    torch.testing.assert_close(corners[0], torch.tensor([[0.2, 0.2], [0.8, 0.5]]))
    torch.testing.assert_close(corners[1], torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
