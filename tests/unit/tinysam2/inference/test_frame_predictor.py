from unittest.mock import Mock

import numpy as np
import pytest
import torch

from tests.unit.tinysam2.model.test_options import SAM2, model_of
from tests.unit.tinysam2.toys import SIZE_HW, block_mask, noise_frames, toy_model
from tinysam2.build import Model
from tinysam2.inference.click_marks import mark_clicks
from tinysam2.inference.feature_cache import KEPT_FEATURES
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.inference.preprocess import network_input

CLICK = ObjectPrompt.of([[30, 20]], [1], None)


@pytest.fixture(scope="module")
def model() -> Model:
    return toy_model()


def test_click_gives_logits_of_the_image(model: Model) -> None:
    prediction = FramePredictor(model).predict(0, noise_frames(1)[0], CLICK)
    assert prediction.mask_logits.shape == SIZE_HW
    assert prediction.mask_logits.dtype == np.float32
    assert 0 <= prediction.confidence <= 1


def test_each_kind_of_prompt_gives_its_own_prediction(model: Model) -> None:
    predictor, image = FramePredictor(model), noise_frames(1)[0]
    prompts = [
        CLICK,
        ObjectPrompt.of([[30, 20]], [0], None),
        ObjectPrompt.of([[60, 40]], [1], None),
        ObjectPrompt.of([], [], [10, 10, 50, 40]),
        ObjectPrompt.of([[30, 20]], [1], [10, 10, 50, 40]),
    ]
    predictions = [predictor.predict(0, image, p).mask_logits for p in prompts]
    for i, one in enumerate(predictions):
        assert not any(np.allclose(one, other, atol=1e-4) for other in predictions[:i])


@torch.inference_mode()
def test_clicks_at_once_are_predicted_as_one_after_the_other(model: Model) -> None:
    predictor = FramePredictor(model)
    features = predictor.features(0, noise_frames(1)[0])
    xy, labels = [[30, 20], [60, 40], [10, 5]], [1, 0, 1]
    previous = None
    for count in (1, 2, 3):
        so_far = ObjectPrompt.of(xy[:count], labels[:count], None)
        previous = predictor.predict_masks(features, so_far, SIZE_HW, previous=previous).logits
    at_once = predictor.predict_masks(features, ObjectPrompt.of(xy, labels, None), SIZE_HW).logits
    assert previous is not None
    torch.testing.assert_close(at_once, previous)


@torch.inference_mode()
@pytest.mark.parametrize("prompt", [CLICK, ObjectPrompt.of([], [], [10, 10, 50, 40])])
def test_the_self_refinement_pass_corrects_the_first_mask(
    model: Model, prompt: ObjectPrompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = Mock(wraps=model.network.segment)
    monkeypatch.setattr(model.network, "segment", segment)
    predictor = FramePredictor(model)
    features = predictor.features(0, noise_frames(1)[0])
    refined = predictor.predict_masks(features, prompt, SIZE_HW).logits
    assert segment.call_count == 2
    first = segment.call_args.args[4][:, 0]
    corrected = predictor.predict_masks(features, prompt, SIZE_HW, previous=first).logits
    torch.testing.assert_close(refined, corrected)
    assert not torch.allclose(refined, first, atol=1e-4)


@torch.inference_mode()
def test_corrected_mask_shows_the_clicks_that_contradict_it(model: Model) -> None:
    predictor = FramePredictor(model)
    features = predictor.features(0, noise_frames(1)[0])
    prompt = ObjectPrompt.of([[30, 20]], [0], None)
    everything = torch.full((1, *(4 * side for side in features.size_hw)), 5.0)
    xy = torch.tensor([[[30.5 / SIZE_HW[1], 20.5 / SIZE_HW[0]]]])
    prompted = mark_clicks(everything, xy, torch.tensor([[0]]))
    assert (prompted < 0).any()
    found, expected = (
        predictor.predict_masks(features, prompt, SIZE_HW, previous=given).logits
        for given in (everything, prompted)
    )
    torch.testing.assert_close(found, expected)


@torch.inference_mode()
def test_external_models_correct_the_mask_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(SAM2)
    segment = Mock(wraps=model.network.segment)
    monkeypatch.setattr(model.network, "segment", segment)
    predictor = FramePredictor(model)
    features = predictor.features(0, noise_frames(1)[0])
    everything = torch.full((1, *(4 * side for side in features.size_hw)), 5.0)
    prompt = ObjectPrompt.of([[30, 20]], [0], None)
    predictor.predict_masks(features, prompt, SIZE_HW, previous=everything)
    assert torch.equal(segment.call_args.args[4][:, 0], everything)


def test_given_mask_is_the_prediction(model: Model) -> None:
    mask = block_mask()
    prediction = FramePredictor(model).predict(0, noise_frames(1)[0], ObjectPrompt(mask=mask))
    assert ((prediction.mask_logits > 0) == mask).all()
    assert prediction.confidence == 1


def test_image_is_encoded_once(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = []
    encode = model.network.encode_image
    monkeypatch.setattr(
        model.network, "encode_image", lambda *given: encoded.append(1) or encode(*given)
    )
    predictor, image = FramePredictor(model), noise_frames(1)[0]
    for _ in range(3):
        predictor.predict(5, image, CLICK)
    assert len(encoded) == 1
    for key in range(10, 10 + 3 * KEPT_FEATURES):
        predictor.features(key, image)
    predictor.predict(5, image, CLICK)
    assert len(encoded) == 2 + 3 * KEPT_FEATURES  # long forgotten; only the last few are kept


@pytest.mark.parametrize(
    ("points", "labels", "box", "message"),
    [
        ([[1, 2]], [], None, r"labels must be 1 numbers of 0 or 1, got \[\]"),
        ([[1, 2]], [2], None, r"got \[2\]"),
        ([], [], [1, 2, 3], "box_xyxy must be 4 numbers, got 3"),
        ([], [], None, "a prompt must have at least one point or a box, got neither"),
    ],
)
def test_malformed_prompt_is_refused(
    points: list[list[int]], labels: list[int], box: list[int] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ObjectPrompt.of(points, labels, box)


def test_mask_of_another_size_is_refused(model: Model) -> None:
    prompt = ObjectPrompt(mask=np.zeros((5, 5), np.bool_))
    with pytest.raises(ValueError, match=r"size of the frame \(48, 80\), got \(5, 5\)"):
        FramePredictor(model).predict(0, noise_frames(1)[0], prompt)


def test_input_size_must_suit_the_encoder(model: Model) -> None:
    with pytest.raises(ValueError, match="input size must be a multiple of 64"):
        FramePredictor(model, 100)


def test_only_color_images_are_taken() -> None:
    with pytest.raises(ValueError, match=r"frame must be \(H, W, 3\) uint8, got \(8, 8\) uint8"):
        network_input(np.zeros((8, 8), np.uint8), (64, 64), torch.device("cpu"))
